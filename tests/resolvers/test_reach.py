"""What a filter and a cursor reach: only what the key may read, only the list they were made for."""

import pytest

from tests.support.api import Org, new_order


@pytest.mark.parametrize(
    ("filter_", "scope"),
    [
        ({"orders": {"some": {}}}, "orders:read"),
        ({"or": [{"not": {"orders": {"none": {"service": {}}}}}]}, "orders:read"),
    ],
)
async def test_a_filter_needs_the_scope_of_where_it_leads(acme: Org, filter_: dict[str, object], scope: str) -> None:
    weak = acme.holding(await acme.new_key("clients:read"))
    answer = await weak.graphql("query($f: ClientFilter) { clients(filter: $f) { totalCount } }", f=filter_)
    error = answer.json()["errors"][0]["extensions"]
    assert (answer.status_code, error["code"], error["scope"], error["path"]) == (403, "FORBIDDEN", scope, ["clients"])
    assert "data" not in answer.json()
    await weak.http.aclose()


async def test_a_cursor_is_good_for_its_own_list_only(acme: Org) -> None:
    order = await new_order(acme)
    page = (await acme.data("{ orders { pageInfo { endCursor } } }"))["orders"]
    nested = "query($id: ID!, $after: String) { client(id: $id) { orders(after: $after) { nodes { id } } } }"
    given = {"id": order["clientId"], "after": page["pageInfo"]["endCursor"]}
    assert await acme.refused(nested, **given) == [("INVALID_CURSOR", "after")]


async def test_a_currency_exists(acme: Org) -> None:
    answer = await acme.http.post("/api/v1/services", json={"name": "a", "price": 1, "currency": "ZZZ"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "body.currency")
    assert await acme.count("services") == 0
