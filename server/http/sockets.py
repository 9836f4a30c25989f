"""A WebSocket on a connection, with bounds of its own."""

import sys
from functools import partial
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from server.http.frames import BoundedFrames
from server.http.held_bytes import HeldBytes
from server.http.slots import Slots

# What one message has at most. Nothing is compressed: what a connection keeps for it is twice all of the rest.
MESSAGE_BYTES = 256 * 1024


class SocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket with bounds: of a message, of the time until its head is answered, and of that in which a client
    takes what it is sent. It counts for its address, and is not at work; what has come of a message without its end is
    among the process's ``unfinished``."""

    conn: BoundedFrames
    slots: Slots
    unread: HeldBytes
    unfinished: HeldBytes
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
        # What the frames of a message take that have come, and what is counted of it.
        self._size = self._counted = 0

    def begin(self, rest: bytes) -> None:
        """Answer the head that ``conn`` has read; keep what came after it."""
        self._early = rest
        self.transport.pause_reading()
        self._unanswered = self.loop.call_later(self.head_s, self.shutdown)
        self.handle_events()
        self._go_on()

    def data_received(self, data: bytes) -> None:
        if self._unanswered is None:
            self._read(data)
        else:
            self._early += data

    def _read(self, data: bytes) -> None:
        """Read frames, and count what is left without its end."""
        super().data_received(data)
        left = self._size + len(self.conn.reader.buffer)
        if self.transport.is_closing() or not left:
            left = 0
            self.unfinished.let_go(self)
        elif self._counted:
            self.unfinished.grow(self, left - self._counted)
        else:
            # Not at once: the transport is at this moment reading.
            self.unfinished.hold(self, self.address, left, partial(self.loop.call_soon, self.transport.abort))
        self._counted = left

    def handle_text(self, event: Frame) -> None:
        self._size = sys.getsizeof(event.data)
        super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        self._size = sys.getsizeof(event.data)
        super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        self._size += sys.getsizeof(event.data)
        super().handle_cont(event)

    def _go_on(self) -> None:
        """Read frames, once the head is answered."""
        if self._unanswered is None or not self.handshake_complete:
            return
        self._unanswered.cancel()
        self._unanswered = None
        early, self._early = self._early, b""
        if early and not self.close_sent:
            self._read(early)
        if not (self.read_paused or self.transport.is_closing()):
            self.transport.resume_reading()

    def send_receive_event_to_app(self) -> None:
        self._size = 0
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

    def keepalive_timeout(self) -> None:
        """End a connection whose client answers no ping. It may come back: uvicorn's 1011 would tell it not to."""
        self.pong_timer = self.pending_ping_payload = None
        if not self.close_sent and not self.transport.is_closing():
            self.conn.fail(CloseCode.TRY_AGAIN_LATER, "A ping was not answered")
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
            self.transport.close()

    def send_500_response(self) -> None:
        """Answer a head in place of the application, once: what that still sends finds its client gone."""
        super().send_500_response()
        self.handshake_complete = self.disconnected = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.slots.let_go(self.address)
        if self._unanswered is not None:
            self._unanswered.cancel()
        self.resume_writing()
        self.unfinished.let_go(self)
        super().connection_lost(exc)
        # Its parser and the parser's error refer to it in turn: what it has read would wait to be collected.
        self.frames = []
        self.conn.parser.close()
        self.conn.parser_exc = None

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
