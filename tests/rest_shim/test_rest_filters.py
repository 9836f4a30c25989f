"""Each filter of each list: what it is in the graph, and which rows it leaves."""

import json
import re

import pytest

from tests.support.api import Org, new_client, new_order, new_service
from tests.support.cases import Filter
from tests.support.furnished import Furnished
from tests.support.routes import BY_NAME, CASE_OF, LISTS, operation, required_of, root_of

FILTERS = [(name, each) for name in LISTS for each in CASE_OF[name].filters]


@pytest.mark.parametrize(("name", "tried"), FILTERS, ids=[f"{name}?{each.parameter}" for name, each in FILTERS])
async def test_a_filter_is_its_condition(furnished: Furnished, name: str, tried: Filter) -> None:
    (acme, ids), route = furnished, BY_NAME[name]
    condition = json.loads(re.sub(r"\{(\w+)\}", lambda each: ids[each[1]], json.dumps(tried.condition)))
    required = required_of(route, ids)
    rest = await acme.http.get(route.path, params=required | {tried.parameter: tried.value.format_map(ids)})
    assert rest.status_code == 200, rest.text
    variables = {"counted": True, "filter": condition} | required
    page = (await operation(acme, route, variables))["data"][root_of(route)]
    assert rest.json()["data"] == page["nodes"]
    assert (len(page["nodes"]), page["totalCount"]) == (tried.leaves, tried.leaves)


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
