"""The job that wakes a snoozed ticket."""

from models.jobs import JobState
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from resolvers.tickets import tickets
from workers.handler import Handler
from workers.slot import Slot
from workers.sweep import jittered

TRIES = 20
_FIRST_S, _LONGEST_S = 5, 3_600


def delay_after(tries: int) -> float | None:
    """Return the seconds until the next attempt; None after the last one."""
    return jittered(min(_FIRST_S * 2**tries, _LONGEST_S)) if tries < TRIES else None


async def _run(runtime: Runtime, claim: Claim, _slot: Slot) -> None:
    """Wake the ticket if it is to wake now, and end the job in the same transaction."""
    async with jobs.held(runtime, claim) as ctx:
        early = await tickets.wake(ctx, claim.subject_id)
        if early is None:
            await jobs.finish(ctx, claim, JobState.DONE)
        else:
            await jobs.finish(ctx, claim, JobState.QUEUED, delay=early, attempt=0)


async def _ended(_ctx: Context, _claim: Claim, _state: JobState, _delay: float | None) -> None:
    """Do nothing: the ticket knows itself until when it is snoozed."""


HANDLER = Handler(_run, delay_after, _ended)
