"""The pauses of a worker whose claims the database refuses: ever longer ones, and one log line for them all."""

import asyncio
from collections.abc import Callable

import asyncpg
import structlog

from resolvers.database.connection_errors import first_line
from workers.insist import FIRST_S, LONGEST_S

log = structlog.get_logger(__name__)


class Rest:
    """Whether a worker starts nothing. ``resume`` is called when a pause is over."""

    def __init__(self, resume: Callable[[], None]) -> None:
        self._resume = resume
        self._seconds = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return self._timer is not None

    def begin(self, error: asyncpg.PostgresError) -> None:
        """Pause, for twice as long as the last time when nothing was claimed since."""
        if not self._seconds:
            log.error("jobs.paused", reason=error.sqlstate, error=first_line(error))
        if self._timer is None:
            self._seconds = min(2 * self._seconds, LONGEST_S) or FIRST_S
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def claimed(self) -> None:
        """Note that the database took a claim."""
        if self._seconds:
            log.info("jobs.resumed")
            self._seconds = 0.0

    def stop(self) -> None:
        """End a pause without more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        self._resume()
