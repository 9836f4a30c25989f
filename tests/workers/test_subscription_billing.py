"""Billing by workers: each period exactly once, whatever happens to a worker."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from resolvers import context
from resolvers.context import Context
from resolvers.database.commits import commit
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from server.wiring import running
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.clock import Clock
from tests.support.jobs import eventually, slot_of, working
from tests.support.servers import Backends
from tests.support.subscriptions import (
    TIMERS,
    billed_once,
    catch_up,
    clock,
    do,
    new_subscription,
    periods,
    shown,
    weekly,
)  # fmt: skip
from workers.jobs.timers import HANDLERS

__all__ = ["clock"]


async def test_a_worker_bills_what_it_missed_and_sees_what_is_paid(own_backends: Backends) -> None:
    settings = settings_of(own_backends)
    async with running(settings, max_size=8) as runtime, serving(settings) as base:
        org = await make_org(runtime, base)
        (key,) = await weekly(org, 3)

        async def settled(status: str) -> bool:
            found = await org.rows(TIMERS)
            later = [timer["state"] == "QUEUED" and timer["run_at"] > datetime.now(UTC) for timer in found]
            return later == [True] and bool((await shown(org, key))["status"] == status)

        async with working(runtime):
            # It was down for three periods.
            await eventually(lambda: settled("ACTIVE"))
            await billed_once(org, 1, 4)
            (timer,) = await org.rows(TIMERS)
            assert timer["run_at"] == datetime.fromisoformat((await shown(org, key))["currentPeriodEnd"])
            assert (timer["attempt"], timer["error_code"]) == (0, None)
            late = "update invoices set due_at = now() - interval '8 days' where number like '%1' returning id"
            await org.rows(late)
            await org.rows("update jobs set run_at = now() where function = 'SUBSCRIPTION' and state = 'QUEUED'")
            await eventually(lambda: settled("PAST_DUE"))
            (invoice,) = (await org.http.get("/api/v1/invoices?overdue=true")).json()["data"]
            await org.http.put(f"/api/v1/invoices/{invoice['publicId']}", json={"status": "PAID"})
            await eventually(lambda: settled("ACTIVE"))
        await org.close()


async def ring(org: Org, job: UUID) -> None:
    """Run a timer that is due, as a worker that claims it does."""
    claim = await jobs.claim(org.runtime, org.id, job, 30)
    assert claim is not None
    await HANDLERS[claim.function].run(org.runtime, claim, slot_of(claim))


async def test_two_workers_at_once_bill_each_period_once(acme: Org) -> None:
    await weekly(acme, 2, 3)
    # Each subscription has two timers that are due, as if one had been set twice.
    names = "org_id, function, subject_id, queue, run_at, state, attempt, claim_no"
    twice = f"select gen_random_uuid(), subject_id, {names} from ({TIMERS}) as timers"
    await acme.rows(f"insert into jobs (id, concurrency_key, {names}) {twice}")
    await asyncio.gather(*(ring(acme, timer["id"]) for timer in await acme.rows(TIMERS)))
    await billed_once(acme, 3, 3)
    assert [timer["state"] for timer in await acme.rows(TIMERS)] == ["QUEUED"] * 3


class Killed(BaseException):
    """The end of a process."""


class Killer:
    """Ends the process, as far as PostgreSQL can see, before its statement or commit of a number."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.left = self.commits = 0
        run = Context.run

        async def counted_run(ctx: Context, *given: Any) -> Any:
            assert ctx._transaction is not None, "a statement needs a transaction"
            self._count(ctx._transaction.connection)
            return await run(ctx, *given)

        async def counted_commit(runtime: Runtime, connection: Any, *, keyed: bool) -> None:
            self._count(connection)
            await commit(runtime, connection, keyed=keyed)
            self.commits += 1

        patch.setattr(Context, "run", counted_run)
        patch.setattr(context, "commit", counted_commit)

    def _count(self, connection: Any) -> None:
        self.left -= 1
        if self.left == 0:
            connection.terminate()
            raise Killed


async def dies(org: Org, killer: Killer, job: UUID, number: int) -> bool:
    """Whether a worker that has a job is killed before its statement of a number."""
    claim = await jobs.claim(org.runtime, org.id, job, 30)
    assert claim is not None
    killer.left, killer.commits = number, 0
    try:
        await HANDLERS[claim.function].run(org.runtime, claim, slot_of(claim))
    except Killed:
        return True
    finally:
        killer.left = 0
    return False


async def test_a_worker_that_is_killed_between_any_two_statements(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    await weekly(acme, 0)
    # One period is due already, and another one begins.
    await acme.rows("update subscriptions set anchor_date = anchor_date - 7")
    (job,) = await acme.rows(TIMERS)
    killer, number, deaths, ended = Killer(monkeypatch), 1, 0, 0
    while await dies(acme, killer, job["id"], number):
        deaths, ended = deaths + 1, ended + killer.commits
        # The next worker goes on after the last commit, before whose first statement this one died.
        number = 2 if killer.commits else number + 1
        await acme.rows("update jobs set lease_until = now() - interval '1 s' where id = $1", job["id"])
        billed = await acme.rows("select invoice_id as id from subscription_periods where state = 'BILLED'")
        assert {row["id"] for row in billed} == {row["id"] for row in await acme.rows("select id from invoices")}
    # Both periods had a transaction of their own, and before each statement of them and of the last one it died once.
    assert (ended, deaths > 20) == (2, True)
    await billed_once(acme, 1, 2)
    assert [timer["state"] for timer in await acme.rows(TIMERS)] == ["QUEUED"]


async def test_a_cancellation_waits_for_the_period_that_is_billed(acme: Org) -> None:
    keys = await weekly(acme, 0, 4)
    await asyncio.gather(*(catch_up(acme, key) for key in keys), *(do(acme, "cancel", key) for key in keys))
    for key in keys:
        await catch_up(acme, key)
        assert [state for _, _, state in await periods(acme, key)] == ["BILLED"]
        assert (await shown(acme, key))["status"] == "CANCELLED"
    assert await acme.count("invoices") == 4


async def test_a_blocked_invoice_stays_a_draft_and_is_not_billed_again(acme: Org, clock: Clock) -> None:
    await acme.set_setting("invoices.requireAddress", True)
    key = (await new_subscription(acme))["publicId"]
    await catch_up(acme, key)
    (invoice,) = await acme.rows("select * from invoices")
    assert (invoice["status"], invoice["number"]) == ("DRAFT", None)
    assert [state for _, _, state in await periods(acme, key)] == ["BILLED"]
    text = "mutation($id: ID!) { deleteInvoice(input: {id: $id}) { deletedId } }"
    await acme.data(text, id=(await acme.http.get("/api/v1/invoices")).json()["data"][0]["publicId"])
    await catch_up(acme, key)
    assert await acme.count("invoices") == 0
    assert [state for _, _, state in await periods(acme, key)] == ["BILLED"]


async def test_a_night_without_a_midnight(acme: Org, clock: Clock) -> None:
    clock.set("2018-10-04T12:00")
    key = (await new_subscription(acme, timezone="America/Sao_Paulo"))["publicId"]
    clock.set("2018-11-04T02:59:59")
    assert await catch_up(acme, key) == datetime(2018, 11, 4, 3, tzinfo=UTC)
    clock.set("2019-01-01")
    await catch_up(acme, key)
    # At midnight in winter, at one o'clock in the night without a midnight, at midnight in summer.
    assert [row[1] for row in await periods(acme, key)] == ["2018-10-04 03:00", "2018-11-04 03:00", "2018-12-04 02:00"]
