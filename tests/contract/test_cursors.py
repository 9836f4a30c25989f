"""Cursors: which are refused, and what is named beside them."""

from typing import Any

import pytest

from models.typeid import new_uuid
from resolvers.lists.cursors import encode_cursor
from tests.support.api import Org, new_client, new_order
from tests.support.refusals import error, problem


async def test_a_cursor_of_another_list_or_none(acme: Org) -> None:
    await new_order(acme)
    await new_client(acme)
    page = (await acme.http.get("/api/v1/clients?limit=1")).json()
    good = page["pagination"]["nextCursor"]
    assert (await acme.http.get(f"/api/v1/clients?cursor={good}")).status_code == 200
    by_number = "-NUMBER,-id"
    forged = [encode_cursor("orders", by_number, [2**64 - 1, new_uuid()]), encode_cursor("orders", by_number, [1])]
    forged += [encode_cursor("orders", by_number, [key, new_uuid()]) for key in (-(2**63), "x", None, True, 2**63)]
    for cursor in ("garbage", "", good[:-1], good + "A", "=" * 10, "\u00e9", good.swapcase(), "x" * 5_000):
        problem(
            await acme.http.get("/api/v1/clients", params={"cursor": cursor}), 400, "INVALID_CURSOR", "query.cursor"
        )
        for argument in ("after", "before"):
            text = f"query($c: String) {{ clients({argument}: $c) {{ nodes {{ id }} }} }}"
            answer = await acme.graphql(text, c=cursor)
            error(answer, 200, "INVALID_CURSOR", argument)
            assert answer.json()["errors"][0]["message"] == "It is not a cursor of this API."
    other = "The cursor belongs to another list."
    turned = "The cursor belongs to this list in another order: send it with that order."
    for path, said in (
        ("/api/v1/orders?", other),
        ("/api/v1/services?", other),
        ("/api/v1/clients?sort=name&", turned),
        ("/api/v1/clients?sort=createdAt&", turned),
    ):
        answer = await acme.http.get(f"{path}cursor={good}")
        problem(answer, 400, "INVALID_CURSOR", "query.cursor")
        assert answer.json()["errors"][0]["message"] == said
    assert (await acme.http.get(f"/api/v1/clients?sort=-createdAt&cursor={good}")).status_code == 200
    for cursor in forged:
        answer = await acme.http.get("/api/v1/orders", params={"sort": "-number", "cursor": cursor})
        assert answer.status_code in (200, 400), answer.text
    wrong: tuple[Any, ...] = (5, 1.5, True, None, [], {}, "", "x")
    for key in wrong:
        for order, keys in (("-NUMBER,-id", [1, key]), ("-id", [key])):
            sort = "-number" if len(keys) == 2 else "-createdAt"
            sent = {"sort": sort, "cursor": encode_cursor("orders", order, keys)}
            problem(await acme.http.get("/api/v1/orders", params=sent), 400, "INVALID_CURSOR", "query.cursor")
    times = encode_cursor("clients", "-UPDATED_AT,-id", [2**63, new_uuid()])
    answer = await acme.http.get("/api/v1/clients", params={"sort": "-updatedAt", "cursor": times})
    problem(answer, 400, "INVALID_CURSOR", "query.cursor")
    names = encode_cursor("clients", "NAME,id", ["a\x00b", new_uuid()])
    answer = await acme.http.get("/api/v1/clients", params={"sort": "name", "cursor": names})
    problem(answer, 400, "INVALID_CURSOR", "query.cursor")


