"""Streams of results to one subscriber each: bounded, and without a gap from the event that it names."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple, Protocol

from resolvers.errors import Refusal
from resolvers.live.events import EventPage, EventPosition, LiveEvent, Snapshot, position_of, restored_order, snapshot
from resolvers.live.feed import Feed, reading
from resolvers.live.places import PREFIX, place_of, snapshot_of

# What may wait to be sent to one subscriber: so many results, and so many bytes of them.
MOST_RESULTS, MOST_BYTES = 500, 1024 * 1024


class Heard(NamedTuple):
    """A result on its way: of which event, and its JSON."""

    position: EventPosition
    event_id: str
    payload: bytes


class SharedStream(Protocol):
    """What equal subscriptions share: the feed, which of its events they want, and what each of them gives."""

    feed: Feed

    def wants(self, event: LiveEvent) -> bool:
        """Return whether an event is one of those that were asked for."""

    async def result(self, event: LiveEvent) -> bytes | None:
        """Return what an event gives, None where there is nothing to send."""

    async def missed(self, position: EventPosition) -> EventPage:
        """Return a page of what comes after a place."""

    def join(self, stream: "Stream") -> None:
        """Offer results to a stream from now on."""

    def leave(self, stream: "Stream") -> None:
        """Offer a stream no more results."""


class Stream:
    """What one subscriber is to be sent: first what it missed, if it names an event, then what happens."""

    def __init__(self, shared: SharedStream, left: Callable[[], None]) -> None:
        self.shared, self._left = shared, left
        self._since: Snapshot | None = None
        # Up to where it has read what it missed; what is offered meanwhile and finds no room is read as well.
        self._position: EventPosition | None = None
        self._began = 0
        self._past: deque[LiveEvent] = deque()
        self._behind = self._missed = False
        self._results: deque[Heard] = deque()
        self._bytes = 0
        self._end: Refusal | None = None
        self._closed = False
        self._arrived = asyncio.Event()
        # What a stream that has heard nothing goes on after.
        self.place: str | None = None
        shared.join(self)

    async def start(self, after: str | None, retention: timedelta) -> None:
        """Begin now, or after an event or a place. Raises Refusal BAD_INPUT, EVENT_EXPIRED or UNAVAILABLE."""
        feed = self.shared.feed
        await feed.start()
        ctx = reading(feed.runtime, feed.org_id)
        async with ctx.snapshot():
            if after is None:
                self._since = await snapshot(ctx)
                self.place = place_of(ctx, self._since)
            elif after.startswith(PREFIX):
                self._since = await snapshot_of(ctx, after, retention)
                self._position, self._behind = self._since.position, True
            else:
                self._position, self._behind = await position_of(ctx, after, retention), True
        if self._position is not None:
            self._began = self._position.xact

    def offer(self, heard: Heard) -> None:
        """Take a result. Where too many wait the stream ends, unless it still reads what it missed."""
        if self._end is not None:
            return
        if len(self._results) >= MOST_RESULTS or self._bytes + len(heard.payload) > MOST_BYTES:
            self._drop()
            if self._behind:
                self._missed = True
            else:
                self.end(slow_reader())
            return
        self._results.append(heard)
        self._bytes += len(heard.payload)
        self._arrived.set()

    def end(self, refusal: Refusal) -> None:
        """End it with a reason, which its subscriber is sent."""
        if self._end is None:
            self._end = refusal
        self._arrived.set()

    def close(self) -> None:
        """Forget its subscriber, which is gone."""
        if self._closed:
            return
        self._closed = True
        self._drop()
        self.end(Refusal("UNAVAILABLE", "The stream was closed."))
        self.shared.leave(self)
        self._left()

    async def next(self) -> Heard:
        """Return the next result. It may be cancelled and called again. Raises Refusal with which the stream ends."""
        while True:
            if self._closed and self._end is not None:
                raise self._end
            if self._past or self._behind:
                heard = await self._next_missed()
                if heard is not None:
                    return heard
            elif self._results:
                heard = self._results.popleft()
                self._bytes -= len(heard.payload)
                if self._is_new(heard.position):
                    return heard
            elif self._end is not None:
                raise self._end
            else:
                self._arrived.clear()
                await self._arrived.wait()

    async def _next_missed(self) -> Heard | None:
        """Return what the next event that was missed gives, None where it gives nothing or more is to be read. While
        something is owed it waits: what was missed is there still."""
        try:
            if not self._past:
                await self._read_on()
                return None
            event = self._past[0]
            payload = await self.shared.result(event)
        except Refusal as refusal:
            if refusal.code != "RATE_LIMITED" or self._end is not None:
                raise
            await asyncio.sleep(refusal.extra["retryAfter"])
            return None
        self._past.popleft()
        return None if payload is None else Heard(event.position, event.public_id, payload)

    async def _read_on(self) -> None:
        """Read a page of what was missed. After the last one what was offered meanwhile comes."""
        assert self._position is not None, "a stream that is behind has a place"
        if self._end is not None:
            raise self._end
        self._missed = False
        page = await self.shared.missed(self._position)
        if page.restored > self._began:
            raise restored_order()
        if page.position is not None:
            new = [event for event in page.events if self._is_new(event.position)]
            self._past.extend(event for event in new if self.shared.wants(event))
            self._position = page.position
        self._behind = page.full or self._missed

    def _is_new(self, position: EventPosition) -> bool:
        if self._since is not None and self._since.has(position.xact):
            return False
        return self._position is None or position > self._position

    def _drop(self) -> None:
        self._results.clear()
        self._bytes = 0


def slow_reader() -> Refusal:
    """Return the refusal of a subscriber that takes less than happens."""
    return Refusal(
        "SLOW_READER",
        "Too much waited to be sent: subscribe again after the last event that was received.",
    )
