"""What a field refuses of a variable's value is named by the variable too, as what does not fit its type is."""

from typing import Any

import pytest

from tests.support.api import Org
from tests.support.refusals import unchanged

LONG = "x" * 300
# A document, its variables, and what the errors of its fields name: the field, the variable, and its column.
GIVEN: list[tuple[str, dict[str, Any], list[tuple[str, str | None, int | None]]]] = [
    ("mutation ($v: CreateClientInput!) { createClient(input: $v) { client { id } } }",
     {"v": {"name": "", "email": "no"}}, [("input.name", "v", 11), ("input.email", "v", 11)]),
    ("mutation ($n: String!, $e: String!) { createClient(input: {name: $n, email: $e}) { client { id } } }",
     {"n": LONG, "e": "no"}, [("input.name", "n", 11), ("input.email", "e", 24)]),
    ('mutation ($t: String!) { createClient(input: {name: "", email: "x@example.com", tags: ["a", $t]}) { '
     "client { id } } }", {"t": LONG}, [("input.name", None, None), ("input.tags.1", "t", 11)]),
    ("query ($n: Int) { a: clients(first: 1) { nodes { id } } b: clients(first: $n) { nodes { id } } }",
     {"n": 1000}, [("first", "n", 8)]),
    ("fragment F on Query { clients(after: $c) { nodes { id } } } query ($c: String) { ...F ...F }",
     {"c": "no"}, [("after", "c", 68)]),
    ("query ($s: String) { clients(filter: {and: [{search: $s}]}) { nodes { id } } }",
     {"s": "x" * 5_000}, [("filter.and.0.search", "s", 8)]),
    ("mutation ($i: ID!) { deleteClient(input: {id: $i}) { deletedId } }",
     {"i": "client_01h455vb4pex5vsknk084sn02q"}, [("input.id", "i", 11)]),
    ("query ($c: ClientFilter) { orders(filter: {not: {client: $c}}) { nodes { id } } }",
     {"c": {"search": "x" * 5_000}}, [("filter.not.client.search", "c", 8)]),
    ("{ clients(first: 1000) { nodes { id } } }", {}, [("first", None, None)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "variables", "expected"), GIVEN, ids=lambda value: str(value)[:50])
async def test_what_a_field_refuses_names_the_variable_that_gave_it(
    acme: Org, text: str, variables: dict[str, Any], expected: list[tuple[str, str | None, int | None]]
) -> None:
    async with unchanged(acme):
        answer = (await acme.graphql(text, **variables)).json()
    found = [
        (
            error["extensions"]["field"],
            error["extensions"].get("variable"),
            error["locations"][0]["column"] if "locations" in error else None,
        )
        for error in answer["errors"]
    ]
    assert found == expected
    assert all(part is None or "nodes" in part for part in answer["data"].values())


async def test_rest_names_no_variable(acme: Org) -> None:
    async with unchanged(acme):
        answer = await acme.http.post("/api/v1/clients", json={"name": LONG, "email": "no"})
    assert answer.status_code == 400
    assert "variable" not in answer.text
