"""Keeps file descriptors for the database, Redis and files: connections of clients never take the last ones."""

import resource
import time

import structlog

log = structlog.get_logger()
RESERVED = 64
MINUTE = 60.0


class Descriptors:
    """How many connections of clients there is room for. What is turned away is logged once a minute."""

    def __init__(self) -> None:
        self.reserved = RESERVED
        self._logged = -MINUTE
        self._turned_away = 0

    def short(self, connections: int) -> bool:
        """Return whether there are none left for one more connection than so many."""
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit == resource.RLIM_INFINITY or connections <= max(limit - self.reserved, limit // 2):
            return False
        self._turned_away += 1
        moment = time.monotonic()
        if moment - self._logged >= MINUTE:
            log.warning("connections turned away", limit=limit, connections=connections, turned_away=self._turned_away)
            self._logged, self._turned_away = moment, 0
        return True


descriptors = Descriptors()
