"""What is wrong with one input is reported together: its references, its bounds, and the rules across its fields."""

from typing import Any

import pytest

from tests.support.api import Org, new_client, new_order, new_service
from tests.support.forms import new_form
from tests.support.refusals import problem, unchanged
from tests.support.subscriptions import MONTHLY
from tests.support.tickets import new_ticket

NOBODY = "client_01h455vb4pex5vsknk084sn02q"
NO_MEMBER = "member_01h455vb4pex5vsknk084sn02q"
NO_FORM = "form_01h455vb4pex5vsknk084sn02q"
MOST = 2**53 - 1
LINE = {"description": "Logo", "unitPrice": 100}


async def errors(org: Org, field: str, **given: Any) -> list[tuple[str, str]]:
    """The field and the reason of each error of a mutation that is refused as a whole, and changes nothing."""
    name = f"{field[0].upper()}{field[1:]}Input"
    async with unchanged(org):
        text = f"mutation($input: {name}!) {{ {field}(input: $input) {{ __typename }} }}"
        answer = (await org.graphql(text, input=given)).json()
        assert answer["data"] == {field: None}
        found = [each["extensions"] for each in answer["errors"]]
        assert {(each["code"], each["status"]) for each in found} == {("BAD_INPUT", 400)}
        return [(each["field"].removeprefix("input."), each["reason"]) for each in found]