async def test_a_wrong_cursor_is_named_beside_what_else_is_wrong(acme: Org) -> None:
    for _ in range(2):
        await new_client(acme)
    good = (await acme.http.get("/api/v1/clients?limit=1")).json()["pagination"]["nextCursor"]
    long = "x" * 5_000
    for path, fields in (
        ("clients?cursor=x&limit=0&status=NO&no=1", ("no", "limit", "status", "cursor")),
        ("clients?cursor=x&page=2", ("page", "cursor")),
        (f"clients?cursor={good}&page=2", ("page",)),
        (f"clients?cursor={good}&sort=name&limit=0", ("limit", "cursor")),
        (f"clients?cursor={good}&sort=-createdAt&limit=0", ("limit",)),
        (f"orders?cursor={good}&sort=x", ("sort", "cursor")),
        (f"clients?cursor=x&search={long}", ("search", "cursor")),
        (f"clients?cursor={good}&sort=name&search={long}", ("search", "cursor")),
    ):
        found = (await acme.http.get(f"/api/v1/{path}")).json()
        named = [each["field"] for each in found["errors"]]
        assert (found["status"], named) == (400, [f"query.{name}" for name in fields]), path
    for given, arguments in (
        (f'first: 0, after: "x", filter: {{search: "{long}"}}', ("first", "after", "filter.search")),
        (f'first: 0, last: 101, after: "x", before: "{good[1:]}"', ("first", "last", "after", "before")),
        ('first: 1, last: 1, page: 0, after: "x"', ("last", "page", "after")),
        ('page: 0, orderBy: [{field: CREATED_AT}, {field: NAME}], after: "x"', ("page", "orderBy", "after")),
        # Whether it is a cursor of this order cannot be said where the order is none.
        (f'last: 0, orderBy: [{{field: NAME}}, {{field: NAME}}], before: "{good}"', ("last", "orderBy")),
    ):
        answer = await acme.graphql(f"{{ clients({given}) {{ nodes {{ id }} }} }}")
        assert answer.json()["data"] == {"clients": None}
        assert [each["extensions"]["field"] for each in answer.json()["errors"]] == list(arguments), given


async def test_the_first_page_beside_a_cursor_is_the_cursors(acme: Org) -> None:
    for _ in range(3):
        await new_client(acme)
    first = (await acme.http.get("/api/v1/clients?limit=1")).json()["pagination"]["nextCursor"]
    alone = await acme.http.get(f"/api/v1/clients?limit=1&cursor={first}")
    beside = await acme.http.get(f"/api/v1/clients?limit=1&cursor={first}&page=1")
    assert (beside.status_code, beside.json()) == (200, alone.json())
    assert set(beside.json()["pagination"]) == {"limit", "hasMore", "nextCursor"}
    for page, code in (("2", "NOT_ALLOWED"), ("0", "OUT_OF_RANGE"), ("x", "WRONG_TYPE"), ("1&page=1", "REPEATED")):
        answer = await acme.http.get(f"/api/v1/clients?cursor={first}&page={page}")
        details = problem(answer, 400, "BAD_INPUT", "query.page")
        assert [each["code"] for each in details["errors"]] == [code]


@pytest.mark.parametrize(("direction", "sort"), [("ASC", "dueAt"), ("DESC", "-dueAt")])
async def test_times_of_the_first_year_are_no_nulls(acme: Org, direction: str, sort: str) -> None:
    service = (await new_order(acme))["serviceId"]
    times = (
        "0001-01-01T00:00:00.000Z",
        "0001-06-01T00:00:00.000Z",
        "0001-12-31T23:59:59.999Z",
        "0002-03-01T00:00:00.000Z",
    )
    for due in times:
        order = await new_order(acme, None, service)
        answer = await acme.http.patch(f"/api/v1/orders/{order['publicId']}", json={"dueAt": due})
        assert answer.json()["data"]["dueAt"] == due
    wanted = [*(times if direction == "ASC" else reversed(times)), None]
    shown, cursor = [], None
    text = "query($a: String, $b: String, $n: Int, $m: Int) { orders(orderBy: [{field: DUE_AT, direction: %s}],"
    text = text % direction + " first: $n, after: $a, last: $m, before: $b) { edges { cursor node { dueAt } } } }"
    for _ in wanted:
        (edge,) = (await acme.data(text, n=1, a=cursor))["orders"]["edges"]
        cursor = edge["cursor"]
        shown.append(edge["node"]["dueAt"])
    assert shown == wanted
    back = (await acme.data(text, m=10, b=cursor))["orders"]["edges"]
    assert [edge["node"]["dueAt"] for edge in back] == wanted[:-1]
    page = (await acme.http.get(f"/api/v1/orders?limit=2&sort={sort}")).json()
    cursor = page["pagination"]["nextCursor"]
    rest = (await acme.http.get(f"/api/v1/orders?limit=100&sort={sort}&cursor={cursor}")).json()
    assert [each["dueAt"] for each in page["data"] + rest["data"]] == wanted
