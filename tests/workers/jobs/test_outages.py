"""A database that is away while a worker has jobs: no try is counted, left to its lease, or made in haste."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from tests.support.away import end_connections, lines_with, log_lines, read_only
from tests.support.jobs import (
    DELIVERY,
    JOB,
    emit,
    eventually,
    listen_at,
    one,
    receiver,
    rows,
    settled,
    working,
)  # fmt: skip
from tests.support.servers import Backends
from tests.support.tarpit import came, tarpit
from workers.jobs.runner import Runner

__all__ = ["log_lines"]

NUMBER = 40
SLOTS = 4


class Counted:
    """How often a worker has tried to claim, and looked for what is due."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.claims = self.looks = 0
        claim, due = jobs.claim, Runner.refill

        async def counted(*given: Any) -> Any:
            self.claims += 1
            return await claim(*given)

        async def looked(*given: Any) -> Any:
            self.looks += 1
            return await due(*given)

        monkeypatch.setattr(jobs, "claim", counted)
        monkeypatch.setattr(Runner, "refill", looked)

    async def looked(self, number: int) -> None:
        """Wait until it has looked so often."""

        async def done() -> bool:
            return self.looks >= number

        await eventually(done)


async def test_a_worker_that_can_only_read_pauses(
    runtime: Runtime, own_backends: Backends, org: UUID, log_lines: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    counted = Counted(monkeypatch)
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org, NUMBER)
        with read_only(own_backends):
            async with working(runtime, slots=SLOTS):
                await counted.looked(10)
                # Each slot asks again after a pause that doubles; so do those for seals.
                assert counted.claims <= 10 * (SLOTS + 1)
                assert len(lines_with(log_lines, "25006")) == 1
                assert lines_with(log_lines, "job.") == []
        assert there.requests == []
        async with working(runtime, slots=SLOTS):
            await settled(runtime, org, number=NUMBER)
        assert len(there.requests) == NUMBER
    assert {row["attempt"] for row in await rows(runtime, org, JOB, org)} == {1}


async def test_a_worker_whose_claims_are_refused_pauses(
    runtime: Runtime, own_backends: Backends, org: UUID, log_lines: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    counted = Counted(monkeypatch)
    role = psycopg.conninfo.conninfo_to_dict(own_backends.database_url)["user"]
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org, NUMBER)
        with psycopg.connect(own_backends.migration_database_url, autocommit=True) as owner:
            owner.execute(f"revoke update on jobs from {role}".encode())
            async with working(runtime, slots=SLOTS):
                await counted.looked(10)
                assert counted.claims <= 10 * (SLOTS + 1)
                assert len(lines_with(log_lines, "jobs.paused")) == 1
                assert lines_with(log_lines, "job.") == []
                owner.execute(f"grant update on jobs to {role}".encode())
                await settled(runtime, org, number=NUMBER)
                assert len(lines_with(log_lines, "jobs.resumed")) == 1
        assert len(there.requests) == NUMBER
    assert {row["attempt"] for row in await rows(runtime, org, JOB, org)} == {1}


async def test_a_claim_whose_outcome_is_unknown_is_found_again(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    [job] = await emit(runtime, org)
    token = uuid4()
    first = await jobs.claim(runtime, org, job, 45, token)
    assert first is not None
    # Its answer was lost: the same worker asks again, and nobody else gets it.
    assert await jobs.claim(runtime, org, job, 45, uuid4()) is None
    assert await jobs.claim(runtime, org, job, 45, token) == first
    row = await one(runtime, org, JOB, org)
    assert (row["attempt"], row["claim_no"]) == (1, 1)


async def test_a_lease_that_expired_in_an_outage_is_no_try(runtime: Runtime, org: UUID) -> None:
    await listen_at(runtime, org, "http://127.0.0.1:9/")
    [job] = await emit(runtime, org)
    holder = await jobs.claim(runtime, org, job, -1)
    assert holder is not None
    runtime.outages.note(TimeoutError())
    # Who holds it may live: it has the grace to say so.
    assert await jobs.claim(runtime, org, job, 45, grace=60) is None
    assert await jobs.extend(runtime, org, [holder], -1) == {job}
    taken = await jobs.claim(runtime, org, job, 45)
    assert taken is not None
    assert (taken.attempt, taken.claim_no) == (1, 2)


@asynccontextmanager
async def away(runtime: Runtime, backends: Backends) -> AsyncIterator[None]:
    """Every connection of the runtime ends, and none can be made while the block runs."""
    real = runtime.pool._connect, runtime.side._connect

    async def refused() -> Any:
        raise ConnectionRefusedError("away")

    runtime.pool._connect = runtime.side._connect = refused
    await asyncio.to_thread(end_connections, backends)
    try:
        yield
    finally:
        runtime.pool._connect, runtime.side._connect = real


@pytest.mark.parametrize("tries", [0, 9])
async def test_an_outage_longer_than_the_lease_uses_up_no_try(
    runtime: Runtime, own_backends: Backends, org: UUID, tries: int
) -> None:
    """Also not the last one: the receiver's answer is recorded by the worker that had it."""
    async with tarpit() as (there, release):
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        await rows(runtime, org, "update jobs set attempt = $2 where org_id = $1", org, tries)
        async with working(runtime, lease_seconds=0.5, heartbeat_seconds=0.2):
            await came(there, 1)
            async with away(runtime, own_backends):
                release.set()
                await asyncio.sleep(1.5)
            await settled(runtime, org)
        assert len(there.requests) == 1
    row = await one(runtime, org, JOB, org)
    assert (row["attempt"], row["claim_no"]) == (tries + 1, 1)
    delivery = await one(runtime, org, DELIVERY, org)
    assert (delivery["status"], [each["responseCode"] for each in delivery["attempts"]]) == ("SUCCEEDED", [200])
