"""Each filter of each list, by hand: what it is in the graph, and which rows it leaves."""

from typing import Any

import pytest

from rest_shim.routes import ROUTES, Kind
from tests.api_support import Org
from tests.test_parity import BY_NAME, furnish, operation

LONG_AGO, FAR_AWAY = "2020-01-01T00:00:00.000Z", "2100-01-01T00:00:00.000Z"
TIMES: list[tuple[str, str, dict[str, Any], bool]] = [
    ("createdAfter", LONG_AGO, {"createdAt": {"gt": LONG_AGO}}, True),
    ("createdBefore", LONG_AGO, {"createdAt": {"lt": LONG_AGO}}, False),
    ("updatedAfter", FAR_AWAY, {"updatedAt": {"gt": FAR_AWAY}}, False),
    ("updatedBefore", FAR_AWAY, {"updatedAt": {"lt": FAR_AWAY}}, True),
]
# Path, parameter, value, filter, and how many of the furnished rows it leaves.
CASES: list[tuple[str, str, str, dict[str, Any], int]] = [
    ("clients", "status", "LEAD,ACTIVE", {"status": {"in": ["LEAD", "ACTIVE"]}}, 4),
    ("clients", "status", "ARCHIVED", {"status": {"in": ["ARCHIVED"]}}, 0),
    ("clients", "tag", "vip", {"tags": {"has": "vip"}}, 0),
    ("clients", "search", "oth 1", {"search": "oth 1"}, 1),
    ("clients", "email", "ADA@example.com", {"email": {"eq": "ADA@example.com"}}, 1),
    ("services", "status", "ACTIVE", {"status": {"in": ["ACTIVE"]}}, 2),
    ("services", "tag", "vip", {"tags": {"has": "vip"}}, 0),
    ("services", "search", "idl", {"search": "idl"}, 1),
    ("orders", "status", "PENDING,COMPLETED", {"status": {"in": ["PENDING", "COMPLETED"]}}, 3),
    ("orders", "tag", "vip", {"tags": {"has": "vip"}}, 0),
    ("orders", "search", "nothing", {"search": "nothing"}, 0),
    ("orders", "clientId", "{client}", {"clientId": {"eq": "{client}"}}, 3),
    ("orders", "serviceId", "{idle}", {"serviceId": {"eq": "{idle}"}}, 0),
    ("webhooks", "status", "ENABLED", {"status": {"in": ["ENABLED"]}}, 1),
    *(
        (path, name, value, filter_, rows if all_ else 0)
        for path, rows in (("clients", 4), ("services", 2), ("orders", 3), ("webhooks", 1))
        for name, value, filter_, all_ in TIMES
    ),
]


def test_every_filter_of_every_list_has_a_case() -> None:
    known = {(route.path, name) for route in ROUTES if route.kind is Kind.LIST for name in route.filters}
    assert {(f"/api/v1/{path}", name) for path, name, *_ in CASES} == known


@pytest.mark.parametrize(("path", "name", "value", "filter_", "count"), CASES)
async def test_a_filter_is_its_condition(
    acme: Org, path: str, name: str, value: str, filter_: dict[str, Any], count: int
) -> None:
    ids = await furnish(acme)
    value = value.format_map(ids)
    filter_ = {key: {"eq": value} if key.endswith("Id") else part for key, part in filter_.items()}
    route = BY_NAME[f"GET /api/v1/{path}"]
    rest = await acme.http.get(route.path, params={name: value})
    assert rest.status_code == 200, rest.text
    page = (await operation(acme, route, {"counted": True, "filter": filter_}))["data"][route.root]
    assert rest.json()["data"] == page["nodes"]
    assert (len(page["nodes"]), page["totalCount"]) == (count, count)
