"""The shares that owners hold of a pool, and the order in which waiters are served."""

import asyncio
from collections import deque
from typing import Any, Generic, TypeVar

from resolvers.database.connection_errors import PoolBusyError

T = TypeVar("T")
_NOBODY = object()


class ShareWaiter(Generic[T]):
    """Somebody who waits for ``owner``, if any. ``capped``: it waits on while the owner holds half or more."""

    __slots__ = ("capped", "owner", "turn")

    def __init__(self, turn: asyncio.Future[T], owner: Any, *, capped: bool) -> None:
        self.turn, self.owner, self.capped = turn, owner, capped

    def expire(self) -> None:
        """End the waiting with a PoolBusyError, where it has not ended."""
        if not self.turn.done():
            self.turn.set_exception(PoolBusyError("no connection came back in time"))


class Shares(Generic[T]):
    """What each owner holds of ``size``. One may hold all of it, but half while another waits, or if it is capped."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.waiters: deque[ShareWaiter[T]] = deque()
        self._held: dict[Any, int] = {}

    def held(self, owner: Any) -> int:
        """Return how much an owner holds."""
        return self._held.get(owner, 0)

    def take(self, owner: Any) -> None:
        """Count one more for an owner."""
        if owner is not None:
            self._held[owner] = self._held.get(owner, 0) + 1

    def give_back(self, owner: Any) -> None:
        """Count one less for an owner."""
        if owner is not None:
            left = self._held[owner] - 1
            if left:
                self._held[owner] = left
            else:
                del self._held[owner]

    def next(self) -> ShareWaiter[T] | None:
        """Remove and return the first waiter whose owner holds less than half, else the first that is not capped."""
        waiters = self.waiters
        while waiters and waiters[0].turn.done():
            waiters.popleft()
        chosen: ShareWaiter[T] | None = None
        full: Any = _NOBODY
        for each in waiters:
            # Who waits is often one owner, many times over.
            if each.turn.done() or (each.owner == full and chosen is not None):
                continue
            if self.has_room(each.owner):
                chosen = each
                break
            full = each.owner
            if chosen is None and not each.capped:
                chosen = each
        if chosen is not None:
            waiters.remove(chosen)
        return chosen

    def has_room(self, owner: Any) -> bool:
        """Return whether an owner stays within half with one more. A first one is always allowed."""
        held = self._held.get(owner, 0)
        return not held or 2 * (held + 1) <= self.size
