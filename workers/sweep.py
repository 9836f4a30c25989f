"""The sweep: what finds every job, with or without a wake-up; and what clears away what is old."""

import asyncio
import random
from uuid import UUID

import structlog

from resolvers.audit import seals
from resolvers.database.runtime import Runtime
from resolvers.jobs import retention
from resolvers.jobs.retention import Retention
from workers.runner import TROUBLE, Runner

JITTER = 0.2
HOUSEKEEPING_S = 3_600.0
# The first comes within a minute, even of a worker that never lives for an hour.
FIRST_HOUSEKEEPING_S = 40.0

log = structlog.get_logger(__name__)


def jittered(seconds: float) -> float:
    """About so many seconds: a fifth more or less, so that workers and retries do not march in step."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)


async def sweep(runner: Runner, seconds: float) -> None:
    """Offer the runner what is due, each so many seconds; in between more of the lanes that it has finished."""
    clock = asyncio.get_running_loop().time
    due = clock()
    while True:
        runner.hungry.clear()
        try:
            if clock() < due:
                await runner.top_up()
            else:
                due = clock() + jittered(seconds)
                if await runner.refill():
                    due = clock() + jittered(seconds / 10)
        except TROUBLE as error:
            log.warning("sweep.failed", error=str(error))
        try:
            async with asyncio.timeout_at(due):
                await runner.hungry.wait()
        except TimeoutError:
            continue


async def keep_house(
    runtime: Runtime, keep: Retention, seconds: float = HOUSEKEEPING_S, first_seconds: float = FIRST_HOUSEKEEPING_S
) -> None:
    """Delete what is too old of every organization: soon after the start, and about each hour."""
    pause = first_seconds
    while True:
        await asyncio.sleep(jittered(pause))
        pause = seconds
        try:
            for org_id in await retention.organizations(runtime):
                await _clean(runtime, org_id, keep)
        except TROUBLE as error:
            log.warning("retention.failed", error=str(error))


async def _clean(runtime: Runtime, org_id: UUID, keep: Retention) -> None:
    try:
        gone = await retention.clean(runtime, org_id, keep)
    except seals.BrokenChain as error:
        # The others are cleaned all the same.
        log.error("audit.broken", org=str(org_id), reason=str(error))
        return
    if any(gone.values()):
        log.info("retention.deleted", org=str(org_id), **gone)
