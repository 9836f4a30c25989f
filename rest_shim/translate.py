"""Translates a request into an operation's variables, and names of the graph back into the request's."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type, get_nullable_type, is_list_type

from resolvers.errors import Refusal, Refusals, bad_input
from resolvers.lists.windows import DEEPEST_ROW, DEFAULT_PAGE, LARGEST_PAGE, MOST_ORDERS
from rest_shim.parameters import parameters_of, whole_number
from rest_shim.routes import Kind, Route
from schema.declaration.inputs import MOST_PROBLEMS
from schema.graph import CORE

UNIQUE = "CREATED_AT"
_PAGING = frozenset({"limit", "cursor", "page"})
# How clients name the items of an array: ``status[]`` or ``status[0]``.
_ITEM = re.compile(r"(.+)\[\d*\]")


def list_variables(route: Route, query: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The variables of a list. Raises Refusals naming every parameter that is unknown, repeated or malformed."""
    known = parameters_of(route)
    taken, many = _names_of(route)
    given = _by_name(query, many)
    problems = [
        bad_input(f"query.{name}", "There is no such parameter.", "UNKNOWN_PARAMETER")
        for name in islice(given.keys() - taken, MOST_PROBLEMS)
    ]
    variables = _page(given, problems)
    if "sort" in given:
        variables["orderBy"] = _sort(route, given["sort"], problems)
    filters: dict[str, Any] = {}
    # In the order of the route, so that a filter has one shape however it is asked for.
    for name, parameter in known.items() if given.keys() & known.keys() else ():
        if name in given:
            value = parameter.read(given[name], problems)
            head, *rest = parameter.path
            if rest:
                filters.setdefault(head, {})[rest[0]] = value
            else:
                filters[head] = value
    if filters:
        variables["filter"] = filters
    if problems:
        raise Refusals(problems)
    return variables


@cache
def _names_of(route: Route) -> tuple[frozenset[str], frozenset[str]]:
    """The names of all parameters of a list, and of those that take several values."""
    known = parameters_of(route)
    many = frozenset({"sort", *(name for name, parameter in known.items() if parameter.many)})
    return frozenset({*known, *_PAGING, *(["sort"] if route.sorts else [])}), many


def _by_name(query: Iterable[tuple[str, str]], many: frozenset[str]) -> dict[str, list[str]]:
    """The values of each parameter; an array's items may be named as such."""
    given: dict[str, list[str]] = {}
    for name, value in query:
        item = _ITEM.fullmatch(name) if name[-1:] == "]" else None
        given.setdefault(item[1] if item is not None and item[1] in many else name, []).append(value)
    return given


def _page(given: Mapping[str, list[str]], problems: list[Refusal]) -> dict[str, Any]:
    """The variables of limit, cursor and page."""
    variables: dict[str, Any] = {"counted": False, "first": None, "page": None}
    if not given.keys() & _PAGING:
        return variables
    problems += [
        bad_input(f"query.{name}", f"{name} takes one value.", "REPEATED")
        for name in sorted(_PAGING)
        if len(given.get(name, ())) > 1
    ]
    limit = page = None
    if "limit" in given:
        limit = whole_number("limit", given["limit"][0], 1, LARGEST_PAGE, problems)
    if "page" in given:
        page = whole_number("page", given["page"][0], 1, DEEPEST_ROW, problems)
    if page is not None and page * (limit or DEFAULT_PAGE) > DEEPEST_ROW:
        text = f"page × limit must be at most {DEEPEST_ROW}: use cursor beyond."
        problems.append(bad_input("query.page", text, "NOT_ALLOWED", limit=DEEPEST_ROW))
    if page is not None and "cursor" in given:
        if page > 1:
            text = "page and cursor cannot be combined."
            problems.append(bad_input("query.page", text, "NOT_ALLOWED"))
        # Where a list begins by itself: clients that always send their defaults send it beside a cursor too.
        page = None
    variables |= {"counted": page is not None, "first": limit, "page": page}
    if "cursor" in given:
        variables["after"] = given["cursor"][0]
    return variables


