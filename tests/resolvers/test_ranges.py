"""Pages between two cursors, as Relay's specification says: every window of a list against a slice of it."""

from itertools import product
from typing import Any
from uuid import UUID

import pytest

from resolvers.lists.cursors import encode_cursor
from tests.support.api import Org, new_client, new_order, new_service
from tests.support.refusals import error

QUERY = """query($first: Int, $after: String, $last: Int, $before: String, $page: Int, $orderBy: [OrderOrder!]) {
  orders(first: $first, after: $after, last: $last, before: $before, page: $page, orderBy: $orderBy) {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } }"""
ORDERS = [
    [],
    [{"field": "NUMBER", "direction": "ASC"}],
    [{"field": "DUE_AT", "direction": "DESC"}],
    [{"field": "TOTAL", "direction": "ASC"}, {"field": "NUMBER", "direction": "DESC"}],
]


@pytest.mark.parametrize("order", ORDERS, ids=str)
async def test_every_window_is_a_slice_of_the_list(acme: Org, order: list[dict[str, str]]) -> None:
    client, service = (await new_client(acme))["publicId"], (await new_service(acme))["publicId"]
    for quantity in (1, 2, 1, 3, 2):
        made = await new_order(acme, client, service, quantity=quantity)
        if quantity == 2:
            due = {"dueAt": f"2030-01-0{made['number'] % 9 + 1}T00:00:00Z"}
            assert (await acme.http.put(f"/api/v1/orders/{made['publicId']}", json=due)).status_code == 200
    edges = (await acme.data(QUERY, orderBy=order))["orders"]["edges"]
    ids, cursors = [edge["node"]["id"] for edge in edges], [edge["cursor"] for edge in edges]
    assert len(ids) == 5
    for after, before, size in product([None, 0, 2, 4], [None, 0, 1, 3, 4], [1, 2, 5]):
        low, high = 0 if after is None else after + 1, 5 if before is None else before
        within = ids[low:high] if low <= high else []
        bounds = {
            "after": None if after is None else cursors[after],
            "before": None if before is None else cursors[before],
        }
        for argument, expected in (("first", within[:size]), ("last", within[-size:])):
            found = (await acme.data(QUERY, orderBy=order, **{argument: size}, **bounds))["orders"]
            place = (argument, size, after, before)
            assert [edge["node"]["id"] for edge in found["edges"]] == expected, place
            near, far = (after, before) if argument == "first" else (before, after)
            more, other = len(within) > size or far is not None, near is not None
            info = (more, other) if argument == "first" else (other, more)
            assert tuple(found["pageInfo"].values()) == info, place


async def test_before_alone_is_a_page_back_and_between_two_cursors_one_forward(acme: Org) -> None:
    client, service = (await new_client(acme))["publicId"], (await new_service(acme))["publicId"]
    for _ in range(23):
        await new_order(acme, client, service)
    edges = (await acme.data(QUERY, first=100))["orders"]["edges"]
    cursors = [edge["cursor"] for edge in edges]

    async def found(**given: Any) -> list[str]:
        return [edge["cursor"] for edge in (await acme.data(QUERY, **given))["orders"]["edges"]]

    assert await found(before=cursors[22]) == cursors[2:22]
    assert await found(after=cursors[0], before=cursors[22]) == cursors[1:21]


async def test_ranges_below_several_parents(acme: Org) -> None:
    service = (await new_service(acme))["publicId"]
    text = """query($a: String, $b: String) { clients { nodes { orders(first: 2, after: $a, before: $b) {
      nodes { id } } } } }"""
    made: list[list[str]] = []
    for _ in range(2):
        client = (await new_client(acme))["publicId"]
        made.append([(await new_order(acme, client, service))["publicId"] for _ in range(5)][::-1])
    walked = "{ clients { nodes { orders { edges { cursor node { id } } } } } }"
    nodes = (await acme.data(walked))["clients"]["nodes"]
    edges = next(node["orders"]["edges"] for node in nodes if node["orders"]["edges"][0]["node"]["id"] == made[1][0])
    rows = (await acme.data(text, a=edges[0]["cursor"], b=edges[3]["cursor"]))["clients"]["nodes"]
    shown = [[node["id"] for node in row["orders"]["nodes"]] for row in rows]
    assert sorted(shown) == sorted([made[1][1:3], []])


