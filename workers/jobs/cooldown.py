"""The cooldown of a worker whose claims the database refuses: longer each time, and logged once."""

import asyncio
from collections.abc import Callable

import asyncpg
import structlog

from resolvers.database.connection_errors import first_line
from workers.jobs.retry import FIRST_S, LONGEST_S

log = structlog.get_logger(__name__)


class Cooldown:
    """A pause in which a worker claims no jobs; true while it lasts. ``resume`` is called at its end."""

    def __init__(self, resume: Callable[[], None]) -> None:
        self._resume = resume
        self._seconds = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        return self._timer is not None

    def start(self, error: asyncpg.PostgresError) -> None:
        """Pause, twice as long as the last time if no claim has succeeded since."""
        if not self._seconds:
            log.error("jobs.paused", reason=error.sqlstate, error=first_line(error))
        if self._timer is None:
            self._seconds = min(2 * self._seconds, LONGEST_S) or FIRST_S
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def claimed(self) -> None:
        """Note that a claim succeeded: the next pause is short again."""
        if self._seconds:
            log.info("jobs.resumed")
            self._seconds = 0.0

    def stop(self) -> None:
        """End the pause without calling ``resume``."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        self._resume()
