"""The OpenAPI 3.1 document: the route table, the operations and the graph, said in the words of HTTP."""

from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from importlib.metadata import version
from typing import Any

import orjson
from graphql import get_named_type

from models.actors import scopes_among
from resolvers.downloads import DOWNLOADS
from resolvers.errors import STATUS
from rest_shim.bound import bound
from rest_shim.examples import body_of, curl_of, response_of
from rest_shim.form_bodies import MULTIPART, URLENCODED
from rest_shim.guide import guide, route_texts
from rest_shim.openapi_downloads import download_paths
from rest_shim.openapi_parameters import request_parameters
from rest_shim.openapi_schemas import Components, part_of
from rest_shim.openapi_settings import settings_shown, settings_taken
from rest_shim.openapi_shared import (
    DRY_RUN_SCHEMA,
    HEADERS,
    PAGINATION,
    curl_sample,
    header,
    problem,
    problem_response,
)
from rest_shim.openapi_system import OTHER_TAGS, SYSTEM
from rest_shim.openapi_webhooks import webhooks
from rest_shim.route import Route, Shows
from rest_shim.routes import ROUTES
from rest_shim.to_graphql import request_of
from schema.contract.deprecations import deprecation_in
from schema.declaration.json_schema import JsonSchema, root_type
from schema.graph import CORE, EXECUTOR
from schema.operations import OPERATIONS
from schema.requests.for_clients import is_staff_field
from web.dry_run import PARAMETER

_SUCCESS = {200: "The current object.", 201: "Created.", 202: "Accepted: it is not done yet.", 204: "Deleted."}
_JSON = "application/json"
_FORMS = (URLENCODED.decode(), MULTIPART.decode())


@cache
def printed_openapi() -> str:
    """Return the document as it is committed and served, without a newline at its end."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2).decode()


def document(routes: Sequence[Route] = ROUTES) -> dict[str, Any]:
    """Return the whole document, of which nothing is shared: whoever asks may change it."""
    components = Components(CORE, is_staff_field)
    components.schemas |= {"Problem": problem(), "Pagination": PAGINATION, "DryRun": DRY_RUN_SCHEMA}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, components)
    events = webhooks(components)
    tagged = [route.resource for route in routes] + [download.resource for download in DOWNLOADS.values()]
    tags = {resource.labels: resource.description for resource in tagged} | OTHER_TAGS
    made = {
        "openapi": "3.1.0",
        "info": {"title": "Counterfoil", "version": version("counterfoil"), "description": guide()},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": name, "description": said} for name, said in tags.items()],
        "paths": paths | download_paths() | SYSTEM,
        "webhooks": events,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "API key: `sk_live_…`"}},
            "headers": HEADERS,
            "schemas": dict(sorted(components.schemas.items())),
        },
    }
    return deepcopy(made)


def scopes_of(route: Route) -> list[str]:
    """Return the scopes that a route needs; a write scope includes its read scope."""
    operation = OPERATIONS[route.operation]
    needed = scopes_among(EXECUTOR.cost(operation).analysis.requirements)
    return sorted(scope for scope in needed if scope.replace(":read", ":write") not in needed or ":read" not in scope)


def _operation(route: Route, components: Components) -> dict[str, Any]:
    scopes = scopes_of(route)
    found: dict[str, Any] = {
        "operationId": route.operation if route.method != "PATCH" else f"{route.operation}ByPatch",
        "summary": route.summary,
        "description": _description(route, scopes),
        "tags": [route.resource.labels],
        "x-graphql-operation": route.operation,
        "x-graphql-request": request_of(route),
        "x-required-scopes": scopes,
        "x-codeSamples": curl_sample(curl_of(route)),
        "security": [] if route.public else [{"key": scopes}],
        "parameters": list(request_parameters(route, components)),
    }
    deprecation = deprecation_in(CORE, OPERATIONS[route.operation])
    if deprecation is not None:
        found |= {"deprecated": True, "x-sunset": deprecation.until.isoformat()}
    if route.body:
        content = {"schema": _body(route, components), "example": body_of(route)}
        media = (_JSON, *_FORMS) if route.html else (_JSON,)
        found["requestBody"] = {"required": not route.optional, "content": dict.fromkeys(media, content)}
    found["responses"] = _success(route, components) | (_PAGES if route.html else {}) | _problems(route)
    return found


def _description(route: Route, scopes: list[str]) -> str:
    """Return what a route does, and what it needs."""
    said = route_texts()[route.operation]
    needed = f"Scope: {' and '.join(f'`{scope}`' for scope in scopes)}." if scopes else "No scope is needed."
    return f"{said}\n\n{needed}"


def _resource(route: Route, components: Components) -> tuple[str, JsonSchema]:
    """Return the name and the shape of the object of a route's response, or of its list."""
    made = bound(route)
    operation, (type_, node) = made.operation, made.selected
    fields: dict[str, JsonSchema] = {}
    if route.shows is Shows.PAGE:
        type_, node = part_of(type_, node, "nodes", operation)
    elif route.payload_fields:
        payload, root = root_type(CORE, operation)
        shown = components.selected(get_named_type(payload), root, operation)["properties"]
        fields = {name: shown[name] for name in route.payload_fields}
    on: Any = get_named_type(type_)
    shape = components.selected(on, node, operation)
    if route.flat is not None:
        shape["properties"] = {n: each for n, each in shape["properties"].items() if n != route.flat}
        shape["properties"] |= settings_shown(components)
        shape["required"] = list(shape["properties"])
    # What is shown once, beside the resource, is one object with it in the response.
    shape["properties"] |= fields
    shape["required"] += fields
    same = components.schemas.get(on.name, shape) == shape
    return (on.name if same else f"{route.operation}Response"), shape


