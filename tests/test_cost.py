"""What every answer tells of its cost: what was asked, what came, what is left."""

from typing import Any

import httpx

from tests.api_support import Org, new_client, new_order

NESTED = "{ clients(first: 50) { nodes { orders(first: 10) { nodes { client { name } service { name } } } } } }"


async def _cost(org: Org, query: str, **variables: Any) -> tuple[int, int]:
    """What was asked and what came; what is left is a number."""
    cost = (await org.graphql(query, **variables)).json()["extensions"]["cost"]
    assert list(cost) == ["requested", "actual", "remaining"]
    assert 0 <= cost["remaining"] <= 100_000
    return cost["requested"], cost["actual"]


async def test_what_came_is_counted_as_what_was_asked(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    await new_client(acme)
    for _ in range(3):
        await new_order(acme, client)
    # A list, two clients with a list each, three orders with a client and a service each.
    assert await _cost(acme, NESTED) == (2 + 50 * (1 + 2 + 10 * (1 + 1 + 1)), 2 + 2 * (1 + 2) + 3 * (1 + 1 + 1))
    # The same where an order's client must be loaded, since more is asked of it.
    deeper = NESTED.replace("client { name }", "client { orders(first: 1) { nodes { id } } }")
    asked = 2 + 50 * (1 + 2 + 10 * (1 + (1 + 2 + 1) + 1))
    assert await _cost(acme, deeper) == (asked, 2 + 2 * (1 + 2) + 3 * (1 + (1 + 2 + 1) + 1))
    edges = "{ clients(first: 5) { edges { cursor node { id } } totalCount } }"
    assert await _cost(acme, edges) == (2 + 5, 2 + 2)
    assert await _cost(acme, f'{{ client(id: "{client}") {{ name }} }}') == (1, 1)


async def test_objects_found_by_many_ids_cost_each(acme: Org) -> None:
    ids = [(await new_client(acme))["publicId"] for _ in range(2)]
    inner = "{ ... on Client { orders(first: 60) { nodes { id } } } }"
    ask = f"query($ids: [ID!]!) {{ nodes(ids: $ids) {inner} }}"
    assert await _cost(acme, ask, ids=ids) == (2 * (1 + 2 + 60), 2 * (1 + 2))
    # The same document, asked with one of them, with one that is in no list, and with more than may be asked.
    assert await _cost(acme, ask, ids=ids[:1]) == (1 + 2 + 60, 1 + 2)
    assert await _cost(acme, ask, ids=ids[0]) == (1 + 2 + 60, 1 + 2)
    assert await _cost(acme, f'{{ nodes(ids: ["{ids[0]}", "{ids[1]}"]) {inner} }}') == (2 * (1 + 2 + 60), 2 * (1 + 2))
    assert await acme.refused(ask, ids=ids * 40) == [("TOO_COMPLEX", None)]


async def test_changes_and_failures_cost_too(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    rename = 'mutation($id: ID!) { updateClient(input: {id: $id, name: "B"}) { client { name } } }'
    assert await _cost(acme, rename, id=client) == (10, 10)
    assert await _cost(acme, rename, id="client_00000000000000000000000000") == (10, 0)
    assert await _cost(acme, "{ clients(first: 101) { nodes { id } } }") == (2 + 101, 0)
    assert await _cost(acme, "{ __schema { queryType { name } } }") == (0, 0)


async def test_changes_that_are_given_again_cost_no_more_than_was_asked(acme: Org) -> None:
    making = 'createClient(input: {name: "A", email: "%s@example.com"}) { client { id orders { totalCount } } }'
    text = f"mutation {{ a: {making % 'a'} b: {making % 'b'} }}"
    first, again = [await acme.graphql(text, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert first.json()["data"] == again.json()["data"]
    cost = [each.json()["extensions"]["cost"] for each in (first, again)]
    assert [each["requested"] for each in cost] == [2 * (10 + 2)] * 2
    assert [each["actual"] for each in cost] == [2 * (10 + 2)] * 2


async def test_without_an_organization_nothing_is_left(api: str) -> None:
    async with httpx.AsyncClient(base_url=api) as http:
        answer = (await http.post("/graphql", json={"query": "{ health { status } }"})).json()
    assert answer == {
        "data": {"health": {"status": "ok"}},
        "extensions": {"cost": {"requested": 0, "actual": 0, "remaining": None}},
    }


async def test_what_never_ran_tells_no_cost(acme: Org) -> None:
    for query in ("{ nothing }", "{", "{ clients(first: 6000) { nodes { id } } }"):
        assert "extensions" not in (await acme.graphql(query)).json()
