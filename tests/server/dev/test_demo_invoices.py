"""The demo's invoices: in every state, with numbers and sums as the domain makes them."""

from datetime import datetime
from itertools import pairwise

from models.invoices import InvoiceStatus, amount_due
from resolvers.invoices.amounts import amounts
from server.dev.demo_invoices import Invoices, invoices_of
from server.dev.demo_maker import Row
from server.dev.demo_rows import FIXED, Rows, Size, rows_of

S = InvoiceStatus
SIZE = Size(clients=40, orders=600, messages=5)


def _made() -> tuple[Rows, Invoices]:
    rows = rows_of(1, SIZE)
    return rows, invoices_of(rows, 1, 400)


def _lines(made: Invoices, row: Row) -> list[dict[str, object]]:
    return [
        {"amount": line["amount"], "taxRate": line["tax_rate"]}
        for line in made.lines
        if line["invoice_id"] == row["id"]
    ]


def test_invoices_stand_in_every_state_with_what_the_moves_set() -> None:
    rows, made = _made()
    assert {row["status"] for row in made.invoices} == set(S)
    assert len({row["order_id"] for row in made.invoices}) == len(made.invoices) == 400
    orders = {order["id"]: order for order in rows.orders}
    overdue, parts = 0, 0
    for row in made.invoices:
        assert {**row, **amounts(_lines(made, row), row["discount"])} == row
        assert (row["client_id"], row["currency"]) == (orders[row["order_id"]]["client_id"], "EUR")
        issued = [row[name] for name in ("number", "issued_at", "due_at", "seller", "buyer", "timezone")]
        assert [each is None for each in issued] == [row["status"] is S.DRAFT] * len(issued)
        paid = sum(each["amount"] for each in made.payments if each["invoice_id"] == row["id"])
        assert (paid, row["paid_at"] is not None) == (row["amount_paid"], row["status"] is S.PAID)
        assert row["status"] is not S.PAID or amount_due(row) == 0
        overdue += row["status"] is S.OPEN and row["due_at"] < FIXED
        parts += row["status"] is S.OPEN and paid > 0
        # A date to come is the one that it is due at, and no other.
        times = [value for name, value in row.items() if isinstance(value, datetime) and name != "due_at"]
        assert max(times) <= FIXED
    assert overdue > 0
    assert parts > 0


def test_numbers_have_no_gap_and_the_order_of_issue() -> None:
    _, made = _made()
    issued = sorted((row for row in made.invoices if row["number"]), key=lambda row: str(row["number"]))
    for one, other in pairwise(issued):
        assert one["issued_at"] <= other["issued_at"]
    years = {row["number"][:4] for row in issued}
    for year in years:
        numbers = [int(row["number"][5:]) for row in issued if row["number"].startswith(year)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert {"name": f"invoices:{year}:", "next": len(numbers) + 1} in made.counters
    assert len(made.counters) == len(years)


def test_the_same_arguments_make_the_same_invoices() -> None:
    assert _made()[1] == _made()[1]
