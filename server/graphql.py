"""GraphQL over HTTP: POST JSON, GET for queries, a page for a browser."""

import re
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from execution.documents import UnfitDocument
from models.keys import ActorKind, Source
from resolvers.conditions import NOBODY
from resolvers.context import Actor, Context
from resolvers.errors import Refusal, Refusals, bad_input
from rest_shim.app import Door, idempotency_key
from rest_shim.body import read_json
from schema.engine import Answer, Prepared, refused_answer
from server.pages import GRAPHIQL_CSP

RESPONSE = "application/graphql-response+json"
# These are the HTTP answer whatever the client accepts; another error of a request is 200 in application/json.
ALWAYS = frozenset({401, 403, 405, 413, 415, 422, 429, 503})
PUBLIC = Actor(ActorKind.PUBLIC, "public", "public", frozenset(), NOBODY)

_INTROSPECTS = re.compile(r"\b__(schema|type)\b")


class GraphQL:
    """The endpoint. ``page`` is what a browser gets, None where it gets none."""

    def __init__(self, door: Door, page: str | None) -> None:
        self.door = door
        self.page = page

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        accepts = request.headers.get("accept", "")
        if request.method == "GET" and self.page is not None and "text/html" in accepts:
            return HTMLResponse(self.page, headers={"Content-Security-Policy": GRAPHIQL_CSP})
        typed = RESPONSE in accepts
        if request.method not in ("GET", "HEAD", "POST"):
            refused = Refusal("METHOD_NOT_ALLOWED", "This path answers GET, HEAD and POST.")
            return _send(refused_answer(refused, request.state.request_id), typed, {"Allow": "GET, HEAD, POST"})
        headers: dict[str, str] = {}
        try:
            answer, ctx = await self._answer(request, headers)
        except (Refusal, Refusals, UnfitDocument) as refused:
            answer = refused_answer(refused, request.state.request_id)
        else:
            request.state.statements = ctx.statements
            if ctx.replayed:
                headers["Idempotent-Replayed"] = "true"
        return _send(answer, typed, headers)

    async def _answer(self, request: Request, headers: dict[str, str]) -> tuple[Answer, Context]:
        actor: Actor | None = None
        refused: Refusal | None = None
        if "authorization" in request.headers:
            actor = await self.door.actor_of(request)
        else:
            refused = Refusal("UNAUTHENTICATED", "An API key is needed: Authorization: Bearer sk_live_….")
        try:
            prepared, name = await self._prepare(request)
        except (Refusal, Refusals, UnfitDocument):
            # Without a key nobody learns more than that one is needed.
            if refused is not None:
                raise refused from None
            raise
        if actor is None:
            if not self.door.engine.public(prepared) or not self._open(prepared):
                assert refused is not None, "without an actor there is a refusal"
                raise refused
            actor = PUBLIC
        if request.method != "POST" and prepared.operation.kind != "query":
            headers["Allow"] = "POST"
            raise Refusal("METHOD_NOT_ALLOWED", "GET is for queries only: use POST.")
        self.door.engine.validate(prepared, name)
        self.door.engine.allow(prepared, actor)
        ctx = Context(self.door.runtime, actor, request.state.request_id, Source.GRAPHQL, idempotency_key(request))
        if actor is PUBLIC:
            return await self.door.engine.run(ctx, prepared), ctx
        spent = await self.door.spend(actor.org_id, prepared.measure.cost)
        headers |= spent.headers
        answer = await self.door.engine.run(ctx, prepared)
        answer.remaining = spent.remaining
        return answer, ctx

    def _open(self, prepared: Prepared) -> bool:
        """Introspection without a key is for where introspection is on."""
        return self.door.engine.introspection or not _INTROSPECTS.search(prepared.operation.text)

    async def _prepare(self, request: Request) -> tuple[Prepared, str | None]:
        if request.method == "POST":
            body = await read_json(request, self.door.body_limit, self.door.body_seconds)
        else:
            body = _from_query(request)
        text, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
        if not isinstance(text, str) or not text.strip():
            raise bad_input("query", "query must be the text of a GraphQL document.")
        if variables is not None and not isinstance(variables, dict):
            raise bad_input("variables", "variables must be an object.")
        if name is not None and not isinstance(name, str):
            raise bad_input("operationName", "operationName must be a text.")
        return self.door.engine.measure(text, name or None, variables or {}), name or None


def _from_query(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query_params)
    if "variables" in given:
        try:
            given["variables"] = orjson.loads(given["variables"])
        except orjson.JSONDecodeError:
            raise bad_input("variables", "variables must be JSON.") from None
    return given


def _send(answer: Answer, typed: bool, headers: dict[str, str]) -> Response:
    body: dict[str, Any] = {}
    if answer.errors:
        body["errors"] = answer.errors
        first = answer.errors[0]["extensions"]
        if "retryAfter" in first:
            headers["Retry-After"] = str(first["retryAfter"])
    if answer.ran:
        body = {"data": answer.data} | body
    if answer.remaining is not None:
        body["extensions"] = {"cost": {"requested": answer.cost, "remaining": answer.remaining}}
    status = answer.status if answer.status in ALWAYS and answer.data is None else 200
    if typed and not answer.ran:
        status = answer.status
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    media = RESPONSE if typed else "application/json"
    return Response(orjson.dumps(body), status, headers, media)
