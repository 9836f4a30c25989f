"""What a running job holds of its worker: a slot, which it frees while it waits for somebody else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from resolvers.jobs.due import Due
from workers.turns import Turns

# A pause is forgotten after so long: one more job asks the database, where it may have been ended.
PAUSE_KNOWN_S = 15.0


class Slot:
    """The slot of one running job. ``start`` gives free slots to those whose turn it is."""

    def __init__(self, turns: Turns, job: Due, start: Callable[[], object]) -> None:
        self.held = True
        self._turns, self._job, self._start = turns, job, start

    @asynccontextmanager
    async def freed(self) -> AsyncIterator[None]:
        """Let others have the slot for the block, in which the job uses no connection; take one again after it.

        A block that raises or is cancelled ends without a slot.
        """
        self.held = False
        self._turns.leave(self._job.org_id)
        self._start()
        yield
        turn = self._turns.come_back(self._job.org_id)
        self._start()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._turns.leave(self._job.org_id)
            raise
        self.held = True

    def pause(self, seconds: float) -> None:
        """Start no more jobs of this lane for so long, or until one is due to ask the database again."""
        self._turns.pause(self._job.org_id, self._job.lane, min(seconds, PAUSE_KNOWN_S))
