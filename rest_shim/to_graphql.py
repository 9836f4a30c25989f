"""The guide for those who move to the graph: each route, its operation, and the same request to either API.

``docs/rest-to-graphql.md`` is what it makes.
"""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from shlex import quote
from typing import Any
from urllib.parse import parse_qsl

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    print_ast,
    separate_operations,
    strip_ignored_characters,
)

from resolvers.downloads import DOWNLOADS
from resolvers.errors import Refusal
from rest_shim.bound import VERSION, BoundRoute, bound
from rest_shim.examples import QUERIES, body_of, curl_of, ids_of
from rest_shim.route import Route, Shows, VariablePath
from rest_shim.routes import ROUTES
from rest_shim.translate import body_values, put, query_variables

INTRODUCTION = Path(__file__).with_name("to_graphql.md")
# What a page takes beside its filters, by the operation's variables.
_PAGING = {"limit": "first", "cursor": "after", "page": "page"}


def guide_to_graphql() -> str:
    """Return the whole guide in Markdown."""
    files = " and ".join(f"`GET {path}`" for path in sorted(DOWNLOADS))
    parts = [INTRODUCTION.read_text(encoding="utf-8").strip().replace("{{files}}", files)]
    for resource, found in groupby(ROUTES, key=lambda route: route.resource):
        routes = list(found)
        parts.append(f"## {resource.labels[0].upper()}{resource.labels[1:]}")
        fragments = {part.name.value: part for route in routes for part in _fragments(_document(route))}
        if fragments:
            parts += [
                "What the documents of this section share:",
                _block("graphql", *map(print_ast, fragments.values())),
            ]
        for route in routes:
            # PUT stands for both.
            if route.method != "PATCH":
                parts += _section(route)
    return "\n\n".join(parts)


def request_of(route: Route) -> dict[str, Any]:
    """Return the body of the GraphQL request that is the same as the example of a route."""
    return {
        "operationName": route.operation,
        "variables": _variables(bound(route)),
        "query": print_ast(_document(route)),
    }


def _section(route: Route) -> Iterator[str]:
    made = bound(route)
    methods = "PUT or PATCH" if route.method == "PUT" else route.method
    yield f"### {route.summary}: `{methods} {route.path}`"
    yield f"Operation: `{route.operation}`. {_response(made)}"
    values = list(_values(made))
    if values:
        yield "\n".join(
            ["| REST | variable |", "|---|---|", *(f"| {rest} | `${'.'.join(place)}` |" for rest, place in values)]
        )
    yield _block(
        "graphql",
        *(print_ast(part) for part in _document(route).definitions if isinstance(part, OperationDefinitionNode)),
    )
    yield "Over REST:"
    yield _block("sh", curl_of(route))
    yield "To the graph:"
    yield _block("sh", _graphql_curl_of(route))


def _block(language: str, *texts: str) -> str:
    return "\n".join([f"```{language}", "\n\n".join(texts), "```"])


def _document(route: Route) -> DocumentNode:
    """Return the operation of a route, then the fragments that it needs."""
    found = separate_operations(bound(route).operation.document)[route.operation]
    return DocumentNode(definitions=tuple(sorted(found.definitions, key=lambda part: part.kind, reverse=True)))


def _fragments(document: DocumentNode) -> Iterator[FragmentDefinitionNode]:
    return (part for part in document.definitions if isinstance(part, FragmentDefinitionNode))


def _values(made: BoundRoute) -> Iterator[tuple[str, VariablePath]]:
    """Yield what a request has, with the place of each value in the variables."""
    route = made.route
    yield from ((f"path `{name}`", place) for name, place in made.path)
    yield from ((f"query `{name}`", parameter.place) for name, parameter in made.parameters.items())
    if route.shows is Shows.PAGE:
        yield from ((f"query `{name}`", (variable,)) for name, variable in _PAGING.items())
        if route.sorts:
            yield "query `sort`", ("orderBy",)
    if made.versioned:
        yield "header `If-Match`", VERSION
    if route.body:
        yield "body", route.body


def _response(made: BoundRoute) -> str:
    """Return where in the data of the response an object stands that a route shows."""
    route, place = made.route, ".".join(("data", *made.at))
    if route.shows is Shows.NOTHING:
        return f"The response has the ID: `{place}`."
    if route.shows is Shows.PAGE:
        return f"The objects are at `{place}.nodes`."
    if route.flat is not None:
        return f"The object is at `{place}`, its `{route.flat}` as a list of names and values."
    others = "".join(f", `{name}` beside it" for name in route.payload_fields)
    return f"The object is at `{place}`{others}."


def _variables(made: BoundRoute) -> dict[str, Any]:
    """Return the variables of a route's example. Raises ValueError for an example that is no request."""
    route, problems = made.route, list[Refusal]()
    query = parse_qsl(QUERIES[route.operation]) if made.parameters else []
    variables = query_variables(made, query, problems)
    if problems:
        raise ValueError(f"the example of {route.operation} is refused: {problems[0].message}")
    if route.body:
        put(variables, route.body, body_values(made, body_of(route) or {}))
    for name, place in made.path:
        put(variables, place, ids_of(route)[name])
    if made.versioned:
        put(variables, VERSION, 1)
    return {name: value for name, value in variables.items() if value is not None}


def _graphql_curl_of(route: Route) -> str:
    request = request_of(route)
    request["query"] = strip_ignored_characters(request["query"])
    members = (f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in request.items())
    body = "{\n" + ",\n".join(members) + "\n}"
    key = "" if route.public else ' -H "Authorization: Bearer $KEY"'
    return f"curl -s \"$URL/graphql\"{key} -H 'Content-Type: application/json' \\\n  -d {quote(body)}"
