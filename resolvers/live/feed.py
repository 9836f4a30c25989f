"""Feeds: one for each organization that somebody in this process listens to, which reads each event once for all."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol
from uuid import UUID

import structlog

from models.actors import ActorKind, Source
from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from resolvers.live.events import EventPosition, LiveEvent, page_after, snapshot

log = structlog.get_logger(__name__)
# What is announced is read at once; a lost announcement costs no more than this.
LOOK_S = 1.0
# How soon it is looked again while an event waits for a transaction that began before it.
SETTLE_S = 0.02


def reading(runtime: Runtime, org_id: UUID) -> Context:
    """Return a context that reads events: what each listener may see is judged where it is heard."""
    actor = Actor(ActorKind.PUBLIC, "live", "live", frozenset(), org_id)
    return Context(runtime, actor, request_id="live", source=Source.GRAPHQL)


class Listener(Protocol):
    """Hears of each event of a feed, in order."""

    def offer(self, event: LiveEvent) -> None:
        """Take an event; it must not wait."""


class Feed:
    """The events of one organization from the moment when its first listener came, while it has one."""

    def __init__(self, runtime: Runtime, org_id: UUID, ended: Callable[["Feed"], None]) -> None:
        self.runtime, self.org_id = runtime, org_id
        self.listeners: dict[Listener, None] = {}
        self._ended = ended
        self._announced = asyncio.Event()
        self._position: EventPosition | None = None
        self._starting = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to read, if it has not begun. What commits after this returns is heard. Raises Refusal UNAVAILABLE."""
        async with self._starting:
            if self._position is None:
                ctx = reading(self.runtime, self.org_id)
                async with ctx.snapshot():
                    self._position = (await snapshot(ctx)).position
                if self.listeners:
                    self._task = asyncio.create_task(self._follow())

    def announce(self) -> None:
        """Look for new events now."""
        self._announced.set()

    def leave(self, listener: Listener) -> None:
        """Forget a listener; without any the feed ends."""
        self.listeners.pop(listener, None)
        if not self.listeners:
            self.close()

    def close(self) -> None:
        """End the feed."""
        self._ended(self)
        if self._task is not None:
            self._task.cancel()

    async def _follow(self) -> None:
        delay, quick = LOOK_S, SETTLE_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._announced.wait()
            self._announced.clear()
            try:
                unsettled = await self._read()
            except Refusal:
                # The outage is logged where it began; what is missed is read when it is over.
                unsettled = False
            except Exception:
                log.exception("unexpected error")
                unsettled = False
            quick = min(quick * 2, LOOK_S) if unsettled else SETTLE_S
            delay = quick if unsettled else LOOK_S

    async def _read(self) -> bool:
        """Pass on what is there, page by page. Return whether more waits for an open transaction."""
        while True:
            assert self._position is not None, "a feed reads from a place"
            ctx = reading(self.runtime, self.org_id)
            async with ctx.snapshot():
                page = await page_after(ctx, self._position)
            self._position = page.position or self._position
            for event in page.events:
                for listener in list(self.listeners):
                    listener.offer(event)
            if not page.full:
                return page.unsettled


class Feeds:
    """The feeds of a process, by organization."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.feeds: dict[UUID, Feed] = {}

    def of(self, org_id: UUID) -> Feed:
        """Return an organization's feed, which may still have to be started."""
        feed = self.feeds.get(org_id)
        if feed is None:
            feed = self.feeds[org_id] = Feed(self.runtime, org_id, self._forget)
        return feed

    def announce(self, org_id: UUID) -> None:
        """Take note that an organization has new events."""
        feed = self.feeds.get(org_id)
        if feed is not None:
            feed.announce()

    def _forget(self, feed: Feed) -> None:
        if self.feeds.get(feed.org_id) is feed:
            del self.feeds[feed.org_id]
