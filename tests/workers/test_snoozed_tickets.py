"""Snoozed tickets wake in time: missed timers are caught up, and older ones change nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.jobs import JobFunction
from models.tickets import TICKET, TicketStatus
from models.typeid import encode, new_uuid
from resolvers import organizations
from resolvers.collections.rows import Key
from resolvers.context import Row, now
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from resolvers.jobs import claims
from resolvers.tickets import mutations
from server.wiring import running
from tests.support.api import settings_of
from tests.support.jobs import eventually, one, rows, slot_of, working
from tests.support.servers import Backends
from workers.jobs.timers import HANDLERS, delay_after

S = TicketStatus
JOBS = "select id, state, run_at, attempt from jobs where org_id = $1 and function = 'TICKET_WAKE' order by id"


@pytest.fixture
async def office(own_backends: Backends) -> AsyncIterator[tuple[Runtime, UUID]]:
    """A process's runtime over a database for one test, and an organization in it."""
    async with running(settings_of(own_backends), max_size=8) as runtime:
        ctx = organizations.command_line(runtime, new_uuid())
        async with ctx.transaction():
            await organizations.create(ctx, "Test", "test")
        yield runtime, ctx.org_id


async def change(runtime: Runtime, org: UUID, ticket: Row | None, **values: Any) -> Row:
    """A new ticket, or one after a change."""
    ctx = organizations.command_line(runtime, org)
    async with ctx.transaction():
        if ticket is None:
            return await mutations.create(ctx, values)
        return await mutations.change(ctx, Key(encode(TICKET.prefix, ticket["id"])), values)


async def snoozed(runtime: Runtime, org: UUID, **ahead: float) -> Row:
    """A ticket that is snoozed for so long."""
    made = await change(runtime, org, None, subject="Help")
    return await change(runtime, org, made, status=S.SNOOZED, snoozed_until=now() + timedelta(**ahead))


async def standing(runtime: Runtime, org: UUID) -> dict[str, Any]:
    """The only ticket."""
    return await one(runtime, org, "select status, snoozed_until, version from tickets")


async def ring(runtime: Runtime, org: UUID) -> None:
    """Run the oldest timer that has not run, by its handler."""
    job = next(job for job in await rows(runtime, org, JOBS, org) if job["state"] == "QUEUED")
    await rows(runtime, org, "update jobs set run_at = now() where id = $1", job["id"])
    claim = await claims.claim(runtime, org, job["id"], 45)
    assert claim is not None
    assert claim.function is JobFunction.TICKET_WAKE
    await HANDLERS[claim.function].run(runtime, claim, slot_of(claim))


async def test_a_missed_timer_is_caught_up_once(office: tuple[Runtime, UUID]) -> None:
    runtime, org = office
    ticket = await snoozed(runtime, org, hours=1)
    (job,) = await rows(runtime, org, JOBS, org)
    assert (job["state"], job["run_at"]) == ("QUEUED", ticket["snoozed_until"])
    late = timedelta(days=3)
    await rows(runtime, org, "update tickets set snoozed_until = snoozed_until - $1::interval", late)
    await rows(runtime, org, "update jobs set run_at = run_at - $1::interval where function = 'TICKET_WAKE'", late)

    async def done() -> bool:
        return [job["state"] for job in await rows(runtime, org, JOBS, org)] == ["DONE"]

    async with working(runtime), working(runtime):
        await eventually(done)
    assert await standing(runtime, org) == {"status": "OPEN", "snoozed_until": None, "version": 3}
    entry = await one(runtime, org, "select action, actor_kind, source from audit_entries order by id desc limit 1")
    assert entry == {"action": "ticket:transition", "actor_kind": "JOB", "source": "WORKER"}
    events = [row["type"] for row in await rows(runtime, org, "select type from events order by id")]
    assert events == ["ticket.created", "ticket.updated", "ticket.updated"]


async def test_a_timer_that_is_not_due_is_not_run(office: tuple[Runtime, UUID]) -> None:
    runtime, org = office
    await snoozed(runtime, org, hours=1)
    (job,) = await rows(runtime, org, JOBS, org)
    assert await claims.claim(runtime, org, job["id"], 45) is None


@pytest.mark.parametrize("to", [S.OPEN, S.PENDING, S.RESOLVED, S.SPAM])
async def test_leaving_it_makes_the_timer_harmless(office: tuple[Runtime, UUID], to: TicketStatus) -> None:
    runtime, org = office
    await change(runtime, org, await snoozed(runtime, org, hours=1), status=to)
    before = await standing(runtime, org)
    await ring(runtime, org)
    assert await standing(runtime, org) == before == {"status": to, "snoozed_until": None, "version": 3}
    assert [job["state"] for job in await rows(runtime, org, JOBS, org)] == ["DONE"]


async def test_a_later_time_makes_the_older_timer_harmless(office: tuple[Runtime, UUID]) -> None:
    runtime, org = office
    ticket = await snoozed(runtime, org, hours=1)
    later = await change(runtime, org, ticket, snoozed_until=now() + timedelta(hours=5))
    await ring(runtime, org)
    assert await standing(runtime, org) == {
        "status": "SNOOZED", "snoozed_until": later["snoozed_until"], "version": 3,
    }  # fmt: skip
    jobs = await rows(runtime, org, JOBS, org)
    assert [(job["state"], job["run_at"] == later["snoozed_until"]) for job in jobs] == [
        ("DONE", False), ("QUEUED", True),
    ]  # fmt: skip
    await rows(runtime, org, "update tickets set snoozed_until = now() - interval '1 s'")
    await ring(runtime, org)
    assert (await standing(runtime, org))["status"] == "OPEN"


async def test_an_earlier_time_wakes_earlier_and_the_later_timer_is_harmless(office: tuple[Runtime, UUID]) -> None:
    runtime, org = office
    ticket = await snoozed(runtime, org, hours=5)
    await change(runtime, org, ticket, snoozed_until=now() + timedelta(hours=1))
    await rows(runtime, org, "update tickets set snoozed_until = now() - interval '1 s'")
    await ring(runtime, org)
    assert (await standing(runtime, org))["status"] == "OPEN"
    woken = await standing(runtime, org)
    await ring(runtime, org)
    assert await standing(runtime, org) == woken


async def test_a_worker_whose_clock_is_behind_waits_for_the_time(office: tuple[Runtime, UUID]) -> None:
    runtime, org = office
    ticket = await snoozed(runtime, org, seconds=50)
    await ring(runtime, org)
    assert (await standing(runtime, org))["status"] == "SNOOZED"
    jobs = await rows(runtime, org, JOBS, org)
    assert [job["state"] for job in jobs] == ["DONE", "QUEUED"]
    assert (jobs[1]["run_at"], jobs[1]["attempt"]) == (ticket["snoozed_until"], 0)


async def test_a_snooze_that_is_refused_sets_no_timer(office: tuple[Runtime, UUID]) -> None:
    runtime, org = office
    resolved = await change(runtime, org, await change(runtime, org, None, subject="Help"), status=S.RESOLVED)
    for ahead in (timedelta(hours=1), timedelta(hours=-1)):
        with pytest.raises(Refusal):
            await change(runtime, org, resolved, status=S.SNOOZED, snoozed_until=now() + ahead)
    assert await rows(runtime, org, JOBS, org) == []


def test_tries_never_end() -> None:
    delays = [delay for tries in range(1, 2_000) if (delay := delay_after(tries)) is not None]
    assert (len(delays), delays[0] <= 1.2 * 10) == (1_999, True)
    assert all(0 < delay <= 1.2 * 3_600 for delay in delays)
