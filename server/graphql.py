"""GraphQL over HTTP: POST JSON, GET for queries, a page for a browser."""

import re
from functools import partial
from typing import NamedTuple

import orjson

from execution import MAX_TOKENS as KNOWN_TOKENS
from execution import DocumentError
from models.actors import Source
from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.errors import Refusal, bad_input
from schema.requests.engine import Engine
from schema.requests.prepared import Prepared
from schema.requests.results import OperationResult, refused_result
from server.access.anonymous import MAX_BODY, MAX_TEXT, MAX_TOKENS, NEW, OBJECTS, Anonymous
from server.graphql_replies import (
    APPLICATION_JSON,
    REFUSALS,
    RESPONSE,
    MalformedError,
    refused_reply,
    result_body,
    result_reply,
    tag_of,
)
from server.graphql_requests import NO_TEXT, GraphQLRequest, graphql_request
from web.accept import most_accepted
from web.dependencies import PUBLIC, Dependencies
from web.dry_run import DRY_RUN_HEADER, dry_run
from web.etags import not_modified
from web.http import AnyReply, Endpoint, Header, Reply, Request, options, reply
from web.idempotency import REPLAYED, idempotency_key

_PAGE = b"text/html"
# Of those that a client names and likes alike the first is sent; of those that it does not name, the last.
_MEDIA_TYPES = (_PAGE, RESPONSE, APPLICATION_JSON)
METHODS = ("GET", "HEAD", "POST")
_ALLOWED = ", ".join((*METHODS, "OPTIONS"))
# A document that is refused was read and judged: its organization pays for that.
REFUSED = 200
# What it costs to look for a document that nobody has.
LOOK_UP = 10
_LONG = f"Without an API key a request has at most {MAX_BODY} bytes; a longer one needs one."
_TRUSTED_ONLY = "The API key runs trusted documents only: send the documentId of one, without a query."
# Whose answer it is, and in which media type, is no part of its address.
_VARY = (b"vary", b"authorization, accept")
_STREAMED = "A subscription is answered by a stream: accept text/event-stream, or use a WebSocket."
_INTROSPECTS = re.compile(r"\b__(schema|type)\b")


