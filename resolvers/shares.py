"""Who has how much of a pool, and whose turn it is when something comes back."""

import asyncio
from collections import Counter, deque
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Waiter(Generic[T]):
    """Somebody who waits; ``owner`` is whose share it will be of, None for nobody's."""

    __slots__ = ("owner", "turn")

    def __init__(self, turn: asyncio.Future[T], owner: Any) -> None:
        self.turn, self.owner = turn, owner


class Shares(Generic[T]):
    """What owners hold of ``most``. One may hold all of it, and half where another one waits."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.waiters: deque[Waiter[T]] = deque()
        self._held: Counter[Any] = Counter()

    def held(self, owner: Any) -> int:
        """How much an owner holds."""
        return self._held[owner]

    def take(self, owner: Any) -> None:
        """An owner holds one more."""
        if owner is not None:
            self._held[owner] += 1

    def give_back(self, owner: Any) -> None:
        """An owner holds one less."""
        if owner is not None:
            self._held[owner] -= 1
            if not self._held[owner]:
                del self._held[owner]

    def next(self) -> Waiter[T] | None:
        """Take the first who waits and whose owner has less than half; where there is none, the first."""
        waiters = self.waiters
        while waiters and waiters[0].turn.done():
            waiters.popleft()
        if not waiters:
            return None
        chosen = waiters[0]
        if not self._has_room(chosen.owner):
            fair = (each for each in waiters if not each.turn.done() and self._has_room(each.owner))
            chosen = next(fair, chosen)
        waiters.remove(chosen)
        return chosen

    def _has_room(self, owner: Any) -> bool:
        return 2 * (self._held[owner] + 1) <= self.most
