"""Null in a mutation's input: absent in what is made, cleared in what is changed, and refused where neither can be."""

import json
from typing import Any

import httpx
import pytest
from graphql import GraphQLEnumType, get_named_type, is_required_input_field

from tests.support.api import Org, new_client, new_order
from tests.support.cases import Case
from tests.support.domains import ALL, CREATED
from tests.support.furnished import completed, document, furnish, input_of, masked
from tests.support.optional_positions import input_fields, may_be_null
from tests.support.refusals import UPDATE, error, no_foreign_words, unchanged


def _written(value: Any, type_: Any) -> str:
    """A value of a type as a document writes it."""
    bare = get_named_type(type_)
    if isinstance(value, dict):
        types = {name: field.type for name, field in getattr(bare, "fields", {}).items()}
        return "{" + ", ".join(f"{name}: {_written(part, types.get(name, bare))}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(_written(part, bare) for part in value)}]"
    return value if isinstance(bare, GraphQLEnumType) and value is not None else json.dumps(value)


async def _both(org: Org, mutation: str, given: dict[str, Any]) -> list[httpx.Response]:
    """The answers to a mutation with its input as a literal, and as a variable."""
    literal = f"mutation {{ {mutation}(input: {_written(given, input_of(mutation))}) {{ __typename }} }}"
    return [await org.graphql(literal), await org.graphql(document(mutation), input=given)]


async def _newest(org: Org, case: Case) -> dict[str, Any]:
    row = dict((await org.rows(f"select * from {case.table} order by id desc limit 1"))[0])
    unlike = {"number"} | {name for name in row if name.removesuffix("_key") in case.unique}
    found: dict[str, Any] = masked({name: value for name, value in row.items() if name not in unlike})
    return found


@pytest.mark.parametrize("case", CREATED.values(), ids=str)
async def test_null_in_a_new_object_is_as_absent(acme: Org, case: Case) -> None:
    ids, type_ = await furnish(acme, case), input_of(case.creates)
    needed = {name for name, field in type_.fields.items() if is_required_input_field(field)}
    least = {name: value for name, value in completed(case, case.creates, ids, case.create).items() if name in needed}
    made: dict[str, Any] = {}
    for name in ["", *may_be_null(type_)]:
        for literal in (True, False):
            given = least | {part: fresh() for part, fresh in case.unique.items()} | ({name: None} if name else {})
            text = f"mutation {{ {case.creates}(input: {_written(given, type_)}) {{ __typename }} }}"
            variables = {} if literal else {"input": given}
            answer = await acme.graphql(text if literal else document(case.creates), **variables)
            assert "errors" not in answer.json(), (name, answer.text)
            made[name] = await _newest(acme, case)
            assert made[name] == made[""], name


async def test_null_in_a_new_object_is_as_absent_over_rest(acme: Org) -> None:
    made = await new_client(acme, tags=None, status=None, metadata=None)
    assert (made["tags"], made["status"], made["metadata"]) == ([], "LEAD", {})


UPDATES = [(case, name) for case in ALL.values() for name in case.mutations if name.startswith("update")]


@pytest.mark.parametrize(("case", "mutation"), UPDATES, ids=str)
async def test_null_in_an_update_clears_or_is_refused(acme: Org, case: Case, mutation: str) -> None:
    ids = await furnish(acme, case)
    assert case.never_null <= may_be_null(input_of(mutation)).keys()
    for name in sorted(may_be_null(input_of(mutation)), key=lambda each: each not in case.cleared_first):
        # What has no id needs the object that it merges.
        given: dict[str, Any] = {"values": {}} if case.single else {"id": ids[case.name]}
        given |= {name: None}
        if name in case.never_null:
            async with unchanged(acme):
                for answer in await _both(acme, mutation, given):
                    error(answer, 200, "BAD_INPUT", f"input.{name}")
                    no_foreign_words(answer)
        else:
            for answer in await _both(acme, mutation, given):
                assert "errors" not in answer.json(), (name, answer.text)


def test_each_update_is_tried() -> None:
    assert {name for name, _ in input_fields("update")} == {name for _, name in UPDATES}


async def test_null_in_an_update_clears(acme: Org) -> None:
    client = await new_client(acme, company="Analytical", notes="x")
    for name in ("company", "notes"):
        body = {"id": client["publicId"], name: None}
        await acme.data(UPDATE, input=body)
    (row,) = await acme.rows("select company, notes, name from clients where email = $1", client["email"])
    assert tuple(row) == (None, None, "Ada Lovelace")


async def test_every_null_of_an_update_is_told_at_once(acme: Org) -> None:
    client = await new_client(acme)
    given = {"id": client["publicId"], "name": None, "tags": None, "company": None, "email": None}
    async with unchanged(acme):
        for answer in await _both(acme, "updateClient", given):
            assert {each["extensions"]["field"] for each in answer.json()["errors"]} == {
                "input.name", "input.tags", "input.email",
            }  # fmt: skip


async def test_a_null_that_is_refused_says_what_empties(acme: Org) -> None:
    client = await new_client(acme)
    webhook = await acme.http.post("/api/v1/webhooks", json={"url": "https://example.com/", "events": ["*"]})
    said = {
        "tags": "It cannot be null: send `[]` to empty it.",
        "metadata": "It cannot be null: send `{}` to empty it.",
        "name": "It may be left out, but not be null.",
    }
    # A list that may not be empty either.
    events = await acme.graphql(
        document("updateWebhook"), input={"id": webhook.json()["data"]["publicId"], "events": None}
    )
    assert [each["message"] for each in events.json()["errors"]] == ["It may be left out, but not be null."]
    async with unchanged(acme):
        answer = await acme.http.put(f"/api/v1/clients/{client['publicId']}", json=dict.fromkeys(said))
        assert {each["field"]: each["message"] for each in answer.json()["errors"]} == {
            f"body.{name}": message for name, message in said.items()
        }
        given = {"id": client["publicId"]} | dict.fromkeys(said)
        for over in await _both(acme, "updateClient", given):
            reported = {each["extensions"]["field"]: each["message"] for each in over.json()["errors"]}
            assert reported == {f"input.{name}": message for name, message in said.items()}


async def test_null_in_a_move_and_a_delete_is_as_absent(acme: Org) -> None:
    order = await new_order(acme)
    move = {"id": order["publicId"], "to": "SUBMITTED", "reason": None, "expectedVersion": None}
    text = "mutation($in: TransitionOrderInput!) { transitionOrder(input: $in) { order { status } } }"
    assert (await acme.data(text, **{"in": move}))["transitionOrder"] == {"order": {"status": "SUBMITTED"}}
    async with unchanged(acme):
        answer = await acme.graphql(text, **{"in": move | {"to": "CANCELLED"}})
        error(answer, 200, "BAD_INPUT", "input.reason")
    await acme.data(text, **{"in": move | {"to": "CANCELLED", "reason": "Gone"}})
    text = "mutation($in: DeleteOrderInput!) { deleteOrder(input: $in) { deletedId } }"
    await acme.data(text, **{"in": {"id": order["publicId"], "expectedVersion": None}})
    assert await acme.count("orders") == 0


async def test_a_null_that_one_update_refuses_stops_no_other(acme: Org) -> None:
    one, two = [(await new_client(acme))["publicId"] for _ in range(2)]
    text = """mutation ($a: UpdateClientInput!, $b: UpdateClientInput!) {
      one: updateClient(input: $a) { client { notes } } two: updateClient(input: $b) { client { id } } }"""
    answer = (await acme.graphql(text, a={"id": one, "notes": "hello"}, b={"id": two, "name": None})).json()
    assert answer["data"] == {"one": {"client": {"notes": "hello"}}, "two": None}
    (error,) = answer["errors"]
    reported = error["extensions"]
    assert (error["path"], reported["code"], reported["field"], reported["reason"]) == (
        ["two"],
        "BAD_INPUT",
        "input.name",
        "REQUIRED",
    )


async def test_a_null_is_judged_by_the_operation_that_runs(acme: Org) -> None:
    text = """query A($n: ID = "client_x") { clients(filter: {id: {eq: $n}}) { totalCount } }
      query B($n: ID = "client_x") { ...F } fragment F on Query { client(id: $n) { id } }"""
    await new_client(acme)
    one, both = [{"query": text, "operationName": name, "variables": {"n": None}} for name in "AB"]
    answer = (await acme.http.post("/graphql", json=one)).json()
    assert answer["data"] == {"clients": {"totalCount": 1}}
    error(await acme.http.post("/graphql", json=both), 200, "BAD_INPUT", "id")
