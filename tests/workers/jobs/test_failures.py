"""What fails again and again is a line a minute, also where thousands are woken for nothing."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from arq.connections import ArqRedis
from arq.worker import func
from redis.asyncio import ConnectionPool

from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from resolvers.jobs import due
from tests.support.away import lines_with, log_lines
from tests.support.jobs import NOWHERE
from workers.jobs.runner import Runner
from workers.jobs.wake import ArqWorker

__all__ = ["log_lines"]


async def test_wake_ups_in_an_outage_are_one_line(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, log_lines: pytest.LogCaptureFixture
) -> None:
    looks = 0

    async def away(*_: object) -> None:
        nonlocal looks
        looks += 1
        raise Refusal("UNAVAILABLE", "The database is not available.")

    monkeypatch.setattr(due, "find_queued", away)
    runner = Runner(runtime, {}, {}, lease_seconds=45, heartbeat_seconds=15)
    looking = asyncio.create_task(runner.look_up())
    while looks < 20:
        runner.wake(uuid4(), uuid4())
        await asyncio.sleep(0)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    assert len(lines_with(log_lines, "jobs.look_up_failed")) == 1


async def test_wake_ups_that_run_as_redis_dies_raise_for_nobody() -> None:
    pool = ConnectionPool.from_url(NOWHERE)
    never: Any = _never
    worker = ArqWorker(functions=[func(never, name="never")], redis_pool=ArqRedis(pool), handle_signals=False)
    await asyncio.gather(*(worker.run_job(str(number), 0) for number in range(3)))
    await pool.disconnect()


async def _never(_ctx: object) -> None:
    raise AssertionError("it is not read")
