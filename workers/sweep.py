"""The sweep: what finds every job, with or without a wake-up; and what clears away what is old."""

import asyncio
import random
from uuid import UUID

import structlog

from resolvers import retention, seals
from resolvers.retention import Retention
from resolvers.runtime import Runtime
from workers.runner import TROUBLE, Runner

JITTER = 0.2
HOUSEKEEPING_S = 3_600.0

log = structlog.get_logger(__name__)


def jittered(seconds: float) -> float:
    """About so many seconds: a fifth more or less, so that workers and retries do not march in step."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)


async def sweep(runner: Runner, seconds: float) -> None:
    """Offer the runner what is due, each so many seconds, and at once when it has done all of a full portion."""
    while True:
        runner.hungry.clear()
        try:
            await runner.refill()
        except TROUBLE as error:
            log.warning("sweep.failed", error=str(error))
        try:
            async with asyncio.timeout(jittered(seconds)):
                await runner.hungry.wait()
        except TimeoutError:
            continue


async def keep_house(runtime: Runtime, keep: Retention, seconds: float = HOUSEKEEPING_S) -> None:
    """Delete what is too old of every organization, about each hour."""
    while True:
        await asyncio.sleep(jittered(seconds))
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
