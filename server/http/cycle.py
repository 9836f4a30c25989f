"""One request and its answer on a connection, as uvicorn's protocol drives it."""

from collections.abc import Coroutine, Sized
from typing import Any

from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

from server.http.slots import Slots, overloaded
from web.http import Header

# What uvicorn makes of these is more than a line.
_FRAMING = frozenset({b"connection", b"transfer-encoding"})


class Cycle(RequestResponseCycle):
    """A request and its answer. It is the connection's last when the answer begins before the request has ended.

    ``at_work`` are all that run; those that wait for their body do not count among the ``most`` that may.
    """

    slots: Slots
    at_work: Sized
    most: int | None
    _interrupted = False

    async def send(self, message: Any) -> None:
        """Send a part of the answer. The head of a plain one is written here: uvicorn looks at each header by itself,
        where all of them can be looked at together."""
        if not self.response_started and message["type"] == "http.response.start":
            if self.more_body:
                self.keep_alive = False
            if self._plain(message["headers"]) and not self.flow.write_paused and not self.disconnected:
                self._begin(message["status"], message["headers"])
                return
        await super().send(message)

    def _plain(self, headers: list[Header]) -> bool:
        """Return whether uvicorn would write a head as it is: its names are in lower case, its length is known, and
        nothing in it ends a line."""
        names = [name for name, _ in headers]
        return (
            names.count(b"content-length") == 1
            and _FRAMING.isdisjoint(names)
            and (joined := b"".join(names)).islower()
            and not HEADER_RE.search(joined)
            and not HEADER_VALUE_RE.search(b"".join([value for _, value in headers]))
        )

    def _begin(self, status: int, headers: list[Header]) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        lines = [STATUS_LINE[status]]
        for name, value in (*self.default_headers, *headers):
            if name == b"content-length":
                self.expected_content_length = int(value.decode())
                self.chunked_encoding = False
            lines += (name, b": ", value, b"\r\n")
        lines.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        self.transport.write(b"".join(lines))

    def interrupt(self) -> None:
        """Tell the application that the rest of the body does not come; it may still answer."""
        self._interrupted = True
        self.message_event.set()

    def receive(self) -> Coroutine[Any, Any, Any]:
        """Return the next part of the body. Raises Refusal UNAVAILABLE where it is whole and all slots of work are
        taken."""
        return self._awaited() if self.more_body else super().receive()

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
