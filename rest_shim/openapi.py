"""The OpenAPI 3.1 document: the route table, the operations and the graph, said in the words of HTTP."""

from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import orjson
from graphql import GraphQLEnumType, GraphQLInputObjectType, get_named_type

from execution.asked import DEFAULT_PAGE
from execution.judge import judge
from resolvers.errors import STATUS
from rest_shim.openapi_schemas import Components, JsonSchema, list_inputs, part_of, root_type
from rest_shim.openapi_shared import HEADERS, PAGINATION, PROBLEM, SYSTEM, TEXT
from rest_shim.problems import MEDIA_TYPE
from rest_shim.routes import ROUTES, Kind, Route
from schema.graph import CORE, RULES
from schema.operations import OPERATIONS

LEFT_OUT = frozenset({"id", "expectedVersion"})
_JSON = "application/json"


@cache
def printed_openapi() -> str:
    """The document as it is committed and served, without a newline at its end."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2).decode()


def document() -> dict[str, Any]:
    """The whole document."""
    components = Components(CORE)
    components.schemas |= {"Problem": PROBLEM, "Pagination": PAGINATION}
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, components)
    tags = [{"name": f"{resource}s"} for resource in dict.fromkeys(route.resource for route in ROUTES)]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Counterfoil", "version": "1", "description": TEXT},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [*tags, {"name": "system"}],
        "paths": paths | SYSTEM,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key: sk_live_…"}},
            "headers": HEADERS,
            "schemas": dict(sorted(components.schemas.items())),
        },
    }


def scopes_of(route: Route) -> list[str]:
    """The scopes that a route needs; a write scope includes its read scope."""
    operation = OPERATIONS[route.operation]
    needed = judge(CORE, operation, {}, RULES).scopes
    return sorted(scope for scope in needed if scope.replace(":read", ":write") not in needed or ":read" not in scope)


def _operation(route: Route, components: Components) -> dict[str, Any]:
    scopes = scopes_of(route)
    found: dict[str, Any] = {
        "operationId": route.operation if route.method != "PATCH" else f"{route.operation}ByPatch",
        "summary": route.summary,
        "description": _description(route, scopes),
        "tags": [f"{route.resource}s"],
        "x-graphql-operation": route.operation,
        "x-required-scopes": scopes,
        "security": [{"key": scopes}],
        "parameters": list(_parameters(route, components)),
    }
    if route.kind in (Kind.CREATE, Kind.UPDATE):
        found["requestBody"] = {"required": True, "content": {_JSON: {"schema": _body(route, components)}}}
    found["responses"] = _success(route, components) | _problems(route)
    return found


def _description(route: Route, scopes: list[str]) -> str:
    root, _ = root_type(CORE, OPERATIONS[route.operation])
    root = CORE.query_type if route.kind in (Kind.LIST, Kind.GET) else CORE.mutation_type
    assert root is not None, "the graph has queries and mutations"
    fields = root.fields
    said = fields[route.root].description or get_named_type(root).description
    return f"{said}\n\nGraphQL operation: `{route.operation}`. Scopes: {', '.join(f'`{scope}`' for scope in scopes)}."


def _parameters(route: Route, components: Components) -> Iterable[dict[str, Any]]:
    if "{publicId}" in route.path:
        yield _parameter("path", "publicId", f"The {route.resource}'s id.", {"type": "string"}) | {"required": True}
    if route.kind is Kind.LIST:
        yield from _list_parameters(route, components)
    else:
        if route.kind is Kind.GET:
            yield _parameter("header", "If-None-Match", "An ETag: 304 while it still holds.", {"type": "string"})
        if route.kind in (Kind.UPDATE, Kind.DELETE) and "expectedVersion" in _input(route).fields:
            text = "The ETag that was read: 412 when the object has changed since; `*` or none takes any version."
            yield _parameter("header", "If-Match", text, {"type": "string"})
        if route.kind is not Kind.GET:
            text = "Repeats are answered with the first answer for 24 hours, per key and route."
            bounds = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
            yield _parameter("header", "Idempotency-Key", text, bounds)
    text = "An id of yours for this request; one is made when it is absent."
    yield _parameter("header", "X-Request-Id", text, {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"})


def _list_parameters(route: Route, components: Components) -> Iterable[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": 100, "default": DEFAULT_PAGE}
    yield _parameter("query", "limit", "How many.", limit)
    yield _parameter("query", "cursor", "Only what comes after this `nextCursor`.", {"type": "string"})
    page = {"type": "integer", "minimum": 1, "maximum": 10_000}
    yield _parameter("query", "page", "A numbered page instead of a cursor; adds totals to the pagination.", page)
    if route.sorts:
        names = "|".join(route.sorts)
        text = f"By what, comma-separated; - is descending: {', '.join(route.sorts)}. Newest first when absent."
        shape = {"type": "string", "pattern": f"^-?({names})(,-?({names}))*$", "default": "-createdAt"}
        yield _parameter("query", "sort", text, shape)
    filter_type, _ = list_inputs(CORE, OPERATIONS[route.operation])
    for name, (head, *rest) in route.filters.items():
        field = filter_type.fields[head]
        said = field.description or ""
        type_: Any = get_named_type(field.type)
        for step in rest:
            said = f"{said} {type_.fields[step].description}"
            type_ = get_named_type(type_.fields[step].type)
        shape = components.enum(type_) if isinstance(type_, GraphQLEnumType) else _SHAPES.get(type_.name, _STRING)
        made = _parameter("query", name, said, shape)
        if rest == ["in"]:
            made |= {"schema": {"type": "array", "items": shape}, "style": "form", "explode": False}
        yield made


_STRING: JsonSchema = {"type": "string"}
_SHAPES: Mapping[str, JsonSchema] = {"DateTime": {"type": "string", "format": "date-time"}}


def _parameter(where: str, name: str, description: str, schema: JsonSchema) -> dict[str, Any]:
    return {"name": name, "in": where, "description": description, "schema": schema}


def _input(route: Route) -> GraphQLInputObjectType:
    found = CORE.type_map[f"{route.operation}Input"]
    assert isinstance(found, GraphQLInputObjectType), "a change has an input"
    return found


def _resource(route: Route, components: Components) -> tuple[str, JsonSchema]:
    """The name and the shape of the object that a route answers with, or lists."""
    operation = OPERATIONS[route.operation]
    type_, node = root_type(CORE, operation)
    beside: dict[str, JsonSchema] = {}
    if route.kind is Kind.LIST:
        type_, node = part_of(type_, node, "nodes", operation)
    elif route.kind is not Kind.GET:
        payload: Any = get_named_type(type_)
        beside = components.selected(payload, node, operation)["properties"]
        del beside[route.resource]
        type_, node = part_of(type_, node, route.resource, operation)
    on: Any = get_named_type(type_)
    shape = components.selected(on, node, operation)
    # What is shown once, beside the resource, is one object with it in the answer.
    shape["properties"] |= beside
    shape["required"] += beside
    same = components.schemas.get(on.name, shape) == shape
    return (on.name if same else f"{route.operation}Answer"), shape


def _body(route: Route, components: Components) -> JsonSchema:
    type_ = _input(route)
    ignored: dict[str, JsonSchema] = {}
    if route.kind is Kind.UPDATE:
        _, shape = _resource(route, components)
        ignored = {name: field for name, field in shape["properties"].items() if name not in type_.fields}
    return components.named(f"{route.operation}Body", components.body(type_, LEFT_OUT, ignored))


def _success(route: Route, components: Components) -> dict[str, Any]:
    always = ("X-Request-Id", "X-GraphQL-Operation", "RateLimit", "RateLimit-Policy")
    sent = {name: _header(name) for name in always}
    if route.kind not in (Kind.LIST, Kind.GET):
        sent["Idempotent-Replayed"] = _header("Idempotent-Replayed")
    if route.kind is Kind.DELETE:
        return {"204": {"description": "Done.", "headers": sent}}
    name, shape = _resource(route, components)
    one = components.named(name, shape)
    if route.kind is Kind.LIST:
        properties = {
            "data": {"type": "array", "items": one},
            "pagination": {"$ref": "#/components/schemas/Pagination"},
        }
        return {"200": _answer("A page.", properties, sent)}
    if "version" in shape["properties"]:
        sent["ETag"] = _header("ETag")
    if route.kind is Kind.CREATE:
        if any(other.kind is Kind.GET and other.resource == route.resource for other in ROUTES):
            sent["Location"] = _header("Location")
        return {"201": _answer("Made.", {"data": one}, sent)}
    found = {"200": _answer("As it is now.", {"data": one}, sent)}
    if route.kind is Kind.GET:
        found["304"] = {"description": "It has not changed since the ETag in If-None-Match.", "headers": sent}
    return found


def _answer(description: str, properties: dict[str, Any], headers: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": list(properties), "properties": properties}
    return {"description": description, "headers": headers, "content": {_JSON: {"schema": schema}}}


def _header(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}


def _problems(route: Route) -> dict[str, Any]:
    codes = ["BAD_INPUT", "UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED", "UNAVAILABLE"]
    if route.kind is Kind.LIST:
        codes.append("INVALID_CURSOR")
    if "{publicId}" in route.path:
        codes.append("NOT_FOUND")
    if route.kind in (Kind.CREATE, Kind.UPDATE):
        codes += ["TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]
    if route.kind not in (Kind.LIST, Kind.GET):
        codes += ["CONFLICT", "IDEMPOTENCY_IN_FLIGHT", "IDEMPOTENCY_KEY_REUSED", "OUTCOME_UNKNOWN"]
    if route.kind in (Kind.UPDATE, Kind.DELETE):
        codes += ["VERSION_MISMATCH", "INVALID_TRANSITION"]
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS[code], []).append(code)
    return {str(status): _problem(status, sorted(by_status[status])) for status in sorted(by_status)}


def _problem(status: int, codes: list[str]) -> dict[str, Any]:
    headers = {"X-Request-Id": _header("X-Request-Id"), "X-GraphQL-Operation": _header("X-GraphQL-Operation")}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["Retry-After"] = _header("Retry-After")
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = _header("WWW-Authenticate")
    text = f"{HTTPStatus(status).phrase}: {', '.join(codes)}."
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "headers": headers, "content": {MEDIA_TYPE: {"schema": schema}}}
