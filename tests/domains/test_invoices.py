"""Invoices: their amounts, the state machine, what finalizing copies and what blocks it, what hangs on them."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from models.invoices import MACHINE, InvoiceStatus
from models.machines import Guard
from tests.support.api import Org, new_client, new_order, new_service
from tests.support.invoices import FINALIZE, LINE, ROADS, VOID, changed, happened, new_invoice, read, standing
from tests.support.refusals import error, problem, unchanged

S = InvoiceStatus
PAIRS = list(itertools.product(InvoiceStatus, InvoiceStatus))
FROM_ORDER = """mutation($input: CreateInvoiceFromOrderInput!) { createInvoiceFromOrder(input: $input) { invoice {
  id clientId orderId currency total lines { description quantity unitPrice taxRate amount } metadata } } }"""
ACTIONS = {
    S.OPEN: ("invoice:finalize", ["invoice.finalized"]),
    S.PAID: ("invoice:pay", ["invoice.payment_recorded", "invoice.paid"]),
    S.VOID: ("invoice:void", ["invoice.voided"]),
    S.UNCOLLECTIBLE: ("invoice:mark_uncollectible", ["invoice.marked_uncollectible"]),
}


def test_the_table_has_every_move_once() -> None:
    assert len({(each.origin, each.target) for each in MACHINE.transitions}) == len(MACHINE.transitions) == 6
    assert set(ROADS) == set(InvoiceStatus)


@pytest.mark.parametrize(("origin", "target"), PAIRS, ids=lambda status: status.value)
async def test_every_pair_of_states(acme: Org, origin: InvoiceStatus, target: InvoiceStatus) -> None:
    key = await standing(acme, origin)
    path, before = f"/api/v1/invoices/{key}", await read(acme, key)
    assert before["status"] == origin
    leaving = [each.target for each in MACHINE.transitions if each.origin is origin]
    if origin is target:
        async with unchanged(acme):
            assert (await changed(acme, key, status=target))["version"] == before["version"]
    elif target not in leaving:
        async with unchanged(acme):
            details = problem(
                await acme.http.put(path, json={"status": target}), 409, "INVALID_TRANSITION", "body.status"
            )
            assert details["allowed"] == leaving
    else:
        actions, events = await happened(acme)
        after = await changed(acme, key, status=target)
        assert (after["status"], after["version"]) == (target, before["version"] + 1)
        action, emitted = ACTIONS[target]
        assert await happened(acme) == ([*actions, action], [*events, *emitted])
    stands = target if target in leaving else origin
    assert [
        (each["to"], each["allowed"], each["blockedBy"]) for each in (await read(acme, key))["availableTransitions"]
    ] == [(each.target, True, None) for each in MACHINE.transitions if each.origin is stands]


async def test_amounts_are_exact(acme: Org) -> None:
    await acme.set_setting("invoices.taxRate", "5.5")
    lines = [
        {"description": "Hours", "quantity": 0.5, "unitPrice": 33},
        {"description": "Hours", "quantity": "2.3333", "unitPrice": 10_000, "taxRate": 19},
        {"description": "Free", "unitPrice": 0, "taxRate": "0.0"},
    ]
    made = await new_invoice(acme, lines=lines, discount=100)
    assert made["lines"] == [
        {"description": "Hours", "quantity": "0.5", "unitPrice": 33, "taxRate": "5.5", "amount": 17},
        {"description": "Hours", "quantity": "2.3333", "unitPrice": 10_000, "taxRate": "19", "amount": 23_333},
        {"description": "Free", "quantity": "1", "unitPrice": 0, "taxRate": "0", "amount": 0},
    ]
    assert made["taxes"] == [
        {"rate": "0", "base": 0, "tax": 0}, {"rate": "5.5", "base": 17, "tax": 1},
        {"rate": "19", "base": 23_233, "tax": 4_414},
    ]  # fmt: skip
    assert [made[name] for name in ("subtotal", "discount", "tax", "total", "amountDue")] == [
        23_350, 100, 4_415, 27_665, 27_665,
    ]  # fmt: skip
    assert (made["currency"], made["status"], made["number"], made["seller"]) == ("EUR", "DRAFT", None, None)
    kept = await acme.http.get(f"/api/v1/invoices/{made['publicId']}")
    assert kept.json()["data"] == made
    listed = (await acme.http.get("/api/v1/invoices")).json()["data"]
    assert listed == [made]


async def test_lines_are_replaced_as_a_whole_and_only_of_a_draft(acme: Org) -> None:
    made = await new_invoice(acme, lines=[LINE] * 3)
    path = f"/api/v1/invoices/{made['publicId']}"
    async with unchanged(acme):
        assert (await acme.http.put(path, json=made)).json()["data"] == made
    less = await changed(acme, made["publicId"], lines=made["lines"][:1])
    assert (len(less["lines"]), less["total"], less["version"]) == (1, 17_850, 2)
    none = await changed(acme, made["publicId"], lines=[])
    assert (none["lines"], none["total"], none["taxes"]) == ([], 0, [])
    assert await acme.count("invoice_lines") == 0
    await changed(acme, made["publicId"], lines=[LINE], status="OPEN")
    whole = (await acme.http.get(path)).json()["data"]
    fixed_in = "its lines, discount and currency change only in a DRAFT."
    async with unchanged(acme):
        assert (await acme.http.put(path, json=whole)).json()["data"] == whole
        fixed: dict[str, Any] = {"lines": [], "discount": 1, "currency": "USD"}
        for name, value in fixed.items():
            answer = await acme.http.put(path, json={name: value, "metadata": {"a": "b"}})
            details = problem(answer, 409, "CONFLICT", f"body.{name}")
            assert (details["reason"], details["detail"]) == (
                "NOT_DRAFT", f"The invoice is OPEN: {fixed_in} Void it.",
            )  # fmt: skip
    paid = await standing(acme, S.PAID)
    async with unchanged(acme):
        answer = await acme.http.put(f"/api/v1/invoices/{paid}", json={"lines": []})
        details = problem(answer, 409, "CONFLICT", "body.lines")
    assert details["detail"] == f"The invoice is PAID: {fixed_in}"
    assert (await changed(acme, made["publicId"], metadata={"a": "b"}))["metadata"] == {"a": "b"}


async def test_a_discount_never_exceeds_the_subtotal(acme: Org) -> None:
    key = (await new_invoice(acme, discount=15_000))["publicId"]
    async with unchanged(acme):
        body = {"lines": [LINE | {"unitPrice": 14_999}]}
        details = problem(await acme.http.put(f"/api/v1/invoices/{key}", json=body), 400, "BAD_INPUT", "body.discount")
        assert details["errors"][0]["maximum"] == 14_999


async def test_finalizing_copies_the_parties(acme: Org) -> None:
    for name, value in {
        "organization.name": "Studio", "organization.address": "1 Road\n\nTown", "organization.taxId": "DE1",
        "organization.paymentDetails": "IBAN 1", "invoices.prefix": "INV-", "invoices.dueDays": 30,
    }.items():  # fmt: skip
        await acme.set_setting(name, value)
    client = await new_client(acme, name="Ada", company="Engines", address="2 Lane", taxId="GB2", phone="1")
    key = (await new_invoice(acme, client["publicId"]))["publicId"]
    found = (await acme.data(FINALIZE, id=key))["finalizeInvoice"]["invoice"]
    assert (found["number"], found["status"]) == (f"INV-{datetime.now(UTC).year}-000001", "OPEN")
    first = (await acme.http.get(f"/api/v1/invoices/{key}")).json()["data"]
    assert first["seller"] == {
        "name": "Studio", "contact": None, "address": {"lines": ["1 Road", "Town"]}, "taxId": "DE1", "email": None,
        "phone": None,
    }  # fmt: skip
    assert first["buyer"] == {
        "name": "Engines", "contact": "Ada", "address": {"lines": ["2 Lane"]}, "taxId": "GB2",
        "email": client["email"], "phone": "1",
    }  # fmt: skip
    assert (first["paymentDetails"], first["timezone"]) == ("IBAN 1", "UTC")
    issued, due = (datetime.fromisoformat(first[name]) for name in ("issuedAt", "dueAt"))
    assert due - issued == timedelta(days=30)
    for name, value in {"organization.name": "Other", "invoices.dueDays": 1}.items():
        await acme.set_setting(name, value)
    await acme.http.put(f"/api/v1/clients/{client['publicId']}", json={"company": None, "address": None})
    assert (await acme.http.get(f"/api/v1/invoices/{key}")).json()["data"] == first
    # Twice is no move.
    async with unchanged(acme):
        assert (await acme.data(FINALIZE, id=key))["finalizeInvoice"]["invoice"]["number"] == found["number"]


@pytest.mark.parametrize("guard", [Guard.NO_LINES, Guard.NO_ADDRESS])
async def test_what_keeps_a_draft_from_being_finalized_is_shown_before(acme: Org, guard: Guard) -> None:
    await acme.set_setting("invoices.requireAddress", True)
    client = (await new_client(acme, address=None if guard is Guard.NO_ADDRESS else "1 Road"))["publicId"]
    key = (await new_invoice(acme, client, lines=[] if guard is Guard.NO_LINES else [LINE]))["publicId"]
    (listed,) = (await read(acme, key))["availableTransitions"]
    assert (listed["to"], listed["allowed"]) == ("OPEN", False)
    assert listed["blockedBy"] == {
        "code": guard,
        "message": guard.meaning.replace("`", ""),
        "limit": None,
        "until": None,
    }
    text = """mutation($id: ID!) { updateInvoice(input: {id: $id, metadata: {a: "b"}}) { invoice {
      availableTransitions { to blockedBy { code } } } } }"""
    shown = (await acme.data(text, id=key))["updateInvoice"]["invoice"]["availableTransitions"]
    assert shown == [{"to": "OPEN", "blockedBy": {"code": guard}}]
    async with unchanged(acme):
        details = error(await acme.graphql(FINALIZE, id=key), 200, "INVALID_TRANSITION", "input.id")
        assert (details["status"], details["blockedBy"], details["allowed"]) == (409, guard, [])
        answer = await acme.http.put(f"/api/v1/invoices/{key}", json={"status": "OPEN"})
        assert problem(answer, 409, "INVALID_TRANSITION", "body.status")["blockedBy"] == guard
    assert await acme.rows("select * from counters where name like 'invoices:%'") == []
    await acme.http.put(f"/api/v1/clients/{client}", json={"address": "1 Road"})
    assert (await changed(acme, key, lines=[LINE], status="OPEN"))["number"].endswith("-000001")


async def test_an_invoice_of_nothing_is_paid_at_once(acme: Org) -> None:
    key = (await new_invoice(acme, lines=[LINE | {"unitPrice": 0}]))["publicId"]
    found = await changed(acme, key, status="OPEN")
    assert (found["status"], found["paidAt"], found["payments"]) == ("PAID", found["issuedAt"], [])
    assert await happened(acme) == (
        ["invoice:create", "invoice:finalize"],
        ["invoice.created", "invoice.finalized", "invoice.paid"],
    )


async def test_only_a_draft_is_deleted(acme: Org) -> None:
    draft, opened, paid = [await standing(acme, status) for status in (S.DRAFT, S.OPEN, S.PAID)]
    refused = "An invoice that is {} cannot be deleted{}"
    # What is paid or void already cannot be voided.
    for key, said in ((opened, refused.format("OPEN", ": void it instead.")), (paid, refused.format("PAID", "."))):
        async with unchanged(acme):
            details = problem(await acme.http.delete(f"/api/v1/invoices/{key}"), 409, "CONFLICT", "path.publicId")
        assert (details["reason"], details["detail"]) == ("NOT_DRAFT", said)
    assert (await acme.http.delete(f"/api/v1/invoices/{draft}")).status_code == 204
    assert (await acme.count("invoices"), await acme.count("invoice_lines")) == (2, 2)
    (row,) = await acme.rows("select changes from audit_changes order by entry_id desc limit 1")
    kept = orjson.loads(row["changes"])
    assert (kept["lines"][0][0]["unitPrice"], kept["lines"][1], "numberKey" in kept) == (15_000, None, False)
    (event,) = await acme.rows("select data from events where type = 'invoice.deleted'")
    assert orjson.loads(event["data"])["lines"][0]["amount"] == 15_000


async def test_what_has_invoices_is_not_deleted(acme: Org) -> None:
    order = await new_order(acme)
    made = (await acme.data(FROM_ORDER, input={"orderId": order["publicId"]}))["createInvoiceFromOrder"]["invoice"]
    async with unchanged(acme):
        answer = await acme.http.delete(f"/api/v1/orders/{order['publicId']}")
        assert problem(answer, 409, "CONFLICT", "path.publicId")["reason"] == "HAS_INVOICES"
    alone = await new_invoice(acme)
    assert (await acme.http.delete(f"/api/v1/clients/{alone['clientId']}")).status_code == 204
    left = await acme.http.get(f"/api/v1/clients/{alone['clientId']}")
    assert left.json()["data"]["status"] == "ARCHIVED"
    await acme.http.delete(f"/api/v1/invoices/{made['id']}")
    assert (await acme.http.delete(f"/api/v1/orders/{order['publicId']}")).status_code == 204


async def test_an_order_has_one_invoice(acme: Org) -> None:
    await acme.set_setting("invoices.taxRate", "19")
    service = await new_service(acme, name="Website", price=70_000, currency="USD")
    order = await new_order(acme, service=service["publicId"], quantity=3)
    given: dict[str, Any] = {"orderId": order["publicId"], "metadata": {"a": "b"}}
    made = (await acme.data(FROM_ORDER, input=given))["createInvoiceFromOrder"]["invoice"]
    line = {"description": "Website", "quantity": "3", "unitPrice": 70_000, "taxRate": "19", "amount": 210_000}
    assert made == {
        "id": made["id"], "clientId": order["clientId"], "orderId": order["publicId"], "currency": "USD",
        "total": 249_900, "lines": [line], "metadata": {"a": "b"},
    }  # fmt: skip
    shown = "query($id: ID!) { order(id: $id) { invoice { id order { id } } } }"
    assert (await acme.data(shown, id=order["publicId"]))["order"]["invoice"] == {
        "id": made["id"], "order": {"id": order["publicId"]},
    }  # fmt: skip
    other = {"clientId": (await new_client(acme))["publicId"], "orderId": order["publicId"]}
    async with unchanged(acme):
        details = error(await acme.graphql(FROM_ORDER, input=given), 200, "CONFLICT", "input.orderId")
        assert details["reason"] == "ORDER_INVOICED"
        body = {"clientId": order["clientId"], "orderId": order["publicId"]}
        answer = await acme.http.post("/api/v1/invoices", json=body)
        refused = problem(answer, 409, "CONFLICT", "body.orderId")
        assert (refused["reason"], refused["detail"][:20]) == ("ORDER_INVOICED", "The order has an inv")
        problem(await acme.http.post("/api/v1/invoices", json=other), 400, "BAD_INPUT", "body.orderId")
        for method, path, sent in (
            ("POST", "/api/v1/invoices", body | {"currency": "EUR"}),
            ("PUT", f"/api/v1/invoices/{made['id']}", {"currency": "EUR"}),
        ):
            problem(await acme.http.request(method, path, json=sent), 400, "BAD_INPUT", "body.currency")
    await changed(acme, made["id"], status="OPEN")
    await acme.data(VOID, id=made["id"])
    assert (await acme.data(shown, id=order["publicId"]))["order"]["invoice"] is None
    again = (await acme.http.post("/api/v1/invoices", json=body | {"lines": [LINE]})).json()["data"]
    assert (again["orderId"], again["currency"], len(again["lines"])) == (order["publicId"], "USD", 1)
