"""Failures that come again and again while something is away: a line for the first, and then one a minute."""

import time
from collections.abc import Callable

import structlog

MINUTE = 60.0

log = structlog.get_logger(__name__)


class Failures:
    """The failures of one kind. ``clock`` returns seconds."""

    def __init__(self, event: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._event, self._clock = event, clock
        self._logged, self._number = -MINUTE, 0

    def note(self, error: Exception) -> None:
        """Count a failure; the line of a minute has the number since the line before, and the last error."""
        self._number += 1
        moment = self._clock()
        if moment - self._logged >= MINUTE:
            log.warning(self._event, error=str(error), times=self._number)
            self._logged, self._number = moment, 0
