"""Sealing the audit log, one organization at a time."""

import structlog

from models.jobs import JobState
from resolvers.audit import seals
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from workers.handler import Handler
from workers.slot import Slot
from workers.sweep import jittered

# Longer than a transaction lives: what was written meanwhile is sealed by the next one.
SEAL_DELAY_S = 15
TRIES = 20
_LONGEST_S = 3_600
_BROKEN = "CHAIN_BROKEN"

log = structlog.get_logger(__name__)


def delay_after(tries: int) -> float | None:
    """The seconds until the next try; None after the last."""
    return jittered(min(SEAL_DELAY_S * 2**tries, _LONGEST_S)) if tries < TRIES else None


async def _run(runtime: Runtime, claim: Claim, _slot: Slot) -> None:
    """Seal what there is, and come again after a while when there was something: a change may still be on its way."""
    try:
        await _seal_all(runtime, claim)
    except seals.BrokenChain as error:
        # Another try finds the same; a later change, or retention, looks again.
        log.error("audit.broken", org=str(claim.org_id), reason=str(error))
        async with jobs.held(runtime, claim) as ctx:
            await jobs.finish(ctx, claim, JobState.DEAD, error_code=_BROKEN)


async def _seal_all(runtime: Runtime, claim: Claim) -> None:
    found = False
    while True:
        async with jobs.held(runtime, claim) as ctx:
            number = await seals.seal(ctx)
            found = found or number > 0
            if number < seals.BATCH:
                if found and not await seals.another_is_queued(ctx):
                    await jobs.finish(ctx, claim, JobState.QUEUED, delay=SEAL_DELAY_S, attempt=0)
                else:
                    await jobs.finish(ctx, claim, JobState.DONE)
                return


async def _ended(_ctx: Context, _claim: Claim, _state: JobState, _delay: float | None) -> None:
    """The job's row says it all: entries have no state of their own."""


HANDLER = Handler(_run, delay_after, _ended)
