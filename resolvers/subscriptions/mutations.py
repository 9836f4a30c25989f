"""Mutations of subscriptions. Whatever happened before the change is recorded first, however late that is."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from models.jobs import JobFunction
from models.services import Billing, BillingInterval, ServiceStatus
from models.subscriptions import MACHINE, Subscription, SubscriptionStatus
from models.types import MAX_SAFE_INTEGER
from resolvers import organizations
from resolvers.changes.edits import Edit, InputValues, begin_edit, insert, new_row
from resolvers.changes.references import Reference, looked_up
from resolvers.changes.transitions import request_to
from resolvers.clients import CLIENTS
from resolvers.collections.rows import Key
from resolvers.context import Context, Row, now
from resolvers.errors import Conflict, Refusal, bad_input, refuse
from resolvers.jobs.timers import set_timer
from resolvers.orders import refuse_client
from resolvers.services import SERVICES
from resolvers.subscriptions.calendar import day_of, last_begun, local_day
from resolvers.subscriptions.collections import SUBSCRIPTIONS
from resolvers.subscriptions.ledger import Ledger
from resolvers.subscriptions.revenue import mrr_of
from resolvers.subscriptions.timeline import begins, steps

_S = SubscriptionStatus
# How many periods a new subscription may be billed for at once: five years of months.
MOST_AT_ONCE = 60
# The greatest amount of a period, so that its total with a tax of 100 % is one too.
LARGEST_AMOUNT = MAX_SAFE_INTEGER // 2
# What cannot change once a subscription is cancelled.
_ENDED = ("quantity", "unit_price", "tax_rate", "cancel_at_period_end")
CANCELLED = Conflict("SUBSCRIPTION_CANCELLED", "The subscription is cancelled: only its metadata can be changed.")
_COPIED = {"unit_price": "price", "currency": "currency", "tax_rate": "tax_rate", "interval": "interval"}


def _refuse_service(service: Mapping[str, Any]) -> str | None:
    if service["status"] != ServiceStatus.ACTIVE:
        return f"The service is {service['status']}: only an ACTIVE one can be subscribed to."
    return None if service["billing"] == Billing.RECURRING else "The service is not RECURRING."


async def create(ctx: Context, values: InputValues) -> Row:
    """Create a subscription of an ACTIVE and RECURRING service. Raises Refusals naming all references that are wrong,
    or Refusal BAD_INPUT for dates that do not fit each other, or too many periods at once."""
    found, wrong = await looked_up(
        ctx, values,
        client_id=Reference(CLIENTS, ("status",), refuse_client, held=True),
        service_id=Reference(SERVICES, ("status", "billing", *_COPIED.values()), _refuse_service),
    )  # fmt: skip
    moment = now()
    row = new_row(Subscription, values)
    row |= {name: each["id"] for name, each in found.items()}
    if "service_id" not in found:
        refuse([*wrong, *_wrong_trial(values)])
    row |= {name: found["service_id"][column] for name, column in _COPIED.items()}
    if "timezone" not in row:
        row["timezone"] = await organizations.value_of(ctx, "timezone")
    if "start_date" not in row:
        row["start_date"] = local_day(moment, row["timezone"])
    if row.get("anchor_date") is None:
        row["anchor_date"] = row["trial_end"] or row["start_date"]
    refuse([*wrong, *_wrong_dates(row, moment), *_wrong_amount(row)])
    row["next_period"] = last_begun(row["anchor_date"], BillingInterval(row["interval"]), _first_day(row))
    row["status"] = _S.ACTIVE if row["trial_end"] is None else _S.TRIALING
    ledger = Ledger(row, 0)
    for step in steps(row, moment):
        row |= step.columns
        ledger.note(moment, step.period)
    ledger.note(moment)
    await insert(ctx, SUBSCRIPTIONS, row)
    await ledger.write(ctx)
    await set_timer(
        ctx, JobFunction.SUBSCRIPTION, row["id"], moment if ledger.periods else begins(row, row["next_period"])
    )
    return row


def check_new(_ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Yield the refusal BAD_INPUT of a trial that ends before the day on which the subscription is to start."""
    yield from _wrong_trial(values)


def _wrong_trial(values: Mapping[str, Any]) -> Iterator[Refusal]:
    start, end = values.get("start_date"), values.get("trial_end")
    if start is not None and end is not None and end <= start:
        yield bad_input("trial_end", "It must be after the day on which the subscription starts.", "NOT_ALLOWED")


def _first_day(row: Mapping[str, Any]) -> date:
    """Return the first day that is billed."""
    first: date = row["trial_end"] or row["start_date"]
    return first


