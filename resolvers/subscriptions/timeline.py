"""What happens to a subscription by itself as time passes: periods begin, a trial ends, it is cancelled at an end.

Each step follows from the row alone and happens at its own instant, so that it is the same however late it is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.machines import Row
from models.services import BillingInterval
from models.subscriptions import MACHINE, PeriodState, SubscriptionStatus
from resolvers.subscriptions.calendar import begins_at, day_of

_S = SubscriptionStatus


@dataclass(frozen=True, slots=True)
class Period:
    """A period that begins."""

    number: int
    starts_at: datetime
    ends_at: datetime
    state: PeriodState


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """What happens at an instant: the columns that change, by which action and event, and the period that begins."""

    at: datetime
    columns: dict[str, Any]
    action: str
    event: str
    period: Period | None = None


def begins(row: Row, number: int) -> datetime:
    """Return the instant at which a period of a subscription begins."""
    return begins_at(row["anchor_date"], BillingInterval(row["interval"]), number, row["timezone"])


def days_of(row: Row, number: int) -> str:
    """Return the first and the last day of a period as a text."""
    anchor, interval = row["anchor_date"], BillingInterval(row["interval"])
    last = day_of(anchor, interval, number + 1) - timedelta(days=1)
    return f"{day_of(anchor, interval, number)} to {last}"


def next_step(row: Row) -> TimelineStep | None:
    """Return what happens next to a subscription as it is; None where it is cancelled."""
    status, number = _S(row["status"]), row["next_period"]
    if status is _S.CANCELLED:
        return None
    at = begins(row, number)
    if row["cancel_at_period_end"]:
        return TimelineStep(at, MACHINE.transitioned(row, _S.CANCELLED, at), "transition", "cancelled")
    state = PeriodState.SKIPPED if status is _S.PAUSED else PeriodState.DUE
    period = Period(number, at, begins(row, number + 1), state)
    columns = {"current_period_start": at, "current_period_end": period.ends_at, "next_period": number + 1}
    if status is _S.TRIALING:
        return TimelineStep(at, columns | MACHINE.transitioned(row, _S.ACTIVE, at), "transition", "updated", period)
    renewed = state is PeriodState.DUE and row["current_period_start"] is not None
    return TimelineStep(at, columns, "renew", "renewed" if renewed else "updated", period)


def steps(row: Row, moment: datetime) -> Iterator[TimelineStep]:
    """Yield what has happened to a subscription by a time. Each step's columns are to be set before the next one."""
    while (step := next_step(row)) is not None and step.at <= moment:
        yield step