def _sort(route: Route, given: Iterable[str], problems: list[Refusal]) -> list[dict[str, str]]:
    """The order of a list: of a field that is named twice the first counts, and nothing follows a unique one."""
    terms: dict[str, str] = {}
    for term in (part for text in given for part in text.split(",")):
        name = term.removeprefix("-")
        if name not in route.sorts:
            allowed = [sign + each for each in route.sorts for sign in ("", "-")]
            text = f"sort takes {', '.join(route.sorts)}, with - for descending."
            problems.append(bad_input("query.sort", text, "NOT_ONE_OF", allowed=allowed))
            return []
        if UNIQUE not in terms:
            terms.setdefault(route.sorts[name], "DESC" if term[0] == "-" else "ASC")
    if len(terms) > MOST_ORDERS:
        text = f"sort takes {MOST_ORDERS} fields at most."
        problems.append(bad_input("query.sort", text, "TOO_LONG", limit=MOST_ORDERS))
    return [{"field": name, "direction": direction} for name, direction in terms.items()]


def input_of(
    route: Route, body: Mapping[str, Any], public_id: str | None, version: int | None
) -> tuple[dict[str, Any], list[Refusal]]:
    """The GraphQL input of a body, and what is wrong with it as a body alone: unknown fields, and what is no list.

    Read-only fields of the resource are ignored in an update, so that what was read can be changed and sent back.
    """
    fields, lists, ignored = _fields_of(route)
    values = {name: value for name, value in body.items() if name in fields}
    unknown = (name for name in (body if len(values) < len(body) else ()) if name not in fields and name not in ignored)
    problems = [
        bad_input(f"body.{name}", "There is no such field.", "UNKNOWN_FIELD") for name in islice(unknown, MOST_PROBLEMS)
    ]
    # The graph takes a value for a list of one.
    problems += [
        bad_input(f"body.{name}", "It must be a list.", "WRONG_TYPE")
        for name in sorted(lists & values.keys())
        if values[name] is not None and not isinstance(values[name], list)
    ]
    if public_id is not None:
        values["id"] = public_id
    if version is not None:
        values["expectedVersion"] = version
    return values, problems


@cache
def _fields_of(route: Route) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The names of a body's fields, of those that are lists, and of those that may be sent and change nothing."""
    fields = {name: field for name, field in input_type(route).fields.items() if name not in ("id", "expectedVersion")}
    lists = frozenset(name for name, field in fields.items() if is_list_type(get_nullable_type(field.type)))
    ignored = frozenset(_shape(route) - set(fields)) if route.kind is Kind.UPDATE else frozenset[str]()
    return frozenset(fields), lists, ignored


def input_type(route: Route) -> GraphQLInputObjectType:
    """The GraphQL input of a change."""
    type_ = CORE.type_map[f"{route.operation}Input"]
    assert isinstance(type_, GraphQLInputObjectType), "a change has an input"
    return type_


def _shape(route: Route) -> set[str]:
    """The names of a resource's own fields, as REST shows them."""
    assert CORE.query_type is not None, "the graph has queries"
    type_ = get_named_type(CORE.query_type.fields[route.resource].type)
    assert isinstance(type_, GraphQLObjectType), "a resource is an object"
    return {"publicId", *type_.fields} - {"id"}


_PARAMETERS = {"first": "query.limit", "after": "query.cursor", "page": "query.page", "orderBy": "query.sort"}


def request_field(route: Route, field: str) -> str:
    """Where in the request a field of the operation's arguments came from."""
    head, _, rest = field.partition(".")
    if head == "input":
        if rest == "id":
            return "path.publicId"
        return "header.If-Match" if rest == "expectedVersion" else f"body.{rest}" if rest else "body"
    if head == "filter" and rest:
        for name, path in route.filters.items():
            if rest.split(".")[: len(path)] == list(path):
                return f"query.{name}"
    return "path.publicId" if field == "id" else _PARAMETERS.get(head, f"query.{field}")
