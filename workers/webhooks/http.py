"""A POST to an untrusted address: the address is checked, time and bytes are limited, and no redirect is followed."""

import asyncio
import errno
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import SplitResult
from uuid import UUID

import httptools
import structlog

from models.webhook_urls import Address, check_literal
from workers.webhooks.addresses import Addresses, Postponed, Refused
from workers.webhooks.connections import RESPONSE_BYTES, Connections, Destination, Reading, ReceiverConnection
from workers.webhooks.timeouts import within

log = structlog.get_logger()
CONNECT_S = 3.0
TOTAL_S = 15.0
# The one error after which another attempt is useless.
URL_REFUSED = "URL_REFUSED"


@dataclass(frozen=True, slots=True)
class Response:
    """The response: its status, or the code of the error. ``body`` is what was read of it."""

    status: int | None
    error: str | None
    body: bytes
    duration_ms: int


class Sender:
    """Sends deliveries. ``tls`` replaces the system's trusted certificates; host names are always verified.

    ``connections`` keeps connections open; without it each delivery has its own.
    """

    def __init__(
        self,
        addresses: Addresses,
        allow_private: bool,
        *,
        tls: ssl.SSLContext | None = None,
        connect_seconds: float = CONNECT_S,
        total_seconds: float = TOTAL_S,
        connections: Connections | None = None,
    ) -> None:
        self._connections = connections
        self._addresses, self._allow_private = addresses, allow_private
        self._tls = tls or ssl.create_default_context()
        self._connect_s, self._total_s = connect_seconds, total_seconds

    async def post(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        org_id: UUID | None = None,
        total_seconds: float | None = None,
    ) -> Response:
        """Send a body, and read at most 16 KiB of the response. It never raises for what a receiver does.

        ``total_seconds`` shortens the time-out. A response whose head arrived counts, even if its body was cut off by
        time or size. Look-ups of names are limited by ``org_id``: raises Postponed, with nothing sent, when no look-up
        was free in time, or this process may open no more files.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        reading, error, keep_alive = Reading(), None, self._connections is not None
        try:
            parts = self._checked(url)
            # A look-up has limits of its own, and does not count as the receiver's time.
            found = await self._addresses.of(str(parts.hostname), org_id)
            async with within(min(self._total_s, total_seconds or self._total_s)):
                await self._exchange(
                    parts, found, org_id, request_of(parts, headers, body, keep_alive=keep_alive), reading
                )
        except Refused as refused:
            error = refused.code
        except TimeoutError:
            error = "TIMEOUT"
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            error = "BAD_RESPONSE"
        except OSError:
            error = "CONNECTION_LOST"
        if reading.status is not None:
            error = None
        elif error is None:
            error = "NO_RESPONSE"
        took = round((loop.time() - started) * 1000)
        return Response(reading.status, error, b"".join(reading.body)[:RESPONSE_BYTES], took)

    def _checked(self, url: str) -> SplitResult:
        try:
            return check_literal(url, self._allow_private)
        except ValueError:
            raise Refused(URL_REFUSED) from None

    async def _exchange(
        self, parts: SplitResult, found: list[Address], org_id: UUID | None, request: bytes, reading: Reading
    ) -> None:
        places = [_place(parts, address, org_id) for address in found]
        connections = self._connections
        connection = None if connections is None else connections.take(places)
        # Where a kept one turns out to be closed, its receiver may have read the request: this attempt has failed, and
        # the next one is seen as such.
        await self._ask(connection or await self._connect(places), request, reading)

    async def _ask(self, connection: ReceiverConnection, request: bytes, reading: Reading) -> None:
        """Send a request and read its response; then keep the connection, or close it."""
        try:
            await connection.exchange(request, reading)
            if reading.status is None and not reading.left:
                raise Refused("RESPONSE_TOO_LARGE")
        finally:
            if self._connections is not None and reading.reusable and connection.open:
                self._connections.keep(connection)
            else:
                connection.abort()

    async def _connect(self, places: list[Destination]) -> ReceiverConnection:
        try:
            async with within(self._connect_s):
                return await self._first(places)
        except TimeoutError:
            raise Refused("CONNECT_TIMEOUT") from None

    async def _first(self, places: list[Destination]) -> ReceiverConnection:
        share, loop = self._connect_s / len(places), asyncio.get_running_loop()
        code = "CONNECT_FAILED"
        for place in places:
            tls, name = (self._tls, place.host.removesuffix(".")) if place.secure else (None, None)
            try:
                async with within(share):
                    _, connection = await loop.create_connection(
                        partial(ReceiverConnection, place),
                        str(place.address),
                        place.port,
                        ssl=tls,
                        server_hostname=name,
                    )
                    return connection
            except ssl.SSLError:
                code = "TLS_FAILED"
            except TimeoutError:
                code = "CONNECT_TIMEOUT"
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    log.warning("deliveries wait", error=str(error))
                    raise Postponed from error
                code = "CONNECT_FAILED"
        raise Refused(code)


def _place(parts: SplitResult, address: Address, org_id: UUID | None) -> Destination:
    secure = parts.scheme == "https"
    return Destination(org_id, address, str(parts.hostname), parts.port or (443 if secure else 80), secure)


def request_of(parts: SplitResult, headers: Mapping[str, str], body: bytes, *, keep_alive: bool) -> bytes:
    """Return the bytes of a request; ``keep_alive``: its connection may be kept open."""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += ["Accept-Encoding: identity", f"Content-Length: {len(body)}"]
    lines += ["", ""] if keep_alive else ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("ascii") + body
