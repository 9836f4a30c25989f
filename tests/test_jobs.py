"""The job spine: one claim at a time, leases that are taken over, workers that die, Redis that is away."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from models.jobs import JobKind, JobState
from models.typeid import encode, new_uuid
from models.webhooks import EVENT_PREFIX
from resolvers import jobs, retention
from resolvers.retention import Retention
from resolvers.runtime import Runtime
from server import embedded_valkey
from server.embedded import free_port
from server.supervisor import Supervisor
from tests.jobs_support import (
    OK,
    Receiver,
    Request,
    eventually,
    hurry,
    listen_at,
    one,
    receiver,
    rows,
    runtime_of,
    sender,
    settled,
    tell,
    working,
)  # fmt: skip
from tests.servers import Backends
from workers import deliver, wake
from workers.runner import Runner

JOB = "select * from jobs where org_id = $1 and kind = 'WEBHOOK_DELIVERY'"
DELIVERY = "select * from deliveries where org_id = $1"


async def test_a_claim_is_one_workers(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    [job] = await tell(runtime, org)
    claims = await asyncio.gather(*(jobs.claim(runtime, org, job, 45) for _ in range(6)))
    [claim] = [claim for claim in claims if claim is not None]
    assert (claim.kind, claim.attempt, claim.claim_no) == (JobKind.WEBHOOK_DELIVERY, 1, 1)
    row = await one(runtime, org, JOB, org)
    assert (row["state"], row["lease_token"], row["attempt"]) == ("RUNNING", claim.token, 1)


async def test_a_claim_is_made_inside_its_organization(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    [job] = await tell(runtime, org)
    assert await jobs.claim(runtime, uuid4(), job, 45) is None
    assert (await one(runtime, org, JOB, org))["state"] == "QUEUED"


async def test_a_stale_worker_changes_nothing(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    [job] = await tell(runtime, org)
    stale = await jobs.claim(runtime, org, job, -1)
    assert stale is not None
    assert [due.id for due in await jobs.due(runtime, 9, []) if due.queue == "webhooks"] == [job]
    fresh = await jobs.claim(runtime, org, job, 45)
    assert fresh is not None
    assert (fresh.attempt, fresh.claim_no) == (2, 2)
    before = await one(runtime, org, JOB, org)
    with pytest.raises(jobs.Lost):
        async with jobs.held(runtime, stale) as ctx:
            await jobs.finish(ctx, stale, JobState.DONE)
    assert await jobs.beat(runtime, org, [stale, fresh], 45) == {job}
    after = await one(runtime, org, JOB, org)
    assert after["lease_until"] > before["lease_until"]
    assert after | {"lease_until": 0} == before | {"lease_until": 0}


async def test_a_stale_handler_records_nothing(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        [job] = await tell(runtime, org)
        stale = await jobs.claim(runtime, org, job, -1)
        assert stale is not None
        taken: list[jobs.Claim | None] = []

        async def take_over(_request: Request) -> bytes:
            taken.append(await jobs.claim(runtime, org, job, 45))
            return OK

        there.answer = take_over
        with pytest.raises(jobs.Lost):
            await deliver.handler(sender()).run(runtime, stale)
    row = await one(runtime, org, DELIVERY, org)
    assert (row["status"], row["attempts"]) == ("SENDING", [])
    assert [claim is not None for claim in taken] == [True]
    assert (await one(runtime, org, JOB, org))["state"] == "RUNNING"


async def test_a_job_given_back_keeps_its_attempt(runtime: Runtime, org: UUID) -> None:
    release = asyncio.Event()

    async def never(_request: Request) -> bytes:
        await release.wait()
        return OK

    async with receiver() as there:
        there.answer = never
        await listen_at(runtime, org, there.url)
        await tell(runtime, org)
        async with working(runtime, grace_seconds=0.05):
            await eventually(lambda: _came(there, 1))
        release.set()
    row = await one(runtime, org, JOB, org)
    assert (row["state"], row["attempt"], row["claim_no"], row["lease_token"]) == ("QUEUED", 0, 1, None)
    delivery = await one(runtime, org, DELIVERY, org)
    assert (delivery["status"], delivery["attempts"]) == ("PENDING", [])


async def _came(there: Receiver, number: int) -> bool:
    return len(there.requests) >= number


async def test_a_job_past_its_attempts_is_dead(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        await tell(runtime, org)
        await rows(runtime, org, "update jobs set attempt = 10 where org_id = $1", org)
        async with working(runtime):
            await settled(runtime, org, state="DEAD")
        assert there.requests == []
    assert (await one(runtime, org, JOB, org))["error_code"] == "ATTEMPTS_EXHAUSTED"
    assert (await one(runtime, org, DELIVERY, org))["status"] == "FAILED"


async def test_a_fault_of_a_handler_is_tried_again_and_recorded(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url, secret=b"\x00\x09" + bytes(40))
        await tell(runtime, org)
        async with working(runtime):

            async def failed() -> bool:
                return bool((await one(runtime, org, JOB, org))["error_code"] == "INTERNAL")

            await eventually(failed)
        assert there.requests == []
    row = await one(runtime, org, JOB, org)
    assert (row["state"], row["attempt"]) == ("QUEUED", 1)
    assert (await one(runtime, org, DELIVERY, org))["status"] == "PENDING"


async def test_two_workers_deliver_each_once(runtime: Runtime, own_backends: Backends, org: UUID) -> None:
    async with receiver() as there, runtime_of(own_backends) as other:
        for _ in range(3):
            await listen_at(runtime, org, there.url)
        woken = await tell(runtime, org, 20)
        assert len(woken) == 60
        async with working(runtime), working(other):
            await settled(runtime, org, number=60)
        events = await rows(runtime, org, "select id from events where org_id = $1", org)
        assert sorted(request.headers["webhook-id"] for request in there.requests) == sorted(
            3 * [encode(EVENT_PREFIX, row["id"]) for row in events]
        )
    done = await rows(runtime, org, JOB, org)
    assert {(row["attempt"], row["claim_no"]) for row in done} == {(1, 1)}


async def test_at_most_two_of_a_lane_at_once(runtime: Runtime, org: UUID) -> None:
    now, most = 0, 0

    async def count(_request: Request) -> bytes:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return OK

    async with receiver() as there:
        there.answer = count
        await listen_at(runtime, org, there.url)
        await tell(runtime, org, 12)
        async with working(runtime):
            await settled(runtime, org, number=12)
    assert (most, len(there.requests)) == (2, 12)


async def test_a_full_lane_does_not_hide_the_others(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    await tell(runtime, org, 3)
    [lane] = {due.lane for due in await jobs.due(runtime, 9, []) if due.queue == "webhooks"}
    assert [due.queue for due in await jobs.due(runtime, 9, [lane])] == ["audit"]


async def test_a_killed_worker_loses_nothing(runtime: Runtime, own_backends: Backends, org: UUID) -> None:
    async with receiver() as there:
        for _ in range(4):
            await listen_at(runtime, org, there.url)
        await tell(runtime, org, 50)
        killed = _spawn(own_backends)
        try:
            await eventually(lambda: _came(there, 40))
        finally:
            killed.send_signal(signal.SIGKILL)
            killed.wait()
        left = await rows(runtime, org, JOB + " and state <> 'DONE'", org)
        assert left != []
        second = _spawn(own_backends)
        try:
            await settled(runtime, org, number=200)
        finally:
            second.terminate()
        assert second.wait() == 0
        bodies = there.bodies()
        events = await rows(runtime, org, "select id from events where org_id = $1", org)
        assert set(bodies) == {encode(EVENT_PREFIX, row["id"]) for row in events}
        assert {len(different) for different in bodies.values()} == {1}
        assert len(there.requests) >= 200
    ended = await rows(runtime, org, DELIVERY, org)
    assert [row["status"] for row in ended] == ["SUCCEEDED"] * 200


def _spawn(backends: Backends) -> "subprocess.Popen[bytes]":
    given = {"DATABASE_URL": backends.database_url, "REDIS_URL": backends.redis_url}
    root = Path(__file__).parent.parent
    return subprocess.Popen([sys.executable, "-m", "tests.jobs_worker"], cwd=root, env=os.environ | given)


async def test_without_redis_the_sweep_delivers(runtime: Runtime, org: UUID) -> None:
    waker = wake.Waker("redis://127.0.0.1:1/0")
    runtime.wake = waker.wake
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        async with working(runtime):
            await tell(runtime, org)
            await settled(runtime, org)
        assert len(there.requests) == 1
    await waker.close()


async def test_arq_wakes_when_redis_returns(runtime: Runtime, org: UUID, tmp_path: Path) -> None:
    port = free_port()
    valkey = embedded_valkey.prepare(tmp_path, port, "word")
    supervisor = Supervisor()
    runner = Runner(
        runtime,
        {JobKind.WEBHOOK_DELIVERY: deliver.handler(sender())},
        {"webhooks": 4},
        lease_seconds=5,
        heartbeat_seconds=1,
    )
    # No sweep here: only arq can bring the job.
    tasks = [asyncio.create_task(runner.look_up()), asyncio.create_task(wake.listen(runner, valkey.url))]
    waker = wake.Waker(valkey.url)
    runtime.wake = waker.wake
    try:
        async with receiver() as there:
            await listen_at(runtime, org, there.url)
            await tell(runtime, org)
            supervisor.start(valkey.spec)
            await eventually(lambda: asyncio.to_thread(valkey.answers))
            assert there.requests == []
            await tell(runtime, org)
            await settled(runtime, org)
            assert len(there.requests) == 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await runner.stop(1)
        await waker.close()
        await asyncio.to_thread(supervisor.stop, patience=5)


async def test_retention_deletes_what_is_old(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        await tell(runtime, org, 2)
        async with working(runtime):
            await settled(runtime, org, number=2)
    await rows(runtime, org, "insert into directory (kind, key, org_id) values ('slug', 'acme', $1)", org)
    assert await retention.organizations(runtime) == [org]
    nothing = {"idempotency": 0, "jobs": 0, "deliveries": 0, "events": 0}
    assert await retention.clean(runtime, org, Retention()) == nothing
    insert = "insert into idempotency_records values ($1, $2, 'k', 0, 'f', '{}', now() - interval '25 hours')"
    await rows(runtime, org, insert, org, new_uuid())
    assert await retention.clean(runtime, org, Retention()) == nothing | {"idempotency": 1}
    await asyncio.sleep(0.01)
    gone = await retention.clean(runtime, org, Retention(*3 * [Retention().jobs * 0]))
    assert gone["deliveries"] == 2
    assert gone["events"] == 2
    assert gone["jobs"] >= 2
    assert await rows(runtime, org, JOB, org) == []


async def test_a_retry_in_the_future_is_not_due(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    [job] = await tell(runtime, org)
    claim = await jobs.claim(runtime, org, job, 45)
    assert claim is not None
    async with jobs.held(runtime, claim) as ctx:
        await jobs.finish(ctx, claim, JobState.QUEUED, delay=60)
    assert await jobs.claim(runtime, org, job, 45) is None
    await hurry(runtime, org)
    again = await jobs.claim(runtime, org, job, 45)
    assert again is not None
    assert (again.attempt, again.claim_no) == (2, 2)
