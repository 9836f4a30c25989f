"""Every route of the REST API, with the domain's case that it belongs to."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import httpx

from models.typeid import encode, new_uuid
from rest_shim.bound import bound
from rest_shim.route import Route, Shows
from rest_shim.routes import ROUTES
from schema.operations import OPERATIONS
from tests.support.api import Org
from tests.support.cases import Body, Case
from tests.support.domains import ALL
from tests.support.furnished import completed, right, target

BY_NAME = {f"{route.method} {route.path}": route for route in ROUTES}
CASE_OF: Mapping[str, Case] = {name: case for case in ALL.values() for name in case.routes}
# A list within an object is tried with its domain.
LISTS = [name for name, route in BY_NAME.items() if route.shows is Shows.PAGE and "{" not in route.path]
GETS = [name for name, route in BY_NAME.items() if route.method == "GET" and route.shows is Shows.OBJECT]
CHANGES = [name for name, route in BY_NAME.items() if route.method != "GET" and not route.public]
KEYED = [name for name, route in BY_NAME.items() if not route.public]
OF_ONE = [name for name in BY_NAME if "{publicId}" in name]


def named(route: Route) -> str:
    """The name of a route in the tables above."""
    return f"{route.method} {route.path}"


def root_of(route: Route) -> str:
    """The root field of a route's operation."""
    return bound(route).at[0]


def case_of(route: Route) -> Case:
    """The case of the domain that a route belongs to."""
    return CASE_OF[named(route)]


def required_of(route: Route, ids: Mapping[str, str]) -> dict[str, str]:
    """The parameters that a list cannot be asked for without: ids of objects that its own refer to, or of none."""
    names = [name for name, parameter in bound(route).parameters.items() if parameter.required]
    others = {name: case_of(route).references[name] for name in names}
    return {name: ids.get(other) or encode(other, new_uuid()) for name, other in others.items()}


def list_path(name: str, query: str = "", ids: Mapping[str, str] = MappingProxyType({})) -> str:
    """The path of a list with a query, and with the parameters that it requires."""
    required = urlencode(required_of(BY_NAME[name], ids))
    asked = "&".join(part for part in (required, query) if part)
    return BY_NAME[name].path + (f"?{asked}" if asked else "")


async def operation(org: Org, route: Route, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a route's operation over /graphql."""
    body = {"query": OPERATIONS[route.operation].text, "operationName": route.operation, "variables": variables}
    answer = await org.http.post("/graphql", json=body)
    found: dict[str, Any] = answer.json()
    return found


def given_to(route: Route, ids: Mapping[str, str]) -> dict[str, Any]:
    """A right input of a route's mutation, without the id of what it changes."""
    case = case_of(route)
    return completed(case, root_of(route), ids, right(case, root_of(route)))


def as_body(route: Route, given: Body) -> dict[str, Any]:
    """The part of an input that is the body of a route."""
    found = dict(given)
    for step in route.body[1:]:
        found = found[step]
    return found


def as_field(route: Route, name: str) -> str:
    """How a route names a field of an input."""
    return name.removeprefix("".join(f"{step}." for step in route.body[1:]))


def as_shown(route: Route, found: Body) -> dict[str, Any]:
    """An object of an answer as a route shows it."""
    if route.flat is None:
        return dict(found)
    pairs = {pair["name"]: pair["value"] for pair in found[route.flat]}
    return {name: value for name, value in found.items() if name != route.flat} | pairs


def body_of(route: Route, ids: Mapping[str, str]) -> dict[str, Any]:
    """A right body of a change."""
    return as_body(route, given_to(route, ids))


async def subject_of(org: Org, route: Route, ids: Mapping[str, str]) -> str:
    """The id of what a route is about: of a list within an object, of this one."""
    within = ALL.get(root_of(route))
    if within is not None and within is not case_of(route):
        return ids[within.name]
    return await target(org, case_of(route), root_of(route), ids)


async def rest_change(
    org: Org, route: Route, subject: str, body: Body, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """A change over REST."""
    path = route.path.replace("{publicId}", subject)
    sent = None if route.shows is Shows.NOTHING else body
    return await org.http.request(route.method, path, json=sent, headers=headers)
