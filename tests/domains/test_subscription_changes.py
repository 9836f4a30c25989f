"""Changes of subscriptions: every status and every action, now or with the period, and what time does meanwhile."""

import itertools
from typing import Any

import pytest

from models.machines import Guard
from models.subscriptions import MACHINE, SUBSCRIPTION, SubscriptionStatus
from models.typeid import decode
from tests.support.api import Org
from tests.support.clock import Clock
from tests.support.refusals import error, problem, unchanged
from tests.support.subscriptions import (
    PATH,
    catch_up,
    clock,
    do,
    document,
    events,
    new_subscription,
    periods,
    revenue,
    shown,
)  # fmt: skip

__all__ = ["clock"]

S = SubscriptionStatus
ACTIONS = {"pause": S.PAUSED, "resume": S.ACTIVE, "cancel": S.CANCELLED}
STANDS = {
    S.TRIALING: "",
    S.ACTIVE: "",
    S.PAST_DUE: "",
    S.PAUSED: ", paused_at = now()",
    S.CANCELLED: ", cancelled_at = now()",
}


async def test_every_status_and_every_action(acme: Org) -> None:
    first = await new_subscription(acme, trialEnd="2100-01-01")
    given = {name: first[name] for name in ("clientId", "serviceId", "trialEnd")}
    for status, (verb, target) in itertools.product(STANDS, ACTIONS.items()):
        key = (await new_subscription(acme, **given))["publicId"]
        sql = f"update subscriptions set status = $1{STANDS[status]} where id = $2"
        await acme.rows(sql, status.value, decode(SUBSCRIPTION.prefix, key))
        await _act(acme, key, status, verb, target)


async def _act(org: Org, key: str, status: SubscriptionStatus, verb: str, target: SubscriptionStatus) -> None:
    """Act on a subscription that has a status: the transition is made, or refused and nothing else happens."""
    made = MACHINE.between(status, target)
    if status is target:
        async with unchanged(org):
            assert await do(org, verb, key) == {"id": key, "status": target, "version": 1}
    elif made is not None and made.check is None:
        assert await do(org, verb, key) == {"id": key, "status": target, "version": 2}
        after = await shown(org, key)
        assert (after["pausedAt"] is not None, after["cancelledAt"] is not None) == (
            target is S.PAUSED,
            target is S.CANCELLED,
        )
        assert await events(org, key) == ["created", "cancelled" if target is S.CANCELLED else "updated"]
    else:
        async with unchanged(org):
            details = error(await org.graphql(document(verb), input={"id": key}), 200, "INVALID_TRANSITION", "input.id")
            free = [each.target for each in MACHINE.leaving(status) if each.check is None]
            assert (details["status"], details["allowed"]) == (409, free)
            assert details.get("blockedBy") == (None if made is None else Guard.AUTOMATIC)


async def test_the_transitions_that_are_shown(acme: Org) -> None:
    key = (await new_subscription(acme))["publicId"]
    text = "query($id: ID!) { subscription(id: $id) { availableTransitions { to allowed blockedBy { code } } } }"
    assert (await acme.data(text, id=key))["subscription"]["availableTransitions"] == [
        {"to": "PAST_DUE", "allowed": False, "blockedBy": {"code": "AUTOMATIC"}},
        {"to": "PAUSED", "allowed": True, "blockedBy": None},
        {"to": "CANCELLED", "allowed": True, "blockedBy": None},
    ]


async def test_it_is_cancelled_now_over_rest(acme: Org, clock: Clock) -> None:
    key = (await new_subscription(acme))["publicId"]
    path = f"{PATH}/{key}"
    async with unchanged(acme):
        problem(await acme.http.delete(path, headers={"If-Match": '"7"'}), 412, "VERSION_MISMATCH", "header.If-Match")
        problem(await acme.http.delete(f"{path}?atPeriodEnd=yes"), 400, "BAD_INPUT", "query.atPeriodEnd")
        problem(await acme.http.delete(f"{path}?at=1"), 400, "BAD_INPUT", "query.at")
        assert problem(await acme.http.put(path, json={}), 405, "METHOD_NOT_ALLOWED")
    answer = await acme.http.delete(path, headers={"If-Match": '"1"'})
    found = answer.json()["data"]
    assert (answer.status_code, answer.headers["etag"], found["status"]) == (200, '"2"', "CANCELLED")
    assert (found["cancelledAt"], found["cancelAtPeriodEnd"]) == ("2024-01-10T12:00:00.000Z", False)
    assert await revenue(acme, key) == [(0, 1_000), (1_000, 0)]
    async with unchanged(acme):
        for query in ("", "?atPeriodEnd=true"):
            again = await acme.http.delete(path + query)
            assert (again.status_code, again.json()["data"]) == (200, found)
    clock.set("2024-06-01")
    # What had begun is billed, and nothing after it.
    assert await catch_up(acme, key) is None
    assert await periods(acme, key) == [(0, "2024-01-10 00:00", "BILLED")]


