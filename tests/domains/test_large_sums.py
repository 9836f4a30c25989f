"""Sums that are more than a reader of JSON is sure to read exactly: each is refused by itself, and none is cut."""

from typing import Any

from models.invoices import InvoiceStatus
from models.types import MAX_SAFE_INTEGER
from tests.support.agents import new_definition, new_job
from tests.support.api import Org, new_client, new_order
from tests.support.invoices import PAY, standing
from tests.support.refusals import error

MOST = {"minimum": -MAX_SAFE_INTEGER, "maximum": MAX_SAFE_INTEGER}


def refused(answer: Any, *paths: list[Any]) -> None:
    """Check that an answer has these errors: a number out of range at each path."""
    assert {name: value for name, value in error(answer, 200, "OUT_OF_RANGE").items() if name in MOST} == MOST
    assert [each["path"] for each in answer.json()["errors"]] == list(paths)


async def test_totals_of_invoices(acme: Org) -> None:
    for _ in range(2):
        await standing(acme, InvoiceStatus.OPEN)
    await acme.rows("update invoices set subtotal = $1::bigint, discount = 0, tax = 0, total = $1", MAX_SAFE_INTEGER)
    text = "{ health { status } invoiceTotals { count total } }"
    answer = await acme.graphql(text)
    refused(answer, ["invoiceTotals", 0, "total"])
    assert answer.json()["data"] == {"health": {"status": "ok"}, "invoiceTotals": None}
    # What fits is answered beside it.
    assert (await acme.data("{ invoiceTotals { count amountPaid } }"))["invoiceTotals"] == [
        {"count": 2, "amountPaid": 0}
    ]
    await acme.rows("update invoices set subtotal = 1, total = 1 where id = (select min(id::text)::uuid from invoices)")
    await acme.rows("update invoices set subtotal = $1::bigint, total = $1 where total > 1", MAX_SAFE_INTEGER - 1)
    assert (await acme.data("{ invoiceTotals { total } }"))["invoiceTotals"] == [{"total": MAX_SAFE_INTEGER}]


async def test_what_a_client_has_paid(acme: Org) -> None:
    rich, poor = [(await new_client(acme))["publicId"] for _ in range(2)]
    for client in (rich, rich, poor):
        invoice = await standing(acme, InvoiceStatus.OPEN, clientId=client)
        await acme.data(PAY, input={"id": invoice, "amount": 1})
    most = MAX_SAFE_INTEGER
    text = "query($id: ID!) { client(id: $id) { totals { lifetimeValue } } }"
    await acme.rows(
        "update invoices set subtotal = $1::bigint, discount = 0, tax = 0, total = $1, amount_paid = $1", most
    )
    refused(await acme.graphql(text, id=rich), ["client", "totals", 0, "lifetimeValue"])
    assert (await acme.data(text, id=poor))["client"]["totals"] == [{"lifetimeValue": most}]
    fits = await acme.data("query($id: ID!) { client(id: $id) { totals { currency } } }", id=rich)
    assert len(fits["client"]["totals"]) == 1


async def test_what_agents_cost(acme: Org) -> None:
    order = (await new_order(acme))["publicId"]
    definition = await new_definition(acme)
    for _ in range(2):
        await new_job(acme, definition, orderId=order)
    await acme.rows("update agent_jobs set cost = $1, currency = 'EUR'", MAX_SAFE_INTEGER)
    text = "query($id: ID!) { order(id: $id) { agentCost { cost } } }"
    refused(await acme.graphql(text, id=order), ["order", "agentCost", 0, "cost"])
    # Of millionths of the currency the margin has what is left in cents, exactly.
    (found,) = await acme.rows("select total from orders")
    spent = (2 * MAX_SAFE_INTEGER + 5_000) // 10_000
    margin = (await acme.data("query($id: ID!) { order(id: $id) { margin } }", id=order))["order"]["margin"]
    assert margin == found["total"] - spent
