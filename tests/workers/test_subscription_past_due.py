"""What is unpaid makes a subscription past due, and what settles it makes it active again."""

from datetime import UTC, datetime

import pytest

from models.subscriptions import SUBSCRIPTION
from models.typeid import decode
from tests.support.api import Org
from tests.support.clock import Clock
from tests.support.subscriptions import (
    TIMERS,
    catch_up,
    clock,
    do,
    events,
    new_subscription,
    periods,
    shown,
)  # fmt: skip

__all__ = ["clock"]


async def _billed(org: Org, clock: Clock) -> tuple[str, str]:
    """A subscription of 10 January, and its invoice, which was due on the 20th."""
    made = await new_subscription(org)
    await catch_up(org, made["publicId"])
    await org.rows("update invoices set due_at = '2024-01-20'")
    (invoice,) = (await org.http.get(f"/api/v1/invoices?subscriptionId={made['publicId']}")).json()["data"]
    return made["publicId"], invoice["publicId"]


@pytest.mark.parametrize("end", ["PAID", "VOID"])
@pytest.mark.parametrize("uncollectible", [False, True])
async def test_what_stays_unpaid_makes_past_due_until_it_is_settled(
    acme: Org, clock: Clock, end: str, uncollectible: bool
) -> None:
    key, invoice = await _billed(acme, clock)
    path = f"/api/v1/invoices/{invoice}"
    clock.set("2024-01-26T23:59:59")
    assert await catch_up(acme, key) == datetime(2024, 1, 27, tzinfo=UTC)
    assert (await shown(acme, key))["status"] == "ACTIVE"
    if uncollectible:
        assert (await acme.http.put(path, json={"status": "UNCOLLECTIBLE"})).is_success
    clock.set("2024-01-27")
    assert await catch_up(acme, key) == datetime(2024, 2, 10, tzinfo=UTC)
    assert (await shown(acme, key))["status"] == "PAST_DUE"
    # Billing continues.
    clock.set("2024-02-10")
    await catch_up(acme, key)
    assert [state for _, _, state in await periods(acme, key)] == ["BILLED", "BILLED"]
    assert (await shown(acme, key))["status"] == "PAST_DUE"
    assert (await acme.http.put(path, json={"status": end})).is_success
    await catch_up(acme, key)
    assert (await shown(acme, key))["status"] == "ACTIVE"
    assert await events(acme, key) == ["created", "past_due", "renewed", "updated"]
    assert len(await acme.rows("select from subscription_changes")) == 1


async def test_the_grace_is_a_setting(acme: Org, clock: Clock) -> None:
    await acme.set_setting("subscriptions.graceDays", 0)
    key, _ = await _billed(acme, clock)
    clock.set("2024-01-20")
    await catch_up(acme, key)
    assert (await shown(acme, key))["status"] == "PAST_DUE"


async def test_one_that_is_resumed_is_past_due_at_once_where_something_is(acme: Org, clock: Clock) -> None:
    key, _ = await _billed(acme, clock)
    await do(acme, "pause", key)
    clock.set("2024-02-01")
    await catch_up(acme, key)
    assert (await shown(acme, key))["status"] == "PAUSED"
    before = len(await acme.rows(TIMERS))
    await do(acme, "resume", key)
    assert len(await acme.rows(TIMERS)) == before + 1
    await catch_up(acme, key)
    assert (await shown(acme, key))["status"] == "PAST_DUE"


async def test_each_change_of_an_invoice_sets_a_timer_of_its_subscription(acme: Org, clock: Clock) -> None:
    key, invoice = await _billed(acme, clock)
    due, row_id = f"{TIMERS} and subject_id = $1 and run_at <= now()", decode(SUBSCRIPTION.prefix, key)
    part = "mutation($id: ID!) { payInvoice(input: {id: $id, amount: 1}) { invoice { status } } }"
    before = len(await acme.rows(due, row_id))
    for given, more in (
        ({"metadata": {"a": "b"}}, 0),
        ({"status": "UNCOLLECTIBLE"}, 1),
        (None, 2),
        ({"status": "PAID"}, 3),
    ):
        if given is None:
            await acme.data(part, id=invoice)
        else:
            assert (await acme.http.put(f"/api/v1/invoices/{invoice}", json=given)).is_success
        assert len(await acme.rows(due, row_id)) == before + more