def _wrong_dates(row: Mapping[str, Any], moment: datetime) -> Iterator[Refusal]:
    """Yield the refusal BAD_INPUT of the first date of a new subscription that does not fit the others."""
    if wrong := [*_wrong_trial(row)]:
        yield from wrong
        return
    anchor, interval, first = row["anchor_date"], BillingInterval(row["interval"]), _first_day(row)
    number = last_begun(anchor, interval, first)
    if number < 0 or day_of(anchor, interval, number) != first:
        message = f"No period that is counted from it begins on {first}, the first day that is billed."
        yield bad_input("anchor_date", f"{message} A part of a period cannot be billed.", "NOT_ALLOWED")
        return
    begun = last_begun(anchor, interval, local_day(moment, row["timezone"])) + 1 - number
    if begun > MOST_AT_ONCE:
        message = f"{begun} periods would be billed at once, and at most {MOST_AT_ONCE} can be."
        yield bad_input("start_date" if row["trial_end"] is None else "trial_end", message, "NOT_ALLOWED")


def _wrong_amount(row: Mapping[str, Any]) -> Iterator[Refusal]:
    if row["quantity"] * row["unit_price"] > LARGEST_AMOUNT:
        most = LARGEST_AMOUNT // row["unit_price"]
        message = f"A period would be billed with more than {LARGEST_AMOUNT}."
        yield bad_input("quantity", message, "OUT_OF_RANGE", minimum=1, maximum=most)


async def _begin(ctx: Context, key: Key, moment: datetime) -> tuple[Edit, Ledger]:
    """Lock a subscription, and record what has happened to it by a time."""
    edit = await begin_edit(ctx, SUBSCRIPTIONS, key)
    ledger = Ledger(edit.row, mrr_of(edit.row))
    for step in steps(edit.row, moment):
        edit.set(step.columns, step.action, step.event)
        ledger.note(step.at, step.period)
    return edit, ledger


async def _save(edit: Edit, ledger: Ledger, moment: datetime) -> Row:
    ledger.note(moment)
    row = await edit.save()
    await ledger.write(edit.ctx)
    return row


async def change(ctx: Context, key: Key, values: InputValues) -> Row:
    """Change a subscription; quantity, price and tax rate count from the next period on.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, CONFLICT (SUBSCRIPTION_CANCELLED) or BAD_INPUT.
    """
    moment = now()
    edit, ledger = await _begin(ctx, key, moment)
    late = [name for name in edit.changes(values) if name in _ENDED]
    if late and edit.row["status"] == _S.CANCELLED:
        raise CANCELLED.refusal(late[0])
    edit.set(values)
    refuse(_wrong_amount(edit.row))
    return await _save(edit, ledger, moment)


async def cancel(ctx: Context, key: Key, values: InputValues) -> Row:
    """Cancel a subscription, now or when its next period would begin; one that is cancelled stays as it is.

    Raises Refusal NOT_FOUND or VERSION_MISMATCH.
    """
    moment = now()
    edit, ledger = await _begin(ctx, key, moment)
    if not values.get("at_period_end"):
        await edit.transition(MACHINE, request_to(_S.CANCELLED), "cancelled", moment=moment)
    elif edit.row["status"] != _S.CANCELLED:
        edit.set({"cancel_at_period_end": True})
    return await _save(edit, ledger, moment)


async def pause(ctx: Context, key: Key) -> Row:
    """Pause a subscription. Raises Refusal NOT_FOUND, VERSION_MISMATCH or INVALID_TRANSITION."""
    moment = now()
    edit, ledger = await _begin(ctx, key, moment)
    await edit.transition(MACHINE, request_to(_S.PAUSED), "updated", moment=moment)
    return await _save(edit, ledger, moment)


async def resume(ctx: Context, key: Key) -> Row:
    """Let a subscription go on: one that is paused, and one that was to be cancelled with its period.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH or INVALID_TRANSITION.
    """
    moment = now()
    edit, ledger = await _begin(ctx, key, moment)
    status = edit.row["status"]
    withdrawn = status != _S.CANCELLED and edit.row["cancel_at_period_end"]
    if withdrawn:
        edit.set({"cancel_at_period_end": False})
    if status == _S.PAUSED:
        # An invoice may have become late meanwhile.
        await set_timer(ctx, JobFunction.SUBSCRIPTION, edit.row["id"], moment)
    if status == _S.PAUSED or not withdrawn:
        await edit.transition(MACHINE, request_to(_S.ACTIVE), "updated", moment=moment)
    return await _save(edit, ledger, moment)
