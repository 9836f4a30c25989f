"""Workers of some queues: what they run, what they leave, how they wake each other, and how they end."""

import asyncio
import base64
import os
import signal
import sys
from uuid import UUID

from models.jobs import JobFunction, JobQueue
from resolvers.database.runtime import Runtime
from tests.support.jobs import (
    DELIVERY,
    JOB,
    RING,
    emit,
    eventually,
    listen_at,
    one,
    receiver,
    rows,
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

SEALS = "select state from jobs where org_id = $1 and function = 'AUDIT_SEAL'"
HURRY = "update jobs set run_at = now() where org_id = $1 and function = 'AUDIT_SEAL'"


async def test_a_worker_runs_only_the_queues_that_it_is_given(runtime: Runtime, org: UUID) -> None:
    async def sealed() -> bool:
        return bool(await rows(runtime, org, "select 1 from audit_seals where org_id = $1", org))

    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org, 3)
        await rows(runtime, org, HURRY, org)
        async with working(runtime, queues={JobQueue.AUDIT: 1}):
            await eventually(sealed)
        assert there.requests == []
        left = await rows(runtime, org, JOB, org)
        assert {(row["state"], row["attempt"], row["claim_no"]) for row in left} == {("QUEUED", 0, 0)}
        await rows(runtime, org, HURRY, org)
        async with working(runtime, queues={JobQueue.WEBHOOKS: 2, JobQueue.TIMERS: 1}):
            await settled(runtime, org, number=3)
    assert len(there.requests) == 3
    assert [row["state"] for row in await rows(runtime, org, SEALS, org)] == ["QUEUED"]


async def test_a_job_of_another_queue_is_passed_on(runtime: Runtime, own_backends: Backends, org: UUID) -> None:
    url = own_backends.redis_url
    handlers = {JobFunction.WEBHOOK_DELIVERY: deliver.handler(sender())}
    without, delivering = (
        Runner(runtime, handlers, {queue: 1}, lease_seconds=5, heartbeat_seconds=1) for queue in ("timers", "webhooks")
    )
    # No sweep here: the one that is woken runs no deliveries, and has to tell the other.
    sources = (
        without.look_up(),
        delivering.look_up(),
        wake.listen(without, url),
        wake.listen(delivering, url, wake.passed_on("webhooks")),
    )
    tasks = [asyncio.create_task(source) for source in sources]
    waker = wake.Waker(url)
    runtime.wake = waker.wake
    try:
        async with receiver() as there, wake.passing_on(without, url):
            await listen_at(runtime, org, there.url)
            await emit(runtime, org, 2)
            await settled(runtime, org, number=2)
            assert len(there.requests) == 2
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await delivering.stop(1)
        await waker.close()


async def test_a_signal_gives_running_jobs_back_after_the_grace(
    runtime: Runtime, own_backends: Backends, org: UUID
) -> None:
    ring = ",".join(f"{version}:{base64.b64encode(key).decode()}" for version, key in RING.keys.items())
    given = {
        "DATABASE_URL": own_backends.database_url,
        "REDIS_URL": own_backends.redis_url,
        **dict.fromkeys(("KEY_PEPPERS", "SECRET_KEYS", "SEAL_KEYS"), ring),
        "WORKER_GRACE_SECONDS": "0.2",
        "WEBHOOK_ALLOW_PRIVATE": "true",
    }
    command = (sys.executable, "-m", "server.cli", "worker", "--queues", "webhooks=4")
    async with tarpit() as (there, _):
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        worker = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=os.environ | given)
        try:
            await came(there, 1)
        finally:
            worker.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                ended = await worker.wait()
    assert ended == 0
    row = await one(runtime, org, JOB, org)
    assert (row["state"], row["attempt"], row["claim_no"], row["lease_token"]) == ("QUEUED", 0, 1, None)
    delivery = await one(runtime, org, DELIVERY, org)
    assert (delivery["status"], delivery["attempts"]) == ("PENDING", [])
