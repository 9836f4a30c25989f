"""A database that is busy for a moment: jobs wait for it, and nothing is sent twice, late, or counted as a try."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from models.jobs import JobFunction
from resolvers.database.connection import PooledConnection, connect
from resolvers.database.pool import Pool
from resolvers.database.runtime import Runtime, outcome_unknown
from resolvers.errors import Refusal
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from tests.support.jobs import DELIVERY, JOB, OK, Request, emit, listen_at, one, receiver, sender, settled, working
from tests.support.servers import Backends
from workers.jobs import retry
from workers.jobs.handler import Handler
from workers.jobs.runner import Runner
from workers.jobs.slot import Slot
from workers.webhooks import deliver

# Longer than any test: what waits for a lease to expire never comes.
LEASE: dict[str, Any] = {"lease_seconds": 3_600.0, "heartbeat_seconds": 60.0}


class Busy(Pool):
    """A pool whose connections are all taken from ``take`` on, until so many have asked for one in vain."""

    left = 0

    async def take(self, refusals: int) -> None:
        """Take every connection."""
        self.taken = [await super(Busy, self).acquire(60) for _ in range(self.max_size)]
        self.left = refusals

    async def acquire(self, timeout_s: float, owner: Any = None, *, capped: bool = False) -> PooledConnection:
        """A connection; with the last refusal all come back."""
        try:
            return await super().acquire(timeout_s, owner, capped=capped)
        except TimeoutError:
            self.left -= 1
            if not self.left:
                for link in self.taken:
                    self.release(link)
            raise


@pytest.fixture
async def busy(runtime: Runtime, own_backends: Backends) -> AsyncIterator[Busy]:
    """The runtime's pool, which a test can take away."""
    runtime.pool_wait = 0.05
    runtime.pool = pool = Busy(partial(connect, own_backends.database_url), 0, 4)
    yield pool
    await pool.close()


async def delivered_once(runtime: Runtime, org: UUID) -> None:
    """Wait for the delivery; nothing says that there ever was a second try."""
    await settled(runtime, org)
    assert (await one(runtime, org, JOB, org))["attempt"] == 1
    delivery = await one(runtime, org, DELIVERY, org)
    assert (delivery["status"], [each["responseCode"] for each in delivery["attempts"]]) == ("SUCCEEDED", [200])


async def test_an_answer_is_recorded_once_the_database_has_time(runtime: Runtime, busy: Busy, org: UUID) -> None:
    async with receiver() as there:

        async def answer(_request: Request) -> bytes:
            await busy.take(refusals=5)
            return OK

        there.answer = answer
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        async with working(runtime, **LEASE):
            await delivered_once(runtime, org)
        assert len(there.requests) == 1


async def test_a_claimed_job_begins_once_the_database_has_time(
    runtime: Runtime, busy: Busy, org: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = deliver.handler(sender())
    begun = 0

    async def run(runtime: Runtime, claim: Claim, slot: Slot) -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            await busy.take(refusals=3)
        await real.run(runtime, claim, slot)

    monkeypatch.setattr(deliver, "handler", lambda *_given: Handler(run, real.delay, real.ended))
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        async with working(runtime, **LEASE):
            await delivered_once(runtime, org)
        assert (len(there.requests), begun) == (1, 2)


async def test_a_job_that_cannot_be_claimed_at_once_is_not_left_to_the_next_sweep(
    runtime: Runtime, busy: Busy, org: UUID
) -> None:
    runner = Runner(runtime, {JobFunction.WEBHOOK_DELIVERY: deliver.handler(sender())}, {"webhooks": 4}, **LEASE)
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        await busy.take(refusals=3)
        try:
            await runner.refill()
            await delivered_once(runtime, org)
        finally:
            await runner.stop(1)


@pytest.mark.parametrize(
    "error",
    [
        Refusal("UNAVAILABLE", "busy"),
        outcome_unknown(keyed=False),
        asyncpg.DeadlockDetectedError("two of them"),
    ],
)
async def test_what_passes_is_tried_again(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_S", 0.001)
    left = [error, error]

    async def work() -> int:
        if left:
            raise left.pop()
        return 7

    assert await retry.retry(work) == 7


@pytest.mark.parametrize(
    "error", [jobs.LeaseLost("taken"), Refusal("NOT_FOUND", "no"), asyncpg.UniqueViolationError("x")]
)
async def test_what_does_not_pass_is_not(error: Exception) -> None:
    tries = 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        raise error

    with pytest.raises(type(error)):
        await retry.retry(work)
    assert tries == 1
