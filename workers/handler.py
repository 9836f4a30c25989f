"""What a kind of job needs to be run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from models.jobs import JobState
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.jobs.claims import Claim
from workers.slot import Slot


@dataclass(frozen=True, slots=True)
class Handler:
    """One kind of job. ``run`` ends its job itself, in the transaction of its last effect.

    ``delay`` gives the seconds to wait after so many tries, None when there is no further one. ``ended`` is called in
    the transaction in which the runner ends the job (QUEUED again or DEAD) because ``run`` did not.
    """

    run: Callable[[Runtime, Claim, Slot], Awaitable[None]]
    delay: Callable[[int], float | None]
    ended: Callable[[Context, Claim, JobState, float | None], Awaitable[None]]
