"""The slot that a running job holds, and frees while it waits for a remote party."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from resolvers.jobs.due import Due
from workers.jobs.fair_queue import FairQueue

# A pause lasts no longer here: then one more job looks in the database, where the reason may be gone.
MAX_PAUSE_S = 15.0


class Slot:
    """The slot of one running job. ``start`` starts the next jobs in free slots."""

    def __init__(self, queue: FairQueue, job: Due, start: Callable[[], object]) -> None:
        self.held = True
        self._queue, self._job, self._start = queue, job, start

    @asynccontextmanager
    async def freed(self) -> AsyncIterator[None]:
        """Free the slot for a block in which the job uses no database connection, and wait for a slot after it.

        A block that raises or is cancelled ends without a slot.
        """
        self.held = False
        self._queue.leave(self._job.org_id)
        self._start()
        yield
        turn = self._queue.come_back(self._job.org_id)
        self._start()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._queue.leave(self._job.org_id)
            raise
        self.held = True

    def pause(self, seconds: float) -> None:
        """Start no more jobs of this concurrency key for so many seconds, but at most ``MAX_PAUSE_S``."""
        self._queue.pause(self._job.org_id, self._job.concurrency_key, min(seconds, MAX_PAUSE_S))
