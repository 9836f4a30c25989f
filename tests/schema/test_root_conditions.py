"""Conditions at the root of a mutation: what they leave out does not run, gives nothing else its place, and is no part
of what an Idempotency-Key repeats."""

from typing import Any

import pytest

from tests.support.api import Org, new_client
from tests.support.refusals import error, unchanged

KEY = {"Idempotency-Key": "one"}
ADA = 'x: createClient(input: {name: "Ada", email: "ada@example.com"})'
# Each asks for the name beside the ID only where $m says so.
ASKING = [
    f"mutation($m: Boolean!) {{ {ADA} {{ client {{ id }} }} {ADA} @include(if: $m) {{ client {{ name }} }} }}",
    f"""mutation($m: Boolean!) {{ ...Head ...Body @include(if: $m) }}
        fragment Head on Mutation {{ {ADA} {{ client {{ id }} }} }}
        fragment Body on Mutation {{ {ADA} {{ client {{ id name }} }} }}""",
    f"""mutation($m: Boolean!) {{ ... @include(if: $m) {{ {ADA} {{ client {{ name }} }} }}
        {ADA} {{ client {{ id }} }} }}""",
]


@pytest.mark.parametrize(
    "text",
    [
        "mutation($s: Boolean!) { %(b)s @skip(if: $s) { ...C } %(a)s { ...C } %(b)s { ...C } }",
        "mutation($s: Boolean!) { ...F @skip(if: $s) %(a)s { ...C } ...F } fragment F on Mutation { %(b)s { ...C } }",
        "mutation($s: Boolean!) { ... @skip(if: $s) { %(b)s { ...C } } %(a)s { ...C } %(b)s { ...C } }",
        "mutation($s: Boolean = true) { %(b)s @skip(if: $s) { ...C } %(a)s { ...C } %(b)s { ...C } }",
    ],
    ids=["field", "spread", "inline", "default"],
)
async def test_root_fields_run_in_the_order_in_which_those_that_are_included_are_mentioned(
    acme: Org, text: str
) -> None:
    client = (await new_client(acme))["publicId"]
    changes = {name: f'{name}: updateClient(input: {{id: "{client}", name: "{name}"}})' for name in "ab"}
    given: dict[str, Any] = {} if "= true" in text else {"s": True}
    named = " fragment C on UpdateClientPayload { client { name } }"
    answer = (await acme.graphql(text % changes + named, **given)).json()
    assert list(answer["data"]) == ["a", "b"]
    assert [row["name"] for row in await acme.rows("select name from clients")] == ["b"]


@pytest.mark.parametrize("text", ASKING)
async def test_an_exact_repeat_of_what_is_partly_left_out_has_the_same_answer(acme: Org, text: str) -> None:
    first = await acme.graphql(text, KEY, m=False)
    assert list(first.json()["data"]["x"]["client"]) == ["id"]
    async with unchanged(acme):
        again = await acme.graphql(text, KEY, m=False)
    assert (again.json()["data"], again.headers["idempotent-replayed"]) == (first.json()["data"], "true")


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("text", ASKING)
async def test_other_parts_left_out_are_another_request(acme: Org, text: str, first: bool) -> None:
    assert "errors" not in (await acme.graphql(text, KEY, m=first)).json()
    async with unchanged(acme):
        error(await acme.graphql(text, KEY, m=not first), 422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_first_mention_that_is_left_out_does_not_count(acme: Org) -> None:
    bare = f"mutation {{ {ADA} {{ client {{ id }} }} }}"
    first = await acme.graphql(bare, KEY)
    async with unchanged(acme):
        other = ADA.replace("Ada", "Bob")
        text = f"mutation {{ ... @skip(if: true) {{ {other} {{ client {{ id }} }} }} {ADA} {{ client {{ id }} }} }}"
        # Both mentions of a field must be the same, left out or not.
        assert (await acme.graphql(text, KEY)).json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        text = f"mutation {{ {ADA} @skip(if: true) {{ client {{ name }} }} {ADA} {{ client {{ id }} }} }}"
        again = await acme.graphql(text, KEY)
    assert again.json()["data"] == first.json()["data"]
