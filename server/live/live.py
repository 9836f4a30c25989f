"""The live streams of a process: opened, shared, bounded for each organization, and ended with their key."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import NamedTuple

import structlog

from resolvers.actor import Actor
from resolvers.errors import Refusal
from resolvers.live.feed import Feeds
from schema.live.shared import Shared
from schema.live.streams import Stream
from schema.requests.engine import Engine
from server.graphql import Admitted
from server.live.reservations import Reservations
from server.live.subscription_requests import subscription_request
from web.dependencies import Dependencies
from web.http import Message, Request

log = structlog.get_logger()
# How often each key is looked at that somebody hears with: what is known of it is as old as its verdict at most.
WATCH_S = 0.25
# How many streams whom access tokens are for may have in a process, whoever else there is.
MOST_OF_SUBJECT = 20

_RETIRED = "No active app version has this document any more."


class Share(NamedTuple):
    """What somebody may have of the streams: how many, counted by ``key``."""

    key: Hashable
    most: int
    whose: str


@dataclass(slots=True)
class Holder:
    """A key in use: a request that holds it, what is shared by its streams, and what ends its WebSockets."""

    request: Request
    shared: dict[Hashable, Shared] = field(default_factory=dict)
    endings: set[Callable[[Refusal], None]] = field(default_factory=set)


class Live:
    """Opens streams: ``most`` of an organization in a process. Events are kept for ``retention``."""

    feeds: Feeds

    def __init__(self, engine: Engine, dependencies: Dependencies, most: int, retention: timedelta) -> None:
        self.engine, self.dependencies, self.most, self.retention = engine, dependencies, most, retention
        self.reservations = Reservations(dependencies)
        self.holders: dict[bytes, Holder] = {}
        self.open_streams: Counter[Hashable] = Counter()

    async def open(self, request: Request, admitted: Admitted, after: str | None = None) -> Stream:
        """Return the stream of a subscription, which has begun. ``after`` goes before the document's own.

        Raises Refusal: BAD_INPUT, NOT_FOUND, EVENT_EXPIRED, UNAVAILABLE, or RATE_LIMITED where there are too many.
        """
        ctx, prepared = admitted.ctx, admitted.prepared
        shares = self._shares(ctx.actor)
        for share in shares:
            if self.open_streams[share.key] >= share.most:
                message = f"{share.whose} {share.most} streams already, which is the maximum."
                raise Refusal("RATE_LIMITED", message, retryAfter=1)
        keys = [share.key for share in shares]
        self.open_streams.update(keys)
        left = partial(self._left, keys)
        try:
            asked = await subscription_request(ctx, prepared)
            name = prepared.operation.definition.name
            document = prepared.operation.text, None if name is None else name.value
            # One that runs trusted documents only hears for as long as its document is served.
            held_to = admitted.asked.document_id if ctx.actor.trusted_documents_only else None
            identity = (ctx.org_id, document, asked.variables, held_to)
            credential = request.headers[b"authorization"]
            holder = self._holder(credential, request)
            shared = holder.shared.get(identity)
            if shared is None or shared.ended:
                feed = self.feeds.of(ctx.org_id)
                admit = partial(self._admit, holder.request, held_to)
                reserve = self.reservations.reserved
                shared = Shared(
                    self.engine, feed, prepared, asked.wanted, held_to=held_to, admit=admit, reserve=reserve
                )
                holder.shared[identity] = shared
        except BaseException:
            left()
            raise
        stream = Stream(shared, partial(self._forget, credential, identity, left))
        try:
            await stream.start(after or asked.after, self.retention)
        except BaseException:
            stream.close()
            raise
        return stream

    def attend(self, request: Request, end: Callable[[Refusal], None]) -> None:
        """Have a WebSocket ended with its key, whether or not anything is heard on it, until it leaves."""
        self._holder(request.headers[b"authorization"], request).endings.add(end)

    def leave(self, request: Request, end: Callable[[Refusal], None]) -> None:
        """Forget a WebSocket, which has ended."""
        credential = request.headers[b"authorization"]
        holder = self.holders[credential]
        holder.endings.remove(end)
        self._let_go(credential, holder)

    async def watch(self) -> None:
        """End, for ever, what is open of keys that work no more, and the streams that a key may hear no more."""
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
                for end in list(holder.endings):
                    end(refusal)
            return
        for shared in list(holder.shared.values()):
            try:
                shared.allow(actor)
                await self._must_be_served(actor, shared.held_to)
            except Refusal as refusal:
                if refusal.code != "UNAVAILABLE":
                    shared.end(refusal)

    async def _admit(self, request: Request, held_to: str | None) -> Actor:
        """Return who hears, when it is their turn. Raises Refusal where the key works no more, its document is not
        served any more, or too much is owed."""
        actor = await self.dependencies.payer_of(request, [], documents=True)
        await self._must_be_served(actor, held_to)
        await self.dependencies.runtime.turns.take(actor.org_id)
        return actor

    async def _must_be_served(self, actor: Actor, document_id: str | None) -> None:
        """Raise Refusal DOCUMENT_NOT_FOUND for the ID of a trusted document that no active app version has."""
        if document_id is not None and await self.dependencies.documents.trusted(actor.org_id, document_id) is None:
            raise Refusal("DOCUMENT_NOT_FOUND", _RETIRED, field="documentId")

    def _shares(self, actor: Actor) -> list[Share]:
        """Return what an actor's stream is counted for. Access tokens leave half to API keys, and to one another."""
        whole = Share(actor.org_id, self.most, "The organization has")
        if actor.subject is None:
            return [whole]
        tokens = Share((actor.org_id, "tokens"), max(1, self.most // 2), "The organization's access tokens have")
        return [Share(actor.subject, MOST_OF_SUBJECT, "The member or client of the access token has"), tokens, whole]

    def _left(self, keys: Collection[Hashable]) -> None:
        self.open_streams.subtract(keys)
        for key in keys:
            if not self.open_streams[key]:
                del self.open_streams[key]

    def _holder(self, credential: bytes, request: Request) -> Holder:
        holder = self.holders.get(credential)
        if holder is None:
            holder = self.holders[credential] = Holder(holding(request))
        return holder

    def _let_go(self, credential: bytes, holder: Holder) -> None:
        if not (holder.shared or holder.endings):
            del self.holders[credential]

    def _forget(self, credential: bytes, identity: Hashable, left: partial[None]) -> None:
        left()
        holder = self.holders.get(credential)
        shared = None if holder is None else holder.shared.get(identity)
        if holder is not None and shared is not None and not shared.streams:
            del holder.shared[identity]
            self._let_go(credential, holder)


def holding(request: Request) -> Request:
    """Return a request that is from the same caller, and keeps nothing of the connection."""
    names = ("type", "method", "path", "query_string", "client", "headers")
    scope = {name: request.scope[name] for name in names if name in request.scope}
    return Request({**scope, "state": {"request_id": request.request_id}}, _gone)


async def _gone() -> Message:
    return {"type": "http.disconnect"}
