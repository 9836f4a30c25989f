"""Warnings that come again and again while something lasts: a line for the first, and then one a minute."""

import time
from collections.abc import Callable

import structlog

MINUTE = 60.0

log = structlog.get_logger()


class RepeatedWarning:
    """A warning of one event. ``count`` is what its line calls the number since the line before, and ``clock`` returns
    seconds."""

    def __init__(self, event: str, count: str = "times", clock: Callable[[], float] = time.monotonic) -> None:
        self._event, self._count, self._clock = event, count, clock
        self._logged, self._number = -MINUTE, 0

    def note(self, **values: object) -> None:
        """Count one; where a minute has passed since the last line, log these values with the number."""
        self._number += 1
        moment = self._clock()
        if moment - self._logged >= MINUTE:
            log.warning(self._event, **values, **{self._count: self._number})
            self._logged, self._number = moment, 0
