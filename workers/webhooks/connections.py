"""Connections to receivers, each with one request at a time, of which some are kept open for the next one."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import httptools

from models.webhook_urls import Address

RESPONSE_BYTES = 16 * 1024
# Many receivers close a connection that was idle for 5 s.
IDLE_S = 4.0
EACH, ALL = 4, 256


@dataclass(frozen=True, slots=True)
class Destination:
    """Whose connection it is, and to where: the checked address, and the name that a certificate was verified for."""

    org_id: UUID | None
    address: Address
    host: str
    port: int
    secure: bool


@dataclass(slots=True)
class Reading:
    """A response while it is read, at most 16 KiB of it. The parser calls its methods."""

    status: int | None = None
    body: list[bytes] = field(default_factory=list)
    done: bool = False
    reusable: bool = False
    left: int = RESPONSE_BYTES
    parser: httptools.HttpResponseParser = field(init=False)

    def __post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Read what arrived. Raises httptools.HttpParserError, or HttpParserUpgrade."""
        part = data[: self.left]
        self.left -= len(part)
        self.parser.feed_data(part)

    def on_message_begin(self) -> None:
        # Two responses to one request: the second must not be read as that of the next one.
        self.reusable = False

    def on_headers_complete(self) -> None:
        # A status 1xx is followed by the real response.
        if not self.done and (status := self.parser.get_status_code()) >= 200:
            self.status = status

    def on_body(self, part: bytes) -> None:
        if not self.done:
            self.body.append(part)

    def on_message_complete(self) -> None:
        if self.status is not None and not self.done:
            self.done, self.reusable = True, self.parser.should_keep_alive()


class ReceiverConnection(asyncio.Protocol):
    """A connection to a receiver."""

    transport: asyncio.Transport

    def __init__(self, place: Destination) -> None:
        self.open, self.place = True, place
        self._reading: Reading | None = None
        self._over: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is none of asyncio's classes.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        reading = self._reading
        if reading is None:
            # Nothing was asked.
            self.abort()
            return
        try:
            reading.feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._end(error)
        if reading.done or not reading.left:
            self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        self._end(error)

    def abort(self) -> None:
        """Close it. (Not ``close``, which would wait for the receiver.)"""
        self.open = False
        self.transport.abort()

    async def exchange(self, request: bytes, reading: Reading) -> None:
        """Send a request, and read its response until it is done, its limit is reached, or the connection ends.

        Raises OSError, or what ``Reading.feed`` raises.
        """
        self._over = asyncio.get_running_loop().create_future()
        self._reading = reading
        try:
            self.transport.write(request)
            await self._over
        finally:
            self._reading = self._over = None

    def _end(self, error: Exception | None) -> None:
        over = self._over
        if over is None or over.done():
            return
        if error is None:
            over.set_result(None)
        else:
            over.set_exception(error)


class Connections:
    """Idle connections, a limited number, each for a limited time; of one that is too many the oldest is closed."""

    def __init__(self, *, idle_seconds: float = IDLE_S, each: int = EACH, most: int = ALL) -> None:
        self._idle_s, self._each, self._most = idle_seconds, each, most
        self._idle: dict[ReceiverConnection, asyncio.TimerHandle] = {}
        self._by_place: dict[Destination, list[ReceiverConnection]] = {}

    def __len__(self) -> int:
        """Return the number of idle connections."""
        return len(self._idle)

    def take(self, places: Iterable[Destination]) -> ReceiverConnection | None:
        """Return an idle connection to one of some places, which is idle no more."""
        for place in places:
            while kept := self._by_place.get(place):
                connection = kept[-1]
                self._forget(connection)
                if connection.open and not connection.transport.is_closing():
                    return connection
        return None

    def keep(self, connection: ReceiverConnection) -> None:
        """Keep an open connection for the next request."""
        of_place = self._by_place.setdefault(connection.place, [])
        self._idle[connection] = asyncio.get_running_loop().call_later(self._idle_s, self._close, connection)
        of_place.append(connection)
        if len(of_place) > self._each:
            self._close(of_place[0])
        if len(self._idle) > self._most:
            self._close(next(iter(self._idle)))

    def close(self) -> None:
        """Close all of them."""
        for connection in list(self._idle):
            self._close(connection)

    def _close(self, connection: ReceiverConnection) -> None:
        self._forget(connection)
        connection.abort()

    def _forget(self, connection: ReceiverConnection) -> None:
        self._idle.pop(connection).cancel()
        of_place = self._by_place[connection.place]
        of_place.remove(connection)
        if not of_place:
            del self._by_place[connection.place]
