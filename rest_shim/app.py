"""Serves the documented routes: each request becomes its operation, each answer its response."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as HttpRoute

from execution.judge import judge
from models.keys import Source
from resolvers.context import Actor, Context
from resolvers.errors import Refusal, Refusals, bad_input, not_found
from resolvers.runtime import Runtime
from rest_shim.body import read_json
from rest_shim.problems import problem
from rest_shim.routes import ROUTES, Kind, Route, under_parents
from rest_shim.translate import input_of, list_variables, request_field
from schema.engine import Answer, Engine, Prepared
from schema.errors import shown_refusal
from schema.graph import CORE, RULES
from schema.operations import OPERATIONS

IDEMPOTENCY_KEY_LENGTH = 255
# Every method reaches its path, so that a wrong one is answered in the shape of the door.
ANY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]


@dataclass(frozen=True, slots=True)
class Spent:
    """What an organization may still spend, and the headers that tell it."""

    remaining: int
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Door:
    """What both doors need: the process's things, the engine, who a request is from, what it may spend, and the
    limits of a body. ``spend`` raises Refusal RATE_LIMITED."""

    runtime: Runtime
    engine: Engine
    actor_of: Callable[[Request], Awaitable[Actor]]
    spend: Callable[[UUID, int], Awaitable[Spent]]
    body_limit: int
    body_seconds: float


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key. Raises Refusal BAD_INPUT for one that is not 1 to 255 printable ASCII characters."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= IDEMPOTENCY_KEY_LENGTH and key.isascii() and key.isprintable()):
        raise bad_input("header.Idempotency-Key", "Idempotency-Key must be 1 to 255 printable ASCII characters.")
    return key


def routes(door: Door, webhook_parents: Iterable[str] = ()) -> list[HttpRoute]:
    """Every documented path, with and without a slash at its end; an unknown method is a 405 with Allow.

    The webhooks answer under each of ``webhook_parents`` too.
    """
    by_path: dict[str, dict[str, Route]] = {}
    # A parent may be a resource's name, whose ids must not swallow the word ``webhooks``.
    for route in (*under_parents(webhook_parents), *ROUTES):
        by_path.setdefault(route.path, {})[route.method] = route
    return [
        HttpRoute(path + slash, _endpoint(door, methods), methods=ANY)
        for path, methods in by_path.items()
        for slash in ("", "/")
    ]


def _endpoint(door: Door, methods: dict[str, Route]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await _dispatch(door, methods, request)

    return endpoint


async def _dispatch(door: Door, methods: dict[str, Route], request: Request) -> Response:
    route = methods.get("GET" if request.method == "HEAD" else request.method)
    request_id: str = request.state.request_id
    if route is None:
        allowed = ", ".join([*methods, *(["HEAD"] if "GET" in methods else [])])
        refused = Refusal("METHOD_NOT_ALLOWED", f"This path answers {allowed}.")
        return problem([shown_refusal(refused, request_id)], str, {"Allow": allowed})
    headers = {"X-GraphQL-Operation": route.operation}
    try:
        answer, ctx = await _answer(door, route, request, headers)
    except Refusal as refused:
        return problem([shown_refusal(refused, request_id)], partial(_place, route), headers)
    except Refusals as several:
        found = [shown_refusal(refusal, request_id) for refusal in several.refusals]
        return problem(found, partial(_place, route), headers)
    request.state.statements = ctx.statements
    if ctx.replayed:
        headers["Idempotent-Replayed"] = "true"
    if answer.errors:
        return problem(answer.errors, partial(_place, route), headers)
    assert answer.data is not None, "an answer without errors has data"
    return _response(route, request, answer.data[route.root], headers)


def _place(route: Route, field: str) -> str:
    return field if field.startswith(("query.", "body", "header.", "path.")) else request_field(route, field)


async def _answer(door: Door, route: Route, request: Request, headers: dict[str, str]) -> tuple[Answer, Context]:
    actor = await door.actor_of(request)
    operation = OPERATIONS[route.operation]
    door.engine.allow(Prepared(operation, {}, judge(CORE, operation, {}, RULES)), actor)
    variables = await _variables(door, route, request)
    prepared = Prepared(operation, variables, judge(CORE, operation, variables, RULES))
    ctx = Context(door.runtime, actor, request.state.request_id, Source.REST, idempotency_key(request))
    headers |= (await door.spend(actor.org_id, prepared.measure.cost)).headers
    return await door.engine.run(ctx, prepared), ctx


async def _variables(door: Door, route: Route, request: Request) -> dict[str, Any]:
    if route.kind is Kind.LIST:
        return list_variables(route, request.query_params.multi_items())
    for name in request.query_params:
        raise bad_input(f"query.{name}", "There is no such parameter.")
    public_id = request.path_params.get("publicId")
    if route.kind is Kind.GET:
        return {"id": public_id}
    body: dict[str, Any] = {}
    if route.kind is not Kind.DELETE:
        body = await read_json(request, door.body_limit, door.body_seconds)
    return {"input": input_of(route, body, public_id, _expected(route, request))}


def _expected(route: Route, request: Request) -> int | None:
    """The version in If-Match; None for ``*`` or none."""
    given = request.headers.get("if-match")
    if given is None or given == "*" or route.kind is Kind.CREATE:
        return None
    digits = given.strip().strip('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise bad_input("header.If-Match", 'If-Match must be an ETag that was given, such as "3".')
    return int(digits)


def _response(route: Route, request: Request, found: Any, headers: dict[str, str]) -> Response:
    if route.kind is Kind.DELETE:
        return Response(status_code=204, headers=headers)
    if route.kind is Kind.LIST:
        return _json(_envelope(found, request), 200, headers)
    shown = {}
    if route.kind is not Kind.GET:
        shown = {name: found[name] for name in route.beside}
        found = found[route.resource]
    if found is None:
        missing = shown_refusal(not_found(route.resource), request.state.request_id)
        return problem([missing], partial(_place, route), headers)
    headers["ETag"] = f'"{found["version"]}"'
    if route.kind is Kind.GET and headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if route.kind is Kind.CREATE:
        if route.located:
            headers["Location"] = f"{route.path}/{found['publicId']}"
        return _json({"data": found | shown}, 201, headers)
    return _json({"data": found}, 200, headers)


def _envelope(page: Any, request: Request) -> dict[str, Any]:
    limit = int(request.query_params.get("limit", 20))
    info = page["pageInfo"]
    more = info["hasNextPage"]
    pagination = {"limit": limit, "hasMore": more, "nextCursor": info["endCursor"] if more else None}
    if "page" in request.query_params:
        total = page["totalCount"]
        pagination |= {"page": int(request.query_params["page"]), "total": total, "totalPages": -(-total // limit)}
    return {"data": page["nodes"], "pagination": pagination}


def _json(value: Any, status: int, headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(value), status, headers, "application/json")
