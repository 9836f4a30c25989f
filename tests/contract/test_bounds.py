"""What an input lacks or has too much of: each is reported by the name of its field, over both APIs."""

from typing import Any

import pytest

from tests.support.api import Org, new_client, new_order

CREATE_CLIENT = "mutation ($input: CreateClientInput!) { createClient(input: $input) { client { id } } }"
UPDATE_ORDER = "mutation ($input: UpdateOrderInput!) { updateOrder(input: $input) { order { id } } }"


def field_errors(problem: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((error["field"], error["message"]) for error in problem["errors"])


async def test_a_missing_field_is_named_and_nothing_given_is_shown(acme: Org) -> None:
    answer = await acme.http.post("/api/v1/clients", json={"notes": "private", "tags": [None]})
    assert answer.status_code == 400
    assert field_errors(answer.json()) == [
        ("body.email", "It is required."),
        ("body.name", "It is required."),
        ("body.tags.0", "It must not be null."),
    ]
    assert "private" not in answer.text
    given = {"name": "Ada", "email": "ada@example.com", "nope": {"a": "private"}}
    graph = await acme.graphql(CREATE_CLIENT, input=given)
    found = [(error["message"], error["extensions"]["field"]) for error in graph.json()["errors"]]
    assert found == [("Variable '$input' has invalid value at .nope: There is no such field.", "input.nope")]
    assert await acme.count("clients") == 0


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"name": ""}, "body.name", "It must have at least 1 character."),
        ({"name": "x" * 201}, "body.name", "It must have at most 200 characters."),
        ({"name": "x", "tags": ["x"] * 21}, "body.tags", "It must have at most 20 items."),
    ],
)
async def test_a_length_is_told_in_characters_or_items(
    acme: Org, body: dict[str, Any], field: str, message: str
) -> None:
    answer = await acme.http.post("/api/v1/clients", json=body | {"email": "ada@example.com"})
    assert answer.status_code == 400
    assert field_errors(answer.json()) == [(field, message)]


@pytest.mark.parametrize("reason", ["a\x00b", "x" * 501, "  "], ids=["control", "long", "blank"])
async def test_the_reason_of_a_status_has_its_bounds(acme: Org, reason: str) -> None:
    made = await new_order(acme)
    path = f"/api/v1/orders/{made['publicId']}"
    answer = await acme.http.put(path, json={"status": "CANCELLED", "statusReason": reason})
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, ["body.statusReason"])
    change = {"id": made["publicId"], "status": "CANCELLED", "statusReason": reason}
    assert await acme.refused(UPDATE_ORDER, input=change) == [("BAD_INPUT", "input.statusReason")]
    assert (await acme.http.get(path)).json()["data"] == made


async def test_what_is_due_leaves_room_for_a_hold(acme: Org) -> None:
    made = await new_order(acme)
    path = f"/api/v1/orders/{made['publicId']}"
    late = await acme.http.put(path, json={"dueAt": "9001-01-01T00:00:00.000Z"})
    assert (late.status_code, late.json()["errors"][0]["field"]) == (400, "body.dueAt")
    for status in ("SUBMITTED", "IN_PROGRESS"):
        assert (await acme.http.put(path, json={"status": status})).status_code == 200
    held = await acme.http.put(path, json={"dueAt": "9000-12-31T23:59:59.999Z", "status": "ON_HOLD"})
    assert held.status_code == 200
    resumed = await acme.http.put(path, json={"status": "IN_PROGRESS"})
    assert (resumed.status_code, resumed.json()["data"]["dueAt"][:4]) == (200, "9001")


async def test_a_mutation_by_get_is_told_which_method_is_allowed(acme: Org) -> None:
    text = 'mutation { deleteClient(input: {id: "x"}) { deletedId } }'
    answer = await acme.http.get("/graphql", params={"query": text})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_an_id_of_another_type_finds_nothing(acme: Org) -> None:
    made = await new_order(acme)
    for given, found in ((made["clientId"], 1), (made["serviceId"], 0), ((await new_client(acme))["publicId"], 0)):
        answer = await acme.http.get("/api/v1/orders", params={"clientId": given})
        assert (answer.status_code, len(answer.json()["data"])) == (200, found)


async def test_an_attachment_is_a_link_that_a_browser_may_follow(acme: Org) -> None:
    made = await new_order(acme)
    create = "mutation ($input: CreateMessageInput!) { createMessage(input: $input) { message { id } } }"
    given = {"orderId": made["publicId"], "body": "See", "attachments": [{"name": "a", "url": "javascript:alert(1)"}]}
    assert await acme.refused(create, input=given) == [("BAD_INPUT", "input.attachments.0.url")]
    assert await acme.count("messages") == 0
    await acme.data(create, input=given | {"attachments": [{"name": "a", "url": "HTTPS://example.com/a.pdf"}]})
    assert await acme.count("messages") == 1
