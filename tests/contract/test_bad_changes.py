"""Changes that the domain refuses: stale versions, bounds, moves that do not exist, what is in use."""

import asyncio
from typing import Any

from tests.support.api import Org, new_client, new_order, new_service
from tests.support.refusals import TRANSITION, UPDATE, error, problem, unchanged


async def test_two_updates_of_one_version(acme: Org) -> None:
    client = await new_client(acme)
    path, key = f"/api/v1/clients/{client['publicId']}", client["publicId"]
    both = await asyncio.gather(
        *(acme.http.put(path, json={"company": name}, headers={"If-Match": '"1"'}) for name in "ab"),
        *(acme.graphql(UPDATE, input={"id": key, "company": name, "expectedVersion": 1}) for name in "cd"),
    )
    won = [answer for answer in both if answer.status_code == 200 and "errors" not in answer.json()]
    assert len(won) == 1
    for answer in both:
        if answer not in won:
            body = answer.json()
            reported = body if "code" in body else body["errors"][0]["extensions"]
            assert (reported["code"], reported["status"], reported["currentVersion"]) == ("VERSION_MISMATCH", 412, 2)
    read = (await acme.http.get(path)).json()["data"]
    assert read["version"] == 2
    for match in ("x", '"x"', '"1', "-1", "9" * 20):
        async with unchanged(acme):
            answer = await acme.http.put(path, json={"company": "z"}, headers={"If-Match": match})
            assert answer.status_code in (400, 412), match


async def test_bounds_of_an_order(acme: Org) -> None:
    service = await new_service(acme, price=2**53 - 1)
    client = await new_client(acme)
    ids = {"clientId": client["publicId"], "serviceId": service["publicId"]}
    async with unchanged(acme):
        for wrong in (0, -1, 2, 1_000_001, 2**31, 1.5, "1", True):
            answer = await acme.http.post("/api/v1/orders", json=ids | {"quantity": wrong})
            problem(answer, 400, "BAD_INPUT", "body.quantity")
        forms: list[Any] = [{"a": "\x00"}, {"a\x00": 1}, {"a": "x" * 66_000}, [], "x"]
        for form in forms:
            answer = await acme.http.post("/api/v1/orders", json=ids | {"formData": form})
            within = ".a" if form == {"a": "\x00"} else ""
            problem(answer, 400, "BAD_INPUT", f"body.formData{within}")
        for price in (-1, 2**53, 1.5, "1", None):
            answer = await acme.http.post("/api/v1/services", json={"name": "x", "price": price})
            problem(answer, 400, "BAD_INPUT", "body.price")
    order = await new_order(acme, **{"client": ids["clientId"], "service": ids["serviceId"]})
    assert order["total"] == 2**53 - 1
    kept = await new_order(acme, formData={"a": "\\u0000"})
    assert kept["formData"] == {"a": "\\u0000"}


async def test_a_move_that_is_not_in_the_table(acme: Org) -> None:
    order = await new_order(acme)
    key = order["publicId"]
    async with unchanged(acme):
        reported = error(
            await acme.graphql(TRANSITION, input={"id": key, "to": "COMPLETED"}), 200, "INVALID_TRANSITION", "input.to"
        )
        assert (reported["status"], reported["allowed"]) == (409, ["SUBMITTED", "CANCELLED"])
        answer = await acme.http.put(f"/api/v1/orders/{key}", json={"status": "COMPLETED", "notes": "x"})
        assert problem(answer, 409, "INVALID_TRANSITION", "body.status")["allowed"] == ["SUBMITTED", "CANCELLED"]
        answer = await acme.http.put(f"/api/v1/orders/{key}", json={"status": "CANCELLED"})
        problem(answer, 400, "BAD_INPUT", "body.statusReason")
        error(await acme.graphql(TRANSITION, input={"id": key, "to": "CANCELLED"}), 200, "BAD_INPUT", "input.reason")
        for reason in ("", "  ", "x" * 501, None, 5):
            answer = await acme.http.put(f"/api/v1/orders/{key}", json={"status": "CANCELLED", "statusReason": reason})
            problem(answer, 400, "BAD_INPUT", "body.statusReason")


async def test_what_is_in_use_is_not_deleted(acme: Org) -> None:
    order = await new_order(acme)
    await acme.data(
        "mutation($i: CreateMessageInput!) { createMessage(input: $i) { message { id } } }",
        i={"orderId": order["publicId"], "body": "Hello"},
    )
    async with unchanged(acme):
        for path, reason in (
            (f"/api/v1/orders/{order['publicId']}", "HAS_MESSAGES"),
            (f"/api/v1/services/{order['serviceId']}", "HAS_ORDERS"),
        ):
            assert problem(await acme.http.delete(path), 409, "CONFLICT", "path.publicId")["reason"] == reason


async def test_an_order_is_not_deleted_for_messages_that_the_caller_does_not_see(acme: Org) -> None:
    order = (await new_order(acme))["publicId"]
    await acme.data(
        "mutation($i: CreateMessageInput!) { createMessage(input: $i) { message { id } } }",
        i={"orderId": order, "body": "Late", "visibility": "INTERNAL"},
    )
    weak = acme.holding(await acme.new_key("orders:write", "messages:read"))
    async with unchanged(acme):
        seen = await weak.data("query($id: ID!) { order(id: $id) { messages { totalCount } } }", id=order)
        assert seen["order"]["messages"]["totalCount"] == 0
        text = "mutation($id: ID!) { deleteOrder(input: {id: $id}) { deletedId } }"
        assert error(await weak.graphql(text, id=order), 200, "CONFLICT", "input.id")["reason"] == "HAS_MESSAGES"
    await weak.http.aclose()
