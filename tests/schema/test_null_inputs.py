"""Null in a mutation's input: absent in what is made, cleared in what is changed, and refused where neither can be."""

import json
from typing import Any

import httpx

from models.typeid import new_uuid
from tests.support.api import Org, new_client, new_order
from tests.support.optional_positions import input_fields, may_be_null
from tests.support.refusals import UPDATE, error, no_foreign_words, unchanged


def _written(value: Any) -> str:
    """A value as a document writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_written(part)}" for name, part in value.items()) + "}"
    return json.dumps(value)


async def _both(org: Org, mutation: str, type_: str, given: dict[str, Any]) -> list[httpx.Response]:
    """The answers to a mutation with its input as a literal, and as a variable."""
    answers = []
    for literal in (True, False):
        if mutation == "createClient":
            given = given | {"email": f"{new_uuid().hex}@example.com"}
        if literal:
            text = f"mutation {{ {mutation}(input: {_written(given)}) {{ __typename }} }}"
            answers.append(await org.graphql(text))
        else:
            text = f"mutation($in: {type_}!) {{ {mutation}(input: $in) {{ __typename }} }}"
            answers.append(await org.graphql(text, **{"in": given}))
    return answers


MASKED = {"id", "public_id", "email", "email_key", "number", "updated_at", "secret", "org_id"}


async def _newest(org: Org, table: str) -> dict[str, Any]:
    row = (await org.rows(f"select * from {table} order by id desc limit 1"))[0]
    return {name: value for name, value in row.items() if name not in MASKED}


CREATED: dict[str, tuple[str, dict[str, Any]]] = {
    "createClient": ("clients", {"name": "Ada"}),
    "createService": ("services", {"name": "Logo", "price": 100}),
    "createOrder": ("orders", {}),
    "createMessage": ("messages", {"body": "Hello"}),
    "createWebhook": ("webhook_endpoints", {"url": "https://example.com/hook", "events": ["*"]}),
}


async def test_null_in_a_new_object_is_as_absent(acme: Org) -> None:
    order = await new_order(acme)
    ids = {"clientId": order["clientId"], "serviceId": order["serviceId"], "orderId": order["publicId"]}
    inputs = dict(input_fields("create"))
    assert inputs.keys() == CREATED.keys()
    for mutation, (table, least) in CREATED.items():
        type_ = inputs[mutation]
        base = {name: value for name, value in ids.items() if name in type_.fields} | least
        made: dict[str, Any] = {}
        for name in ["", *may_be_null(type_)]:
            for answer in await _both(acme, mutation, type_.name, base | ({name: None} if name else {})):
                assert "errors" not in answer.json(), (mutation, name, answer.text)
            made[name] = await _newest(acme, table)
            assert made[name] == made[""], (mutation, name)
    over_rest = await new_client(acme, tags=None, status=None, metadata=None)
    assert (over_rest["tags"], over_rest["status"], over_rest["metadata"]) == ([], "LEAD", {})


# What an update cannot clear; anything else that may be null is cleared, or says nothing.
NEVER_EMPTY = {
    "updateClient": {"name", "email", "status", "tags", "metadata"},
    "updateService": {"name", "price", "currency", "billing", "status", "tags", "metadata"},
    "updateOrder": {"quantity", "status", "tags", "metadata"},
    "updateWebhook": {"url", "events", "status"},
}


async def test_null_in_an_update_clears_or_is_refused(acme: Org) -> None:
    order = await new_order(acme)
    hook = await acme.http.post("/api/v1/webhooks", json=CREATED["createWebhook"][1])
    ids = {
        "updateClient": order["clientId"],
        "updateService": order["serviceId"],
        "updateOrder": order["publicId"],
        "updateWebhook": hook.json()["data"]["publicId"],
    }
    inputs = dict(input_fields("update"))
    assert inputs.keys() == ids.keys()
    for mutation, type_ in inputs.items():
        for name in may_be_null(type_):
            given = {"id": ids[mutation], name: None}
            if name in NEVER_EMPTY[mutation]:
                async with unchanged(acme):
                    for answer in await _both(acme, mutation, type_.name, given):
                        error(answer, 200, "BAD_INPUT", f"input.{name}")
                        no_foreign_words(answer)
            else:
                for answer in await _both(acme, mutation, type_.name, given):
                    assert "errors" not in answer.json(), (mutation, name, answer.text)
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
        for answer in await _both(acme, "updateClient", "UpdateClientInput", given):
            assert {each["extensions"]["field"] for each in answer.json()["errors"]} == {
                "input.name", "input.tags", "input.email",
            }  # fmt: skip


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
    told = error["extensions"]
    assert (error["path"], told["code"], told["field"], told["reason"]) == (
        ["two"],
        "BAD_INPUT",
        "input.name",
        "REQUIRED",
    )