CURSOR = encode_cursor("orders", "-id", [UUID(int=1)])


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ("first: 1, last: 1", "last", ("first", "last")),
        (f'page: 1, after: "{CURSOR}"', "page", ("page", "after")),
        (f'page: 1, before: "{CURSOR}"', "page", ("page", "before")),
        ("page: 1, last: 1", "page", ("page", "last")),
        ('first: 1, before: "x"', "before", ("cursor",)),
        ('last: 1, after: "x"', "after", ("cursor",)),
    ],
)
async def test_what_does_not_go_together_is_named(acme: Org, given: str, field: str, said: tuple[str, ...]) -> None:
    answer = await acme.graphql(f"{{ orders({given}) {{ totalCount }} }}")
    error(answer, 200, "INVALID_CURSOR" if said == ("cursor",) else "BAD_INPUT", field)
    message = answer.json()["errors"][0]["message"]
    names = {"first", "last", "after", "before", "page", "cursor"}
    assert {name for name in names if name in message.replace("first alone", "")} == set(said), message


async def test_every_page_by_number_but_the_first_has_one_before_it(acme: Org) -> None:
    for pages in ([0], [2, 1], [2, 2, 1]):
        total = sum(pages)
        while await acme.count("orders") < total:
            await new_order(acme)
        for number in (1, 2, 3, 4, 9):
            found = (await acme.data(QUERY, first=2, page=number))["orders"]
            has = pages[number - 1] if number <= len(pages) else 0
            assert len(found["edges"]) == has, (total, number)
            assert found["pageInfo"] == {
                "hasNextPage": number < len(pages),
                "hasPreviousPage": number > 1,
            }, (total, number)


SAME = [
    ([], [{"field": "CREATED_AT", "direction": "DESC"}]),
    (
        [{"field": "TOTAL", "direction": "ASC"}],
        [{"field": "TOTAL", "direction": "ASC"}, {"field": "CREATED_AT", "direction": "ASC"}],
    ),
    (
        [{"field": "DUE_AT", "direction": "DESC"}, {"field": "TOTAL", "direction": "DESC"}],
        [{"field": name, "direction": "DESC"} for name in ("DUE_AT", "TOTAL", "CREATED_AT")],
    ),
]


@pytest.mark.parametrize(("short", "whole"), SAME, ids=str)
async def test_an_order_that_names_its_last_key_is_the_same_order(
    acme: Org, short: list[dict[str, str]], whole: list[dict[str, str]]
) -> None:
    client, service = (await new_client(acme))["publicId"], (await new_service(acme))["publicId"]
    for _ in range(4):
        await new_order(acme, client, service)
    edges = (await acme.data(QUERY, orderBy=short))["orders"]["edges"]
    assert (await acme.data(QUERY, orderBy=whole))["orders"]["edges"] == edges
    for one, other in ((short, whole), (whole, short)):
        cursor = (await acme.data(QUERY, orderBy=one, first=2))["orders"]["edges"][1]["cursor"]
        assert (await acme.data(QUERY, orderBy=other, after=cursor))["orders"]["edges"] == edges[2:]
    # The same keys in another direction are another order.
    turned = [*whole[:-1], {"field": "CREATED_AT", "direction": "ASC" if whole[-1]["direction"] == "DESC" else "DESC"}]
    answer = await acme.graphql(QUERY, orderBy=turned, after=edges[1]["cursor"])
    error(answer, 200, "INVALID_CURSOR", "after")
