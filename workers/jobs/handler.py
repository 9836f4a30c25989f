"""How a type of job is run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from models.jobs import JobState
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.jobs.claims import Claim
from workers.jobs.slot import Slot


async def keep_nothing(_ctx: Context, _claim: Claim, _state: JobState, _delay: float | None) -> None:
    """Do nothing: only the job has a state, and not what it is for."""


@dataclass(frozen=True, slots=True)
class Handler:
    """The handler of one type of job. ``run`` ends the job itself, in the transaction of its last effect.

    ``delay`` returns the seconds to wait after so many attempts, None after the last one. ``ended`` is called in the
    transaction in which the runner ends the job (QUEUED again, or FAILED) because ``run`` did not, and ``given_back``
    instead, where there is one, if it queues the job again and does not count the attempt.
    """

    run: Callable[[Runtime, Claim, Slot], Awaitable[None]]
    delay: Callable[[int], float | None]
    ended: Callable[[Context, Claim, JobState, float | None], Awaitable[None]] = keep_nothing
    given_back: Callable[[Context, Claim, float], Awaitable[None]] | None = None
