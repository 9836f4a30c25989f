"""Who has how much of a pool, and whose turn it is when something comes back."""

import asyncio
from collections import deque
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Waiter(Generic[T]):
    """Somebody who waits; ``owner`` is whose share it will be of, None for nobody's. ``modest``: never beyond half."""

    __slots__ = ("modest", "owner", "turn")

    def __init__(self, turn: asyncio.Future[T], owner: Any, *, modest: bool) -> None:
        self.turn, self.owner, self.modest = turn, owner, modest


class Shares(Generic[T]):
    """What owners hold of ``most``. One may hold all of it, and half where another one waits or it is modest."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.waiters: deque[Waiter[T]] = deque()
        self._held: dict[Any, int] = {}

    def held(self, owner: Any) -> int:
        """How much an owner holds."""
        return self._held.get(owner, 0)

    def take(self, owner: Any) -> None:
        """An owner holds one more."""
        if owner is not None:
            self._held[owner] = self._held.get(owner, 0) + 1

    def give_back(self, owner: Any) -> None:
        """An owner holds one less."""
        if owner is not None:
            left = self._held[owner] - 1
            if left:
                self._held[owner] = left
            else:
                del self._held[owner]

    def next(self) -> Waiter[T] | None:
        """Take the first who waits and whose owner has less than half; where there is none, the first not modest."""
        waiters = self.waiters
        while waiters and waiters[0].turn.done():
            waiters.popleft()
        chosen: Waiter[T] | None = None
        for each in waiters:
            if each.turn.done():
                continue
            if self.has_room(each.owner):
                chosen = each
                break
            if chosen is None and not each.modest:
                chosen = each
        if chosen is not None:
            waiters.remove(chosen)
        return chosen

    def has_room(self, owner: Any) -> bool:
        """Whether an owner with one more has no more than half; the first one it may have always."""
        held = self._held.get(owner, 0)
        return not held or 2 * (held + 1) <= self.most
