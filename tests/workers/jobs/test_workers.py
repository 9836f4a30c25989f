"""Workers: several at once, killed ones, stopped ones, with Redis and without."""

import asyncio
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest
from redis.asyncio import Redis

from models.jobs import JobFunction
from models.typeid import encode
from models.webhooks import EVENT
from resolvers.database.runtime import Runtime
from server.dev import embedded_valkey
from server.dev.embedded import free_port
from server.dev.supervisor import Supervisor
from tests.support.concurrency import Concurrency
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
    runtime_of,
    sender,
    settled,
    working,
)  # fmt: skip
from tests.support.repository import ROOT
from tests.support.servers import Backends
from tests.support.tarpit import came, tarpit
from workers.jobs import wake
from workers.jobs.runner import Runner
from workers.webhooks import deliver


async def test_a_job_given_back_keeps_its_attempt(runtime: Runtime, org: UUID) -> None:
    async with tarpit() as (there, _):
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        async with working(runtime, grace_seconds=0.05):
            await came(there, 1)
    row = await one(runtime, org, JOB, org)
    assert (row["state"], row["attempt"], row["claim_no"], row["lease_token"]) == ("QUEUED", 0, 1, None)
    delivery = await one(runtime, org, DELIVERY, org)
    assert (delivery["status"], delivery["attempts"]) == ("PENDING", [])


async def test_two_workers_deliver_each_once(runtime: Runtime, own_backends: Backends, org: UUID) -> None:
    async with receiver() as there, runtime_of(own_backends) as other:
        for _ in range(3):
            await listen_at(runtime, org, there.url)
        woken = await emit(runtime, org, 20)
        assert len(woken) == 60
        async with working(runtime), working(other):
            await settled(runtime, org, number=60)
        events = await rows(runtime, org, "select id from events where org_id = $1", org)
        assert sorted(request.headers["webhook-id"] for request in there.requests) == sorted(
            3 * [encode(EVENT.prefix, row["id"]) for row in events]
        )
    done = await rows(runtime, org, JOB, org)
    assert {(row["attempt"], row["claim_no"]) for row in done} == {(1, 1)}


async def test_at_most_two_of_a_lane_at_once(runtime: Runtime, org: UUID) -> None:
    concurrency = Concurrency(0.02, OK)
    async with receiver() as there:
        there.answer = concurrency
        await listen_at(runtime, org, there.url)
        await emit(runtime, org, 12)
        async with working(runtime):
            await settled(runtime, org, number=12)
    assert (concurrency.most, len(there.requests)) == (2, 12)


async def test_a_killed_worker_loses_nothing(runtime: Runtime, own_backends: Backends, org: UUID) -> None:
    async with receiver() as there:
        for _ in range(4):
            await listen_at(runtime, org, there.url)
        await emit(runtime, org, 50)
        killed = _spawn(own_backends)
        try:
            await came(there, 40)
        finally:
            killed.send_signal(signal.SIGKILL)
            killed.wait(60)
        left = await rows(runtime, org, JOB + " and state <> 'DONE'", org)
        assert left != []
        second = _spawn(own_backends)
        try:
            await settled(runtime, org, number=200)
        finally:
            second.terminate()
        assert second.wait(60) == 0
        bodies = there.bodies()
        events = await rows(runtime, org, "select id from events where org_id = $1", org)
        assert set(bodies) == {encode(EVENT.prefix, row["id"]) for row in events}
        assert {len(different) for different in bodies.values()} == {1}
        assert len(there.requests) >= 200
    ended = await rows(runtime, org, DELIVERY, org)
    assert [row["status"] for row in ended] == ["SUCCEEDED"] * 200


def _spawn(backends: Backends) -> "subprocess.Popen[bytes]":
    given = {"DATABASE_URL": backends.database_url, "REDIS_URL": backends.redis_url}
    return subprocess.Popen([sys.executable, "-m", "tests.support.jobs_worker"], cwd=ROOT, env=os.environ | given)


async def test_without_redis_the_sweep_delivers(runtime: Runtime, org: UUID) -> None:
    waker = wake.Waker("redis://127.0.0.1:1/0")
    runtime.wake = waker.wake
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        async with working(runtime):
            await emit(runtime, org)
            await settled(runtime, org)
        assert len(there.requests) == 1
    await waker.close()


