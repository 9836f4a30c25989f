"""Orders counted by status, and invoices summed by status and currency: of all that the caller sees and a filter
matches."""

from typing import Any

import pytest

from models.invoices import InvoiceStatus
from models.orders import OrderStatus
from resolvers.lists import candidates
from resolvers.lists.pages import STATEMENTS
from tests.support.api import Org, new_client, new_order
from tests.support.invoices import changed, new_invoice, standing
from tests.support.orders import transition
from tests.support.refusals import error
from tests.support.tokens import as_client

COUNTS = "query($filter: OrderFilter) { orderCounts(filter: $filter) { status count } }"
TOTALS = """query($filter: InvoiceFilter) { invoiceTotals(filter: $filter) {
  status currency count total amountPaid amountDue } }"""


async def counted(org: Org, **filter_: Any) -> dict[str, int]:
    """The counts by one statement, in the order of the statuses."""
    answer = await org.graphql(COUNTS, filter=filter_)
    assert answer.headers["server-timing"] == 'sql;desc="1"', answer.text
    found = {each["status"]: each["count"] for each in answer.json()["data"]["orderCounts"]}
    assert list(found) == [each for each in OrderStatus if each in found]
    return found


async def summed(org: Org, **filter_: Any) -> list[tuple[Any, ...]]:
    return [tuple(each.values()) for each in (await org.data(TOTALS, filter=filter_))["invoiceTotals"]]


@pytest.mark.parametrize("most", [candidates.MAX_CANDIDATES, 0], ids=["few candidates", "too many"])
async def test_orders_are_counted_by_status(acme: Org, other: Org, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    for name in ("MAX_CANDIDATES", "MAX_CANDIDATES_OF_ONE_TABLE"):
        monkeypatch.setattr(candidates, name, most)
    STATEMENTS.clear()
    assert await counted(acme) == {}
    ada, bob = [(await new_client(acme, name=name))["publicId"] for name in ("Ada", "Bob")]
    keys = [
        (await new_order(acme, client, notes=name))["publicId"]
        for name, client in zip("abcd", (ada, ada, ada, bob), strict=True)
    ]
    await new_order(other)
    await transition(acme, keys[0], OrderStatus.SUBMITTED)
    await transition(acme, keys[3], OrderStatus.CANCELLED, reason="x")
    assert await counted(acme) == {"PENDING": 2, "SUBMITTED": 1, "CANCELLED": 1}
    assert await counted(acme, clientId={"eq": ada}) == {"PENDING": 2, "SUBMITTED": 1}
    assert await counted(acme, client={"name": {"startsWith": "bo"}}) == {"CANCELLED": 1}
    assert await counted(acme, status={"in": ["PENDING", "CANCELLED"]}) == {"PENDING": 2, "CANCELLED": 1}
    assert await counted(acme, search="b") == {"PENDING": 1}
    assert await counted(acme, **{"not": {"clientId": {"eq": ada}}}) == {"CANCELLED": 1}
    assert await counted(acme, **{"or": []}) == {}
    STATEMENTS.clear()


async def test_invoices_are_summed_by_status_and_currency(acme: Org, other: Org) -> None:
    assert await summed(acme) == []
    client = (await new_client(acme))["publicId"]
    await standing(other, InvoiceStatus.OPEN)
    for status in (InvoiceStatus.OPEN, InvoiceStatus.OPEN, InvoiceStatus.PAID, InvoiceStatus.VOID):
        await standing(acme, status, clientId=client)
    part = await standing(acme, InvoiceStatus.OPEN)
    pay = "mutation($input: PayInvoiceInput!) { payInvoice(input: $input) { invoice { id } } }"
    await acme.data(pay, input={"id": part, "amount": 7_850})
    await new_invoice(acme, client, currency="JPY")
    await changed(acme, (await new_invoice(acme, client))["publicId"], discount=0)
    usual = (await acme.data("{ invoices(last: 1) { nodes { currency } } }"))["invoices"]["nodes"][0]["currency"]
    drafts = sorted([("DRAFT", "JPY", 1, 17_850, 0, 17_850), ("DRAFT", usual, 1, 17_850, 0, 17_850)])
    assert await summed(acme) == [
        *drafts,
        ("OPEN", usual, 3, 53_550, 7_850, 45_700),
        ("PAID", usual, 1, 17_850, 17_850, 0),
        ("VOID", usual, 1, 17_850, 0, 0),
    ]
    assert await summed(acme, clientId={"eq": client}, status={"eq": "OPEN"}) == [("OPEN", usual, 2, 35_700, 0, 35_700)]
    assert await summed(acme, overdue={"eq": True}) == []


async def test_a_client_counts_what_is_its_own(acme: Org) -> None:
    client = (await new_client(acme, name="Ada"))["publicId"]
    await new_order(acme, client)
    await new_order(acme)
    await standing(acme, InvoiceStatus.OPEN, clientId=client)
    await standing(acme, InvoiceStatus.OPEN)
    await new_invoice(acme, client)  # a draft, which is the staff's until it is issued
    ada = await as_client(acme, client)
    async with ada.http:
        assert await counted(ada) == {"PENDING": 1}
        assert await counted(ada, total={"gt": 0}) == {"PENDING": 1}
        assert [row[2] for row in await summed(ada)] == [1]
        for filter_ in ({"tags": {"has": "vip"}}, {"search": "x"}, {"assigneeIds": {"has": "x"}}):
            error(await ada.graphql(COUNTS, filter=filter_), 403, "FORBIDDEN")


async def test_a_key_needs_the_scopes_of_what_is_counted_and_of_what_the_filter_leads_to(acme: Org) -> None:
    weak = acme.holding(await acme.new_key("orders:read"))
    async with weak.http:
        assert await counted(weak) == {}
        for text, filter_, scope in (
            (TOTALS, {}, "invoices:read"),
            (COUNTS, {"client": {"name": {"eq": "a"}}}, "clients:read"),
            (COUNTS, {"or": [{"invoices": {"some": {}}}]}, "invoices:read"),
        ):
            assert error(await weak.graphql(text, filter=filter_), 403, "FORBIDDEN")["scope"] == scope


async def test_a_filter_that_is_too_large_names_its_part(acme: Org) -> None:
    answer = await acme.graphql(COUNTS, filter={"search": "a" * 2_000})
    assert error(answer, 200, "BAD_INPUT", "filter.search")["reason"] == "TOO_LONG"
    assert answer.json()["data"] == {"orderCounts": None}


async def test_a_filter_costs_as_for_a_page_and_its_count(acme: Org) -> None:
    def cost(answer: Any) -> Any:
        return answer.json()["extensions"]["cost"]["requested"]

    filter_ = {"client": {"name": {"eq": "a"}}, "total": {"gt": 1}}
    page = await acme.graphql("query($f: OrderFilter) { orders(first: 1, filter: $f) { totalCount } }", f=filter_)
    assert cost(await acme.graphql(COUNTS, filter=filter_)) == cost(page)