async def test_one_that_never_began_never_earned(acme: Org, clock: Clock) -> None:
    key = (await new_subscription(acme, startDate="2024-02-01"))["publicId"]
    await do(acme, "update", key, quantity=3)
    await do(acme, "pause", key)
    await do(acme, "resume", key)
    await do(acme, "cancel", key)
    clock.set("2024-03-01")
    await catch_up(acme, key)
    assert (await periods(acme, key), await revenue(acme, key)) == ([], [])


@pytest.mark.parametrize("said", ["true", "True", "TRUE"])
async def test_it_is_cancelled_with_its_period(acme: Org, clock: Clock, said: str) -> None:
    key = (await new_subscription(acme))["publicId"]
    async with unchanged(acme):
        for wrong in ("1", "yes", ""):
            answer = await acme.http.delete(f"{PATH}/{key}?atPeriodEnd={wrong}")
            assert problem(answer, 400, "BAD_INPUT", "query.atPeriodEnd")["errors"][0]["code"] == "WRONG_TYPE"
    answer = await acme.http.delete(f"{PATH}/{key}?atPeriodEnd={said}")
    found = answer.json()["data"]
    assert (answer.status_code, found["status"], found["cancelAtPeriodEnd"]) == (200, "ACTIVE", True)
    assert await do(acme, "update", key, cancelAtPeriodEnd=False) == {"id": key, "status": "ACTIVE", "version": 3}
    clock.set("2024-02-15")
    await catch_up(acme, key)
    assert (await do(acme, "cancel", key, atPeriodEnd=True))["status"] == "ACTIVE"
    clock.set("2024-06-01")
    assert await catch_up(acme, key) is None
    after = await shown(acme, key)
    assert (after["status"], after["cancelledAt"]) == ("CANCELLED", "2024-03-10T00:00:00.000Z")
    assert [row[1] for row in await periods(acme, key)] == ["2024-01-10 00:00", "2024-02-10 00:00"]
    assert await revenue(acme, key) == [(0, 1_000), (1_000, 0)]
    assert await events(acme, key) == ["created", "updated", "updated", "renewed", "updated", "cancelled"]


@pytest.mark.parametrize("status", [S.TRIALING, S.ACTIVE, S.PAST_DUE, S.PAUSED])
async def test_resuming_withdraws_a_planned_cancellation(acme: Org, status: SubscriptionStatus) -> None:
    key = (await new_subscription(acme, trialEnd="2100-01-01"))["publicId"]
    sql = f"update subscriptions set status = $1{STANDS[status]} where id = $2"
    await acme.rows(sql, status.value, decode(SUBSCRIPTION.prefix, key))
    await do(acme, "cancel", key, atPeriodEnd=True)
    becomes = S.ACTIVE if status is S.PAUSED else status
    assert await do(acme, "resume", key) == {"id": key, "status": becomes, "version": 3}
    after = await shown(acme, key)
    assert (after["cancelAtPeriodEnd"], after["pausedAt"]) == (False, None)
    assert await events(acme, key) == ["created", "updated", "updated"]


async def test_a_subscription_that_was_resumed_goes_on_after_its_period(acme: Org, clock: Clock) -> None:
    key = (await new_subscription(acme))["publicId"]
    await do(acme, "cancel", key, atPeriodEnd=True)
    await do(acme, "resume", key)
    clock.set("2024-03-01")
    await catch_up(acme, key)
    assert ((await shown(acme, key))["status"], len(await periods(acme, key))) == ("ACTIVE", 2)


