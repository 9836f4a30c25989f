"""Invoices in each of their states."""

from typing import Any

from models.invoices import InvoiceStatus
from tests.support.api import Org, new_client

S = InvoiceStatus
LINE: dict[str, Any] = {"description": "Logo", "unitPrice": 15_000, "taxRate": "19"}
# How an invoice comes to stand somewhere, over REST.
ROADS: dict[InvoiceStatus, list[InvoiceStatus]] = {
    S.DRAFT: [],
    S.OPEN: [S.OPEN],
    S.PAID: [S.OPEN, S.PAID],
    S.VOID: [S.OPEN, S.VOID],
    S.UNCOLLECTIBLE: [S.OPEN, S.UNCOLLECTIBLE],
}
READ = """query($id: ID!) { invoice(id: $id) { status version number total amountPaid amountDue overdue
  lines { description quantity unitPrice taxRate amount } payments { amount method reference paidAt }
  issuedAt dueAt paidAt voidedAt uncollectibleAt seller { name address { lines } } buyer { name contact }
  availableTransitions { to allowed blockedBy { code message limit until } } } }"""
PAY = """mutation($input: PayInvoiceInput!) { payInvoice(input: $input) { invoice {
  id status amountPaid amountDue paidAt version payments { amount method reference paidAt } } } }"""
FINALIZE = "mutation($id: ID!) { finalizeInvoice(input: {id: $id}) { invoice { id number status issuedAt } } }"
VOID = "mutation($id: ID!) { voidInvoice(input: {id: $id}) { invoice { id status version } } }"


async def new_invoice(org: Org, client: str | None = None, **given: Any) -> dict[str, Any]:
    """A draft over REST of one line, if no lines are given."""
    body = {"clientId": client or (await new_client(org))["publicId"], "lines": [LINE]} | given
    answer = await org.http.post("/api/v1/invoices", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def changed(org: Org, key: str, **given: Any) -> dict[str, Any]:
    """An invoice after a change over REST."""
    answer = await org.http.put(f"/api/v1/invoices/{key}", json=given)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def standing(org: Org, status: InvoiceStatus, **given: Any) -> str:
    """The id of an invoice that stands somewhere."""
    key: str = (await new_invoice(org, **given))["publicId"]
    for to in ROADS[status]:
        await changed(org, key, status=to)
    return key


async def read(org: Org, key: str) -> Any:
    """An invoice with its transitions."""
    return (await org.data(READ, id=key))["invoice"]


async def happened(org: Org) -> tuple[list[str], list[str]]:
    """The actions of the audit log that are of invoices, and the events, in their order."""
    actions = [row["action"] for row in await org.rows("select action from audit_entries order by id")]
    events = [row["type"] for row in await org.rows("select type from events order by id")]
    return [each for each in actions if each.startswith("invoice:")], [
        each for each in events if each.startswith("invoice.")
    ]
