"""The sweep, which finds every due job, with a wake-up or without; and the regular purge of expired rows."""

import asyncio
from uuid import UUID

import structlog

from resolvers.audit import seals
from resolvers.database.runtime import Runtime
from resolvers.jobs import retention
from resolvers.jobs.retention import Retention
from workers.jobs.backoff import jittered
from workers.jobs.failures import Failures
from workers.jobs.runner import DATABASE_ERRORS, Runner

PURGE_S = 3_600.0
# The first purge comes soon, so that it takes place even if no worker lives for an hour.
FIRST_PURGE_S = 40.0

log = structlog.get_logger(__name__)


async def sweep(runner: Runner, seconds: float) -> None:
    """Offer due jobs to the runner every so many seconds; in between, more jobs of the keys that it has run out of."""
    clock = asyncio.get_running_loop().time
    due, failures = clock(), Failures("sweep.failed")
    while True:
        runner.has_capacity.clear()
        try:
            if clock() < due:
                await runner.top_up()
            else:
                due = clock() + jittered(seconds)
                if await runner.refill():
                    due = clock() + jittered(seconds / 10)
        except DATABASE_ERRORS as error:
            failures.note(error)
        try:
            async with asyncio.timeout_at(due):
                await runner.has_capacity.wait()
        except TimeoutError:
            continue


async def purge_expired(
    runtime: Runtime, keep: Retention, seconds: float = PURGE_S, first_seconds: float = FIRST_PURGE_S
) -> None:
    """Delete the expired rows of every organization: soon after the start, and about every hour."""
    pause = first_seconds
    while True:
        await asyncio.sleep(jittered(pause))
        pause = seconds
        try:
            for org_id in await retention.organizations(runtime):
                await _purge(runtime, org_id, keep)
        except DATABASE_ERRORS as error:
            log.warning("retention.failed", error=str(error))


async def _purge(runtime: Runtime, org_id: UUID, keep: Retention) -> None:
    try:
        deleted = await retention.purge(runtime, org_id, keep)
    except seals.BrokenChain as error:
        # The other organizations are purged all the same.
        log.error("audit.broken", org=str(org_id), reason=str(error))
        return
    if any(deleted.values()):
        log.info("retention.deleted", org=str(org_id), **deleted)
