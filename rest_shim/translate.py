"""Translates a request into the variables of its operation."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import Any

from graphql import GraphQLID, GraphQLInputObjectType, get_nullable_type, is_list_type

from resolvers.collections.collection import COLLECTIONS
from resolvers.errors import Refusal, bad_input
from resolvers.lists.page_window import (
    DEEPEST_ROW,
    DEFAULT_PAGE,
    LARGEST_PAGE,
    MAX_ORDERS,
    out_of_place,
    wrong_cursor,
)
from rest_shim.bound import BoundRoute
from rest_shim.parameters import DRY_RUN, whole_number
from rest_shim.route import Route, Shows, VariablePath
from schema.declaration.inputs import MAX_PROBLEMS
from schema.requests.variables import excess
from web.dry_run import PARAMETER
from web.http import is_encoded

UNIQUE = "CREATED_AT"
_PAGING = frozenset({"limit", "cursor", "page"})
# A limit has no more; what is kept of limits takes no more than these.
_DIGITS = len(str(LARGEST_PAGE))
# How clients name the items of an array: ``status[]`` or ``status[0]``.
_ITEM = re.compile(r"(.+)\[\d*\]")


def query_variables(bound: BoundRoute, query: Sequence[tuple[str, str]], problems: list[Refusal]) -> dict[str, Any]:
    """Return the variables of a query. Every parameter that is unknown, repeated or malformed is added to the
    problems."""
    pages, known = bound.route.shows is Shows.PAGE, bound.parameters
    if not query:
        return {"counted": False, "first": None, "page": None} if pages else {}
    if pages and len(query) == 1 and query[0][0] == "limit" and len(query[0][1]) <= _DIGITS:
        usual = _first_page(query[0][1])
        if usual is not None:
            return dict(usual)
    taken, many = _names_of(bound)
    given = _by_name(query, many)
    problems += [
        bad_input(f"query.{name}", "There is no such parameter.", "UNKNOWN_PARAMETER")
        for name in islice((name for name in given if name not in taken), MAX_PROBLEMS)
    ]
    for name in [name for name, values in given.items() if name in taken and not all(map(is_encoded, values))]:
        problems.append(bad_input(f"query.{name}", f"{name} must be percent-encoded UTF-8.", "INVALID_FORMAT"))
        del given[name]
    variables = _page(given, problems) if pages else {}
    if "sort" in given and "sort" in taken:
        variables["orderBy"] = _sort(bound.route, given["sort"], problems)
    if PARAMETER in given and PARAMETER in taken:
        variables[PARAMETER] = DRY_RUN.read(given[PARAMETER], problems)
    # In the order of the route, so that a filter has one shape however it is asked for.
    for name, parameter in known.items() if given.keys() & known.keys() else ():
        if name in given:
            put(variables, parameter.place, parameter.read(given[name], problems))
    return variables


def cursor_problems(bound: BoundRoute, variables: Mapping[str, Any], wrong: Container[str]) -> Iterator[Refusal]:
    """Yield what is wrong with the cursor of a page, as far as the parameters that are ``wrong`` let it be said."""
    if "after" in variables:
        order = [(term["field"], term["direction"] == "DESC") for term in variables.get("orderBy", ())]
        known = None if "query.sort" in wrong else order
        yield from wrong_cursor(bound.route.resource.plural, known, variables["after"], "query.cursor")


def put(variables: dict[str, Any], place: VariablePath, value: Any) -> None:
    """Set the value at a place of the variables."""
    for step in place[:-1]:
        variables = variables.setdefault(step, {})
    variables[place[-1]] = value


@cache
def _names_of(bound: BoundRoute) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of all parameters of a query, and of those that take several values."""
    many = frozenset({"sort", *(name for name, parameter in bound.parameters.items() if parameter.many)})
    paging = _PAGING if bound.route.shows is Shows.PAGE else frozenset[str]()
    more = [name for name, takes in (("sort", bound.route.sorts), (PARAMETER, bound.changes)) if takes]
    return frozenset({*bound.parameters, *paging, *more}), many


