"""What happens to a subscription by itself: the same whenever it is looked at, and its revenue."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.services import BillingInterval
from models.subscriptions import PeriodState, SubscriptionStatus
from resolvers.subscriptions.ledger import Ledger
from resolvers.subscriptions.revenue import mrr_of
from resolvers.subscriptions.timeline import TimelineStep, next_step, steps

S = SubscriptionStatus
ZONES = ("UTC", "Europe/Berlin", "America/Havana", "America/Sao_Paulo", "Pacific/Apia", "Africa/Cairo")


def subscription(**given: Any) -> dict[str, Any]:
    """A subscription of 1 January 2024, before anything has happened to it."""
    row = {
        "id": None, "status": S.ACTIVE, "interval": "MONTH", "timezone": "UTC", "start_date": date(2024, 1, 1),
        "trial_end": None, "anchor_date": date(2024, 1, 1), "current_period_start": None, "current_period_end": None,
        "next_period": 0, "cancel_at_period_end": False, "paused_at": None, "cancelled_at": None,
        "quantity": 1, "unit_price": 1_000, "tax_rate": Decimal(0),
    }  # fmt: skip
    return row | given


def passed(row: dict[str, Any], moment: datetime) -> list[TimelineStep]:
    """What has happened to a row by a time, which is set."""
    found = []
    for step in steps(row, moment):
        row |= step.columns
        found.append(step)
    return found


def at(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


STATES = st.fixed_dictionaries(
    {
        "interval": st.sampled_from([*BillingInterval]),
        "timezone": st.sampled_from(ZONES),
        "anchor_date": st.dates(date(2010, 1, 1), date(2026, 12, 31)),
        "status": st.sampled_from([S.TRIALING, S.ACTIVE, S.PAST_DUE, S.CANCELLED]),
        "cancel_at_period_end": st.booleans(),
    }
)


@given(STATES, st.lists(st.integers(0, 40_000), max_size=8), st.integers(40_000, 60_000))
def test_it_is_the_same_however_late_it_is_looked_at(state: dict[str, Any], looks: list[int], last: int) -> None:
    state |= {"cancelled_at": at("2000-01-01")} if state["status"] is S.CANCELLED else {}
    often, once = subscription(**state), subscription(**state)
    start = at("2010-01-01")
    found = [step for hours in (*sorted(looks), last) for step in passed(often, start + timedelta(hours=hours))]
    assert found == passed(once, start + timedelta(hours=last))
    assert often == once
    periods = [step.period for step in found if step.period is not None]
    assert [period.number for period in periods] == list(range(len(periods)))
    assert all(one.ends_at == other.starts_at for one, other in itertools.pairwise(periods))
    assert [step.at for step in found] == sorted({step.at for step in found})


def test_a_trial_ends_with_the_first_period() -> None:
    row = subscription(status=S.TRIALING, anchor_date=date(2024, 1, 31), timezone="Europe/Berlin")
    assert passed(row, at("2024-01-30T22:59:59.999")) == []
    (step,) = passed(row, at("2024-01-30T23:00"))
    assert (step.at, step.action, step.event) == (at("2024-01-30T23:00"), "transition", "updated")
    assert step.columns == {
        "status": S.ACTIVE,
        "current_period_start": at("2024-01-30T23:00"),
        "current_period_end": at("2024-02-28T23:00"),
        "next_period": 1,
    }
    assert step.period is not None
    assert (step.period.number, step.period.state) == (0, PeriodState.DUE)


def test_periods_are_renewed_after_the_first() -> None:
    row = subscription()
    found = passed(row, at("2024-03-15"))
    assert [(step.at, step.action, step.event) for step in found] == [
        (at("2024-01-01"), "renew", "updated"),
        (at("2024-02-01"), "renew", "renewed"),
        (at("2024-03-01"), "renew", "renewed"),
    ]
    assert row["current_period_end"] == at("2024-04-01")


def test_periods_of_a_paused_one_go_on_and_are_skipped() -> None:
    row = subscription(
        status=S.PAUSED, paused_at=at("2024-01-10"), current_period_start=at("2024-01-01"), next_period=1
    )
    found = passed(row, at("2024-03-15"))
    assert [(step.at, step.event, step.period and step.period.state) for step in found] == [
        (at("2024-02-01"), "updated", PeriodState.SKIPPED),
        (at("2024-03-01"), "updated", PeriodState.SKIPPED),
    ]
    row["status"] = S.ACTIVE
    (step,) = passed(row, at("2024-04-15"))
    assert (step.at, step.event) == (at("2024-04-01"), "renewed")


@pytest.mark.parametrize("status", [S.TRIALING, S.ACTIVE, S.PAST_DUE, S.PAUSED])
def test_one_that_is_to_end_is_cancelled_at_the_end(status: SubscriptionStatus) -> None:
    row = subscription(status=status, cancel_at_period_end=True, next_period=2)
    assert passed(row, at("2024-02-29T23:59")) == []
    (step,) = passed(row, at("2024-07-01"))
    assert (step.at, step.event, step.period) == (at("2024-03-01"), "cancelled", None)
    assert (row["status"], row["cancelled_at"], row["paused_at"]) == (S.CANCELLED, at("2024-03-01"), None)
    assert next_step(row) is None


REVENUES = {
    ("WEEK", 1, 100): 433, ("WEEK", 3, 100): 1_300, ("MONTH", 2, 999): 1_998, ("QUARTER", 1, 100): 33,
    ("QUARTER", 1, 101): 34, ("YEAR", 1, 6): 1, ("YEAR", 1, 5): 0, ("YEAR", 7, 12_000): 7_000,
    ("WEEK", 1, (2**53 - 1) // 2): 19_515_598_385_272_145,
}  # fmt: skip


@pytest.mark.parametrize(("interval", "quantity", "price"), REVENUES)
def test_the_revenue_of_a_month(interval: str, quantity: int, price: int) -> None:
    row = subscription(interval=interval, quantity=quantity, unit_price=price)
    assert mrr_of(row) == 0, "before its first period"
    row["current_period_start"] = at("2024-01-01")
    assert mrr_of(row) == REVENUES[interval, quantity, price]
    assert mrr_of(row | {"status": S.PAST_DUE}) == REVENUES[interval, quantity, price]
    assert {mrr_of(row | {"status": status}) for status in (S.TRIALING, S.PAUSED, S.CANCELLED)} == {0}


def test_a_ledger_notes_changes_of_revenue_and_the_price_of_each_period() -> None:
    row = subscription(status=S.TRIALING)
    ledger = Ledger(row, mrr_of(row))
    ledger.note(at("2023-12-01"))
    for step in steps(row, at("2024-01-15")):
        row |= step.columns
        ledger.note(step.at, step.period)
    row["unit_price"] = 1_500
    ledger.note(at("2024-01-15"))
    assert [(each["at"], each["mrr_before"], each["mrr_after"]) for each in ledger.changes] == [
        (at("2024-01-01"), 0, 1_000),
        (at("2024-01-15"), 1_000, 1_500),
    ]
    assert [(each["number"], each["unit_price"], each["state"]) for each in ledger.periods] == [
        (0, 1_000, PeriodState.DUE)
    ]
