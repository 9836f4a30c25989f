"""The size of an answer that shows more than was loaded: rows in many places, escapes, several root fields, replays."""

from typing import Any

import pytest

from execution.run.sharing import most_shared
from models.typeid import decode
from resolvers.changes import idempotency
from resolvers.database.loaded import MAX_BYTES
from tests.support.api import Org, new_client, new_order
from tests.support.charging import LONG, thread
from tests.support.refusals import error

BODIES = "messages(first: %d) { nodes { body } }"
MANY = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { %s } } }"
OF_PARENTS = f"query($id: ID!) {{ messages(orderId: $id, first: 100) {{ nodes {{ order {{ {BODIES} }} }} }} }}"
CLIENT = (
    f'updateClient(input: {{id: $client, company: "new"}}) {{ client {{ orders {{ nodes {{ {BODIES % 60} }} }} }} }}'
)
ORDER = f'updateOrder(input: {{id: $order, notes: "new"}}) {{ order {{ {BODIES % 60} }} }}'


async def talked(org: Org, messages: int, length: int = LONG) -> dict[str, Any]:
    """An order with long messages and long notes."""
    order = await new_order(org)
    await thread(org, order["publicId"], messages, length)
    key = decode("order", order["publicId"])
    await org.rows("update orders set notes = repeat(chr(128512), 5000) where id = $1", key)
    return order


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (OF_PARENTS % 14, True),
        (OF_PARENTS % 1, False),
        (MANY % (BODIES % 14), True),
        (MANY % "notes lastMessage { body }", True),
        (MANY % "notes", False),
    ],
    ids=["a parent of many", "little of it", "an id many times", "rows many times", "little of them"],
)
async def test_a_row_counts_wherever_it_is_shown(acme: Org, text: str, refused: bool) -> None:
    # What comes a hundred times fits, and fourteen times as much does not.
    key = (await talked(acme, 100, 18_000))["publicId"]
    variables = {"id": key} if "$id:" in text else {"ids": [key] * 100}
    answer = await acme.http.post("/graphql", json={"query": text, "variables": variables})
    if refused:
        error(answer, 200, "TOO_COMPLEX")
    else:
        assert "errors" not in answer.json()
        assert 100 * 4 * 5_000 < len(answer.content) <= MAX_BYTES


@pytest.mark.parametrize("letter", ['"', "\\", "\n", "\xe9"])
async def test_letters_that_take_two_bytes_count_as_two(acme: Org, letter: str) -> None:
    order = (await new_order(acme))["publicId"]
    await thread(acme, order, 100, letter=letter)
    inner = "nodes { body } edges { node { a: body } }"
    text = (
        f'{{ order(id: "{order}") {{ one: messages(first: %d) {{ {inner} }} two: messages(first: 1) {{ {inner} }} }} }}'
    )
    whole = await acme.graphql(text % 100)
    # Two bytes for each of 20,000 letters of a hundred messages, twice, and then some.
    assert "errors" not in whole.json()
    assert 100 * 2 * 2 * LONG < len(whole.content) <= MAX_BYTES
    await thread(acme, order, 5, letter=letter)
    error(await acme.graphql(text.replace("first: 1)", "first: 5)") % 100), 200, "TOO_COMPLEX")


async def test_the_root_fields_of_a_mutation_are_one_answer(acme: Org) -> None:
    order = await talked(acme, 60)
    asked = {"client": order["clientId"], "order": order["publicId"]}
    text = f"mutation($client: ID!, $order: ID!) {{ {CLIENT} {ORDER} }}"
    answer = await acme.http.post("/graphql", json={"query": text, "variables": asked})
    error(answer, 200, "TOO_COMPLEX")
    assert answer.json()["data"]["updateOrder"] is None
    assert answer.json()["data"]["updateClient"]["client"]["orders"]["nodes"][0]["messages"]["nodes"]
    assert len(answer.content) <= MAX_BYTES
    # The one that was refused has changed nothing.
    assert [row["notes"] != "new" for row in await acme.rows("select notes from orders")] == [True]
    assert [row["company"] for row in await acme.rows("select company from clients")] == ["new"]


