"""Transitions of an invoice: what a draft needs to be finalized is looked up with its client."""

from datetime import datetime
from typing import Any

from execution import Args
from models.invoices import ADDRESS, INVOICE, MACHINE, InvoiceStatus
from models.jobs import JobFunction
from models.machines import Transition
from resolvers.changes.edits import Edit
from resolvers.changes.transitions import TransitionRequest, transition_of, transitions_of
from resolvers.clients import CLIENTS
from resolvers.collections.rows import by_ids, with_referred
from resolvers.context import Context, Row, now
from resolvers.jobs.timers import set_timer

_transitions = transitions_of(MACHINE)
# The columns of an invoice that its transitions depend on.
NEEDED = ("status", "client_id", "amount_paid", "taxes")


async def client_of(ctx: Context, row: Row, *columns: str) -> Row:
    """Return columns of an invoice's client."""
    (client,) = await by_ids(ctx, CLIENTS, [row["client_id"]], columns)
    assert client is not None, "an invoice refers to a client"
    return client


async def checked(
    ctx: Context, edit: Edit, request: TransitionRequest, moment: datetime, client: Row | None = None
) -> Transition[InvoiceStatus]:
    """Return the transition that was requested; a ``client`` has its address. Raises Refusal INVALID_TRANSITION."""
    row = edit.row
    if row["status"] == InvoiceStatus.DRAFT:
        row = {**row, ADDRESS: (client or await client_of(ctx, row, "address"))["address"]}
    return await transition_of(ctx, INVOICE.label, MACHINE, row, request, moment)


async def can_be_finalized(ctx: Context, row: Row) -> bool:
    """Return whether nothing blocks a draft from being finalized."""
    (found,) = await available(ctx, [row], Args((), {}))
    return any(each["allowed"] for each in found)


async def wake_subscription(ctx: Context, row: Row) -> None:
    """Let a worker look whether the subscription of an invoice, if any, is past due now, or no longer."""
    if row["subscription_id"] is not None:
        await set_timer(ctx, JobFunction.SUBSCRIPTION, row["subscription_id"], now())


async def available(ctx: Context, parents: list[Row], args: Args) -> list[list[dict[str, Any]]]:
    """Return the transitions of each invoice. Its row has its client's address, unless it was just changed."""
    rows = await with_referred(ctx, parents, NEEDED, ADDRESS, CLIENTS)
    return await _transitions(ctx, rows, args)
