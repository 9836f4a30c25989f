"""uvicorn's HTTP protocol, with a deadline and a bound for the head of a request."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 32 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose request head is slow (408) or large (431): a client that drips bytes holds nothing."""

    head_timeout_s = 5.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_body = False
        self._large = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._in_body:
            self._head_bytes += len(data)
            if self._head_timer is None:
                self._arm()
        super().data_received(data)
        if not self._in_body and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        self._disarm()
        self._in_body = True
        if self._head_bytes > HEAD_BYTES and self._head_size() > HEAD_BYTES:
            self._large = True
            raise ValueError("the head is too large")  # ends the parsing: a 400 would be sent
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        if self._large:
            self._refuse(b"431 Request Header Fields Too Large")
        else:
            super().send_400_response(msg)

    def _head_size(self) -> int:
        """How large a whole head is: what was received may hold a body, or requests before it, as well."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_body = False
        self._head_bytes = 0

    def _arm(self) -> None:
        self._head_timer = self.loop.call_later(self.head_timeout_s, self._late)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _late(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        cycle: Any = self.cycle  # declared as never None, which it is before the first request
        if cycle is not None and not cycle.response_complete:
            # The next head waits for the answer before it, which is none of the client's fault.
            self._arm()
        elif self._head_bytes:
            self._refuse(b"408 Request Timeout")
        else:
            self.transport.close()

    def _refuse(self, status: bytes) -> None:
        self.transport.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()


def bounded(head_timeout_s: float) -> type[BoundedProtocol]:
    """The protocol with a deadline, in seconds, for the head of each request."""
    return type("Protocol", (BoundedProtocol,), {"head_timeout_s": head_timeout_s})