class Admitted(NamedTuple):
    """An operation that may run and is paid for, its context, how it was asked for, and what its organization may still
    spend."""

    ctx: Context
    prepared: Prepared
    asked: GraphQLRequest
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
            return result_reply(refused_result(refused, request.request_id), typed, [(b"allow", _ALLOWED.encode())])
        headers: list[Header] = []
        try:
            admitted = await self.admit(request, headers)
        except REFUSALS as refused:
            return refused_reply(request, refused, typed, headers)
        return await self.answer(request, admitted, typed, headers)

    async def answer(self, request: Request, admitted: Admitted, typed: bool, headers: list[Header]) -> Reply:
        """Run an operation and return the reply; ``typed``: its errors are statuses."""
        result = await self.run(request, admitted, headers)
        if admitted.asked.document_id is not None and request.method != "POST" and not result.errors:
            tag, size = tag_of(result)
            headers += [(b"etag", b"W/" + tag), (b"cache-control", b"private, no-cache"), _VARY]
            if not_modified(request, tag):
                # It was loaded and written like one that is sent.
                self.dependencies.charge_answer(admitted.ctx, result.cost, size)
                return reply(304, b"", b"", headers)
        made = result_reply(result, typed, headers)
        self.dependencies.charge_answer(admitted.ctx, result.cost, len(made.body))
        return made

    def written(self, admitted: Admitted, result: OperationResult) -> bytes:
        """Return the result of an operation as it is sent, once its size is charged."""
        body = orjson.dumps(result_body(result))
        self.dependencies.charge_answer(admitted.ctx, result.cost, len(body))
        return body

    async def run(self, request: Request, admitted: Admitted, headers: list[Header]) -> OperationResult:
        """Run an operation that was admitted. The headers tell of a repeat and of a dry run."""
        ctx = admitted.ctx
        result = await self.engine.run(ctx, admitted.prepared)
        self.dependencies.charge_rest(request, ctx)
        request.state["statements"] = ctx.statements
        request.state["secret"] = bool(ctx.shown_once)
        if ctx.replayed:
            headers.append(REPLAYED)
        if ctx.dry_run:
            headers.append(DRY_RUN_HEADER)
        result.remaining = admitted.remaining
        return result

    async def admit(self, request: Request, headers: list[Header]) -> Admitted:
        """Return a request's operation, once it may run and is paid for. Raises one of ``REFUSALS``."""
        actor: Actor | None = None
        refused: Refusal | None = None
        try:
            actor = await self.dependencies.payer_of(request, headers, documents=True)
        except Refusal as error:
            # What is public is answered without a key, but not with a wrong one.
            if b"authorization" in request.headers:
                raise
            refused = error
            self.anonymous.read(request, Refusal(refused.code, _LONG) if refused.code == "UNAUTHENTICATED" else refused)
        try:
            prepared, asked = await self._prepare(request, actor)
        except REFUSALS as error:
            # Without a key nobody learns more than that one is needed, or that we are busy.
            if refused is not None and not _is_ours(error):
                raise refused from None
            done = request.weight + _work_of(error)
            if actor is not None and done:
                await self.dependencies.pay(request, actor, 0, headers, done)
            raise
        if actor is None:
            if not self.engine.public(prepared) or not self._open(prepared):
                assert refused is not None, "without an actor there is a refusal"
                raise refused
            actor = PUBLIC
            cost = prepared.measure.cost + prepared.measure.introspected // OBJECTS
            self.anonymous.spend(request, cost + sum(self.engine.preparation_costs(prepared, None)) // NEW)
        payer = None if actor is PUBLIC else actor.org_id
        if prepared.new:
            await self.dependencies.runtime.turns.take(payer)
        try:
            ctx = self._context(request, prepared, asked, actor, headers)
        except (Refusal, DocumentError) as error:
            done = self.engine.preparation_costs(prepared, payer)[0] + request.weight + _work_of(error)
            if actor is not PUBLIC and done:
                await self.dependencies.pay(request, actor, 0, headers, done)
            raise
        request.state["ctx"] = ctx
        if actor is PUBLIC:
            return Admitted(ctx, prepared, asked, None)
        reading, compiling = self.engine.preparation_costs(prepared, payer)
        cost = prepared.measure.cost + compiling
        remaining = await self.dependencies.pay(request, actor, cost, headers, reading + request.weight)
        if compiling:
            await self.dependencies.runtime.turns.take(payer)
        return Admitted(ctx, prepared, asked, remaining)

    def _context(
        self, request: Request, prepared: Prepared, asked: GraphQLRequest, actor: Actor, headers: list[Header]
    ) -> Context:
        """Return the context of an operation that may run. Raises Refusal or DocumentError."""
        operation_type = request.state["operation_type"] = prepared.operation.operation_type
        if operation_type == "subscription":
            if not request.state.get("streams"):
                raise bad_input("header.Accept", _STREAMED, "NOT_ALLOWED")
        elif request.method != "POST" and operation_type != "query":
            headers.append((b"allow", b"POST"))
            raise Refusal("METHOD_NOT_ALLOWED", "GET is for queries and subscriptions only: use POST.")
        self.engine.validate(prepared, asked.name, None if actor is PUBLIC else actor.org_id)
        self.engine.allow(prepared, actor)
        if asked.hash_of_text is not None and actor is not PUBLIC:
            self.dependencies.documents.persist(actor.org_id, asked.hash_of_text, asked.text)
        # Of the address alone: a context that held its request would be a cycle.
        address = self.dependencies.address_of
        changes = operation_type == "mutation"
        turn = partial(self.dependencies.form_turn, address(request)) if changes else None
        key, dry = idempotency_key(request), dry_run(request)
        return Context(
            self.dependencies.runtime, actor, request.request_id, Source.GRAPHQL, key,
            dry_run=changes and dry, form_turn=turn,
        )  # fmt: skip

    def _open(self, prepared: Prepared) -> bool:
        """Return whether an operation may run without a key: introspection is for where introspection is on."""
        return self.engine.introspection or not _INTROSPECTS.search(prepared.operation.text)

    async def _prepare(self, request: Request, actor: Actor | None) -> tuple[Prepared, GraphQLRequest]:
        try:
            asked = await graphql_request(request, self.dependencies.bodies)
        except Refusal as refused:
            raise MalformedError(refused) from None
        text = asked.text
        if actor is not None and (actor.trusted_documents_only or (not text and asked.document_id is not None)):
            text = await self._document(actor, asked)
        if not text.strip():
            raise bad_input("query", NO_TEXT, "WRONG_TYPE")
        if actor is None and len(text.encode(errors="replace")) > MAX_TEXT:
            raise Refusal("TOO_COMPLEX", f"Without a key a document has at most {MAX_TEXT} bytes.")
        tokens = MAX_TOKENS if actor is None else KNOWN_TOKENS
        await self.dependencies.runtime.turns.take(None if actor is None else actor.org_id)
        return self.engine.measure(text, asked.name, asked.variables or {}, tokens), asked

    async def _document(self, actor: Actor, asked: GraphQLRequest) -> str:
        """Return the text of the document that is asked for by its ID. Raises Refusal where there is none."""
        if asked.text or asked.document_id is None:
            raise Refusal("FORBIDDEN", _TRUSTED_ONLY)
        documents = self.dependencies.documents
        persisted = None if actor.trusted_documents_only else documents.persisted_text(actor.org_id, asked.document_id)
        text = persisted or await documents.trusted(actor.org_id, asked.document_id)
        if text is None:
            raise asked.not_found
        return text


def _is_ours(error: Exception) -> bool:
    """Return whether a request is refused for what is the matter with us, not with it."""
    refusal = error.refusal if isinstance(error, MalformedError) else error
    return isinstance(refusal, Refusal) and refusal.code == "UNAVAILABLE"


def _work_of(error: Exception) -> int:
    """Return what was done for what is refused: a document was parsed and perhaps judged, or looked for."""
    code = error.code if isinstance(error, Refusal) else ""
    if isinstance(error, DocumentError) or code == "TOO_COMPLEX":
        return REFUSED
    return LOOK_UP if code in ("DOCUMENT_NOT_FOUND", "PERSISTED_QUERY_NOT_FOUND") else 0
