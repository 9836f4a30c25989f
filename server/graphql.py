"""GraphQL over HTTP: POST JSON, GET for queries, a page for a browser."""

import re
from functools import partial
from typing import Any

import orjson

from execution import MAX_TOKENS as KNOWN_TOKENS
from execution import DocumentError
from models.actors import Source
from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.errors import Refusal, Refusals, bad_input
from schema.requests.engine import Engine
from schema.requests.prepared import Prepared
from schema.requests.results import OperationResult, refused_result
from server.access.anonymous import MAX_BODY, MAX_TEXT, MAX_TOKENS, NEW, OBJECTS, Anonymous
from web.accept import most_accepted
from web.body import body_weight
from web.dependencies import PUBLIC, Dependencies
from web.http import AnyReply, Endpoint, Header, Reply, Request, is_encoded, options, reply
from web.idempotency import REPLAYED, idempotency_key

APPLICATION_JSON, RESPONSE, _PAGE = b"application/json", b"application/graphql-response+json", b"text/html"
# Of those that a client names and likes alike the first is sent; of those that it does not name, the last.
_MEDIA_TYPES = (_PAGE, RESPONSE, APPLICATION_JSON)
METHODS = ("GET", "HEAD", "POST")
# What a query is read from.
_PARAMETERS = ("query", "variables", "operationName", "extensions", "documentId")
_ALLOWED = ", ".join((*METHODS, "OPTIONS"))
# These are the HTTP status whatever the client accepts; another error of a request is 200 in application/json.
ALWAYS = frozenset({401, 403, 405, 413, 415, 422, 429, 503})
# A document that is refused was read and judged: its organization pays for that.
REFUSED = 200
_LONG = f"Without an API key a request has at most {MAX_BODY} bytes; a longer one needs one."
_NO_TEXT = "query must be the text of a GraphQL document."
_INTROSPECTS = re.compile(r"\b__(schema|type)\b")


