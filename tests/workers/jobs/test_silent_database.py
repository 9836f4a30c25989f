"""Connections of a worker that fall silent: it goes on with others, and its jobs keep their promises."""

import asyncio
from uuid import UUID

import pytest

from resolvers.database.runtime import Runtime
from tests.support.away import lines_with, log_lines
from tests.support.jobs import JOB, emit, eventually, listen_at, one, receiver, rows, runtime_of, settled, working
from tests.support.servers import Backends
from tests.support.silent import silent_path
from tests.support.tarpit import came, tarpit

__all__ = ["log_lines"]

PATIENCE_S = 2.0
# Longer than anything here takes, and far shorter than for ever.
MOST_S = 60.0
# Longer than MOST_S: what ends before it does so for another reason.
PATIENT_S = 600.0


async def test_a_worker_delivers_what_is_due(
    runtime: Runtime, own_backends: Backends, org: UUID, log_lines: pytest.LogCaptureFixture
) -> None:
    async with (
        receiver() as there,
        silent_path(own_backends) as path,
        runtime_of(path.backends, patience_s=PATIENCE_S) as worker,
        asyncio.timeout(MOST_S),
    ):
        await listen_at(runtime, org, there.url)
        async with working(worker):
            await emit(runtime, org)
            await settled(runtime, org, number=1)
            assert path.fall_silent()
            await emit(runtime, org, 5)
            await settled(runtime, org, number=6)
        assert len(there.requests) == 6
        assert len(lines_with(log_lines, "NoAnswerError")) == 1


async def test_a_job_under_way_keeps_its_lease(runtime: Runtime, own_backends: Backends, org: UUID) -> None:
    async with (
        tarpit() as (there, release),
        silent_path(own_backends) as path,
        runtime_of(path.backends, patience_s=PATIENCE_S) as worker,
        asyncio.timeout(MOST_S),
    ):
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        async with working(worker, lease_seconds=12.0):
            await came(there, 1)
            assert path.fall_silent()
            before = (await one(runtime, org, JOB, org))["lease_until"]

            async def extended() -> bool:
                return bool((await one(runtime, org, JOB, org))["lease_until"] > before)

            await eventually(extended)
            release.set()
            await settled(runtime, org)
        (job,) = await rows(runtime, org, JOB, org)
        assert (job["attempt"], len(there.requests)) == (1, 1)


async def test_a_worker_ends(runtime: Runtime, own_backends: Backends, org: UUID) -> None:
    async with (
        tarpit() as (there, _),
        silent_path(own_backends) as path,
        asyncio.timeout(MOST_S),
        runtime_of(path.backends, patience_s=PATIENT_S) as worker,
    ):
        await listen_at(runtime, org, there.url)
        await emit(runtime, org, 3)
        async with working(worker, grace_seconds=1):
            await came(there, 1)
            assert path.fall_silent()
            await asyncio.sleep(1)
