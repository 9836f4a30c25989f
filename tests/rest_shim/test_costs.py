"""The guide's table of costs is what requests are charged."""

from typing import Any

import pytest

from resolvers.downloads import DOWNLOADS
from rest_shim.costs import HEAD, cost_of, cost_rows
from rest_shim.guide import guide
from rest_shim.route import Shows
from rest_shim.routes import ROUTES
from schema.operations import OPERATIONS
from tests.support.api import Org, new_client
from tests.support.openapi import openapi


def test_the_guide_has_the_cost_of_each_request() -> None:
    lines = guide().splitlines()
    start = lines.index(f"| {' | '.join(HEAD)} |") + 2
    found = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[start:]]
    rows = [*cost_rows()]
    assert found[: len(rows)] == rows
    named = [request.strip("`").split(" /") for request, _, _ in rows]
    assert {(method, f"/{path}") for methods, path in named for method in methods.split(", ")} == (
        {(route.method, route.path) for route in ROUTES} | {("GET", path) for path in DOWNLOADS}
    )
    # The committed document has the same guide.
    assert guide() == openapi()["info"]["description"]


@pytest.mark.parametrize("limit", [20, 100])
async def test_a_list_costs_what_the_guide_says(acme: Org, limit: int) -> None:
    await new_client(acme)
    # Of those of an order or a form, whose ID is required, the graph says the same.
    listed = [route for route in ROUTES if route.shows is Shows.PAGE and "ID!" not in OPERATIONS[route.operation].text]
    assert len(listed) > 10
    for route in listed:
        answer = (await acme.graphql(OPERATIONS[route.operation].text, first=limit, counted=False)).json()
        assert answer["extensions"]["cost"]["requested"] == cost_of(route, limit), route.operation


@pytest.mark.parametrize(
    ("given", "more"),
    [
        ({"filter": {"status": {"in": ["LEAD"]}}}, 1),
        ({"filter": {"search": "ada"}}, 5),
        ({"counted": True, "page": 1}, 2),
        ({"counted": True, "page": 1, "filter": {"status": {"in": ["LEAD"]}}}, 1 + 2 + 5),
    ],
)
async def test_filters_and_totals_add_what_the_guide_says(acme: Org, given: dict[str, Any], more: int) -> None:
    (route,) = (route for route in ROUTES if route.operation == "ListClients")
    variables = {"counted": False} | given
    answer = (await acme.graphql(OPERATIONS["ListClients"].text, **variables)).json()
    assert answer["extensions"]["cost"]["requested"] - cost_of(route) == more
    assert "Each condition of a filter adds 1, `search` 5, and `page` 2 and five times what these add." in guide()


async def test_a_single_request_costs_what_the_guide_says(acme: Org) -> None:
    client = await new_client(acme)
    for operation, variables in (
        ("GetClient", {"id": client["publicId"]}),
        ("UpdateClient", {"input": {"id": client["publicId"], "notes": "x"}}),
        ("DeleteClient", {"input": {"id": client["publicId"]}}),
    ):
        route = next(route for route in ROUTES if route.operation == operation)
        answer = (await acme.graphql(OPERATIONS[operation].text, **variables)).json()
        assert answer["extensions"]["cost"]["requested"] == cost_of(route), operation
