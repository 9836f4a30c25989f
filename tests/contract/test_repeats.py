"""Repeats under an Idempotency-Key: the same change in another spelling is the same, another change never is."""

from typing import Any

import pytest

from tests.support.api import Org, new_client
from tests.support.refusals import error, problem, unchanged

KEY = {"Idempotency-Key": "one"}
ADA = {"name": "Ada", "email": "ada@example.com", "tags": ["vip"], "metadata": {"a": "1", "b": "2"}}
CREATE = "mutation($input: CreateClientInput!) { createClient(input: $input) { client { id name tags } } }"
# Each is CREATE written otherwise, and what is answered in it.
SPELLINGS: list[tuple[str, dict[str, Any]]] = [
    (
        "mutation M($input: CreateClientInput!) { createClient(input: $input) { client { tags name id } } }",
        {"input": ADA},
    ),
    (
        """mutation($i: CreateClientInput!) { createClient(input: $i) {
          __typename client { id __typename name tags } } __typename }""",
        {"i": ADA},
    ),
    (
        """fragment N on Client { name tags }
          mutation($input: CreateClientInput!) { createClient(input: $input) { ...P } }
          fragment P on CreateClientPayload { client { id ... on Client { name } ...N } }""",
        {"input": ADA},
    ),
    (
        """mutation($name: String!, $tags: [String!] = ["vip"], $company: String) { createClient(input: {
          email: "ada@example.com", name: $name, tags: $tags, company: $company, metadata: {b: "2", a: "1"}
        }) { client { id name tags } } }""",
        {"name": "Ada"},
    ),
    (
        """mutation($input: CreateClientInput!, $yes: Boolean!) { createClient(input: $input) {
          client { id name tags @include(if: $yes) email @skip(if: $yes) } } }""",
        {"input": ADA, "yes": True},
    ),
    (CREATE, {"input": ADA | {"company": None, "notes": None, "status": None}}),
    (CREATE, {"input": ADA | {"tags": "vip"}}),
    (CREATE, {"input": ADA | {"status": "LEAD"}}),
    (
        """mutation { createClient(input: {
          name: "Ada", email: "ada@example.com", status: LEAD, tags: ["vip"], metadata: {b: "2", a: "1"}
        }) { client { id name tags } } }""",
        {},
    ),
]
OTHERS: list[tuple[str, dict[str, Any]]] = [
    (CREATE, {"input": ADA | {"name": "Bob"}}),
    (CREATE, {"input": ADA | {"tags": ["vip", "new"]}}),
    (CREATE, {"input": ADA | {"metadata": {"a": "1"}}}),
    (CREATE, {"input": ADA | {"company": "ACME"}}),
    (CREATE, {"input": ADA | {"status": "ACTIVE"}}),
    # What was not asked for is not kept.
    (CREATE.replace("name tags", "name tags email"), {"input": ADA}),
    (CREATE.replace("name tags", "name"), {"input": ADA}),
    (CREATE.replace("name tags", "name: email tags"), {"input": ADA}),
]


@pytest.mark.parametrize(("text", "variables"), SPELLINGS)
async def test_the_same_change_in_another_spelling(acme: Org, text: str, variables: dict[str, Any]) -> None:
    first = (await acme.graphql(CREATE, KEY, input=ADA)).json()["data"]["createClient"]["client"]
    async with unchanged(acme):
        answer = await acme.graphql(text, KEY, **variables)
    assert "errors" not in answer.json(), answer.text
    assert answer.headers["idempotent-replayed"] == "true"
    payload = answer.json()["data"]["createClient"]
    named = "__typename" in text
    assert payload.pop("__typename", None) == ("CreateClientPayload" if named else None)
    assert payload["client"].pop("__typename", None) == ("Client" if named else None)
    assert payload == {"client": first}
    if "tags name id" in text:
        assert list(payload["client"]) == ["tags", "name", "id"]


@pytest.mark.parametrize(("text", "variables"), OTHERS)
async def test_another_change_or_answer_is_refused(acme: Org, text: str, variables: dict[str, Any]) -> None:
    await acme.graphql(CREATE, KEY, input=ADA)
    async with unchanged(acme):
        error(await acme.graphql(text, KEY, **variables), 422, "IDEMPOTENCY_KEY_REUSED")


async def test_what_is_asked_for_beside_a_field_tells_no_repeats_apart(acme: Org) -> None:
    first = await acme.graphql(CREATE, KEY, input=ADA)
    text = """mutation($input: CreateClientInput!, $s: CreateServiceInput!) { __typename
      createService(input: $s) { service { name } } made: createClient(input: $input) { client { id name tags } } }"""
    answer = await acme.graphql(text, KEY, input=ADA, s={"name": "Logo", "price": 1})
    assert answer.json()["data"] == {
        "__typename": "Mutation",
        "createService": {"service": {"name": "Logo"}},
        "made": first.json()["data"]["createClient"],
    }
    assert await acme.count("clients") == 1


async def test_a_null_of_a_new_object_is_as_its_absence_over_rest(acme: Org) -> None:
    first = await acme.http.post("/api/v1/clients", json=ADA, headers=KEY)
    async with unchanged(acme):
        again = await acme.http.post("/api/v1/clients", json=ADA | {"company": None}, headers=KEY)
        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["idempotent-replayed"] == "true"
        other = await acme.http.post("/api/v1/clients", json=ADA | {"company": ""}, headers=KEY)
        problem(other, 422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_null_that_clears_is_another_change(acme: Org) -> None:
    client = await new_client(acme, company="ACME")
    path = f"/api/v1/clients/{client['publicId']}"
    first = await acme.http.put(path, json={"name": "Bob"}, headers=KEY)
    async with unchanged(acme):
        problem(await acme.http.put(path, json={"name": "Bob", "company": None}, headers=KEY), 422,
                "IDEMPOTENCY_KEY_REUSED")  # fmt: skip
        # What an update ignores, because it is read-only, is no part of the change.
        again = await acme.http.put(path, json={"name": "Bob", "version": 7, "createdAt": None}, headers=KEY)
        assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    text = "mutation($input: UpdateClientInput!) { updateClient(input: $input) { client { version } } }"
    given = {"id": client["publicId"], "company": None}
    made = await acme.graphql(text, {"Idempotency-Key": "two"}, input=given)
    async with unchanged(acme):
        again = await acme.graphql(text, {"Idempotency-Key": "two"}, input=given | {"expectedVersion": None})
        assert (again.json()["data"], again.headers["idempotent-replayed"]) == (made.json()["data"], "true")
        error(await acme.graphql(text, {"Idempotency-Key": "two"}, input={"id": client["publicId"]}), 422,
              "IDEMPOTENCY_KEY_REUSED")  # fmt: skip


async def test_variables_that_decide_what_is_answered_count(acme: Org) -> None:
    await acme.graphql(CREATE, KEY, input=ADA)
    text, variables = SPELLINGS[4]
    async with unchanged(acme):
        for _ in range(2):
            answer = await acme.graphql(text, KEY, **variables)
            assert answer.headers["idempotent-replayed"] == "true"
            error(await acme.graphql(text, KEY, **variables | {"yes": False}), 422, "IDEMPOTENCY_KEY_REUSED")
