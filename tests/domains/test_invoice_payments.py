"""Payments of invoices: whole and in parts, never more than is due, also when they come at the same time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models.invoices import MAX_PAYMENTS, InvoiceStatus
from tests.support.api import Org, new_client
from tests.support.invoices import LINE, PAY, VOID, changed, happened, new_invoice, read, standing
from tests.support.refusals import error, problem, unchanged

S = InvoiceStatus


async def test_parts_are_paid_until_nothing_is_due(acme: Org) -> None:
    key = await standing(acme, S.OPEN)
    first = {"id": key, "amount": 7_850, "method": "  card ", "reference": "R-1", "paidAt": "2026-01-02T03:04:05.678Z"}
    found = (await acme.data(PAY, input=first))["payInvoice"]["invoice"]
    assert (found["status"], found["amountPaid"], found["amountDue"], found["paidAt"]) == ("OPEN", 7_850, 10_000, None)
    assert found["payments"] == [
        {"amount": 7_850, "method": "card", "reference": "R-1", "paidAt": "2026-01-02T03:04:05.678Z"}
    ]
    blocked = {each["to"]: each["blockedBy"] for each in (await read(acme, key))["availableTransitions"]}
    assert (blocked["VOID"]["code"], blocked["PAID"]) == ("HAS_PAYMENTS", None)
    async with unchanged(acme):
        details = error(await acme.graphql(VOID, id=key), 200, "INVALID_TRANSITION", "input.id")
        assert (details["blockedBy"], details["allowed"]) == ("HAS_PAYMENTS", ["PAID", "UNCOLLECTIBLE"])
        for amount in (10_001, 2**53 - 1):
            given = {"id": key, "amount": amount}
            details = error(await acme.graphql(PAY, input=given), 200, "BAD_INPUT", "input.amount")
            assert (details["reason"], details["maximum"]) == ("OUT_OF_RANGE", 10_000)
    actions, events = await happened(acme)
    assert (actions[-1], events[-1]) == ("invoice:pay", "invoice.payment_recorded")
    paid = await changed(acme, key, status="PAID")
    assert (paid["status"], paid["amountPaid"], paid["amountDue"]) == ("PAID", 17_850, 0)
    assert [each["amount"] for each in paid["payments"]] == [7_850, 10_000]
    assert paid["paidAt"] == paid["payments"][1]["paidAt"]
    assert (await acme.http.get(f"/api/v1/invoices/{key}")).json()["data"] == paid
    assert (await happened(acme))[1][-2:] == ["invoice.payment_recorded", "invoice.paid"]
    async with unchanged(acme):
        error(await acme.graphql(PAY, input={"id": key, "amount": 1}), 200, "INVALID_TRANSITION", "input.id")


@pytest.mark.parametrize("status", [S.DRAFT, S.PAID, S.VOID])
async def test_what_is_not_to_be_paid_is_not_paid(acme: Org, status: InvoiceStatus) -> None:
    key = await standing(acme, status)
    async with unchanged(acme):
        answer = await acme.graphql(PAY, input={"id": key})
        assert error(answer, 200, "INVALID_TRANSITION", "input.id")["status"] == 409
    says = "This invoice is already PAID." if status is S.PAID else f"An invoice that is {status} cannot become PAID."
    assert answer.json()["errors"][0]["message"] == says


async def test_an_uncollectible_invoice_is_paid_after_all(acme: Org) -> None:
    key = await standing(acme, S.UNCOLLECTIBLE)
    part = (await acme.data(PAY, input={"id": key, "amount": 1}))["payInvoice"]["invoice"]
    assert (part["status"], part["amountDue"]) == ("UNCOLLECTIBLE", 17_849)
    whole = (await acme.data(PAY, input={"id": key}))["payInvoice"]["invoice"]
    assert (whole["status"], whole["amountDue"]) == ("PAID", 0)
    assert (await read(acme, key))["uncollectibleAt"] is not None


async def test_a_payment_is_not_of_the_future(acme: Org) -> None:
    key = await standing(acme, S.OPEN)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    async with unchanged(acme):
        for moment in (later, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"):
            details = error(
                await acme.graphql(PAY, input={"id": key, "paidAt": moment}), 200, "BAD_INPUT", "input.paidAt"
            )
            assert details["reason"] == "OUT_OF_RANGE"


async def test_the_last_of_many_payments_pays_all(acme: Org) -> None:
    key = await standing(acme, S.OPEN)
    for _ in range(MAX_PAYMENTS - 1):
        await acme.data(PAY, input={"id": key, "amount": 1})
    async with unchanged(acme):
        details = error(await acme.graphql(PAY, input={"id": key, "amount": 1}), 200, "BAD_INPUT", "input.amount")
        assert details["minimum"] == 17_850 - MAX_PAYMENTS + 1
    found = (await acme.data(PAY, input={"id": key}))["payInvoice"]["invoice"]
    assert (found["status"], len(found["payments"])) == ("PAID", MAX_PAYMENTS)


async def test_payments_at_the_same_time_are_never_too_much(acme: Org) -> None:
    key = await standing(acme, S.OPEN)
    answers = await asyncio.gather(*(acme.graphql(PAY, input={"id": key, "amount": 5_000}) for _ in range(8)))
    bodies = [answer.json() for answer in answers]
    paid = [body for body in bodies if "errors" not in body]
    assert len(paid) == 3
    for body in bodies:
        if body not in paid:
            (details,) = body["errors"]
            assert (details["extensions"]["code"], details["extensions"]["maximum"]) == ("BAD_INPUT", 2_850)
    # Each saw the payments of those before it.
    seen = sorted(body["data"]["payInvoice"]["invoice"]["amountPaid"] for body in paid)
    assert seen == [5_000, 10_000, 15_000]
    for body in paid:
        invoice = body["data"]["payInvoice"]["invoice"]
        assert sum(each["amount"] for each in invoice["payments"]) == invoice["amountPaid"]
    found = await read(acme, key)
    assert (found["amountPaid"], found["amountDue"], len(found["payments"])) == (15_000, 2_850, 3)
    assert await acme.count("invoice_payments") == 3


async def test_of_a_payment_and_a_void_at_the_same_time_one_is_refused(acme: Org) -> None:
    for _ in range(5):
        key = await standing(acme, S.OPEN)
        paid, voided = await asyncio.gather(acme.graphql(PAY, input={"id": key}), acme.graphql(VOID, id=key))
        refused = [answer for answer in (paid, voided) if "errors" in answer.json()]
        assert len(refused) == 1
        error(refused[0], 200, "INVALID_TRANSITION", "input.id")
        found = await read(acme, key)
        assert (found["status"], found["amountPaid"]) == (("VOID", 0) if refused[0] is paid else ("PAID", 17_850))


async def test_a_client_has_its_payments_by_currency(acme: Org) -> None:
    one, two, none = [(await new_client(acme))["publicId"] for _ in range(3)]
    for client, currency, amount in ((one, "EUR", 17_850), (one, "USD", 100), (two, "EUR", 50), (one, "EUR", 1)):
        made = await new_invoice(acme, client, currency=currency, lines=[LINE])
        await changed(acme, made["publicId"], status="OPEN")
        await acme.data(PAY, input={"id": made["publicId"], "amount": amount})
    await new_invoice(acme, none)
    text = "{ clients { nodes { id totals { currency lifetimeValue } invoices { totalCount } } } }"
    answer = await acme.graphql(text)
    found = {node["id"]: node for node in answer.json()["data"]["clients"]["nodes"]}
    assert found[one]["totals"] == [
        {"currency": "EUR", "lifetimeValue": 17_851}, {"currency": "USD", "lifetimeValue": 100},
    ]  # fmt: skip
    assert (found[two]["totals"], found[none]["totals"]) == ([{"currency": "EUR", "lifetimeValue": 50}], [])
    assert [found[key]["invoices"]["totalCount"] for key in (one, two, none)] == [3, 1, 1]


async def test_what_is_overdue(acme: Org) -> None:
    late, early = await standing(acme, S.OPEN), await standing(acme, S.OPEN)
    paid, draft = await standing(acme, S.PAID), await standing(acme, S.DRAFT)
    await acme.rows("update invoices set due_at = now() - interval '1 day' where issued_at is not null")
    await acme.rows("update invoices set due_at = now() + interval '1 day' where number like '%-000002'")
    assert [(await read(acme, key))["overdue"] for key in (late, early, paid, draft)] == [True, False, False, False]
    for value, keys in (("true", [late]), ("false", [draft, paid, early])):
        answer = await acme.http.get("/api/v1/invoices", params={"overdue": value})
        assert [row["publicId"] for row in answer.json()["data"]] == keys
    async with unchanged(acme):
        problem(await acme.http.get("/api/v1/invoices?overdue=1"), 400, "BAD_INPUT", "query.overdue")


async def test_nothing_advises_to_void_what_is_paid_in_part(acme: Org) -> None:
    part = await standing(acme, S.OPEN)
    await acme.data(PAY, input={"id": part, "amount": 1})
    path = f"/api/v1/invoices/{part}"
    async with unchanged(acme):
        deleted = problem(await acme.http.delete(path), 409, "CONFLICT", "path.publicId")
        fixed = problem(await acme.http.put(path, json={"discount": 1}), 409, "CONFLICT", "body.discount")
    assert (deleted["reason"], deleted["detail"]) == ("NOT_DRAFT", "An invoice that is OPEN cannot be deleted.")
    said = "The invoice is OPEN: its lines, discount and currency change only in a DRAFT."
    assert (fixed["reason"], fixed["detail"]) == ("NOT_DRAFT", said)
