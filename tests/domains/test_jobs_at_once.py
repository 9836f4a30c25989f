"""A job that is cancelled while a worker claims it, or runs it: one comes first, and neither waits for the other."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from models.jobs import JOB
from models.typeid import encode, new_uuid
from resolvers.collections.rows import Key
from resolvers.errors import Refusal
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import context_of
from resolvers.jobs.mutations import cancel
from tests.support.api import Org
from tests.support.jobs import slot_of
from tests.support.reports import YEAR, ask
from workers.reports import compute

ENDS = """select r.status, r.error, j.state from jobs j join reports r on r.org_id = j.org_id and r.id = j.subject_id
 where j.id = $1"""


async def _new_job(org: Org) -> UUID:
    """The key of the job of a new report."""
    await ask(org, "REVENUE", **YEAR)
    sql = "select id from jobs where org_id = $1 and function = 'REPORT' order by id desc limit 1"
    key: UUID = (await org.rows(sql, org.id))[0]["id"]
    return key


async def _cancel(org: Org, key: UUID) -> None:
    """Cancel a job, as the command does."""
    ctx = context_of(org.runtime, org.id, new_uuid())
    async with ctx.transaction():
        await cancel(ctx, Key(encode(JOB.prefix, key)))


async def _ends(org: Org, key: UUID) -> tuple[Any, ...]:
    (row,) = await org.rows(ENDS, key)
    return tuple(row)


async def test_a_job_that_a_worker_is_claiming_is_not_cancelled(acme: Org) -> None:
    """Nobody is waited for: the worker waits for the report, which the one who cancels has locked."""
    key = await _new_job(acme)
    claim = "update jobs set state = 'RUNNING', lease_token = id, lease_until = now() where id = $1"
    async with acme.runtime.bound(acme.id) as worker:
        await worker.execute(claim, key)
        with pytest.raises(Refusal) as refused:
            await _cancel(acme, key)
    assert refused.value.extra["reason"] == "JOB_NOT_QUEUED"
    assert await _ends(acme, key) == ("QUEUED", None, "RUNNING")


async def test_of_a_worker_and_one_who_cancels_at_once_one_comes_first(acme: Org) -> None:
    for late in range(12):
        key = await _new_job(acme)

        async def run(wait: float = late / 1_000, which: UUID = key) -> None:
            await asyncio.sleep(wait)
            claim = await jobs.claim(acme.runtime, acme.id, which, 45)
            if claim is not None:
                await compute.HANDLER.run(acme.runtime, claim, slot_of(claim))

        ran, refused = await asyncio.gather(run(), _cancel(acme, key), return_exceptions=True)
        assert ran is None
        if refused is None:
            assert await _ends(acme, key) == ("FAILED", "CANCELLED", "CANCELLED")
        else:
            assert isinstance(refused, Refusal)
            assert refused.extra["reason"] == "JOB_NOT_QUEUED"
            assert await _ends(acme, key) == ("READY", None, "DONE")