async def test_what_ended_with_its_period_is_not_resumed(acme: Org, clock: Clock) -> None:
    key = (await new_subscription(acme))["publicId"]
    await do(acme, "cancel", key, atPeriodEnd=True)
    clock.set("2024-02-10")
    # The period has ended, though no worker has looked yet.
    async with unchanged(acme):
        answer = await acme.graphql(document("resume"), input={"id": key})
        extensions = error(answer, 200, "INVALID_TRANSITION", "input.id")
        assert (extensions["status"], extensions["allowed"]) == (409, [])
    await catch_up(acme, key)
    assert (await shown(acme, key))["cancelAtPeriodEnd"] is True
    async with unchanged(acme):
        error(await acme.graphql(document("resume"), input={"id": key}), 200, "INVALID_TRANSITION", "input.id")


async def test_a_trial_that_is_cancelled_is_never_billed(acme: Org, clock: Clock) -> None:
    key = (await new_subscription(acme, trialEnd="2024-02-01"))["publicId"]
    await do(acme, "cancel", key, atPeriodEnd=True)
    clock.set("2024-06-01")
    assert await catch_up(acme, key) is None
    assert (await shown(acme, key))["cancelledAt"] == "2024-02-01T00:00:00.000Z"
    assert (await periods(acme, key), await revenue(acme, key)) == ([], [])


async def test_what_is_cancelled_changes_no_more(acme: Org) -> None:
    key = (await new_subscription(acme))["publicId"]
    await do(acme, "cancel", key)
    changes: tuple[tuple[str, Any], ...] = (
        ("quantity", 2), ("unitPrice", 5), ("taxRate", "7"), ("cancelAtPeriodEnd", True),
    )  # fmt: skip
    async with unchanged(acme):
        for name, value in changes:
            answer = await acme.graphql(document("update"), input={"id": key, name: value})
            details = error(answer, 200, "CONFLICT", f"input.{name}")
            assert (details["status"], details["reason"]) == (409, "SUBSCRIPTION_CANCELLED")
        assert (await do(acme, "update", key, quantity=1))["version"] == 2
    assert (await do(acme, "update", key, metadata={"a": "b"}))["version"] == 3


async def test_a_new_price_counts_from_the_next_period(acme: Org, clock: Clock) -> None:
    key = (await new_subscription(acme))["publicId"]
    clock.set("2024-03-15")
    # No worker has run meanwhile: what began before the change is billed as it began.
    await do(acme, "update", key, quantity=3, unitPrice=2_000, taxRate="19")
    clock.set("2024-04-15")
    await catch_up(acme, key)
    rows = await acme.rows("select * from subscription_periods order by number")
    assert [(row["quantity"], row["unit_price"], f"{row['tax_rate']:f}") for row in rows] == [
        (1, 1_000, "0.0000"), (1, 1_000, "0.0000"), (1, 1_000, "0.0000"), (3, 2_000, "19.0000"),
    ]  # fmt: skip
    assert await revenue(acme, key) == [(0, 1_000), (1_000, 6_000)]
    text = "{ invoices(orderBy: [{field: CREATED_AT}]) { nodes { total } } }"
    assert [node["total"] for node in (await acme.data(text))["invoices"]["nodes"]] == [1_000, 1_000, 1_000, 7_140]


@pytest.mark.parametrize("late", [False, True])
async def test_periods_that_begin_while_it_is_paused_are_not_billed(acme: Org, clock: Clock, late: bool) -> None:
    key = (await new_subscription(acme))["publicId"]
    for text, verb in (("2024-02-15", "pause"), ("2024-04-20", "resume"), ("2024-05-15", "update")):
        clock.set(text)
        if not late:
            await catch_up(acme, key)
        await do(acme, verb, key)
    await catch_up(acme, key)
    assert await periods(acme, key) == [
        (0, "2024-01-10 00:00", "BILLED"), (1, "2024-02-10 00:00", "BILLED"), (2, "2024-03-10 00:00", "SKIPPED"),
        (3, "2024-04-10 00:00", "SKIPPED"), (4, "2024-05-10 00:00", "BILLED"),
    ]  # fmt: skip
    assert await revenue(acme, key) == [(0, 1_000), (1_000, 0), (0, 1_000)]
    after = await shown(acme, key)
    assert (after["status"], after["currentPeriodEnd"]) == ("ACTIVE", "2024-06-10T00:00:00.000Z")
    assert await acme.count("invoices") == 3
