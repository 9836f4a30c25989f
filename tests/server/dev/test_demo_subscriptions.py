"""The demo's subscriptions are what time and a worker would have made of them."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from models.subscriptions import SUBSCRIPTION, PeriodState, SubscriptionStatus
from models.typeid import encode
from resolvers import organizations
from resolvers.database.runtime import Runtime
from resolvers.jobs.timers import timer_key
from resolvers.subscriptions import billing
from server.dev.demo import load_invoices, load_rows, load_subscriptions
from server.dev.demo_invoices import invoices_of
from server.dev.demo_rows import FIXED, Size, rows_of
from server.dev.demo_subscriptions import subscriptions_of
from tests.support.api import Org
from tests.support.clock import Clock
from tests.support.refusals import unchanged
from tests.support.subscriptions import clock

__all__ = ["clock"]

SMALL = Size(clients=60, orders=80, messages=0)


def quiet(line: str) -> None:
    """Hears nothing."""


def test_they_are_equal_for_equal_arguments_and_in_every_state() -> None:
    rows = rows_of(7, SMALL)
    made, again = (subscriptions_of(rows, 7, 200) for _ in range(2))
    assert made == again
    invoiced = invoices_of(rows, 7, 40, subscriptions=made)
    assert {row["status"] for row in made.subscriptions} == {*SubscriptionStatus}
    assert {row["state"] for row in made.periods} == {PeriodState.BILLED, PeriodState.SKIPPED}
    billed = Counter(row["invoice_id"] for row in made.periods if row["state"] is PeriodState.BILLED)
    assert {row["id"] for row in invoiced.invoices if row["subscription_id"]} == billed.keys()
    assert {*billed.values()} == {1}
    numbers = sorted(row["number"] for row in invoiced.invoices if row["number"])
    assert len({*numbers}) == len(numbers)


async def test_a_worker_finds_nothing_to_do_for_them(acme: Org, api_runtime: Runtime, clock: Clock) -> None:
    rows = rows_of(8, SMALL)
    made = subscriptions_of(rows, 8, 60)
    invoiced = invoices_of(rows, 8, 40, subscriptions=made)
    rows.org_id = acme.id
    for timer in made.timers:
        timer["concurrency_key"] = timer_key(acme.id)
    ctx = organizations.command_line(api_runtime, acme.id)
    async with ctx.transaction():
        await load_rows(ctx, rows, quiet)
        await load_subscriptions(ctx, made, quiet)
        await load_invoices(ctx, invoiced, quiet)
    clock.moment = FIXED
    timers = {timer["subject_id"]: timer["run_at"] for timer in made.timers}
    async with unchanged(acme):
        for row in made.subscriptions:
            async with ctx.transaction():
                again = await billing.advance(ctx, row["id"])
            assert again is None or FIXED < again <= timers[row["id"]]
    assert await acme.count("subscription_periods") == len(made.periods)
    node = "query($id: ID!) { subscription(id: $id) { status client { name } invoices { totalCount } } }"
    for row in made.subscriptions[:5]:
        found = (await acme.data(node, id=encode(SUBSCRIPTION.prefix, row["id"])))["subscription"]
        bills = [each for each in invoiced.invoices if each["subscription_id"] == row["id"]]
        assert (found["status"], found["invoices"]["totalCount"]) == (row["status"], len(bills))


def test_periods_follow_each_other_up_to_the_end() -> None:
    made = subscriptions_of(rows_of(9, SMALL), 9, 100)
    by_id: dict[UUID, list[dict[str, object]]] = {}
    for period in made.periods:
        by_id.setdefault(period["subscription_id"], []).append(period)
    for row in made.subscriptions:
        periods = by_id.get(row["id"], [])
        assert [period["number"] for period in periods] == list(range(row["next_period"]))
        if row["status"] is not SubscriptionStatus.CANCELLED and periods:
            assert row["current_period_start"] <= FIXED < row["current_period_end"]
            assert row["current_period_end"] - row["current_period_start"] < timedelta(days=368)
