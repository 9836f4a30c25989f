"""Requests for another protocol: a WebSocket is begun where one is offered, and anything else is declined."""

import sys
from abc import abstractmethod
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import httptools
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import HeaderLineTooLong, RequestLineTooLong
from websockets.frames import CloseCode
from websockets.http11 import MAX_LINE_LENGTH

from resolvers.errors import Refusal
from server.http import heads
from server.http.addresses import address_of
from server.http.connection import ClientConnection
from server.http.frames import BoundedFrames
from server.http.held_bytes import HeldBytes
from server.http.slots import Slots
from web.http import Header

# What one message has at most. Nothing is compressed: what a connection keeps for it is twice all of the rest.
MESSAGE_BYTES = 256 * 1024


class SocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket with bounds: of a message, of the time until its head is answered, and of that in which a client
    takes what it is sent. It counts for its address, and is not at work."""

    slots: Slots
    unread: HeldBytes
    address: str
    head_s: float
    write_s: float

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._late: Any = None
        self._last = 0
        self._unanswered: Any = None
        # What came before the head was answered: frames are read only after it.
        self._early = b""

    def begin(self, rest: bytes) -> None:
        """Answer the head that ``conn`` has read; keep what came after it."""
        self._early = rest
        self.transport.pause_reading()
        self._unanswered = self.loop.call_later(self.head_s, self.shutdown)
        self.handle_events()
        self._go_on()

    def data_received(self, data: bytes) -> None:
        if self._unanswered is None:
            super().data_received(data)
        else:
            self._early += data

    def _go_on(self) -> None:
        """Read frames, once the head is answered."""
        if self._unanswered is None or not self.handshake_complete:
            return
        self._unanswered.cancel()
        self._unanswered = None
        early, self._early = self._early, b""
        if early and not self.close_sent:
            super().data_received(early)
        if not (self.read_paused or self.transport.is_closing()):
            self.transport.resume_reading()

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_text(b"".join(self.frames)):
            # uvicorn takes this for an error of ours, and logs it.
            self.frames = []
            self.conn.fail(CloseCode.INVALID_DATA)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    def shutdown(self) -> None:
        """End the connection, unless it is ending: of one that its client has ended, no close frame is left to send."""
        if not self.transport.is_closing():
            super().shutdown()

    def send_500_response(self) -> None:
        """Answer a head in place of the application, once: what that still sends finds its client gone."""
        super().send_500_response()
        self.handshake_complete = self.disconnected = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.slots.let_go(self.address)
        if self._unanswered is not None:
            self._unanswered.cancel()
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        transport = self.transport
        self._late = self.loop.call_later(self.write_s, transport.abort)
        size = max(transport.get_write_buffer_size(), self._last)
        self.unread.hold(self, self.address, size, partial(self.loop.call_soon, transport.abort))

    def resume_writing(self) -> None:
        super().resume_writing()
        self.unread.let_go(self)
        if self._late is not None:
            self._late.cancel()
            self._late = None

    async def send(self, message: Any) -> None:
        size = sys.getsizeof(message.get("text") or message.get("bytes"))
        if not self.writable.is_set():
            # It waits in memory for what was sent before it.
            self.unread.grow(self, size)
            await self.writable.wait()
        # It is in memory as a whole until its end is sent.
        self._last = size
        await super().send(message)
        # uvicorn forgets that a response in place of the handshake completes it, and logs an error.
        self.handshake_complete = self.handshake_complete or self.close_sent
        self._go_on()

    async def run_asgi(self) -> None:
        self.slots.waiting += 1
        try:
            await super().run_asgi()
        finally:
            self.slots.waiting -= 1


def _is_text(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True


class Upgrades(ClientConnection):
    """A connection whose requests may ask for an upgrade."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._body_of_upgrade = b""
        # What the WebSocket counts for that the head asks for.
        self._socket_of: str | None = None
        self.parser = httptools.HttpRequestParser(self)

    def _opens_socket(self, scope: Any) -> bool:
        """Return whether a head asks for a WebSocket that may be opened, and count it for its address."""
        offered: Collection[str] = getattr(self.app, "sockets", ())
        asked = dict(self.headers).get(b"upgrade", b"").lower() == b"websocket"
        if not (asked and scope["method"] == "GET" and scope["path"].rstrip("/") in offered) or self._answering():
            return False
        if self.limit_concurrency is not None and len(self.tasks) - self.slots.waiting >= self.limit_concurrency:
            return False
        if self._address is not None:
            self._socket_of, self._address = self._address, None
            return True
        client = scope["client"]
        address = self.slots.connected(
            address_of(client[0] if client is not None else "", self.headers, self.slots.proxies)
        )
        if self.slots.too_many(address):
            self.slots.let_go(address)
            return False
        self._socket_of = address
        return True

    def _upgrade(self, rest: bytes | memoryview) -> None:
        """Go on after a head that asks for an upgrade."""
        if self._socket_of is None:
            self._decline(rest)
            return
        self._stop()
        conn = BoundedFrames(max_size=MESSAGE_BYTES, logger=self.logger)
        lines = [b": ".join(header) for header in self.headers]
        conn.receive_data(b"\r\n".join([b"GET %b HTTP/1.1" % self.url, *lines, b"", b""]))
        if conn.handshake_exc is not None:
            # It stays a connection of HTTP, whose end lets go what the head has taken.
            self._address, self._socket_of = self._socket_of, None
            self._refuse(_refusal_of(conn.handshake_exc, self.headers))
            return
        protocol = SocketProtocol(config=self.config, server_state=self.server_state, app_state=self.app_state)
        protocol.conn, protocol.slots, protocol.address = conn, self.slots, self._socket_of
        protocol.unread = self.unread
        protocol.head_s, protocol.write_s = self.timeouts.head_s, self.timeouts.write_s
        self.connections.discard(self)
        protocol.connection_made(self.transport)
        # First of all: from here on its end lets go what the head has taken.
        self.transport.set_protocol(protocol)
        protocol.begin(bytes(rest))

    def _decline(self, rest: bytes | memoryview) -> None:
        """Go on after a head that asks for an upgrade that is not offered. The parser has taken its body for another
        protocol: a new one reads it, after a head that says how it ends."""
        self.parser = httptools.HttpRequestParser(self)
        framing, self._body_of_upgrade = self._body_of_upgrade, b""
        if framing:
            self.parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n\r\n")
        if rest:
            self._feed(rest)

    @abstractmethod
    def _feed(self, data: bytes | memoryview) -> None:
        """Let the parser take what came."""

    @abstractmethod
    def _refuse(self, refusal: Refusal) -> None:
        """Answer a head with a refusal, the connection's last answer."""


def _refusal_of(error: Exception, headers: Sequence[Header]) -> Refusal:
    """Return the refusal of a head that is read as HTTP, and that no WebSocket may have."""
    if isinstance(error, HeaderLineTooLong | RequestLineTooLong):
        message = f"Path and each header of a WebSocket's request may have {MAX_LINE_LENGTH} bytes at most."
        return Refusal("HEADERS_TOO_LARGE", message)
    if heads.framing(headers):
        return heads.malformed("A request for a WebSocket must have no body.")
    return heads.malformed("Its headers do not open a WebSocket.")
