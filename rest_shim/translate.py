"""Translates a request into an operation's variables, and names of the graph back into the request's."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type

from resolvers.errors import Refusal, Refusals, bad_input
from rest_shim.routes import Kind, Route
from schema.graph import CORE

_DIGITS = 18
_WORD = re.compile(r"[^\W_]")
_ID = re.compile(r"[a-z]+_[0-7][0-9a-hjkmnp-tv-z]{25}")


def list_variables(route: Route, query: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The variables of a list. Raises Refusals naming every parameter that is unknown, repeated or malformed."""
    problems: list[Refusal] = []
    given: dict[str, str] = {}
    known = {"limit", "cursor", "page", "sort", *route.filters}
    for name, value in query:
        if name not in known:
            problems.append(bad_input(f"query.{name}", "There is no such parameter."))
        elif name in given:
            problems.append(bad_input(f"query.{name}", "The parameter is given twice."))
        given[name] = value
    numbers = {name: _whole(name, given[name], problems) for name in ("limit", "page") if name in given}
    variables: dict[str, Any] = {"counted": "page" in given, "first": numbers.get("limit"), "page": numbers.get("page")}
    if "cursor" in given:
        variables["after"] = given["cursor"]
    if "sort" in given:
        variables["orderBy"] = _sort(route, given["sort"], problems)
    filters = _filter(route, given, problems)
    if filters:
        variables["filter"] = filters
    if problems:
        raise Refusals(problems)
    return variables


def _whole(name: str, value: str, problems: list[Refusal]) -> int | None:
    digits = value[1:] if value[:1] == "-" else value
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS):
        problems.append(bad_input(f"query.{name}", f"{name} must be a whole number."))
        return None
    number = int(value)
    least, most = 1, 100 if name == "limit" else 10_000
    if not least <= number <= most:
        problems.append(bad_input(f"query.{name}", f"{name} must be from {least} to {most}."))
        return None
    return number


def _sort(route: Route, value: str, problems: list[Refusal]) -> list[dict[str, str]]:
    terms = []
    for term in value.split(","):
        name = term.removeprefix("-")
        if name not in route.sorts:
            problems.append(bad_input("query.sort", f"sort takes {', '.join(route.sorts)}, with - for descending."))
            return []
        terms.append({"field": route.sorts[name], "direction": "DESC" if term[0] == "-" else "ASC"})
    return terms


def _filter(route: Route, given: Mapping[str, str], problems: list[Refusal]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (head, *rest) in route.filters.items():
        if name in given:
            if head == "search" and not _WORD.search(given[name]):
                # A search without a word would find everything.
                problems.append(bad_input(f"query.{name}", f"{name} must hold a letter or a digit."))
            elif head.endswith("Id") and not _ID.fullmatch(given[name]):
                problems.append(bad_input(f"query.{name}", f"{name} must be an id, as an answer shows it."))
            value: Any = given[name].split(",") if rest == ["in"] else given[name]
            if rest:
                found.setdefault(head, {})[rest[0]] = value
            else:
                found[head] = value
    return found


def input_of(route: Route, body: Mapping[str, Any], public_id: str | None, version: int | None) -> dict[str, Any]:
    """The GraphQL input of a body. Raises Refusals naming every unknown field.

    Read-only fields of the resource are ignored in an update, so that what was read can be changed and sent back.
    """
    fields = _input_type(route).fields
    ours = {"id", "expectedVersion"}
    ignored = _shape(route) - set(fields) if route.kind is Kind.UPDATE else set()
    unknown = [name for name in body if name in ours or (name not in fields and name not in ignored)]
    unknown = [name for name in unknown if not (route.kind is Kind.UPDATE and name in ignored)]
    if unknown:
        raise Refusals([bad_input(f"body.{name}", "There is no such field.") for name in unknown])
    values = {name: value for name, value in body.items() if name in fields}
    if public_id is not None:
        values["id"] = public_id
    if version is not None:
        values["expectedVersion"] = version
    return values


def _input_type(route: Route) -> GraphQLInputObjectType:
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
