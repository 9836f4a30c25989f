"""Bodies of very many values: refused before anything walks through them, and each walk ends with the problems that
are reported."""

from typing import Any

import pytest

from rest_shim.bound import bound
from rest_shim.translate import body_problems
from schema.declaration.inputs import MAX_PROBLEMS
from schema.requests.variables import MAX_LEVELS, MAX_VALUES
from tests.support.api import Org
from tests.support.refusals import problem, unchanged
from tests.support.routes import BY_NAME

ORDER = {"clientId": "client_01h455vb4pex5vsknk084sn02q", "serviceId": "service_01h455vb4pex5vsknk084sn02q"}
SAID = {
    MAX_VALUES: f"It holds more than {MAX_VALUES} values in all.",
    MAX_LEVELS: f"It is nested more than {MAX_LEVELS} levels deep.",
}


def deep(levels: int) -> Any:
    """A list in a list, so many times."""
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


BODIES = {
    "numbers as IDs": ("POST /api/v1/orders", ORDER | {"assigneeIds": [1] * 100_000}, MAX_VALUES),
    "lines": ("POST /api/v1/invoices", {"clientId": ORDER["clientId"], "lines": [1] * 100_000}, MAX_VALUES),
    "an unknown field": ("POST /api/v1/clients", {"name": "Ada", "unknown": [1] * 100_000}, MAX_VALUES),
    "levels": ("POST /api/v1/clients", {"name": "Ada", "custom": deep(MAX_LEVELS)}, MAX_LEVELS),
}


@pytest.mark.parametrize("name", BODIES)
async def test_too_much_is_the_only_problem(acme: Org, name: str) -> None:
    route, body, limit = BODIES[name]
    method, _, path = route.partition(" ")
    async with unchanged(acme):
        found = problem(await acme.http.request(method, path, json=body), 400, "BAD_INPUT", "body")
    (only,) = found["errors"]
    assert (only["code"], only["limit"], only["message"]) == ("TOO_LONG", limit, SAID[limit])


def test_of_many_problems_those_that_are_reported_are_made() -> None:
    found = body_problems(bound(BY_NAME["POST /api/v1/orders"]), ORDER | {"assigneeIds": [1] * 6_000})
    assert [each.field for each in found] == [f"body.assigneeIds.{number}" for number in range(MAX_PROBLEMS)]
