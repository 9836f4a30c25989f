"""How long a connection lives: deadlines for what is awaited, and an end in order."""

import math
import sys
from abc import ABC, abstractmethod
from asyncio import TimerHandle
from dataclasses import dataclass
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.http.addresses import counted_as
from server.http.cycle import Cycle
from server.http.descriptors import descriptors
from server.http.held_bytes import HeldBytes, Outgoing, unfinished_requests, unread_answers
from server.http.slots import Slots

# What is read and dropped after an answer, so that a client that is still sending gets to read it.
DROPPED_BYTES = 16 * 1024 * 1024
# How long what follows is dropped where an address has too many connections.
EXCESS_S = 1.0
# What a client must have taken of an answer between one look and the next.
TAKEN_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that a connection waits: for a head, for the next request, for the end of what is dropped, and for the
    client to take a part of an answer."""

    head_s: float = 5.0
    idle_s: float = 15.0
    drop_s: float = 10.0
    write_s: float = 10.0


class ClientConnection(HttpToolsProtocol, ABC):
    """Waits for one thing at a time, with one timer, and ends so that the last answer arrives."""

    timeouts = Timeouts()
    slots = Slots(sys.maxsize)
    unread = unread_answers()
    unfinished = unfinished_requests()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: TimerHandle | None = None
        self._timer_at = self._due = math.inf
        # Nothing more is parsed; the end has been sent; the client has sent its own.
        self._deaf = self._lingering = self._ended = False
        self._begun = self._in_body = False
        self._held = b""
        self._dropped = 0
        self._left: int | None = None
        self._running: Cycle | None = None
        # What the connection counts for; None for one of our own proxies, whose requests count.
        self._address: str | None = None
        self._exceeds = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._outgoing: Any = Outgoing(transport, self.finish)
        self._wait(self.timeouts.head_s)
        if not self._admitted() or descriptors.short(len(self.connections)):
            transport.abort()

    def _admitted(self) -> bool:
        """Count the connection for its address. Whether it is kept, if only to be answered that there are too many."""
        slots, peer = self.slots, self.client[0] if self.client is not None else ""
        if slots.proxied(peer):
            return True
        self._address = address = slots.connected(peer)
        self._exceeds = slots.too_many(address)
        return not (self._exceeds and slots.far_too_many(address))

    def connection_lost(self, exc: Exception | None) -> None:
        self._due = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        self.pipeline.clear()
        self.unread.let_go(self)
        self.unfinished.let_go(self)
        if self._address is not None:
            self.slots.let_go(self._address)
            self._address = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End the connection when its answer is whole; a live stream ends now, and its client subscribes elsewhere."""
        super().shutdown()
        if self._running is not None and self._answering() and self._running.lives:
            self.transport.close()

    def eof_received(self) -> Any:
        """Return whether the connection stays open: a client may end its half and wait for the answer, unless that has
        no end."""
        running = self._running
        due = self._answering() or (bool(self._held) and self.flow.write_paused)
        self._ended = due and not self._lingering and not (running is not None and running.lives)
        if self._ended and self._in_body:
            self._break_body()
        return self._ended

    def pause_writing(self) -> None:
        super().pause_writing()
        self._left = left = self.transport.get_write_buffer_size()
        self._wait(self.timeouts.write_s)
        # All of an answer is in memory until its end is written.
        self._hold_in(self.unread, max(left, self._outgoing.last))

    def _hold_in(self, counted: HeldBytes, size: int) -> None:
        peer = counted_as(self.client[0]) if self.client is not None else ""
        # Not at once: the transport is at this moment writing or reading.
        counted.hold(self, peer, size, partial(self.loop.call_soon, self.transport.abort))

    def resume_writing(self) -> None:
        super().resume_writing()
        self._left = None
        self.unread.let_go(self)
        ended = self._running is not None and self._running.response_complete
        if ended and (self.pipeline or self._held) and not (self._lingering or self.transport.is_closing()):
            self._go_on()
        elif self._answering():
            self._due = math.inf
        elif not self._lingering:
            self._wait(self.timeouts.idle_s)

    def finish(self) -> None:
        """End the connection. Where the client may still send, what it sends is read and dropped for a while: a
        connection that is closed with something unread is reset, and the client loses the answer."""
        transport = self.transport
        if self._lingering or transport.is_closing():
            return
        if (self._deaf or self._in_body or self._held) and not self._ended:
            self._lingering = self._deaf = True
            self._held = b""
            transport.write_eof()
            self.flow.resume_reading()
            self._wait(min(EXCESS_S, self.timeouts.drop_s) if self._exceeds else self.timeouts.drop_s)
        else:
            self._left = transport.get_write_buffer_size()
            transport.close()
            self._wait(self.timeouts.write_s)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self._lingering or self.transport.is_closing():
            return
        # Who does not take an answer gets no other one.
        if not (self.flow.write_paused and (self.pipeline or self._held)):
            self._go_on()

    def _go_on(self) -> None:
        """Begin what waits for the end of an answer: the next request, or the wait for one."""
        if self.pipeline:
            cycle: Any
            cycle, app = self.pipeline.pop()
            self._running = cycle
            self._start_asgi_task(cycle, app)
            return
        if not self.flow.write_paused:
            self._left = None
        self._wait(self.timeouts.head_s if self._begun else self.timeouts.idle_s)
        if self._held:
            held, self._held = self._held, b""
            self._read(held)
        if self._ended and not self._answering():
            self.finish()
        elif not self._held:
            self.flow.resume_reading()

    def _break_body(self) -> None:
        """Tell the application that the rest of a body does not come, and read no more."""
        self._deaf = True
        self.flow.pause_reading()
        cycle: Any = self.cycle
        cycle.interrupt()

    @abstractmethod
    def _read(self, data: bytes) -> None:
        """Parse what came."""

    def _drop(self, size: int) -> None:
        self._dropped += size
        if not self._lingering:
            self.flow.pause_reading()
        elif self._dropped > DROPPED_BYTES:
            self.transport.abort()

    def _answering(self) -> bool:
        """Return whether an answer is still to come."""
        cycle: Any = self.cycle  # declared as never None, which it is before the first request
        return cycle is not None and not cycle.response_complete

    def _wait(self, seconds: float) -> None:
        """Expect something within so many seconds. A timer that is early waits on, so that few are made."""
        self._due = due = self.loop.time() + seconds
        if self._timer is None or due < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._arm(due)

    def _arm(self, due: float) -> None:
        self._timer_at = due
        self._timer = self.loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due > self.loop.time():
            if self._due < math.inf:
                self._arm(self._due)
            return
        self._due = math.inf
        self._late()

    def _stop(self) -> None:
        """Expect nothing more: another protocol has the connection."""
        self._deaf, self._begun, self._due = True, False, math.inf
        self.unfinished.let_go(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        transport = self.transport
        if self._lingering:
            transport.abort()
        elif transport.is_closing() or transport.get_write_buffer_size():
            left = transport.get_write_buffer_size()
            if self._left is not None and self._left - left < min(TAKEN_BYTES, self._left):
                transport.abort()
            else:
                self._left = left
                self._wait(self.timeouts.write_s)
        elif self._begun:
            self._slow_head()
        else:
            transport.close()

    @abstractmethod
    def _slow_head(self) -> None:
        """Refuse a head that did not come in time."""
