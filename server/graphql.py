"""GraphQL over HTTP: POST JSON, GET for queries, a page for a browser."""

import re
from functools import partial
from typing import Any, NamedTuple

import orjson

from execution import MAX_TOKENS as KNOWN_TOKENS
from execution import DocumentError
from models.actors import Source
from resolvers.context import Actor, Context
from resolvers.errors import Refusal, Refusals, bad_input
from schema.requests.engine import Engine
from schema.requests.prepared import Prepared
from schema.requests.results import OperationResult, refused_result
from server.access.anonymous import MAX_BODY, MAX_TEXT, MAX_TOKENS, NEW, OBJECTS, Anonymous
from server.graphql_requests import NO_TEXT, read_request
from web.accept import most_accepted
from web.dependencies import PUBLIC, Dependencies
from web.http import AnyReply, Endpoint, Header, Reply, Request, options, reply
from web.idempotency import REPLAYED, idempotency_key

APPLICATION_JSON, RESPONSE, _PAGE = b"application/json", b"application/graphql-response+json", b"text/html"
# Of those that a client names and likes alike the first is sent; of those that it does not name, the last.
_MEDIA_TYPES = (_PAGE, RESPONSE, APPLICATION_JSON)
METHODS = ("GET", "HEAD", "POST")
_ALLOWED = ", ".join((*METHODS, "OPTIONS"))
# These are the HTTP status whatever the client accepts; another error of a request is 200 in application/json.
ALWAYS = frozenset({401, 403, 405, 413, 415, 422, 429, 503})
# A document that is refused was read and judged: its organization pays for that.
REFUSED = 200
_LONG = f"Without an API key a request has at most {MAX_BODY} bytes; a longer one needs one."
_STREAMED = "A subscription is answered by a stream: accept text/event-stream, or use a WebSocket."
_INTROSPECTS = re.compile(r"\b__(schema|type)\b")


