"""The sweep, which finds every due job, with a wake-up or without; and the regular purge of expired rows."""

import asyncio
import random
from uuid import UUID

import structlog

from resolvers.audit import seals
from resolvers.database.runtime import Runtime
from resolvers.jobs import retention
from resolvers.jobs.retention import Retention
from resolvers.repeated_warnings import RepeatedWarning
from workers.jobs.backoff import jittered
from workers.jobs.runner import DATABASE_ERRORS, Runner

PURGE_S = 3_600.0
# The first purge comes soon, so that it takes place even if no worker lives for an hour.
FIRST_PURGE_S = 40.0
# After so many organizations in a row for which the purge failed it is the database that is away.
MOST_IN_A_ROW = 3

log = structlog.get_logger(__name__)


async def sweep(runner: Runner, seconds: float) -> None:
    """Offer due jobs to the runner every so many seconds; in between, more jobs of the keys that it has run out of."""
    clock = asyncio.get_running_loop().time
    due, failed = clock(), RepeatedWarning("sweep.failed")
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
            failed.note(error=str(error))
        try:
            async with asyncio.timeout_at(due):
                await runner.has_capacity.wait()
        except TimeoutError:
            continue


async def purge_expired(
    runtime: Runtime, keep: Retention, seconds: float = PURGE_S, first_seconds: float = FIRST_PURGE_S
) -> None:
    """Delete the expired rows of every organization: soon after the start, and about every hour; sooner again where
    that failed for one."""
    pause = first_seconds
    while True:
        await asyncio.sleep(jittered(pause))
        try:
            failed = await _purge_all(runtime, keep)
        except DATABASE_ERRORS as error:
            log.warning("retention.failed", error=str(error))
            failed = True
        pause = seconds / 10 if failed else seconds


async def _purge_all(runtime: Runtime, keep: Retention) -> bool:
    """Purge every organization; return whether that failed for one.

    Ends where it fails for several in a row, as it does for all while the database is away.
    """
    failed, in_a_row = False, 0
    found = await retention.organizations(runtime)
    # Whose purge fails each time keeps none from theirs for good.
    for org_id in random.sample(found, len(found)):
        try:
            await _purge(runtime, org_id, keep)
        except DATABASE_ERRORS as error:
            log.warning("retention.failed", org=str(org_id), error=str(error))
            failed, in_a_row = True, in_a_row + 1
            if in_a_row == MOST_IN_A_ROW:
                break
        else:
            in_a_row = 0
    return failed


async def _purge(runtime: Runtime, org_id: UUID, keep: Retention) -> None:
    try:
        deleted = await retention.purge(runtime, org_id, keep)
    except seals.BrokenChain as error:
        # The other organizations are purged all the same.
        log.error("audit.broken", org=str(org_id), reason=str(error))
        return
    if any(deleted.values()):
        log.info("retention.deleted", org=str(org_id), **deleted)
