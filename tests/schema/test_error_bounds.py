"""What a response has of errors, of introspection and of an event's own data is bounded as its rows are."""

import gc
from typing import Any

import pytest

from resolvers.database.loaded import BYTES_OF_UNIT, MAX_BYTES
from schema.live.shared import Shared
from schema.requests.results import MAX_ERROR_BYTES, MAX_ERRORS
from tests.support.api import Org, make_org, new_client, new_order, serving, settings_of
from tests.support.charging import charged, paying, thread
from tests.support.live import following
from tests.support.refusals import error
from tests.support.servers import Backends

WRONG = 'orders(first: 1, last: 1, page: 1, after: "x", before: "x") { totalCount }'
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Client { %s: %s } } }"
SHOWN = "nodes { metadata } }"
INVOICE = "mutation($input: CreateInvoiceInput!) { createInvoice(input: $input) { invoice { id } } }"
MOST = f"The response would have more than {MAX_ERRORS:,} errors or {MAX_ERROR_BYTES // 1024 // 1024} MiB of them."


@pytest.mark.parametrize(("letters", "places"), [(12_000, 100), (1, 100)], ids=["long paths", "short paths"])
async def test_errors_are_bounded_as_the_data_is(acme: Org, letters: int, places: int) -> None:
    key = (await new_client(acme))["publicId"]
    text, ids = NODES % ("k" * letters, WRONG), [key] * places
    answer = await acme.http.post("/graphql", json={"query": text, "variables": {"ids": ids}})
    if letters > 1:
        error(answer, 200, "TOO_COMPLEX")
        (found,) = answer.json()["errors"]
        assert found["message"].startswith(f"{MOST} The first: ")
        assert "data" not in answer.json()
    else:
        errors = answer.json()["errors"]
        assert places <= len(errors) <= MAX_ERRORS
        assert {tuple(each["path"][:2]) for each in errors} == {("nodes", index) for index in range(places)}
        assert len(answer.content) <= 2 * MAX_ERROR_BYTES


async def test_more_errors_than_are_shown_are_one(acme: Org) -> None:
    key = (await new_client(acme))["publicId"]
    roots = " ".join(f"r{number}: nodes(ids: $ids) {{ ... on Client {{ {WRONG} }} }}" for number in range(3))
    asked = {"query": f"query($ids: [ID!]!) {{ {roots} }}", "variables": {"ids": [key] * 100}}
    answer = await acme.http.post("/graphql", json=asked)
    error(answer, 200, "TOO_COMPLEX")
    assert len(answer.json()["errors"]) == 1
    assert answer.json()["errors"][0]["message"].startswith(MOST)


async def _talking(org: Org, orders: int) -> dict[str, Any]:
    """Orders of one client, each with a message; return the last one."""
    order = await new_order(org)
    for number in range(orders):
        if number:
            order = await new_order(org, clientId=order["clientId"])
        await thread(org, order["publicId"], 1, 10)
    return order


async def test_a_root_field_with_too_many_errors_is_rolled_back_alone(acme: Org) -> None:
    order = await _talking(acme, 22)
    wrong = f"client {{ orders {{ nodes {{ lastMessage {{ {'k' * 14_000}: order {{ client {{ {WRONG} }} }} }} }} }} }}"
    update = f'updateOrder(input: {{id: "{order["publicId"]}", notes: "%s"}}) {{ order {{ %s }} }}'
    answer = await acme.graphql(
        f"mutation {{ first: {update % ('kept', 'notes')} second: {update % ('lost', wrong)} }}"
    )
    found = [(each.get("path"), each["extensions"]["code"]) for each in answer.json()["errors"]]
    assert found == [(["second"], "TOO_COMPLEX")]
    assert answer.json()["data"] == {"first": {"order": {"notes": "kept"}}, "second": None}
    (row,) = await acme.rows("select notes from orders where notes is not null")
    assert row["notes"] == "kept"


@pytest.mark.parametrize("keyed", [True, False], ids=["with a key", "without a key"])
async def test_introspection_under_long_names_is_an_answer_as_any(
    backends: Backends, api_runtime: Any, keyed: bool
) -> None:
    type_ = "...T ofType { ...T ofType { ...T ofType { ...T } } }"
    args = " ".join(f"{name}: type {{ {type_} }}" for name in "abc")
    text = f"{{ __schema {{ types {{ ...T fields {{ args {{ {args} }} }} inputFields {{ {args} }} }} }} }}"
    async with serving(settings_of(backends, introspection=True, anonymous_bucket=10**6)) as base:
        org = await make_org(api_runtime, base)
        headers = {} if keyed else {"Authorization": ""}
        for letters, refused in ((3_000, True), (10, False)):
            document = f"{text} fragment T on __Type {{ {'k' * letters}: name }}"
            if not keyed:
                del org.http.headers["Authorization"]
                headers = {}
                keyed = True
            answer = await org.http.post("/graphql", json={"query": document}, headers=headers)
            if refused:
                error(answer, 200, "TOO_COMPLEX")
            else:
                assert "errors" not in answer.json()
            assert len(answer.content) <= MAX_BYTES
        await org.http.aclose()


async def test_an_events_data_count_as_often_as_they_are_shown(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    lines = [{"description": '"' * 95, "quantity": 1, "unitPrice": 1}] * 1_000
    async with following(acme, "subscription { events { id } }") as stream:
        await new_order(acme)
        place = (await stream.next()).id
    made = await acme.graphql(INVOICE, input={"clientId": client, "currency": "EUR", "lines": lines})
    assert "errors" not in made.json()
    shown = " ".join(f"a{number}: data" for number in range(99))
    wanted = f'subscription {{ events(types: ["invoice.created"], after: "{place}") {{ {shown} }} }}'
    async with following(acme, wanted) as stream:
        sent = await stream.next()
    assert [each["extensions"]["code"] for each in sent.data["errors"]] == ["TOO_COMPLEX"]


async def test_the_errors_of_a_live_result_are_paid_for(backends: Backends, api_runtime: Any) -> None:
    async with paying(backends, api_runtime) as org:
        key = (await _talking(org, 1))["publicId"]
        name = "k" * 1_000
        wrong = " ".join(
            f"a{number}: lastMessage {{ order {{ client {{ {name}: {WRONG} }} }} }}" for number in range(12)
        )

        async def paid(selection: str) -> int:
            async with following(org, f'subscription {{ orderUpdated(id: "{key}") {{ {selection} }} }}') as stream:
                before = await org.http.get("/api/v1/clients?limit=1")
                await org.http.put(f"/api/v1/orders/{key}", json={"notes": selection[:9]})
                sent = await stream.next()
                assert len(sent.data.get("errors", [])) == (0 if selection == "id" else 48)
                return (await charged(org, before, await org.http.get("/api/v1/clients?limit=1")))[1]

        # 48 errors, each with its path of more than 1,000 letters.
        assert await paid(wrong) - await paid("id") >= 48 * 1_000 // BYTES_OF_UNIT - 1


async def test_a_live_result_is_held_by_its_streams_alone(acme: Org) -> None:
    order = (await new_order(acme))["publicId"]
    async with following(acme, f'subscription {{ orderUpdated(id: "{order}") {{ id notes }} }}') as stream:
        await acme.http.put(f"/api/v1/orders/{order}", json={"notes": "looked for"})
        assert (await stream.next()).data["data"]["orderUpdated"]["notes"] == "looked for"
        (shared,) = [each for each in gc.get_objects() if isinstance(each, Shared) and each.streams]
        coroutine: Any = shared._task.get_coro()
        assert [name for name in coroutine.cr_frame.f_locals if name != "self"] == []