def _by_name(query: Iterable[tuple[str, str]], many: frozenset[str]) -> dict[str, list[str]]:
    """Return the values of each parameter; an array's items may be named as such."""
    given: dict[str, list[str]] = {}
    for name, value in query:
        item = _ITEM.fullmatch(name) if name[-1:] == "]" else None
        given.setdefault(item[1] if item is not None and item[1] in many else name, []).append(value)
    return given


@lru_cache(1_000)
def _first_page(limit: str) -> Mapping[str, Any] | None:
    """Return the variables of a page of which only the limit is given, as most are asked for; None for a wrong one."""
    problems: list[Refusal] = []
    variables = _page({"limit": [limit]}, problems)
    return None if problems else variables


def _page(given: Mapping[str, list[str]], problems: list[Refusal]) -> dict[str, Any]:
    """Return the variables of limit, cursor and page."""
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
    """Return the order of a list: of a field that is named twice the first counts, and nothing follows a unique one."""
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
    if len(terms) > MAX_ORDERS:
        text = f"sort takes {MAX_ORDERS} fields at most."
        problems.append(bad_input("query.sort", text, "TOO_LONG", limit=MAX_ORDERS))
    elif refused := out_of_place(COLLECTIONS[route.resource.plural], list(terms)):
        name = next(name for name, order in route.sorts.items() if order == refused)
        text = f"{name} must be first, and only createdAt can follow it."
        problems.append(bad_input("query.sort", text, "NOT_ALLOWED"))
    return [{"field": name, "direction": direction} for name, direction in terms.items()]


def body_problems(bound: BoundRoute, body: Mapping[str, Any]) -> list[Refusal]:
    """Return what is wrong with a body as a body alone: unknown fields, what is no list, and numbers as IDs.

    Of one that holds too many values or too deep ones nothing else is reported.
    """
    if (too_much := excess({"body": body})) is not None:
        return [too_much]
    if bound.fields is None:
        return []
    known = bound.fields | bound.ignored
    problems = [
        bad_input(f"body.{name}", "There is no such field.", "UNKNOWN_FIELD")
        for name in islice((name for name in body if name not in known), MAX_PROBLEMS)
    ]
    problems += islice(_numbers_as_ids(bound.body, body, "body"), MAX_PROBLEMS)
    # The graph takes a value for a list of one.
    return problems + [
        bad_input(f"body.{'.'.join(place)}", "It must be a list.", "WRONG_TYPE")
        for place in sorted(bound.lists)
        if not isinstance(_value_at(place, body), list | None)
    ]


def _numbers_as_ids(type_: Any, value: Any, path: str) -> Iterator[Refusal]:
    """Yield each number where an ID is to be, which the graph takes for its digits."""
    bare = get_nullable_type(type_)
    if is_list_type(bare):
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from _numbers_as_ids(bare.of_type, item, f"{path}.{index}")
    elif isinstance(bare, GraphQLInputObjectType):
        for name in value.keys() & bare.fields.keys() if isinstance(value, dict) else ():
            yield from _numbers_as_ids(bare.fields[name].type, value[name], f"{path}.{name}")
    elif bare is GraphQLID and isinstance(value, (int, float)):
        yield bad_input(path, "It must be a string.", "WRONG_TYPE")


def _value_at(place: VariablePath, body: Any) -> Any:
    """Return the value at a place of a body; None where there is none."""
    for step in place:
        body = body.get(step) if isinstance(body, dict) else None
    return body


def body_values(bound: BoundRoute, body: dict[str, Any]) -> dict[str, Any]:
    """Return the value of a body for the graph: without unknown fields, and those that may be sent back and change
    nothing."""
    fields, within = bound.fields, bound.ignored_within
    known = body.keys() - bound.ignored if fields is None else fields
    found = {name: value for name, value in body.items() if name in known}
    for name in within.keys() & found.keys():
        if isinstance(found[name], list):
            found[name] = [_without(item, within[name]) for item in found[name]]
    return found


def _without(item: Any, ignored: frozenset[str]) -> Any:
    """Return an item of a list without what of it may be sent back and changes nothing."""
    return {name: value for name, value in item.items() if name not in ignored} if isinstance(item, dict) else item
