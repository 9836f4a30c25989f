"""Requests for another protocol: a WebSocket is begun where one is offered, and anything else is declined."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

import httptools
from websockets.exceptions import HeaderLineTooLong, RequestLineTooLong
from websockets.http11 import MAX_LINE_LENGTH

from resolvers.errors import Refusal
from server.http import heads
from server.http.addresses import address_of
from server.http.connection import ClientConnection
from server.http.frames import BoundedFrames
from server.http.sockets import MESSAGE_BYTES, SocketProtocol
from web.http import Header


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
        protocol.unread, protocol.unfinished = self.unread, self.unfinished
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
