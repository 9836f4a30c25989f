"""The parameters of the OpenAPI document: of paths, queries and headers."""

from collections.abc import Iterable
from typing import Any

from graphql import GraphQLEnumType

from resolvers.collections.collection import COLLECTIONS, ReferredSortField
from resolvers.lists.filters import MAX_TEXT, MAX_VALUES
from resolvers.lists.page_window import DEEPEST_ROW, DEFAULT_PAGE, LARGEST_PAGE, MAX_ORDERS
from rest_shim.bound import bound
from rest_shim.openapi_schemas import Components
from rest_shim.parameters import DRY_RUN, ID, Parameter
from rest_shim.route import Route, Shows
from schema.declaration.json_schema import JsonSchema
from web.dry_run import NAME, PARAMETER

# ETags as a header lists them.
ETAGS = r'^(\*|(W/)?"[!#-~]*"(, (W/)?"[!#-~]*")*)$'
# Several values are one text with commas; repeated parameters are taken too.
_LISTED = {"style": "form", "explode": False}


def request_parameters(route: Route, components: Components) -> Iterable[dict[str, Any]]:
    """Yield what a route takes beside its body."""
    made = bound(route)
    for name, _ in made.path:
        yield id_parameter("form" if route.html else made.missing, name)
    if route.shows is Shows.PAGE:
        yield from _page_parameters(route)
    for name, parameter in made.parameters.items():
        found = _parameter("query", name, parameter.description, _shape(parameter, components))
        found |= _LISTED if parameter.many else {}
        yield found | {"required": True} if parameter.required else found
    if made.operation.operation_type == "query" and route.shows is Shows.OBJECT:
        yield if_none_match()
    if made.versioned:
        text = "One or more ETags: the response is 412 if the object has none of them. `*`, or no header, matches any."
        yield _parameter("header", "If-Match", text, {"type": "string", "pattern": ETAGS})
    if made.changes:
        yield _parameter("query", PARAMETER, DRY_RUN.description, {"type": "boolean"})
        text = "`true` for a dry run: the response is that of the change, and nothing is changed."
        yield _parameter("header", NAME, text, {"type": "boolean"})
    if made.changes and not route.public:
        text = "For 24 hours a repeated request with the same key gets the first response. Per API key and operation."
        bounds = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"}
        yield _parameter("header", "Idempotency-Key", text, bounds)
    yield request_id()


def id_parameter(label: str, name: str = "publicId") -> dict[str, Any]:
    """Return the parameter of a path that tells the object."""
    return _parameter("path", name, f"ID of the {label}.", {"type": "string"}) | {"required": True}


def if_none_match() -> dict[str, Any]:
    """Return the header with which an object is read only where it is new."""
    text = "One or more ETags: the response is 304 if the object has one of them."
    return _parameter("header", "If-None-Match", text, {"type": "string", "pattern": ETAGS})


def request_id() -> dict[str, Any]:
    """Return the header that each route takes."""
    text = "ID of the request, to find it in logs. One is generated if it is absent."
    return _parameter("header", "X-Request-Id", text, {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"})


def _page_parameters(route: Route) -> Iterable[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": DEFAULT_PAGE}
    yield _parameter("query", "limit", "Maximum number of objects on a page.", limit)
    yield _parameter(
        "query",
        "cursor",
        "The `nextCursor` of the page before. Cannot be combined with a `page` other than 1.",
        {"type": "string"},
    )
    page = {"type": "integer", "minimum": 1, "maximum": DEEPEST_ROW}
    yield _parameter(
        "query",
        "page",
        f"Page number instead of a `cursor`; adds totals. `page` × `limit` is at most {DEEPEST_ROW:,}.",
        page,
    )
    if route.sorts:
        text = "Fields to sort by, in order; `-` is descending. Newest first by default."
        fields = COLLECTIONS[route.resource.plural].sort_fields
        last = [f"`{name}`" for name, order in route.sorts.items() if fields[order].nullable]
        if last:
            text += f" Where {' or '.join(last)} is null, {route.resource.labels} come last in either direction."
        for name, order in route.sorts.items():
            if isinstance(field := fields[order], ReferredSortField):
                scope = COLLECTIONS[field.to].resource.read_scope
                text += f" `{name}` needs `{scope}`; it must be first, and only `createdAt` can follow it."
        # Generators of clients name values by their letters, which "name" and "-name" have in common, or number them.
        terms = {sign + name: f"{name}_{way}" for name in route.sorts for sign, way in (("", "asc"), ("-", "desc"))}
        items = {"type": "string", "enum": list(terms), "x-enum-varnames": list(terms.values())}
        shape = {"type": "array", "items": items, "minItems": 1, "maxItems": MAX_ORDERS}
        yield _parameter("query", "sort", text, shape | {"default": ["-createdAt"]}) | _LISTED


def _shape(parameter: Parameter, components: Components) -> JsonSchema:
    """Return what a filter takes."""
    type_ = parameter.type_
    shape: JsonSchema = {"type": "string"}
    if isinstance(type_, GraphQLEnumType):
        shape = components.enum(type_)
    elif parameter.known is not None:
        words = parameter.known.words()
        shape |= {"pattern": f"^({'|'.join([ID, *words])})$"} if parameter.known.ids else {"enum": list(words)}
    elif type_.name == "ID":
        shape |= {"pattern": f"^{ID}$"}
    elif type_.name == "Boolean":
        shape = {"type": "boolean"}
    elif type_.name == "DateTime":
        shape |= {"format": "date-time"}
    elif parameter.bounds is not None:
        least, most = parameter.bounds
        shape = {"type": "integer", "minimum": least, "maximum": most}
    elif parameter.searches:
        # A letter or a digit, as far as a pattern can say that in every dialect.
        shape |= {"maxLength": MAX_TEXT, "pattern": r"[A-Za-z0-9]|[^\u0000-\u007f]"}
    else:
        # A comma parts the values of a list.
        pattern = r"^[^,\u0000]+$" if parameter.many else r"^[^\u0000]+$"
        shape |= {"minLength": 1, "maxLength": MAX_TEXT, "pattern": pattern}
    return {"type": "array", "items": shape, "minItems": 1, "maxItems": MAX_VALUES} if parameter.many else shape


def _parameter(where: str, name: str, description: str, schema: JsonSchema) -> dict[str, Any]:
    return {"name": name, "in": where, "description": description, "schema": schema}
