"""Keeps file descriptors for the database, Redis and files: connections of clients never take the last ones."""

import resource

from resolvers.repeated_warnings import RepeatedWarning

RESERVED = 64


class Descriptors:
    """How many connections of clients there is room for. What is turned away is logged once a minute."""

    def __init__(self) -> None:
        self.reserved = RESERVED
        self._turned_away = RepeatedWarning("connections turned away", "turned_away")

    def short(self, connections: int) -> bool:
        """Return whether there are none left for one more connection than so many."""
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit == resource.RLIM_INFINITY or connections <= max(limit - self.reserved, limit // 2):
            return False
        self._turned_away.note(limit=limit, connections=connections)
        return True


descriptors = Descriptors()
