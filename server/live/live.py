"""The live streams of a process: opened, shared, bounded for each organization, and ended with their key."""

import asyncio
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog

from resolvers.actor import Actor
from resolvers.errors import Refusal
from resolvers.live.feed import Feeds
from schema.live.shared import Shared
from schema.live.streams import Stream
from schema.requests.engine import Engine
from server.graphql import Admitted
from server.live.asked import asked_of
from web.dependencies import Dependencies
from web.http import Message, Request

log = structlog.get_logger()
# How often each key is looked at that somebody hears with: what is known of it is as old as its verdict at most.
WATCH_S = 0.25


@dataclass(slots=True)
class Holder:
    """A key that is heard with: a request that holds it, and what is shared by its streams."""

    request: Request
    shared: dict[Hashable, Shared] = field(default_factory=dict)


class Live:
    """Opens streams. ``most`` is how many an organization may have in a process, ``kept`` how long events are kept."""

    feeds: Feeds

    def __init__(self, engine: Engine, dependencies: Dependencies, most: int, kept: timedelta) -> None:
        self.engine, self.dependencies, self.most, self.kept = engine, dependencies, most, kept
        self.holders: dict[bytes, Holder] = {}
        self.open_streams: Counter[UUID] = Counter()

    async def open(self, request: Request, admitted: Admitted, after: str | None = None) -> Stream:
        """Return the stream of a subscription, which has begun. ``after`` goes before the document's own.

        Raises Refusal: BAD_INPUT, NOT_FOUND, EVENT_EXPIRED, UNAVAILABLE, or RATE_LIMITED where the organization has too
        many.
        """
        ctx, prepared = admitted.ctx, admitted.prepared
        if self.open_streams[ctx.org_id] >= self.most:
            message = f"The organization has {self.most} streams already, which is the most."
            raise Refusal("RATE_LIMITED", message, retryAfter=1)
        self.open_streams[ctx.org_id] += 1
        left = partial(self._left, ctx.org_id)
        try:
            asked = await asked_of(ctx, prepared)
            name = prepared.operation.definition.name
            document = prepared.operation.text, None if name is None else name.value
            identity = (ctx.org_id, document, asked.variables)
            credential = request.headers[b"authorization"]
            holder = self.holders.get(credential)
            if holder is None:
                holder = self.holders[credential] = Holder(holding(request))
            shared = holder.shared.get(identity)
            if shared is None or shared.ended:
                feed = self.feeds.of(ctx.org_id)
                admit, owe = partial(self._admit, holder.request), self._owe
                shared = Shared(self.engine, feed, prepared, asked.wanted, admit=admit, owe=owe)
                holder.shared[identity] = shared
        except BaseException:
            left()
            raise
        stream = Stream(shared, partial(self._forget, credential, identity, left))
        try:
            await stream.start(after or asked.after, self.kept)
        except BaseException:
            stream.close()
            raise
        return stream

    async def watch(self) -> None:
        """End the streams of keys that work no more, or may no longer read what they hear, for ever."""
        while True:
            await asyncio.sleep(WATCH_S)
            for holder in list(self.holders.values()):
                try:
                    await self._check(holder)
                except Exception:
                    log.exception("unexpected error")

    async def _check(self, holder: Holder) -> None:
        try:
            actor = await self.dependencies.actor_of(holder.request)
        except Refusal as refusal:
            if refusal.code != "UNAVAILABLE":
                for shared in list(holder.shared.values()):
                    shared.end(refusal)
            return
        for shared in list(holder.shared.values()):
            try:
                shared.allow(actor)
            except Refusal as refusal:
                shared.end(refusal)

    async def _admit(self, request: Request) -> Actor:
        """Return who hears, when it is their turn. Raises Refusal where the key works no more or too much is owed."""
        # What runs was admitted, as a trusted document where the key runs no other.
        actor = await self.dependencies.payer_of(request, [], documents=True)
        await self.dependencies.turn(actor.org_id)
        return actor

    def _owe(self, actor: Actor, cost: int) -> None:
        self.dependencies.owe(actor.payer, cost)

    def _left(self, org_id: UUID) -> None:
        self.open_streams[org_id] -= 1
        if not self.open_streams[org_id]:
            del self.open_streams[org_id]

    def _forget(self, credential: bytes, identity: Hashable, left: partial[None]) -> None:
        left()
        holder = self.holders.get(credential)
        shared = None if holder is None else holder.shared.get(identity)
        if holder is not None and shared is not None and not shared.streams:
            del holder.shared[identity]
            if not holder.shared:
                del self.holders[credential]


def holding(request: Request) -> Request:
    """Return a request that is from the same caller, and keeps nothing of the connection."""
    names = ("type", "method", "path", "query_string", "client", "headers")
    scope = {name: request.scope[name] for name in names if name in request.scope}
    return Request({**scope, "state": {"request_id": request.request_id}}, _gone)


async def _gone() -> Message:
    return {"type": "http.disconnect"}
