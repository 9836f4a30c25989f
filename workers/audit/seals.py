"""The job that seals the audit log of an organization."""

import structlog

from models.jobs import JobState
from resolvers.audit import seals
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from workers.jobs.backoff import backoff
from workers.jobs.handler import Handler
from workers.jobs.slot import Slot

# Longer than any transaction takes, so that the next seal includes what was being written during this one.
SEAL_DELAY_S = 15
_BROKEN = "CHAIN_BROKEN"

log = structlog.get_logger(__name__)


async def _run(runtime: Runtime, claim: Claim, _slot: Slot) -> None:
    """Seal all entries. If there were some, run again later: another change may not be committed yet."""
    try:
        await _seal_all(runtime, claim)
    except seals.BrokenChain as error:
        # Another attempt would find the same. A later change, or the purge, tries again.
        log.error("audit.broken", org=str(claim.org_id), reason=str(error))
        async with jobs.held(runtime, claim) as ctx:
            await jobs.finish(ctx, claim, JobState.FAILED, error_code=_BROKEN)


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


HANDLER = Handler(_run, backoff(SEAL_DELAY_S, attempts=20, longest=3_600))
