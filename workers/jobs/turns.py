"""Turns: those that are ready take one after another, and keep for later what they missed while they were not."""

from collections.abc import Iterator
from uuid import UUID

# How many missed turns are kept.
KEPT = 2


class Turns:
    """Organizations, or the keys of one, that are ready for a turn: first who has had the fewest, of equals who came
    first.

    A newcomer has had as many as the others. Whoever is known, and was not ready while others took turns, has had
    fewer, but by at most ``KEPT``.
    """

    __slots__ = ("_had", "_most", "_ready")

    def __init__(self) -> None:
        self._most = 0
        self._had: dict[UUID, int] = {}
        # The ready ones by the turns that they have had.
        self._ready: dict[int, dict[UUID, None]] = {}

    def __bool__(self) -> bool:
        """Return whether any are ready."""
        return bool(self._ready)

    def __iter__(self) -> Iterator[UUID]:
        """Return the ready ones, the next one first. They may change meanwhile."""
        return iter([each for had in sorted(self._ready) for each in self._ready[had]])

    def __len__(self) -> int:
        """Return how many are known."""
        return len(self._had)

    def add(self, who: UUID) -> None:
        """Make one ready."""
        had = self._had.get(who, self._most)
        if who in self._ready.get(had, ()):
            return
        had = self._had[who] = max(had, self._most - KEPT)
        self._ready.setdefault(had, {})[who] = None

    def remove(self, who: UUID) -> None:
        """Make one not ready, without a turn."""
        had = self._had.get(who)
        if had is None or who not in self._ready.get(had, ()):
            return
        del self._ready[had][who]
        if not self._ready[had]:
            del self._ready[had]

    def take(self, who: UUID) -> None:
        """Give a ready one its turn, after which it is not ready."""
        self.remove(who)
        self._had[who] += 1
        self._most = max(self._most, self._had[who])

    def forget(self, who: UUID) -> None:
        """Forget one that is not ready: it comes back as a newcomer."""
        self._had.pop(who, None)
