"""What every answer tells of its cost: what was asked, what came, what is left."""

from typing import Any

import httpx
import pytest

from tests.support.api import Org, new_client, new_order
from tests.support.tokens import new_member

NESTED = "{ clients(first: 50) { nodes { orders(first: 10) { nodes { client { name } service { name } } } } } }"


async def _cost(org: Org, query: str, **variables: Any) -> tuple[int, int]:
    """What was asked and what came; what is left is a number."""
    cost = (await org.graphql(query, **variables)).json()["extensions"]["cost"]
    assert list(cost) == ["requested", "actual", "remaining"]
    assert 0 <= cost["remaining"] <= 1_000_000
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
    assert await _cost(acme, edges) == (2 + 5 + 2, 2 + 2 + 2)
    assert await _cost(acme, f'{{ client(id: "{client}") {{ name }} }}') == (1, 1)


async def test_each_object_of_a_list_costs_what_came(acme: Org) -> None:
    ask = "query($id: ID!) { order(id: $id) { assignees { name } } }"
    members = [await new_member(acme, role) for role in ("ADMIN", "STAFF", "OWNER")]
    for some in ([], members[:1], members):
        order = (await new_order(acme, assigneeIds=some))["publicId"]
        assert await _cost(acme, ask, id=order) == (1 + 20, 1 + len(some))


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


async def test_what_a_worker_has_to_write_costs_more(acme: Org) -> None:
    export = "mutation { exportAuditLog(input: {}) { auditExport { id } } }"
    assert await _cost(acme, export) == (50, 50)


async def test_changes_that_are_given_again_cost_no_more_than_was_asked(acme: Org) -> None:
    making = 'createClient(input: {name: "A", email: "%s@example.com"}) { client { id orders { totalCount } } }'
    text = f"mutation {{ a: {making % 'a'} b: {making % 'b'} }}"
    first, again = [await acme.graphql(text, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert first.json()["data"] == again.json()["data"]
    cost = [each.json()["extensions"]["cost"] for each in (first, again)]
    assert [each["requested"] for each in cost] == [2 * (10 + 2 + 2)] * 2
    assert [each["actual"] for each in cost] == [2 * (10 + 2 + 2)] * 2


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


async def test_long_texts_and_json_cost_by_the_size_that_they_may_have(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    order = (await new_order(acme, client))["publicId"]
    made = f'mutation {{ createMessage(input: {{orderId: "{order}", body: "x"}}) {{ message {{ id body }} }} }}'
    assert await _cost(acme, made) == (10 + 2, 10 + 2)
    # One for each part of 16,384 characters: 20,000 of a body, 27,000 of metadata, 65,536 of a form, 5,000 of notes.
    for fields, each in (
        ("messages(first: 10) { nodes { body } }", 2),
        ("messages(first: 10) { edges { node { a: body b: body attachments { name } } } }", 2 + 2 + 3),
        ("messages(first: 10) { nodes { id createdAt author { name } } }", 0),
    ):
        asked, came = await _cost(acme, f'{{ order(id: "{order}") {{ {fields} }} }}')
        assert (asked, came) == (1 + 2 + 10 * (1 + each), 1 + 2 + (1 + each))
    text = f'{{ order(id: "{order}") {{ metadata formData notes tags client {{ metadata notes address company }} }} }}'
    assert await _cost(acme, text) == (1 + 2 + 4 + 1 + (1 + 2 + 1 + 1),) * 2
    unusual = text.replace("company", "company orders(first: 1) { nodes { metadata } }")
    assert await _cost(acme, unusual) == (1 + 2 + 4 + 1 + (1 + 2 + 1 + 1) + 2 + (1 + 2),) * 2


FILTERS: list[tuple[dict[str, Any] | None, int]] = [
    (None, 0),
    ({}, 0),
    ({"status": {"eq": "LEAD"}}, 1),
    ({"status": {"eq": "LEAD", "in": ["LEAD"] * 25}, "name": None, "tags": {"has": None}}, 1 + 1 + 2),
    ({"search": "ada lovelace"}, 2 * 5),
    ({"orders": {"some": {"total": {"gt": 5, "lt": 9}}}}, 10 + 1 + 2),
    ({"orders": {"some": {"client": {"orders": {"none": {}}}}, "none": {}}}, 2 * 10 + 2 + 10 + 10 + 1),
    ({"or": [{"not": {"status": {"eq": "LEAD"}}}, {"search": "a b"}]}, 1 + 2 + 1 + 1 + 2 * 5),
]


@pytest.mark.parametrize(("filter_", "price"), FILTERS)
async def test_filters_cost_by_condition_and_relation_and_counts_many_times_that(
    acme: Org, filter_: dict[str, Any] | None, price: int
) -> None:
    await new_client(acme)
    head = "query($f: ClientFilter) { clients(first: 3, filter: $f)"
    found = len((await acme.data(f"{head} {{ nodes {{ id }} }} }}", f=filter_))["clients"]["nodes"])
    assert await _cost(acme, f"{head} {{ nodes {{ id }} }} }}", f=filter_) == (2 + 3 + price, 2 + found + price)
    counted = 2 + 5 * price
    for text, times in (
        (f"{head} {{ totalCount nodes {{ id }} }} }}", 1),
        (f"{head} {{ ...C nodes {{ id }} ... on ClientConnection {{ a: totalCount }} }} }}"
         " fragment C on ClientConnection { b: totalCount }", 2),
    ):  # fmt: skip
        whole = price + times * counted
        assert await _cost(acme, text, f=filter_) == (2 + 3 + whole, 2 + found + whole)


async def test_what_filters_cost_under_many_parents(acme: Org) -> None:
    for _ in range(2):
        await new_client(acme)
    inner = "orders(first: 1, filter: {status: {eq: PENDING}}) { totalCount }"
    # Asked for ten clients it counts ten times; of what came it is counted once, as it is one statement.
    asked, came = await _cost(acme, f"{{ clients(first: 10) {{ nodes {{ {inner} }} }} }}")
    assert (asked, came) == (2 + 10 * (1 + 2 + 1 + 7), 2 + 2 * (1 + 2) + 1 + 7)


async def test_many_counts_over_many_relations_are_refused(acme: Org) -> None:
    one = {"orders": {"some": {"total": {"gt": 1}, "service": {"price": {"gt": 1}}, "messages": {"some": {}}}}}
    relations = {"and": [one] * 4}
    counts = " ".join(f"a{index}: clients(first: 1, filter: $f) {{ totalCount }}" for index in range(20))
    text = f"query($f: ClientFilter) {{ {counts} }}"
    answer = await acme.graphql(text, f=relations)
    assert await acme.refused(text, f=relations) == [("TOO_COMPLEX", None)]
    price = 1 + 4 * (1 + 10 + 1 + 1 + 10 + 1 + 10 + 1)
    cost = 20 * (2 + price + 2 + 5 * price)
    assert answer.json()["errors"][0]["message"].startswith(f"The operation costs {cost}; 5000 is allowed.")
    aliased = "query($f: ClientFilter) { clients(filter: $f) { " + " ".join(f"a{i}: totalCount" for i in range(20))
    assert await acme.refused(aliased + " } }", f=relations) == [("TOO_COMPLEX", None)]
