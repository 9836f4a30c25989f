"""Timers: what is to happen to an object at a time, one thing after another, each in a transaction of its own."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from models.jobs import JobFunction, JobState
from resolvers.agent_jobs import decisions
from resolvers.context import Context, now
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from resolvers.jobs.timers import ensure_timer
from resolvers.subscriptions import billing
from resolvers.tickets import mutations as tickets
from workers.jobs.backoff import backoff
from workers.jobs.handler import Handler
from workers.jobs.slot import Slot

# Does one thing for an object if its time has come, and returns when there is more to do; None for never.
Advance = Callable[[Context, UUID], Awaitable[datetime | None]]
# No attempt is the last one: nothing else would do what is due.
delay_after = backoff(5, longest=3_600)


def _handler(advance: Advance) -> Handler:
    async def run(runtime: Runtime, claim: Claim, _slot: Slot) -> None:
        """Do all there is to do now, and leave one timer for what is to be done next."""
        ended = False
        while not ended:
            async with jobs.held(runtime, claim) as ctx:
                again = await advance(ctx, claim.subject_id)
                ended = again is None or again > now()
                if ended:
                    if again is not None:
                        await ensure_timer(ctx, claim.function, claim.subject_id, again)
                    await jobs.finish(ctx, claim, JobState.DONE)

    return Handler(run, delay_after)


HANDLERS = {
    JobFunction.TICKET_WAKE: _handler(tickets.wake),
    JobFunction.SUBSCRIPTION: _handler(billing.advance),
    JobFunction.AGENT_EXPIRY: _handler(decisions.expire),
}
