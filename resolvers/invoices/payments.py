"""Payments of an invoice: whole or in parts, never more than is due."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from models.invoices import MACHINE, MAX_PAYMENTS, InvoiceStatus
from resolvers.changes.edits import Edit, InputValues, begin_edit
from resolvers.changes.transitions import TransitionRequest, request_to
from resolvers.collections.rows import Key
from resolvers.context import Context, Row, now
from resolvers.errors import Refusal, bad_input, refuse
from resolvers.invoices.collections import INVOICES
from resolvers.invoices.transitions import checked, wake_subscription
from resolvers.moments import shown_time

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


async def pay(ctx: Context, key: Key, values: InputValues) -> Row:
    """Record a payment of an invoice: of all that is due, where no amount is given.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, INVALID_TRANSITION for an invoice that is not to be paid, or BAD_INPUT
    for more than is due, another currency or a time to come.
    """
    edit = await begin_edit(ctx, INVOICES, key)
    await wake_subscription(ctx, edit.row)
    await pay_edit(ctx, edit, request_to(InvoiceStatus.PAID), values)
    return await edit.save()


async def pay_edit(ctx: Context, edit: Edit, request: TransitionRequest, values: InputValues) -> None:
    """Record a payment of the invoice of an edit, which is then saved; it is PAID when nothing more is due."""
    row, moment = edit.row, now()
    made = await checked(ctx, edit, request, moment)
    due = row["total"] - row["amount_paid"]
    amount, paid_at = values.get("amount", due), values.get("paid_at", moment)
    refuse(_wrong(row, values, amount, due, paid_at, moment))
    payment = {
        "amount": amount,
        "method": values.get("method"),
        "reference": values.get("reference"),
        "paidAt": shown_time(paid_at),
    }
    changed: dict[str, Any] = {"payments": [*row["payments"], payment], "amount_paid": row["amount_paid"] + amount}
    if amount == due:
        changed |= {"status": made.target} | MACHINE.effects(row, made, paid_at, None)
    edit.set(changed, "pay", "payment_recorded")
    if amount == due:
        edit.events.append("paid")


def _wrong(
    row: Mapping[str, Any], values: InputValues, amount: int, due: int, paid_at: datetime, moment: datetime
) -> Iterator[Refusal]:
    if values.get("currency", row["currency"]) != row["currency"]:
        yield bad_input("currency", f"The invoice is in {row['currency']}.", "NOT_ALLOWED")
    if amount > due:
        yield bad_input("amount", f"It must be at most what is due, which is {due}.", "OUT_OF_RANGE", maximum=due)
    if amount < due and len(row["payments"]) >= MAX_PAYMENTS - 1:
        text = f"An invoice has at most {MAX_PAYMENTS} payments: the last one pays all that is due, which is {due}."
        yield bad_input("amount", text, "OUT_OF_RANGE", minimum=due)
    if not _EARLIEST <= paid_at <= moment:
        text = "It must be from 1970 on, and not in the future."
        bounds = {"minimum": shown_time(_EARLIEST), "maximum": shown_time(moment)}
        yield bad_input("paid_at", text, "OUT_OF_RANGE", **bounds)
