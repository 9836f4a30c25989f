"""Each filter of each list, by hand: what it is in the graph, and which rows it leaves."""

import json
import re
from typing import Any

import pytest

from rest_shim.routes import ROUTES, Kind
from tests.support.api import Org, new_client, new_order, new_service
from tests.support.routes import BY_NAME, furnish, operation

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
    ("clients", "tag", "vip", {"tags": {"hasAny": ["vip"]}}, 0),
    ("clients", "search", "oth 1", {"search": "oth 1"}, 1),
    ("clients", "email", "ADA@example.com", {"email": {"eq": "ADA@example.com"}}, 1),
    ("services", "status", "ACTIVE", {"status": {"in": ["ACTIVE"]}}, 2),
    ("services", "tag", "vip", {"tags": {"hasAny": ["vip"]}}, 0),
    ("services", "search", "idl", {"search": "idl"}, 1),
    ("orders", "status", "PENDING,COMPLETED", {"status": {"in": ["PENDING", "COMPLETED"]}}, 3),
    ("orders", "tag", "vip", {"tags": {"hasAny": ["vip"]}}, 0),
    ("orders", "search", "nothing", {"search": "nothing"}, 0),
    ("orders", "clientId", "{client}", {"clientId": {"eq": "{client}"}}, 3),
    ("orders", "serviceId", "{idle}", {"serviceId": {"eq": "{idle}"}}, 0),
    ("clients", "ids", "{client},{order}", {"id": {"in": ["{client}", "{order}"]}}, 1),
    ("services", "ids", "{idle},{service}", {"id": {"in": ["{idle}", "{service}"]}}, 2),
    ("orders", "ids", "{order}", {"id": {"in": ["{order}"]}}, 1),
    ("webhooks", "ids", "{webhook},{client}", {"id": {"in": ["{webhook}", "{client}"]}}, 1),
    ("services", "priceMin", "15001", {"price": {"gte": 15_001}}, 0),
    ("services", "priceMax", "15000", {"price": {"lte": 15_000}}, 2),
    ("orders", "number", "99", {"number": {"eq": 99}}, 0),
    ("orders", "totalMin", "15000", {"total": {"gte": 15_000}}, 3),
    ("orders", "totalMax", "14999", {"total": {"lte": 14_999}}, 0),
    ("orders", "dueAfter", LONG_AGO, {"dueAt": {"gt": LONG_AGO}}, 0),
    ("orders", "dueBefore", FAR_AWAY, {"dueAt": {"lt": FAR_AWAY}}, 0),
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
    filter_ = json.loads(re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], json.dumps(filter_)))
    route = BY_NAME[f"GET /api/v1/{path}"]
    rest = await acme.http.get(route.path, params={name: value})
    assert rest.status_code == 200, rest.text
    page = (await operation(acme, route, {"counted": True, "filter": filter_}))["data"][route.root]
    assert rest.json()["data"] == page["nodes"]
    assert (len(page["nodes"]), page["totalCount"]) == (count, count)


SPELLINGS = [
    ("clients", "status=LEAD&status=ACTIVE", 2),
    ("clients", "status=LEAD,ACTIVE", 2),
    ("clients", "status=LEAD%2CACTIVE", 2),
    ("clients", "status[]=LEAD&status[]=ACTIVE", 2),
    ("clients", "status%5B%5D=LEAD&status%5B%5D=ACTIVE", 2),
    ("clients", "status[0]=LEAD&status[1]=ACTIVE", 2),
    ("clients", "status=LEAD,LEAD&status=ACTIVE,LEAD", 2),
    ("clients", "status=ARCHIVED&status[]=LEAD", 3),
    ("clients", "tag=a,b", 2),
    ("clients", "tag=a&tag=b", 2),
    ("clients", "tag[]=a&tag[]=b", 2),
    ("clients", "tag=b,c", 2),
    ("clients", "tag=a,nothing", 1),
    ("clients", "status=LEAD&tag=c", 1),
    ("clients", "ids={0}&ids={1}", 2),
    ("clients", "ids={0},{2}", 2),
    ("clients", "sort=name&sort=-updatedAt&ids={0}", 1),
]


@pytest.mark.parametrize(("path", "query", "count"), SPELLINGS)
async def test_a_list_parameter_in_every_spelling(acme: Org, path: str, query: str, count: int) -> None:
    given = [("A", "LEAD", ["a"]), ("B", "ARCHIVED", ["b", "c"]), ("C", "LEAD", ["c"])]
    made = [await new_client(acme, name=name, status=status, tags=tags) for name, status, tags in given]
    text = query.format(*(client["publicId"] for client in made))
    answer = await acme.http.get(f"/api/v1/{path}?{text}")
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["data"]) == count


async def test_a_sort_in_every_spelling(acme: Org) -> None:
    names = ["b", "a", "c"]
    for name in names:
        await new_client(acme, name=name)
    for query, expected in (
        ("sort=name", "abc"),
        ("sort=-name", "cba"),
        ("sort[]=-name", "cba"),
        ("sort=-name&sort=createdAt", "cba"),
        ("sort=createdAt,name", "bac"),
        ("sort=-createdAt&sort=name", "cab"),
        ("sort=name,-name,updatedAt,createdAt", "abc"),
    ):
        answer = await acme.http.get(f"/api/v1/clients?{query}")
        assert answer.status_code == 200, answer.text
        assert "".join(client["name"] for client in answer.json()["data"]) == expected, query


async def test_ranges_of_orders_and_their_numbers(acme: Org) -> None:
    client, service = await new_client(acme), await new_service(acme, price=100)
    made = [await new_order(acme, client["publicId"], service["publicId"], quantity=n) for n in (1, 2, 3)]
    due = ["2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"]
    for order, moment in zip(made, due, strict=False):
        answer = await acme.http.put(f"/api/v1/orders/{order['publicId']}", json={"dueAt": moment})
        assert answer.status_code == 200, answer.text
    for query, found in (
        ("totalMin=200", [1, 2]),
        ("totalMax=200", [0, 1]),
        ("totalMin=101&totalMax=299", [1]),
        ("dueAfter=2026-01-01T00:00:00Z", [1]),
        ("dueBefore=2026-02-01T00:00:00Z", [0]),
        ("dueAfter=2025-12-31T23:59:59%2B00:00&dueBefore=2027-01-01T00:00:00Z", [0, 1]),
        (f"number={made[2]['number']}", [2]),
        (f"ids={made[0]['publicId']},{made[2]['publicId']}&totalMin=150", [2]),
    ):
        answer = await acme.http.get(f"/api/v1/orders?sort=number&{query}")
        ids = [order["publicId"] for order in answer.json()["data"]]
        assert ids == [made[index]["publicId"] for index in found], query