class MalformedError(Exception):
    """What came is no well-formed request: its status is the refusal's, whatever the client accepts."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


# What a request may be refused with.
REFUSALS = (MalformedError, Refusal, Refusals, DocumentError)
RefusedError = MalformedError | Refusal | Refusals | DocumentError


class Admitted(NamedTuple):
    """An operation that may run and is paid for, its context, and what its organization may still spend."""

    ctx: Context
    prepared: Prepared
    remaining: int | None


class GraphQL:
    """The endpoint. ``page`` answers a browser, None where it gets no page. ``anonymous`` bounds who has no key."""

    def __init__(self, engine: Engine, dependencies: Dependencies, page: Endpoint | None, anonymous: Anonymous) -> None:
        self.engine = engine
        self.dependencies = dependencies
        self.page = page
        self.anonymous = anonymous

    async def handle(self, request: Request) -> AnyReply:
        """Answer one request."""
        media = APPLICATION_JSON
        if b"accept" in request.headers:
            paged = request.method in ("GET", "HEAD") and self.page is not None
            offered = _MEDIA_TYPES if paged else _MEDIA_TYPES[1:]
            media = most_accepted(request.whole(b"accept"), offered) or APPLICATION_JSON
        if self.page is not None and media == _PAGE:
            return await self.page(request)
        typed = media == RESPONSE
        if request.method not in METHODS:
            if request.method == "OPTIONS":
                return options(_ALLOWED)
            refused = Refusal("METHOD_NOT_ALLOWED", "This path supports GET, HEAD and POST.")
            return _reply(refused_result(refused, request.request_id), typed, [(b"allow", _ALLOWED.encode())])
        headers: list[Header] = []
        try:
            admitted = await self.admit(request, headers)
        except REFUSALS as refused:
            return refused_reply(request, refused, typed, headers)
        return await self.answer(request, admitted, typed, headers)

    async def answer(self, request: Request, admitted: Admitted, typed: bool, headers: list[Header]) -> Reply:
        """Run an operation and return the reply; ``typed``: its errors are statuses."""
        result, ctx = await self.run(request, admitted), admitted.ctx
        request.state["statements"] = ctx.statements
        request.state["secret"] = bool(ctx.shown_once)
        if ctx.replayed:
            headers.append(REPLAYED)
        return _reply(result, typed, headers)

    async def run(self, request: Request, admitted: Admitted) -> OperationResult:
        """Run an operation that was admitted."""
        result = await self.engine.run(admitted.ctx, admitted.prepared)
        self.dependencies.charge_rest(request, admitted.ctx)
        result.remaining = admitted.remaining
        return result

    async def admit(self, request: Request, headers: list[Header]) -> Admitted:
        """Return a request's operation, once it may run and is paid for. Raises one of ``REFUSALS``."""
        actor: Actor | None = None
        refused: Refusal | None = None
        try:
            actor = await self.dependencies.payer_of(request, headers)
        except Refusal as error:
            # What is public is answered without a key, but not with a wrong one.
            if b"authorization" in request.headers:
                raise
            refused = error
            self.anonymous.read(request, Refusal(refused.code, _LONG) if refused.code == "UNAUTHENTICATED" else refused)
        try:
            prepared, name = await self._prepare(request, actor)
        except REFUSALS as error:
            # Without a key nobody learns more than that one is needed, or that we are busy.
            if refused is not None and not _is_ours(error):
                raise refused from None
            done = request.weight + (REFUSED if _was_read(error) else 0)
            if actor is not None and done:
                await self.dependencies.pay(request, actor, 0, headers, done)
            raise
        if actor is None:
            if not self.engine.public(prepared) or not self._open(prepared):
                assert refused is not None, "without an actor there is a refusal"
                raise refused
            actor = PUBLIC
            new = prepared.new + self.engine.compiling(prepared)
            cost = prepared.measure.cost + prepared.measure.introspected // OBJECTS
            self.anonymous.spend(request, cost + new // NEW)
        payer = None if actor is PUBLIC else actor.org_id
        if prepared.new:
            await self.dependencies.turn(payer)
        try:
            ctx = self._context(request, prepared, name, actor, headers)
        except (Refusal, DocumentError) as error:
            done = prepared.new + request.weight + (REFUSED if _was_read(error) else 0)
            if actor is not PUBLIC and done:
                await self.dependencies.pay(request, actor, 0, headers, done)
            raise
        request.state["ctx"] = ctx
        if actor is PUBLIC:
            return Admitted(ctx, prepared, None)
        compiling = self.engine.compiling(prepared)
        cost = prepared.measure.cost + compiling
        remaining = await self.dependencies.pay(request, actor, cost, headers, prepared.new + request.weight)
        if compiling:
            await self.dependencies.turn(payer)
        return Admitted(ctx, prepared, remaining)

    def _context(
        self, request: Request, prepared: Prepared, name: str | None, actor: Actor, headers: list[Header]
    ) -> Context:
        """Return the context of an operation that may run. Raises Refusal or DocumentError."""
        operation_type = request.state["operation_type"] = prepared.operation.operation_type
        if operation_type == "subscription":
            if not request.state.get("streams"):
                raise bad_input("header.Accept", _STREAMED, "NOT_ALLOWED")
        elif request.method != "POST" and operation_type != "query":
            headers.append((b"allow", b"POST"))
            raise Refusal("METHOD_NOT_ALLOWED", "GET is for queries and subscriptions only: use POST.")
        self.engine.validate(prepared, name)
        self.engine.allow(prepared, actor)
        # Of the address alone: a context that held its request would be a cycle.
        address = self.dependencies.address_of
        turn = partial(self.dependencies.form_turn, address(request)) if operation_type == "mutation" else None
        key = idempotency_key(request)
        return Context(
            self.dependencies.runtime, actor, request.request_id, Source.GRAPHQL, idempotency_key=key, form_turn=turn
        )

    def _open(self, prepared: Prepared) -> bool:
        """Return whether an operation may run without a key: introspection is for where introspection is on."""
        return self.engine.introspection or not _INTROSPECTS.search(prepared.operation.text)

    async def _prepare(self, request: Request, actor: Actor | None) -> tuple[Prepared, str | None]:
        try:
            text, variables, name = await read_request(request, self.dependencies.bodies)
        except Refusal as refused:
            raise MalformedError(refused) from None
        if text is None:
            raise Refusal("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
        if not text.strip():
            raise bad_input("query", NO_TEXT, "WRONG_TYPE")
        if actor is None and len(text.encode(errors="replace")) > MAX_TEXT:
            raise Refusal("TOO_COMPLEX", f"Without a key a document has at most {MAX_TEXT} bytes.")
        tokens = MAX_TOKENS if actor is None else KNOWN_TOKENS
        await self.dependencies.turn(None if actor is None else actor.org_id)
        return self.engine.measure(text, name or None, variables or {}, tokens), name or None


def _is_ours(error: Exception) -> bool:
    """Return whether a request is refused for what is the matter with us, not with it."""
    refusal = error.refusal if isinstance(error, MalformedError) else error
    return isinstance(refusal, Refusal) and refusal.code == "UNAVAILABLE"


def _was_read(error: Exception) -> bool:
    """Return whether what is refused is a document, which was parsed and perhaps judged."""
    return isinstance(error, DocumentError) or (isinstance(error, Refusal) and error.code == "TOO_COMPLEX")


def refused_reply(request: Request, refused: RefusedError, typed: bool, headers: list[Header]) -> Reply:
    """Return the reply to a request that was not admitted."""
    status = refused.refusal.status if isinstance(refused, MalformedError) else None
    return _reply(refused_result_of(request, refused), typed, headers, status)


def refused_result_of(request: Request, refused: RefusedError) -> OperationResult:
    """Return the result of a request that was not admitted."""
    error = refused.refusal if isinstance(refused, MalformedError) else refused
    return refused_result(error, request.request_id)


def result_body(result: OperationResult) -> dict[str, Any]:
    """Return a result as it is written."""
    body: dict[str, Any] = {}
    if result.ran:
        body["data"] = result.data
    if result.errors:
        body["errors"] = result.errors
    if result.ran:
        # What graphql-core ran was not counted: it cost what was asked.
        actual = result.cost if result.actual is None else result.actual
        cost = {"requested": result.cost, "actual": actual, "remaining": result.remaining}
        body["extensions"] = {"cost": cost}
    return body


def _reply(result: OperationResult, typed: bool, headers: list[Header], malformed: int | None = None) -> Reply:
    """Return the reply to a request; ``malformed`` is the status of one that is not well-formed."""
    body = result_body(result)
    if result.errors and "retryAfter" in result.errors[0]["extensions"]:
        headers.append((b"retry-after", b"%d" % result.errors[0]["extensions"]["retryAfter"]))
    says = (result.bare and result.status in ALWAYS) or (typed and not result.ran)
    status = result.status if says else 200
    if malformed is not None:
        status = malformed
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    return reply(status, orjson.dumps(body), RESPONSE if typed else APPLICATION_JSON, headers)
