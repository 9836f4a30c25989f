"""Serves the documented routes: each request becomes its operation, each answer its reply."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from execution.asked import DEFAULT_PAGE
from models.keys import Source
from resolvers.context import Actor, Context
from resolvers.errors import Refusal, Refusals, bad_input, not_found
from resolvers.runtime import Runtime
from rest_shim.body import Bodies
from rest_shim.http import Endpoint, Header, Reply, Request, options, reply
from rest_shim.problems import problem
from rest_shim.routes import ROUTES, Kind, Route, under_parents
from rest_shim.translate import input_of, list_variables, request_field
from schema.engine import Answer, Engine, Prepared
from schema.errors import shown_refusal
from schema.operations import OPERATIONS

IDEMPOTENCY_KEY_LENGTH = 255
REPLAYED: Header = (b"idempotent-replayed", b"true")
_JSON = b"application/json"


@dataclass(frozen=True, slots=True)
class Spent:
    """What an organization may still spend, and the headers that tell it."""

    remaining: int
    headers: tuple[Header, ...]


class OverBudgetError(Refusal):
    """RATE_LIMITED, because what an organization may spend is spent; ``headers`` tell it too."""

    def __init__(self, message: str, wait: int, headers: tuple[Header, ...]) -> None:
        super().__init__("RATE_LIMITED", message, retryAfter=wait)
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Door:
    """What both doors need: the process's things, the engine, who a request is from, what it may spend, and how bodies
    are read. ``spend`` raises OverBudgetError."""

    runtime: Runtime
    engine: Engine
    actor_of: Callable[[Request], Awaitable[Actor]]
    spend: Callable[[UUID, int], Awaitable[Spent]]
    bodies: Bodies

    async def pay(self, org_id: UUID, cost: int, headers: list[Header]) -> int:
        """Spend a cost; what remains. The headers tell it, also where OverBudgetError is raised."""
        try:
            spent = await self.spend(org_id, cost)
        except OverBudgetError as refused:
            headers += refused.headers
            raise
        headers += spent.headers
        return spent.remaining


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key. Raises Refusal BAD_INPUT for one that is not 1 to 255 printable ASCII characters."""
    key = request.header(b"idempotency-key")
    if key is not None and not (0 < len(key) <= IDEMPOTENCY_KEY_LENGTH and key.isascii() and key.isprintable()):
        raise bad_input("header.Idempotency-Key", "Idempotency-Key must be 1 to 255 printable ASCII characters.")
    return key


def endpoints(door: Door, webhook_parents: Iterable[str] = ()) -> Iterator[tuple[str, Endpoint]]:
    """Every documented path with what answers it; an unknown method is a 405 with Allow.

    The webhooks answer under each of ``webhook_parents`` too.
    """
    by_path: dict[str, dict[str, Route]] = {}
    for route in (*under_parents(webhook_parents), *ROUTES):
        by_path.setdefault(route.path, {})[route.method] = route
    for path, routes in by_path.items():
        yield path, _Path(door, routes)


class _Bound:
    """A route, and what is the same for each of its requests."""

    __slots__ = ("kind", "operation", "place", "plain", "route", "says")

    def __init__(self, door: Door, route: Route) -> None:
        self.route = route
        self.operation = OPERATIONS[route.operation]
        self.kind = self.operation.kind
        # What its key needs is known without variables: it is asked for before a body is read.
        self.plain: Prepared = door.engine.prepared(self.operation, {})
        self.says: Header = (b"x-graphql-operation", route.operation.encode())
        self.place = partial(_place, route)