@pytest.mark.parametrize(
    ("field", "given", "wrong"),
    [
        (
            "createService",
            {"name": "", "price": 1, "billing": "RECURRING"},
            [("name", "TOO_SHORT"), ("interval", "REQUIRED")],
        ),
        (
            "createService",
            {"name": "Logo", "price": 1, "interval": "MONTH", "intakeFormId": NO_FORM},
            [("intakeFormId", "NOT_FOUND"), ("interval", "NOT_ALLOWED")],
        ),
        (
            "createForm",
            {
                "name": "",
                "fields": [{"key": "a", "label": "A", "type": "SELECT"}],
                "onSubmit": {"createClient": True},
            },
            [("name", "TOO_SHORT"), ("fields.0.options", "REQUIRED"), ("onSubmit.emailField", "REQUIRED")],
        ),
        (
            "createForm",
            {
                "name": "Contact",
                "fields": [{"key": "a", "label": "A", "type": "EMAIL", "max": 1}],
                "onSubmit": {"nameField": "a"},
            },
            [("fields.0.max", "NOT_ALLOWED"), ("onSubmit.nameField", "NOT_FOUND")],
        ),
        (
            "createSubscription",
            {"clientId": NOBODY, "serviceId": NOBODY, "startDate": "2100-01-02", "trialEnd": "2100-01-01"},
            [("clientId", "NOT_FOUND"), ("serviceId", "NOT_FOUND"), ("trialEnd", "NOT_ALLOWED")],
        ),
        (
            "createSubscription",
            {
                "clientId": NOBODY,
                "serviceId": NOBODY,
                "startDate": "2100-01-02",
                "trialEnd": "2100-01-01",
                "quantity": 0,
            },
            [("quantity", "OUT_OF_RANGE"), ("trialEnd", "NOT_ALLOWED")],
        ),
        (
            "createInvoice",
            {"clientId": NOBODY, "lines": [LINE | {"quantity": "999999999999", "unitPrice": MOST}]},
            [("clientId", "NOT_FOUND"), ("lines.0.quantity", "OUT_OF_RANGE")],
        ),
        (
            "createInvoice",
            {"clientId": NOBODY, "lines": [LINE], "discount": 101, "metadata": {"a": "x" * 501}},
            [("metadata.a", "TOO_LONG"), ("discount", "OUT_OF_RANGE")],
        ),
        (
            "createMessage",
            {"orderId": NOBODY, "body": "Hello", "authorKind": "AGENT"},
            [("orderId", "NOT_FOUND"), ("authorKind", "NOT_ONE_OF")],
        ),
        (
            "createReply",
            {"ticketId": NOBODY, "body": "Hello", "authorKind": "SYSTEM"},
            [("ticketId", "NOT_FOUND"), ("authorKind", "NOT_ONE_OF")],
        ),
        (
            "createReply",
            {"ticketId": NOBODY, "body": " ", "authorKind": "SYSTEM"},
            [("body", "TOO_SHORT"), ("authorKind", "NOT_ONE_OF")],
        ),
        (
            "createApiKey",
            {"name": "", "scopes": ["clients:read"], "expiresAt": "2020-01-01T00:00:00Z"},
            [("name", "TOO_SHORT"), ("expiresAt", "INVALID")],
        ),
    ],
)
async def test_rules_across_fields_are_reported_with_the_other_errors(
    acme: Org, field: str, given: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    assert await errors(acme, field, **given) == wrong


async def test_all_that_is_wrong_with_an_order(acme: Org) -> None:
    form = await new_form(acme)
    service = await new_service(acme, price=MOST, intakeFormId=form["publicId"])
    given = {"clientId": NOBODY, "serviceId": service["publicId"], "assigneeIds": [NO_MEMBER], "quantity": 2}
    assert await errors(acme, "createOrder", **given, formData={"age": 1}) == [
        ("clientId", "NOT_FOUND"), ("assigneeIds.0", "NOT_FOUND"), ("quantity", "OUT_OF_RANGE"),
        ("formData.name", "REQUIRED"), ("formData.email", "REQUIRED"), ("formData.age", "OUT_OF_RANGE"),
    ]  # fmt: skip
    client = (await new_client(acme))["publicId"]
    order = (await new_order(acme, client, service["publicId"]))["publicId"]
    changed = {"assigneeIds": [NO_MEMBER], "quantity": 2, "dueAt": "9999-12-31T23:59:59Z", "statusReason": "No"}
    assert await errors(acme, "updateOrder", id=order, **changed) == [
        ("statusReason", "NOT_ALLOWED"), ("assigneeIds.0", "NOT_FOUND"), ("quantity", "OUT_OF_RANGE"),
        ("dueAt", "OUT_OF_RANGE"),
    ]  # fmt: skip
    assert await errors(acme, "updateOrder", id=order, statusReason="No", notes="x" * 50_000) == [
        ("notes", "TOO_LONG"), ("statusReason", "NOT_ALLOWED"),
    ]  # fmt: skip


async def test_all_that_is_wrong_with_a_subscription(acme: Org) -> None:
    service = await new_service(acme, **MONTHLY | {"price": MOST // 2})
    given = {"clientId": NOBODY, "serviceId": service["publicId"], "startDate": "2100-01-31"}
    assert await errors(acme, "createSubscription", **given, anchorDate="2100-01-30", quantity=2) == [
        ("clientId", "NOT_FOUND"), ("anchorDate", "NOT_ALLOWED"), ("quantity", "OUT_OF_RANGE"),
    ]  # fmt: skip


async def test_all_that_is_wrong_with_the_references_of_a_ticket(acme: Org) -> None:
    first, second = [(await new_client(acme))["publicId"] for _ in range(2)]
    order = (await new_order(acme, first))["publicId"]
    given = {"clientId": second, "orderId": order, "assigneeId": NO_MEMBER}
    wrong = [("assigneeId", "NOT_FOUND"), ("orderId", "NOT_ALLOWED")]
    assert await errors(acme, "createTicket", subject="When?", **given) == wrong
    ticket = (await new_ticket(acme))["publicId"]
    reply = {"body": "Hello", "authorKind": "AGENT"}
    assert await errors(acme, "updateTicket", id=ticket, **given, reply=reply) == [
        *wrong, ("reply.authorKind", "NOT_ONE_OF"),
    ]  # fmt: skip


async def test_a_ticket_of_an_order_has_the_orders_client(acme: Org) -> None:
    order = await new_order(acme)
    key, client = order["publicId"], order["clientId"]
    for given in ({}, {"clientId": None}):
        # A new one takes the order's client, where it is given none.
        assert (await new_ticket(acme, orderId=key, **given))["clientId"] == client
    ticket = (await new_ticket(acme, orderId=key))["publicId"]
    for given in ({"clientId": None}, {"clientId": None, "orderId": key}):
        wrong = await errors(acme, "updateTicket", id=ticket, assigneeId=NO_MEMBER, **given)
        assert wrong == [("assigneeId", "NOT_FOUND"), ("clientId", "REQUIRED")]
        async with unchanged(acme):
            answer = await acme.http.put(f"/api/v1/tickets/{ticket}", json=given)
            (only,) = problem(answer, 400, "BAD_INPUT", "body.clientId")["errors"]
            assert only["code"] == "REQUIRED"
    other = (await new_ticket(acme))["publicId"]
    assert await errors(acme, "updateTicket", id=other, clientId=None, orderId=key) == [("clientId", "REQUIRED")]
    answer = await acme.http.put(f"/api/v1/tickets/{ticket}", json={"clientId": None, "orderId": None})
    assert (answer.status_code, answer.json()["data"]["clientId"], answer.json()["data"]["orderId"]) == (
        200,
        None,
        None,
    )


async def test_all_that_is_wrong_with_a_payment(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    invoice = (await acme.http.post("/api/v1/invoices", json={"clientId": client, "lines": [LINE]})).json()["data"]
    await acme.http.put(f"/api/v1/invoices/{invoice['publicId']}", json={"status": "OPEN"})
    given = {"currency": "USD", "amount": 101, "paidAt": "2100-01-01T00:00:00Z"}
    assert await errors(acme, "payInvoice", id=invoice["publicId"], **given) == [
        ("currency", "NOT_ALLOWED"), ("amount", "OUT_OF_RANGE"), ("paidAt", "OUT_OF_RANGE"),
    ]  # fmt: skip