class MalformedError(Exception):
    """What came is no well-formed request: its status is the refusal's, whatever the client accepts."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


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
            result, ctx = await self._run(request, headers)
        except MalformedError as malformed:
            result = refused_result(malformed.refusal, request.request_id)
            return _reply(result, typed, headers, malformed.refusal.status)
        except (Refusal, Refusals, DocumentError) as refused:
            result = refused_result(refused, request.request_id)
        else:
            request.state["statements"] = ctx.statements
            request.state["secret"] = bool(ctx.shown_once)
            if ctx.replayed:
                headers.append(REPLAYED)
        return _reply(result, typed, headers)

    async def _run(self, request: Request, headers: list[Header]) -> tuple[OperationResult, Context]:
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
        except (MalformedError, Refusal, Refusals, DocumentError) as error:
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
            answered = await self.engine.run(ctx, prepared)
            self.dependencies.charge_rest(request, ctx)
            return answered, ctx
        compiling = self.engine.compiling(prepared)
        cost = prepared.measure.cost + compiling
        remaining = await self.dependencies.pay(request, actor, cost, headers, prepared.new + request.weight)
        if compiling:
            await self.dependencies.turn(payer)
        result = await self.engine.run(ctx, prepared)
        self.dependencies.charge_rest(request, ctx)
        result.remaining = remaining
        return result, ctx

    def _context(
        self, request: Request, prepared: Prepared, name: str | None, actor: Actor, headers: list[Header]
    ) -> Context:
        """Return the context of an operation that may run. Raises Refusal or DocumentError."""
        operation_type = request.state["operation_type"] = prepared.operation.operation_type
        if request.method != "POST" and operation_type != "query":
            headers.append((b"allow", b"POST"))
            raise Refusal("METHOD_NOT_ALLOWED", "GET is for queries only: use POST.")
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
            text, variables, name = await self._read(request)
        except Refusal as refused:
            raise MalformedError(refused) from None
        if text is None:
            raise Refusal("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
        if not text.strip():
            raise bad_input("query", _NO_TEXT, "WRONG_TYPE")
        if actor is None and len(text.encode(errors="replace")) > MAX_TEXT:
            raise Refusal("TOO_COMPLEX", f"Without a key a document has at most {MAX_TEXT} bytes.")
        tokens = MAX_TOKENS if actor is None else KNOWN_TOKENS
        await self.dependencies.turn(None if actor is None else actor.org_id)
        return self.engine.measure(text, name or None, variables or {}, tokens), name or None

    async def _read(self, request: Request) -> tuple[str | None, dict[str, Any] | None, str | None]:
        """Return the document, its variables, its operation's name. Raises Refusal for what is no well-formed request.

        The document is None where the request names a persisted one instead.
        """
        if request.method == "POST":
            body = await self.dependencies.bodies.json(request)
        else:
            body = _from_query(request)
            request.weight = body_weight(body, len(request.scope["query_string"]))
        text, variables, name = body.get("query"), body.get("variables"), body.get("operationName")
        if variables is not None and not isinstance(variables, dict):
            raise bad_input("variables", "variables must be an object.", "WRONG_TYPE")
        if name is not None and not isinstance(name, str):
            raise bad_input("operationName", "operationName must be a string.", "WRONG_TYPE")
        extensions = body.get("extensions")
        if extensions is not None and not isinstance(extensions, dict):
            raise bad_input("extensions", "extensions must be an object.", "WRONG_TYPE")
        if text in (None, "") and _is_persisted(body, extensions):
            return None, variables, name
        if not isinstance(text, str):
            raise bad_input("query", _NO_TEXT, "WRONG_TYPE")
        return text, variables, name


def _is_ours(error: Exception) -> bool:
    """Return whether a request is refused for what is the matter with us, not with it."""
    refusal = error.refusal if isinstance(error, MalformedError) else error
    return isinstance(refusal, Refusal) and refusal.code == "UNAVAILABLE"


def _was_read(error: Exception) -> bool:
    """Return whether what is refused is a document, which was parsed and perhaps judged."""
    return isinstance(error, DocumentError) or (isinstance(error, Refusal) and error.code == "TOO_COMPLEX")


def _is_persisted(body: dict[str, Any], extensions: dict[str, Any] | None) -> bool:
    """Return whether a request without a document names a persisted one, as Apollo's and urql's clients do, or by its
    id."""
    return (extensions is not None and "persistedQuery" in extensions) or isinstance(body.get("documentId"), str)


def _from_query(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in request.query():
        if name in given and name in _PARAMETERS:
            raise bad_input(name, f"{name} is given more than once.", "REPEATED")
        if not is_encoded(value):
            raise bad_input(name, f"{name} must be percent-encoded UTF-8.", "INVALID_FORMAT")
        given[name] = value
    for name in ("variables", "extensions"):
        if name in given:
            try:
                given[name] = orjson.loads(given[name])
            except orjson.JSONDecodeError:
                raise bad_input(name, f"{name} must be JSON.", "INVALID_FORMAT") from None
    return given


def _reply(result: OperationResult, typed: bool, headers: list[Header], malformed: int | None = None) -> Reply:
    """Return the reply to a request; ``malformed`` is the status of one that is not well-formed."""
    body: dict[str, Any] = {}
    if result.ran:
        body["data"] = result.data
    if result.errors:
        body["errors"] = result.errors
        first = result.errors[0]["extensions"]
        if "retryAfter" in first:
            headers.append((b"retry-after", b"%d" % first["retryAfter"]))
    if result.ran:
        # What graphql-core ran was not counted: it cost what was asked.
        actual = result.cost if result.actual is None else result.actual
        cost = {"requested": result.cost, "actual": actual, "remaining": result.remaining}
        body["extensions"] = {"cost": cost}
    says = (result.bare and result.status in ALWAYS) or (typed and not result.ran)
    status = result.status if says else 200
    if malformed is not None:
        status = malformed
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    return reply(status, orjson.dumps(body), RESPONSE if typed else APPLICATION_JSON, headers)
