"""Billing: what a worker does for a subscription, one thing in each transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.invoices import InvoiceStatus, invoices
from models.machines import Row
from models.subscriptions import MACHINE, PeriodState, SubscriptionStatus, subscription_periods
from resolvers.changes.edits import Edit, begin_edit_of
from resolvers.changes.transitions import request_to
from resolvers.collections.rows import by_ids
from resolvers.context import Context, now
from resolvers.database.sql import ORG, owned, statement
from resolvers.invoices.collections import INVOICES
from resolvers.invoices.finalizing import finalize_edit
from resolvers.invoices.mutations import draft
from resolvers.invoices.transitions import can_be_finalized
from resolvers.services import SERVICES
from resolvers.settings import settings_of
from resolvers.subscriptions.collections import SUBSCRIPTIONS
from resolvers.subscriptions.ledger import Ledger
from resolvers.subscriptions.revenue import mrr_of
from resolvers.subscriptions.timeline import days_of, next_step

_S = SubscriptionStatus
_SUBSCRIPTION = sa.bindparam("subscription", type_=sa.Uuid)
# The status of these follows from what is paid.
_BY_PAYMENTS = (_S.ACTIVE, _S.PAST_DUE)


@statement
def _oldest_due() -> sa.Select[Any]:
    periods = subscription_periods.c
    mine = (periods.subscription_id == _SUBSCRIPTION, periods.state == sa.literal_column("'DUE'"))
    return owned(subscription_periods).where(*mine).order_by(periods.number).limit(1)


@statement
def _set_billed() -> sa.Update:
    periods = subscription_periods.c
    this = (periods.subscription_id == _SUBSCRIPTION, periods.number == sa.bindparam("which", type_=sa.Integer))
    billed = {"state": PeriodState.BILLED.value, "invoice_id": sa.bindparam("invoice", type_=sa.Uuid)}
    return subscription_periods.update().where(periods.org_id == ORG, *this).values(billed)


@statement
def _first_unpaid() -> sa.Select[Any]:
    unpaid: list[Any] = [
        sa.literal_column(f"'{status}'") for status in (InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE)
    ]
    mine = (invoices.c.subscription_id == _SUBSCRIPTION, invoices.c.status.in_(unpaid))
    return owned(invoices, sa.func.min(invoices.c.due_at).label("due_at")).where(*mine)


async def advance(ctx: Context, subscription_id: UUID) -> datetime | None:
    """Do one thing for a subscription: bill its oldest period that is due; or let what comes next happen, and bill the
    period that begins with it; or, when nothing has come, settle whether it is past due.

    Return when there is more to do, which may be now; None for never.
    """
    moment = now()
    edit = await begin_edit_of(ctx, SUBSCRIPTIONS, subscription_id)
    due: Row | None = await ctx.row(_oldest_due(), subscription=subscription_id)
    if due is None:
        step = next_step(edit.row)
        if step is None or step.at > moment:
            return await _settle(ctx, edit, moment, None if step is None else step.at)
        ledger = Ledger(edit.row, mrr_of(edit.row))
        edit.set(step.columns, step.action, step.event)
        ledger.note(step.at, step.period)
        await edit.save()
        await ledger.write(ctx)
        due = next((each for each in ledger.periods if each["state"] == PeriodState.DUE), None)
    if due is not None:
        await _bill(ctx, edit.row, due)
    return moment


async def _bill(ctx: Context, subscription: Row, period: Row) -> None:
    """Create the invoice of a period and, unless something blocks it, finalize it."""
    line = {
        "description": await _description(ctx, subscription, period["number"]),
        "quantity": Decimal(period["quantity"]),
        "unit_price": period["unit_price"],
        "tax_rate": period["tax_rate"],
    }
    values = {"currency": subscription["currency"], "subscription_id": subscription["id"], "lines": [line]}
    invoice = await draft(ctx, values, subscription["client_id"])
    await ctx.fetch(_set_billed(), subscription=subscription["id"], which=period["number"], invoice=invoice["id"])
    if await can_be_finalized(ctx, invoice):
        edit = Edit(ctx, INVOICES, invoice, dict(invoice))
        await finalize_edit(ctx, edit, request_to(InvoiceStatus.OPEN))
        await edit.save()


async def _description(ctx: Context, subscription: Row, number: int) -> str:
    """Return the text of a period's line: the service, and the first and the last day of the period."""
    (service,) = await by_ids(ctx, SERVICES, [subscription["service_id"]], ("name",))
    assert service is not None, "a subscription refers to a service"
    return f"{service['name']}, {days_of(subscription, number)}"


async def _settle(ctx: Context, edit: Edit, moment: datetime, following: datetime | None) -> datetime | None:
    """Make a subscription past due or active by its unpaid invoices. Return when there is more to do, of that or of
    what is ``following``."""
    status, coming = _S(edit.row["status"]), [following]
    if status in _BY_PAYMENTS:
        first = await ctx.row(_first_unpaid(), subscription=edit.row["id"])
        late_at = await _late_at(ctx, first)
        late = late_at is not None and late_at <= moment
        made = MACHINE.between(status, _S.PAST_DUE if late else _S.ACTIVE)
        if made is not None:
            effects = MACHINE.effects(edit.row, made, moment, None)
            edit.set({"status": made.target} | effects, "transition", "past_due" if late else "updated")
            await edit.save()
        coming.append(None if late else late_at)
    return min((each for each in coming if each is not None), default=None)


async def _late_at(ctx: Context, first_unpaid: Mapping[str, Any] | None) -> datetime | None:
    if first_unpaid is None or first_unpaid["due_at"] is None:
        return None
    due_at: datetime = first_unpaid["due_at"]
    return due_at + timedelta(days=(await settings_of(ctx))["subscriptions.graceDays"])