def _body(route: Route, components: Components) -> JsonSchema:
    made = bound(route)
    _, shape = _resource(route, components)
    ignored = {name: field for name, field in shape["properties"].items() if name in made.ignored}
    if route.flat is not None:
        return components.named(f"{route.operation}Body", settings_taken(components, ignored))
    if made.fields is None:
        return {"type": "object", "additionalProperties": True}
    left_out = frozenset(made.body.fields) - made.fields
    within = {
        name: {each: shape["properties"][name]["items"]["properties"][each] for each in names}
        for name, names in made.ignored_within.items()
    }
    return components.named(f"{route.operation}Body", components.body(made.body, left_out, ignored, within))


def _success(route: Route, components: Components) -> dict[str, Any]:
    changes = bound(route).changes
    always = ("X-Request-Id", "X-GraphQL-Operation", *(() if route.public else ("RateLimit", "RateLimit-Policy")))
    sent = {name: header(name) for name in always}
    if changes:
        sent["Dry-Run"] = header("Dry-Run")
    if changes and not route.public:
        sent["Idempotent-Replayed"] = header("Idempotent-Replayed")
    status, said = str(route.status), _SUCCESS[route.status]
    if route.shows is Shows.NOTHING:
        dry_run = {"schema": {"type": "object", "required": [PARAMETER], "properties": _DRY_RUN}}
        told = {
            "description": "The changes that the request would make, in a dry run.",
            "headers": sent,
            "content": {_JSON: dry_run},
        }
        return {"200": told, status: {"description": said, "headers": sent}}
    name, shape = _resource(route, components)
    one = components.named(name, shape)
    if route.shows is Shows.PAGE:
        properties = {
            "data": {"type": "array", "items": one},
            "pagination": {"$ref": "#/components/schemas/Pagination"},
        }
        return {status: _response(route, "A page of the list.", properties, sent)}
    if "version" in shape["properties"]:
        sent["ETag"] = header("ETag")
    if route.location is not None:
        sent["Location"] = header("Location")
    found = {status: _response(route, said, {"data": one}, sent)}
    if changes:
        found[status]["content"][_JSON]["schema"]["properties"] |= _DRY_RUN
    if not changes and "ETag" in sent:
        found["304"] = {"description": "The object still has the ETag in `If-None-Match`.", "headers": sent}
    return found


def _response(route: Route, description: str, properties: dict[str, Any], headers: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": list(properties), "properties": properties}
    content = {"schema": schema, "example": response_of(route)}
    return {"description": description, "headers": headers, "content": {_JSON: content}}


def _problems(route: Route) -> dict[str, Any]:
    made = bound(route)
    codes = ["BAD_INPUT", "INTERNAL", "RATE_LIMITED", "UNAVAILABLE"]
    if not route.public:
        codes += ["UNAUTHENTICATED", "FORBIDDEN"]
    if route.shows is Shows.PAGE:
        codes += ["INVALID_CURSOR", "QUERY_TOO_SLOW"]
    if made.path:
        codes.append("NOT_FOUND")
    if route.body:
        codes += ["REQUEST_TIMEOUT", "TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]
    if made.operation.operation_type == "mutation":
        codes.append("OUTCOME_UNKNOWN")
        codes += [] if route.public else ["CONFLICT", "IDEMPOTENCY_IN_FLIGHT", "IDEMPOTENCY_KEY_REUSED"]
    if made.versioned:
        codes += ["VERSION_MISMATCH", "INVALID_TRANSITION"]
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS[code], []).append(code)
    found = {
        str(status): problem_response(status, sorted(by_status[status]), paid=not route.public, dry_run=made.changes)
        for status in sorted(by_status)
    }
    if route.html:
        for response in found.values():
            response["content"] = response["content"] | _PAGE
    return found


_DRY_RUN = {PARAMETER: {"$ref": "#/components/schemas/DryRun"}}
_SENT = {name: header(name) for name in ("X-Request-Id", "X-GraphQL-Operation")}
_PAGE: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
# What an HTML form is answered.
_PAGES: dict[str, Any] = {
    "200": {
        "description": "A page that says thank you, for an HTML form.",
        "headers": _SENT,
        "content": _PAGE,
    },
    "303": {
        "description": "The browser is sent to the form's `redirectUrl`, for an HTML form.",
        "headers": _SENT | {"Location": header("Location")},
    },
}
