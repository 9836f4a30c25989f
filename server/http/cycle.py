"""One request and its answer on a connection, as uvicorn's protocol drives it."""

from collections.abc import Coroutine, Sized
from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

from server.http.slots import Slots, overloaded
from web.http import ARRIVED, Header

# What uvicorn makes of these is more than a line.
_FRAMING = frozenset({b"connection", b"transfer-encoding"})
# A body up to this size is written together with the head: a system call costs more than to copy so much.
JOINED_BYTES = 64 * 1024
# What may stand in names in lower case, and in values. To delete it from a text takes a fifth of a search by pattern.
_BYTES = [bytes([each]) for each in range(256)]
_IN_NAMES = b"".join(each for each in _BYTES if each == each.lower() and not HEADER_RE.search(each))
_IN_VALUES = b"".join(each for each in _BYTES if not HEADER_VALUE_RE.search(each))


@lru_cache(1_000)
def _are_plain(names: bytes) -> bool:
    """Return whether names in a row are in lower case: answers have few different ones."""
    return not names.translate(None, _IN_NAMES)


class Cycle(RequestResponseCycle):
    """A request and its answer. It is the connection's last when the answer begins before the request has ended.

    ``at_work`` are all that run; those that wait for their body do not count among the ``most`` that may.
    """

    slots: Slots
    at_work: Sized
    most: int | None
    _interrupted = False
    # Whether the application has asked for the body.
    _asked = False
    # A head that is written together with the body.
    _head = b""
    # Whether the end of the body is that of the connection.
    _until_closed = False

    async def send(self, message: Any) -> None:
        """Send a part of the answer. The head of a plain one is written here: uvicorn looks at each header by itself,
        where all of them can be looked at together."""
        if not self.response_started and message["type"] == "http.response.start":
            if self.more_body:
                self.keep_alive = False
            headers: list[Header] = message["headers"]
            names = [name for name, _ in headers]
            if self._plain(names, headers) and not self.flow.write_paused and not self.disconnected:
                self._begin(message["status"], headers, headers[names.index(b"content-length")][1])
                if self.scope["method"] == "HEAD":
                    self._write_head()
                return
            if self.scope.get("http_version") == "1.0" and b"content-length" not in map(bytes.lower, names):
                # It knows no chunks (RFC 9112, 6.1), in which uvicorn writes such a body whatever the version.
                self.chunked_encoding, self.keep_alive, self._until_closed = False, False, True
        elif self._head:
            body = message.get("body", b"")
            if self._ends(message, body):
                self._finish(body)
                return
            self._write_head()
        elif self._until_closed:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)

    def _plain(self, names: list[bytes], headers: list[Header]) -> bool:
        """Return whether uvicorn would write a head as it is: its names are in lower case, its length is known, and
        nothing in it ends a line."""
        return (
            names.count(b"content-length") == 1
            and _FRAMING.isdisjoint(names)
            and _are_plain(b"".join(names))
            and not b"".join([value for _, value in headers]).translate(None, _IN_VALUES)
        )

    def _begin(self, status: int, headers: list[Header], length: bytes) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        self.expected_content_length, self.chunked_encoding = int(length.decode()), False
        lines = b"\r\n".join([b": ".join(header) for header in (*self.default_headers, *headers)])
        end = b"\r\n\r\n" if self.keep_alive else b"\r\nconnection: close\r\n\r\n"
        self._head = STATUS_LINE[status] + lines + end

    def _ends(self, message: Any, body: bytes) -> bool:
        """Return whether a message is all of a body that is written together with the head."""
        return (
            len(body) == self.expected_content_length <= JOINED_BYTES
            and message["type"] == "http.response.body"
            and not message.get("more_body")
            and not self.flow.write_paused
            and not self.disconnected
        )

    def _finish(self, body: bytes) -> None:
        """Write the head and the whole body, and end the answer as uvicorn does."""
        head, self._head = self._head, b""
        self.transport.write(head + body)
        self.expected_content_length, self.response_complete = 0, True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def _write_head(self) -> None:
        head, self._head = self._head, b""
        self.transport.write(head)

    def end_body(self) -> None:
        """Note that the body is whole. Who has not asked for it need neither wait for it nor have a deadline for
        that."""
        self.more_body = False
        self.message_event.set()
        if not self._asked and len(self.body) <= HIGH_WATER_LIMIT:
            self.scope["state"][ARRIVED], self.body = bytes(self.body), bytearray()

    def interrupt(self) -> None:
        """Tell the application that the rest of the body does not come; it may still answer."""
        self._interrupted = True
        self.message_event.set()

    def receive(self) -> Coroutine[Any, Any, Any]:
        """Return the next part of the body. Raises Refusal UNAVAILABLE where it is whole and all slots of work are
        taken."""
        self._asked = True
        if self.more_body:
            return self._awaited()
        if ARRIVED in self.scope["state"]:
            return self._arrived()
        return self._followed() if self.lives else super().receive()

    @property
    def lives(self) -> bool:
        """Return whether the answer is a live stream, which goes on until the client leaves."""
        return "live" in self.scope["state"]

    async def _followed(self) -> Any:
        """Wait for the end of a client that follows a live stream, which is not at work meanwhile."""
        self.slots.waiting += 1
        try:
            return await super().receive()
        finally:
            self.slots.waiting -= 1

    async def _arrived(self) -> Any:
        return {"type": "http.request", "body": self.scope["state"].pop(ARRIVED), "more_body": False}

    async def _awaited(self) -> Any:
        slots = self.slots
        slots.waiting += 1
        try:
            message: Any = await super().receive()
        finally:
            slots.waiting -= 1
        if self._interrupted:
            return {"type": "http.disconnect"}
        whole = not message.get("more_body", False)
        if whole and self.most is not None and len(self.at_work) - slots.waiting > self.most:
            raise overloaded()
        return message