async def test_arq_wakes_when_redis_returns(runtime: Runtime, org: UUID, tmp_path: Path) -> None:
    port = free_port()
    valkey = embedded_valkey.prepare(tmp_path, port, "word")
    supervisor = Supervisor()
    runner = Runner(
        runtime,
        {JobFunction.WEBHOOK_DELIVERY: deliver.handler(sender())},
        {"webhooks": 4},
        lease_seconds=5,
        heartbeat_seconds=1,
    )
    # No sweep here: only arq can bring the job.
    tasks = [asyncio.create_task(runner.look_up()), asyncio.create_task(wake.listen(runner, valkey.url))]
    waker = wake.Waker(valkey.url, pause_seconds=0)
    runtime.wake = waker.wake
    try:
        async with receiver() as there:
            await listen_at(runtime, org, there.url)
            await emit(runtime, org)
            supervisor.start(valkey.spec)
            await eventually(lambda: asyncio.to_thread(valkey.answers))
            assert there.requests == []
            await emit(runtime, org)
            await settled(runtime, org)
            assert len(there.requests) == 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await runner.stop(1)
        await waker.close()
        await asyncio.to_thread(supervisor.stop, timeout_s=5)


async def test_a_wake_of_a_killed_worker_is_put_away(
    runtime: Runtime, own_backends: Backends, org: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    runner = Runner(runtime, {}, {}, lease_seconds=5, heartbeat_seconds=1)
    waker = wake.Waker(own_backends.redis_url)
    async with Redis.from_url(own_backends.redis_url) as redis:
        for number in (1, 2):
            await eventually(partial(_woken, waker, redis, org, number))
        await waker.close()
        held, flushed, *_ = await redis.zrange(wake.QUEUE, 0, -1)
        # A worker was killed that had begun the one; what the other one says is gone.
        await redis.set(b"arq:retry:" + held, 1)
        await redis.delete(b"arq:job:" + flushed)
        task = asyncio.create_task(wake.listen(runner, own_backends.redis_url))
        try:
            await eventually(partial(_waits, redis, 0))
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert await redis.keys("arq:*:" + held.decode()) + await redis.keys("arq:*:" + flushed.decode()) == []
    assert [each.getMessage() for each in caplog.records if each.name == "arq.jobs"] == []


async def _woken(waker: wake.Waker, redis: Redis, org: UUID, number: int) -> bool:
    """Whether so many messages wait. A wake-up is best effort: on a busy machine it is sent again."""
    if await redis.zcard(wake.QUEUE) < number:
        waker.wake(org, [uuid4()])
        await asyncio.sleep(0.3)
    return bool(await redis.zcard(wake.QUEUE) >= number)


async def _waits(redis: Redis, number: int) -> bool:
    return bool(await redis.zcard(wake.QUEUE) == number)


async def test_wakes_of_many_requests_go_in_one_message(backends: Backends) -> None:
    waker = wake.Waker(backends.redis_url)
    async with Redis.from_url(backends.redis_url) as redis:
        before = await redis.zcard(wake.QUEUE)
        org, given = uuid4(), [[uuid4()] for _ in range(30)]
        for ids in given:
            waker.wake(org, ids)
        await waker.close()
        assert await redis.zcard(wake.QUEUE) == before + 1
        (name,) = await redis.zrevrange(wake.QUEUE, 0, 0)
        kept = orjson.loads(await redis.get(b"arq:job:" + name))
        assert kept["a"] == [[[str(org), str(job)] for (job,) in given]]
        assert await redis.zrem(wake.QUEUE, name) == 1


async def test_a_heart_that_beats_keeps_a_long_job(runtime: Runtime, own_backends: Backends, org: UUID) -> None:
    async def slowly(_request: Request) -> bytes:
        await asyncio.sleep(1.5)
        return OK

    async with receiver() as there, runtime_of(own_backends) as other:
        there.answer = slowly
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        async with (
            working(runtime, lease_seconds=0.8, heartbeat_seconds=0.1),
            working(other, lease_seconds=0.8, heartbeat_seconds=0.1),
        ):
            await settled(runtime, org)
        assert len(there.requests) == 1
    row = await one(runtime, org, JOB, org)
    assert (row["attempt"], row["claim_no"]) == (1, 1)


async def test_a_lost_lease_stops_the_handler(runtime: Runtime, org: UUID) -> None:
    async with tarpit() as (there, release):
        await listen_at(runtime, org, there.url)
        [job, other] = await emit(runtime, org, 2)
        later = "update jobs set run_at = now() + interval '1 hour' where org_id = $1 and id = $2"
        await rows(runtime, org, later, org, other)
        async with working(runtime, heartbeat_seconds=0.1, slots=1):
            await came(there, 1)
            stolen = "update jobs set lease_token = $3, lease_until = now() + interval '1 hour'"
            thief = uuid4()
            await rows(runtime, org, stolen + " where org_id = $1 and id = $2", org, job, thief)
            # The only slot is free again: the second job gets it.
            await make_due(runtime, org)
            await came(there, 2)
            release.set()
            await settled(runtime, org)
    row = await one(runtime, org, JOB + " and id = $2", org, job)
    assert (row["state"], row["lease_token"], row["claim_no"]) == ("RUNNING", thief, 1)
    delivery = await one(runtime, org, DELIVERY + " and id = $2", org, row["subject_id"])
    assert (delivery["status"], delivery["attempts"]) == ("SENDING", [])
