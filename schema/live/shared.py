"""Shared subscriptions: equal ones of one key are answered once for each event, and each subscriber takes a copy."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import orjson
import structlog

from models.actors import Source
from models.typeid import new_number
from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.database.loaded import BYTES_OF_UNIT, COST_OF_REFUSED
from resolvers.errors import Refusal, internal
from resolvers.live.events import EventPage, EventPosition, LiveEvent, is_heard, page_after
from resolvers.live.feed import Feed, reading
from schema.declaration.moments import shown_moment
from schema.live.fields import Hearing
from schema.live.streams import Heard, Stream, slow_reader
from schema.requests.engine import Engine
from schema.requests.prepared import Prepared

log = structlog.get_logger(__name__)
# So many events may wait to be answered.
MOST_EVENTS = 2_000
# The pause before another try while the database is away.
RETRY_S = 1.0
# What a page of events that were missed costs: so much, and 1 for so many of them and for so many characters.
PAGE, EVENTS, CHARACTERS = 2, 10, 16_384
# What is reserved for one. What longer texts cost is taken afterwards.
PAGE_AT_MOST = 100
# How long one event may take.
RESULT_S = 10.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a subscription asks to hear: the ``hearing`` of its field, the types that it names, and an object's ID."""

    key: str
    hearing: Hearing
    types: frozenset[str]
    object_id: str | None

    def has(self, event: LiveEvent) -> bool:
        """Return whether an event is one of them."""
        if event.type not in self.types:
            return False
        narrowing = self.hearing.narrowing
        return self.object_id is None or narrowing is None or narrowing.of(event) == self.object_id


@dataclass(slots=True)
class Bill:
    """What something takes of what was reserved for it: all of it, unless it says so."""

    taken: int


Reserve = Callable[[Actor, int], AbstractAsyncContextManager[Bill]]


class Shared:
    """Equal subscriptions of one key. ``held_to`` is the ID of their document, where the key runs no other than trusted
    ones. ``admit`` returns who hears, who must still be allowed to, once there is a turn and nothing is owed;
    ``reserve`` reserves what something costs at most. Both raise Refusal, which ends all of them."""

    def __init__(
        self, engine: Engine, feed: Feed, prepared: Prepared, wanted: Wanted, *, held_to: str | None,
        admit: Callable[[], Awaitable[Actor]], reserve: Reserve,
    ) -> None:  # fmt: skip
        self.engine, self.feed = engine, feed
        self.prepared, self.wanted, self.admit, self.reserve = prepared, wanted, admit, reserve
        self.held_to = held_to
        self.streams: dict[Stream, None] = {}
        # Whoever subscribes after its end begins anew.
        self.ended = False
        self._events: deque[LiveEvent] = deque()
        self._arrived = asyncio.Event()
        self._task = asyncio.create_task(self._answer())
        feed.listeners[self] = None

    def offer(self, event: LiveEvent) -> None:
        """Take an event of the feed."""
        if not self.wants(event):
            return
        if len(self._events) >= MOST_EVENTS:
            self.end(slow_reader())
            return
        self._events.append(event)
        self._arrived.set()

    def wants(self, event: LiveEvent) -> bool:
        """Return whether an event is one of those that were asked for."""
        return self.wanted.has(event)

    def join(self, stream: Stream) -> None:
        """Add a subscriber."""
        self.streams[stream] = None

    def allow(self, actor: Actor) -> None:
        """Raise Refusal FORBIDDEN where the operation needs what an actor may no longer do."""
        self.engine.allow(self.prepared, actor)

    def end(self, refusal: Refusal) -> None:
        """End the streams of all subscribers, each with the reason."""
        self.ended = True
        for stream in list(self.streams):
            stream.end(refusal)

    def leave(self, stream: Stream) -> None:
        """Forget a subscriber; without any it is over."""
        self.streams.pop(stream, None)
        if not self.streams:
            self._task.cancel()
            self.feed.leave(self)

    async def _answer(self) -> None:
        while True:
            self._arrived.clear()
            while self._events:
                # In a call of its own: between events, and once it is cancelled, its frame would hold the last result.
                await self._offer_result(self._events.popleft())
                if self.ended:
                    return
            await self._arrived.wait()

    async def _offer_result(self, event: LiveEvent) -> None:
        """Offer what an event gives to all subscribers. Where that cannot be had, all streams end."""
        try:
            payload = await self._paid_result(event)
        except Refusal as refusal:
            self.end(refusal)
            return
        except Exception:
            log.exception("unexpected error")
            self.end(internal())
            return
        if payload is not None:
            heard = Heard(event.position, event.public_id, payload)
            for stream in list(self.streams):
                stream.offer(heard)

    async def _paid_result(self, event: LiveEvent) -> bytes | None:
        """Return what an event gives. While something is owed it waits."""
        while True:
            try:
                return await self.result(event)
            except Refusal as refusal:
                if refusal.code != "RATE_LIMITED" or self.ended:
                    raise
                await asyncio.sleep(refusal.extra["retryAfter"])

    async def missed(self, position: EventPosition) -> EventPage:
        """Return a page of what comes after a place, for what reading it costs. Raises Refusal, RATE_LIMITED while
        something is owed."""
        actor = await self.admit()
        self.allow(actor)
        ctx = reading(self.feed.runtime, self.feed.org_id)
        async with self.reserve(actor, PAGE_AT_MOST) as bill:
            async with ctx.snapshot():
                page = await page_after(ctx, position)
            characters = sum(len(event.row["data"]) for event in page.events)
            bill.taken = PAGE + len(page.events) // EVENTS + characters // CHARACTERS
        return page

    async def result(self, event: LiveEvent) -> bytes | None:
        """Return what an event gives, None where the caller may not see it or the object is gone. It waits while the
        database is away: no event is left out."""
        while True:
            try:
                async with asyncio.timeout(RESULT_S):
                    return await self._result(event)
            except Refusal as refusal:
                if refusal.code != "UNAVAILABLE":
                    raise
            except TimeoutError:
                log.warning("live result took too long", event=event.public_id)
            await asyncio.sleep(RETRY_S)

    async def _result(self, event: LiveEvent) -> bytes | None:
        actor = await self.admit()
        self.allow(actor)
        if not is_heard(actor, event):
            return None
        ctx = Context(self.feed.runtime, actor, f"{new_number():032x}", Source.GRAPHQL)
        async with self.reserve(actor, self.prepared.measure.cost) as bill:
            result = await self.engine.run(ctx, self.prepared, event.row)
            if result.actual is not None:
                bill.taken = result.actual
            # Streams of one key share it: each takes a copy, none writes it anew.
            written, errors = orjson.dumps(result.data), orjson.dumps(result.errors)
            bill.taken = max(bill.taken, (len(written) + len(errors)) // BYTES_OF_UNIT)
            if ctx.loaded is not None:
                bill.taken += ctx.loaded.refused * COST_OF_REFUSED
        if any(error["extensions"]["code"] == "UNAVAILABLE" for error in result.errors):
            raise Refusal("UNAVAILABLE", "The database is not available.")
        if not result.errors and (result.data or {}).get(self.wanted.key) is None:
            return None
        body: dict[str, object] = {"data": orjson.Fragment(written)}
        if result.errors:
            body["errors"] = orjson.Fragment(errors)
        occurred = shown_moment(event.row["occurred_at"])
        body["extensions"] = {"event": {"id": event.public_id, "type": event.type, "occurredAt": occurred}}
        return orjson.dumps(body)