class _Path:
    """Answers one path in all its methods."""

    def __init__(self, door: Door, routes: dict[str, Route]) -> None:
        self.door = door
        self.methods = {method: _Bound(door, route) for method, route in routes.items()}
        if "GET" in routes:
            self.methods["HEAD"] = self.methods["GET"]
        self.allowed = ", ".join([*routes, *(["HEAD"] if "GET" in routes else []), "OPTIONS"])

    async def __call__(self, request: Request) -> Reply:
        bound = self.methods.get(request.method)
        if bound is None:
            if request.method == "OPTIONS":
                return options(self.allowed)
            refused = Refusal("METHOD_NOT_ALLOWED", f"This path answers {self.allowed}.")
            return problem([shown_refusal(refused, request.request_id)], str, [(b"allow", self.allowed.encode())])
        request.state["kind"] = bound.kind
        headers = [bound.says]
        try:
            answer, ctx = await self._answer(bound, request, headers)
        except Refusal as refused:
            return problem([shown_refusal(refused, request.request_id)], bound.place, headers)
        except Refusals as several:
            found = [shown_refusal(refusal, request.request_id) for refusal in several.refusals]
            return problem(found, bound.place, headers)
        request.state["statements"] = ctx.statements
        request.state["secret"] = bool(ctx.once)
        if ctx.replayed:
            headers.append(REPLAYED)
        if answer.errors:
            return problem(answer.errors, bound.place, headers)
        assert answer.data is not None, "an answer without errors has data"
        return _reply(bound, request, answer.data[bound.route.root], headers)

    async def _answer(self, bound: _Bound, request: Request, headers: list[Header]) -> tuple[Answer, Context]:
        door = self.door
        actor = await door.actor_of(request)
        door.engine.allow(bound.plain, actor)
        prepared = door.engine.prepared(bound.operation, await _variables(door, bound.route, request))
        ctx = Context(door.runtime, actor, request.request_id, Source.REST, idempotency_key(request))
        request.state["ctx"] = ctx
        await door.pay(actor.org_id, prepared.measure.cost, headers)
        return await door.engine.run(ctx, prepared), ctx


def _place(route: Route, field: str) -> str:
    return field if field.startswith(("query.", "body", "header.", "path.")) else request_field(route, field)


async def _variables(door: Door, route: Route, request: Request) -> dict[str, Any]:
    given = request.query()
    if route.kind is Kind.LIST:
        return list_variables(route, given)
    if given:
        raise bad_input(f"query.{given[0][0]}", "There is no such parameter.")
    public_id = request.params.get("publicId")
    if route.kind is Kind.GET:
        return {"id": public_id}
    body: dict[str, Any] = {}
    if route.kind is not Kind.DELETE:
        body = await door.bodies.json(request)
    return {"input": input_of(route, body, public_id, _expected(route, request))}


def _expected(route: Route, request: Request) -> int | None:
    """The version in If-Match; None for ``*`` or none."""
    given = request.header(b"if-match")
    if given is None or given == "*" or route.kind is Kind.CREATE:
        return None
    digits = given.strip().strip('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise bad_input("header.If-Match", 'If-Match must be an ETag that was given, such as "3".')
    return int(digits)


def _reply(bound: _Bound, request: Request, found: Any, headers: list[Header]) -> Reply:
    route = bound.route
    if route.kind is Kind.DELETE:
        return reply(204, b"", _JSON, headers)
    if route.kind is Kind.LIST:
        return reply(200, orjson.dumps(_envelope(found, request)), _JSON, headers)
    shown = {}
    if route.kind is not Kind.GET:
        shown = {name: found[name] for name in route.beside}
        found = found[route.resource]
    if found is None:
        missing = shown_refusal(not_found(route.resource), request.request_id)
        return problem([missing], bound.place, headers)
    tag = b'"%d"' % found["version"]
    headers.append((b"etag", tag))
    if route.kind is Kind.GET and _has(request.headers.get(b"if-none-match", b""), tag):
        return reply(304, b"", _JSON, headers)
    if route.kind is Kind.CREATE:
        if route.located:
            headers.append((b"location", f"{route.path}/{found['publicId']}".encode()))
        return reply(201, orjson.dumps({"data": found | shown}), _JSON, headers)
    return reply(200, orjson.dumps({"data": found}), _JSON, headers)


def _has(given: bytes, tag: bytes) -> bool:
    """Whether an If-None-Match names what is there."""
    return tag in given or given.strip() == b"*"


def _envelope(page: Any, request: Request) -> dict[str, Any]:
    given = dict(request.query())
    limit = int(given.get("limit", DEFAULT_PAGE))
    info = page["pageInfo"]
    more = info["hasNextPage"]
    pagination = {"limit": limit, "hasMore": more, "nextCursor": info["endCursor"] if more else None}
    if "page" in given:
        total = page["totalCount"]
        pagination |= {"page": int(given["page"]), "total": total, "totalPages": -(-total // limit)}
    return {"data": page["nodes"], "pagination": pagination}
