"""MCP over HTTP: each POST is one message of JSON-RPC from an API key; the library reads it and words the answer."""

import asyncio
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import orjson

from resolvers.actor import Actor
from resolvers.errors import Refusal
from schema.requests.engine import Engine
from server.mcp.exchange import EXCHANGE, Exchange
from server.mcp.library import McpLibrary
from server.mcp.messages import check_message, is_call
from server.mcp.refusals import refused
from web.body import json_object
from web.deadlines import Deadlines
from web.dependencies import Dependencies
from web.http import JSON, Header, Message, Reply, Request, options, reply

METHODS = ("POST",)
_ALLOWED = "POST, OPTIONS"
# So many bytes of an answer cost one, which takes the library as long to write. The price of a call includes the first.
BYTES, INCLUDED = 1_024, 64
# What a message that is no call costs: the library takes a millisecond to read one and to word its answer.
MESSAGE = 10


class McpEndpoint:
    """The endpoint. ``origins`` are those whose pages may call it; any page may be made to look like one of this
    host's."""

    def __init__(
        self, engine: Engine, dependencies: Dependencies, library: McpLibrary, origins: Collection[str]
    ) -> None:
        self.engine, self.dependencies, self.library = engine, dependencies, library
        self.origins = frozenset(origin.encode() for origin in origins)
        # The library works in later iterations of the loop, where it takes no turns.
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        if request.method == "OPTIONS":
            return options(_ALLOWED)
        headers: list[Header] = []
        try:
            self._check(request, headers)
            actor = await self.dependencies.payer_of(request, headers)
            body, message = await self._read(request, actor, headers)
            exchange = Exchange(self.engine, self.dependencies, request, actor, headers)
            async with nullcontext() if is_call(message) else self._alone(actor.org_id):
                answered = await self._answered(exchange, body)
            written = len(answered.body) // BYTES
            if not exchange.paid:
                await self.dependencies.pay(request, actor, 0, headers, MESSAGE + request.weight + written)
            elif written > INCLUDED:
                self.dependencies.owe(actor, written - INCLUDED)
        except Refusal as refusal:
            return refused(refusal, request.request_id, headers)
        return answered._replace(headers=[*headers, *answered.headers])

    def _check(self, request: Request, headers: list[Header]) -> None:
        """Raise Refusal METHOD_NOT_ALLOWED, or FORBIDDEN for a page of another origin."""
        if request.method not in METHODS:
            headers.append((b"allow", _ALLOWED.encode()))
            raise Refusal("METHOD_NOT_ALLOWED", f"This path supports {_ALLOWED}: there is no stream to read.")
        origin = request.headers.get(b"origin")
        if origin is not None and self.origins.isdisjoint((origin, b"*")):
            raise Refusal("FORBIDDEN", "Pages of this origin may not use MCP here: see CORS_ORIGINS.")

    def _alone(self, org_id: UUID) -> AbstractAsyncContextManager[None]:
        """Return what one message of an organization holds at a time."""
        return self._locks.setdefault(org_id, asyncio.Lock())

    async def _read(self, request: Request, actor: Actor, headers: list[Header]) -> tuple[bytes, dict[str, Any]]:
        """Return a body that is one message, and the message. What is refused after it was read is paid for."""
        body = await self.dependencies.bodies.json_text(request)
        # The work on a body follows: it may have come in a later iteration of the loop.
        await self.dependencies.runtime.turns.take(actor.org_id)
        try:
            # The library takes no number beyond a double.
            message = json_object(request, body, read=orjson.loads)
            check_message(message)
        except Refusal:
            await self.dependencies.pay(request, actor, 0, headers, MESSAGE + request.weight)
            raise
        return body, message

    async def _answered(self, exchange: Exchange, body: bytes) -> Reply:
        """Return what the library answers to a message."""
        manager, request = await self.library.manager(), exchange.request
        await self.dependencies.runtime.turns.take(exchange.actor.org_id)
        # Not in the request's own scope: an exchange that its request held would be a cycle.
        scope = {**request.scope, EXCHANGE: exchange}
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        begun: dict[str, Any] = {}
        parts: list[bytes] = []

        async def receive() -> Message:
            return unread.pop() if unread else await request.receive()

        async def send(part: Message) -> None:
            if part["type"] == "http.response.start":
                begun.update(part)
            else:
                parts.append(part.get("body", b""))

        deadlines: Deadlines = request.state["deadlines"]
        # A call has the deadline, wherever it runs: were the request late first, a change could still be committed.
        with deadlines.paused():
            await manager.handle_request(scope, receive, send)
        media = dict(begun["headers"]).get(b"content-type", JSON)
        return reply(int(begun["status"]), b"".join(parts), media)