async def test_replays_count_in_the_answer(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "MOST_KEPT", MAX_BYTES)
    order = await talked(acme, 60)
    asked = {"client": order["clientId"], "order": order["publicId"]}
    for name, field in (("client", CLIENT), ("order", ORDER)):
        text = f"mutation(${name}: ID!) {{ {field} }}"
        kept = await acme.http.post(
            "/graphql", json={"query": text, "variables": {name: asked[name]}}, headers={"Idempotency-Key": "k"}
        )
        assert "errors" not in kept.json()
    both = f"mutation($client: ID!, $order: ID!) {{ {CLIENT} {ORDER} }}"
    answer = await acme.http.post(
        "/graphql", json={"query": both, "variables": asked}, headers={"Idempotency-Key": "k"}
    )
    error(answer, 200, "TOO_COMPLEX")
    assert answer.json()["data"]["updateClient"] is not None
    assert len(answer.content) <= MAX_BYTES


@pytest.mark.parametrize("kind", [dict, list, object])
def test_the_most_shared_value_is_counted(kind: type) -> None:
    one, other = kind(), kind()
    for values, most in (
        ([], 1), ([one], 1), ([one, other], 1), ([None, None, one], 1), ([one, other, None, one, None], 2),
        ([1, 1, 1, True, True, 0.5], 1), (["long", "long"], 2),
    ):  # fmt: skip
        assert most_shared(values, lists=False) == most
    assert most_shared([[one, other], None, [one], (one, None, None, None)], lists=True) == 3
    same = [one]
    assert most_shared([same, same], lists=True) == 2


async def test_cursors_of_long_names_count(acme: Org) -> None:
    await acme.rows(
        "insert into clients"
        " (org_id, id, version, updated_at, metadata, tags, name, name_key, email, email_key, status)"
        " select $1, uuidv7(), 1, now(), '{}', '{}', repeat($2, 200), repeat($2, 195) || n, n, n, 'ACTIVE'"
        " from generate_series(1, 100) n",
        acme.id, "\U0001f600",
    )  # fmt: skip
    names = " ".join(f"a{index}: cursor" for index in range(99))
    text = f"{{ r: clients(first: %d, orderBy: [{{field: NAME, direction: DESC}}]) {{ edges {{ {names} }} }} }}"
    whole = await acme.graphql(text % 70)
    assert "errors" not in whole.json()
    assert 70 * 99 * 1_000 < len(whole.content) <= MAX_BYTES
    error(await acme.graphql(text % 100), 200, "TOO_COMPLEX")


async def test_a_list_that_is_no_connection_counts_with_all_that_it_may_hold(acme: Org) -> None:
    lines = [{"description": "x", "unitPrice": 1}] * 1_000
    client = (await new_client(acme))["publicId"]
    made = await acme.data(
        "mutation($i: CreateInvoiceInput!) { createInvoice(input: $i) { invoice { id } } }",
        i={"clientId": client, "lines": lines},
    )
    text = f'{{ invoice(id: "{made["createInvoice"]["invoice"]["id"]}") {{ lines {{ %s: quantity }} }} }}'
    whole = await acme.graphql(text % ("a" * 8_000))
    assert "errors" not in whole.json()
    assert 1_000 * 8_000 < len(whole.content) <= MAX_BYTES
    error(await acme.graphql(text % ("a" * 9_000)), 200, "TOO_COMPLEX")
    # Beside introspection graphql-core runs it, and it is not known how often a row is shown.
    beside = text.replace("{", "{ __schema { queryType { name } }", 1)
    error(await acme.graphql(beside % ("a" * 9_000)), 200, "TOO_COMPLEX")
    assert "errors" not in (await acme.graphql(beside % ("a" * 8_000))).json()
    few = " ".join(f"a{index}: description" for index in range(29))
    short = await acme.graphql(text.replace("%s: quantity", few))
    assert len(short.json()["data"]["invoice"]["lines"]) == 1_000


async def test_what_a_dry_run_would_change_counts(acme: Org) -> None:
    order = await talked(acme, 100)
    notes = "\U0001f600" * 4_999
    field = "%s: updateOrder(input: {id: $order, notes: $notes}) { order { %s } }"
    shown = field % ("a", BODIES % 100)
    for others, refused in (("bc", False), ("bcde", True)):
        text = f"mutation($order: ID!, $notes: String) {{ {shown} {' '.join(field % (key, 'id') for key in others)} }}"
        body = {"query": text, "variables": {"order": order["publicId"], "notes": notes}}
        answer = await acme.http.post("/graphql", json=body, headers={"Dry-Run": "true"})
        if refused:
            error(answer, 200, "TOO_COMPLEX")
        else:
            assert "errors" not in answer.json()
            assert len(answer.json()["extensions"]["dryRun"]["changes"]) == 3
        assert len(answer.content) <= MAX_BYTES
