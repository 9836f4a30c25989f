"""Jobs: one claim at a time, leases that are taken over, attempts that are counted, and what is cleared away."""

import asyncio
from uuid import UUID, uuid4

import pytest

from models.jobs import JobFunction, JobState
from models.typeid import new_uuid
from resolvers.database.runtime import Runtime
from resolvers.database.sql import Sql
from resolvers.jobs import claims as jobs
from resolvers.jobs import due, retention
from resolvers.jobs.retention import Retention
from tests.support.jobs import (
    DELIVERY,
    JOB,
    OK,
    Request,
    emit,
    eventually,
    listen_at,
    make_due,
    one,
    receiver,
    rows,
    sender,
    settled,
    slot_of,
    working,
)  # fmt: skip
from workers.webhooks import deliver

WAITING = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
LOCK_AT_ONCE = Sql("select id from jobs where id = $1 for update nowait", ("job",), {})


async def test_a_claim_is_one_workers(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    [job] = await emit(runtime, org)
    claims = await asyncio.gather(*(jobs.claim(runtime, org, job, 45) for _ in range(6)))
    [claim] = [claim for claim in claims if claim is not None]
    assert (claim.function, claim.attempt, claim.claim_no) == (JobFunction.WEBHOOK_DELIVERY, 1, 1)
    row = await one(runtime, org, JOB, org)
    assert (row["state"], row["lease_token"], row["attempt"]) == ("RUNNING", claim.token, 1)


async def test_a_claim_is_made_inside_its_organization(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    [job] = await emit(runtime, org)
    assert await jobs.claim(runtime, uuid4(), job, 45) is None
    assert (await one(runtime, org, JOB, org))["state"] == "QUEUED"


async def test_leases_are_extended_in_the_order_in_which_a_batch_locks_its_jobs(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    first, second = sorted(await emit(runtime, org, 2))
    # The rows lie in the other order.
    claims = {job: await jobs.claim(runtime, org, job, 45) for job in (second, first)}
    earlier, later = claims[first], claims[second]
    assert earlier is not None
    assert later is not None

    async def waits() -> bool:
        return bool(await rows(runtime, org, WAITING))

    async with jobs.held(runtime, earlier) as ctx:
        extending = asyncio.create_task(jobs.extend(runtime, org, [later, earlier], 45))
        await eventually(waits)
        # Were it locked already, each would wait for the other.
        assert [row["id"] for row in await ctx.fetch(LOCK_AT_ONCE, job=second)] == [second]
    assert await extending == {first, second}


async def test_a_claim_does_not_wait_for_a_worker_that_is_frozen(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    [job] = await emit(runtime, org)
    frozen = await jobs.claim(runtime, org, job, -1)
    assert frozen is not None
    # A claim that waits would be ended by this time-out, with an error.
    runtime.statement_timeout_ms = 1_000
    async with jobs.held(runtime, frozen):
        assert await jobs.claim(runtime, org, job, 45) is None
    taken = await jobs.claim(runtime, org, job, 45)
    assert taken is not None
    assert (taken.attempt, taken.claim_no) == (2, 2)


async def test_a_stale_worker_changes_nothing(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    [job] = await emit(runtime, org)
    stale = await jobs.claim(runtime, org, job, -1)
    assert stale is not None
    found, _ = await due.due(runtime, ["webhooks", "audit"], 9)
    assert [each.id for each in found if each.queue == "webhooks"] == [job]
    fresh = await jobs.claim(runtime, org, job, 45)
    assert fresh is not None
    assert (fresh.attempt, fresh.claim_no) == (2, 2)
    before = await one(runtime, org, JOB, org)
    with pytest.raises(jobs.LeaseLost):
        async with jobs.held(runtime, stale) as ctx:
            await jobs.finish(ctx, stale, JobState.DONE)
    assert await jobs.extend(runtime, org, [stale, fresh], 45) == {job}
    after = await one(runtime, org, JOB, org)
    assert after["lease_until"] > before["lease_until"]
    assert after | {"lease_until": 0} == before | {"lease_until": 0}


async def test_a_stale_handler_records_nothing(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        [job] = await emit(runtime, org)
        stale = await jobs.claim(runtime, org, job, -1)
        assert stale is not None
        taken: list[jobs.Claim | None] = []

        async def take_over(_request: Request) -> bytes:
            taken.append(await jobs.claim(runtime, org, job, 45))
            return OK

        there.answer = take_over
        with pytest.raises(jobs.LeaseLost):
            await deliver.handler(sender()).run(runtime, stale, slot_of(stale))
    row = await one(runtime, org, DELIVERY, org)
    assert (row["status"], row["attempts"]) == ("SENDING", [])
    assert [claim is not None for claim in taken] == [True]
    assert (await one(runtime, org, JOB, org))["state"] == "RUNNING"


async def test_a_job_past_its_attempts_is_dead(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        await rows(runtime, org, "update jobs set attempt = 10 where org_id = $1", org)
        async with working(runtime):
            await settled(runtime, org, state="FAILED")
        assert there.requests == []
    assert (await one(runtime, org, JOB, org))["error_code"] == "ATTEMPTS_EXHAUSTED"
    assert (await one(runtime, org, DELIVERY, org))["status"] == "FAILED"


async def test_a_fault_of_a_handler_is_tried_again_and_recorded(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url, secret=b"\x00\x09" + bytes(40))
        await emit(runtime, org)
        async with working(runtime):

            async def failed() -> bool:
                return bool((await one(runtime, org, JOB, org))["error_code"] == "INTERNAL")

            await eventually(failed)
        assert there.requests == []
    row = await one(runtime, org, JOB, org)
    assert (row["state"], row["attempt"]) == ("QUEUED", 1)
    assert (await one(runtime, org, DELIVERY, org))["status"] == "PENDING"


async def test_retention_deletes_what_is_old(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org, 2)
        async with working(runtime):
            await settled(runtime, org, number=2)
    await rows(runtime, org, "insert into directory (resource, key, org_id) values ('slug', 'acme', $1)", org)
    assert await retention.organizations(runtime) == [org]
    names = ("idempotency", "jobs", "deliveries", "events", "exports", "reports", "spam", "audit_changes")
    nothing = dict.fromkeys(names, 0)
    assert await retention.purge(runtime, org, Retention()) == nothing
    columns = "org_id, actor_id, key, root_field, position, fingerprint, result, created_at"
    row = "$1, $2, 'k', 'createClient', 0, 'f', '{}', now() - interval '25 hours'"
    insert = f"insert into idempotency_records ({columns}) values ({row})"
    await rows(runtime, org, insert, org, new_uuid())
    assert await retention.purge(runtime, org, Retention()) == nothing | {"idempotency": 1}
    await asyncio.sleep(0.01)
    gone = await retention.purge(runtime, org, Retention(*3 * [Retention().jobs * 0]))
    assert gone["deliveries"] == 2
    assert gone["events"] == 2
    assert gone["jobs"] >= 2
    assert await rows(runtime, org, JOB, org) == []


async def test_a_retry_in_the_future_is_not_due(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    [job] = await emit(runtime, org)
    claim = await jobs.claim(runtime, org, job, 45)
    assert claim is not None
    async with jobs.held(runtime, claim) as ctx:
        await jobs.finish(ctx, claim, JobState.QUEUED, delay=60)
    assert await jobs.claim(runtime, org, job, 45) is None
    await make_due(runtime, org)
    again = await jobs.claim(runtime, org, job, 45)
    assert again is not None
    assert (again.attempt, again.claim_no) == (2, 2)
