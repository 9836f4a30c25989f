"""Turns on the event loop: an organization that keeps the process busy lets others' requests pass in between."""

import asyncio
from collections import deque
from time import monotonic
from typing import Any

# How long an iteration of the event loop has lasted when an owner that has had a turn in it waits for a later one; and
# where no other owner has had one for so long: waiting would then be of use to nobody who is known.
ITERATION_S = 0.005
ALONE_ITERATION_S = 0.02
ALONE_AFTER_S = 1.0
# How many turns of an owner that waits fit into one iteration, where they are short.
MOST_AT_ONCE = 64


class LoopTurns:
    """The turns of owners on the event loop.

    Await ``take`` before a piece of work that does not wait for anything.
    An owner waits for a later iteration of the loop, in order, if it has had a turn in this one, and this one is older
    than ``ITERATION_S``, or ``ALONE_ITERATION_S`` for one that has been alone. Meanwhile the loop reads from its
    sockets, and each other owner has a turn.

    Time is looked at in windows: one is marked when it begins, by a call that the loop makes in its next iteration, and
    a new one begins once that call was made and that time has passed. So short pieces of work need no marks.
    """

    def __init__(self) -> None:
        self._began = 0.0
        # Whose turn was the last, and until when several owners share the loop.
        self._last: Any = None
        self._shared_until = 0.0
        # Whether the iteration in which the window began still runs, and who has had a turn since.
        self._same = False
        self._had: set[Any] = set()
        self._waiting: dict[Any, deque[asyncio.Future[None]]] = {}
        self._at_once = 1
        self._given_at = 0.0

    def must_wait(self, owner: Any) -> bool:
        """Return whether an owner has to wait; otherwise it has its turn now."""
        if owner in self._waiting:
            return True
        now = monotonic()
        if owner != self._last:
            self._last, self._shared_until = owner, now + ALONE_AFTER_S
        if now - self._began > (ITERATION_S if now < self._shared_until else ALONE_ITERATION_S):
            if not self._same:
                self._begin(now)
            elif owner in self._had:
                return True
        self._had.add(owner)
        return False

    async def take(self, owner: Any) -> None:
        """Wait for a turn of an owner where it has to wait."""
        if self.must_wait(owner):
            await self.wait(owner)

    async def wait(self, owner: Any) -> None:
        """Wait for a turn of an owner."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            self._at_once = 1
            loop.call_soon(self._give)
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        await turn
        if not self._same:
            self._begin(monotonic())
        self._had.add(owner)

    def _begin(self, now: float) -> None:
        self._began, self._same = now, True
        self._had.clear()
        asyncio.get_running_loop().call_soon(self._pass)

    def _pass(self) -> None:
        self._same = False

    def _give(self) -> None:
        """Give each owner that waits a turn in this iteration, or several where those of the last one were short."""
        now = monotonic()
        short = now - self._given_at < ITERATION_S
        self._at_once, self._given_at = min(2 * self._at_once, MOST_AT_ONCE) if short else 1, now
        for owner, waiting in list(self._waiting.items()):
            for _ in range(min(self._at_once, len(waiting))):
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_result(None)
            if not waiting:
                del self._waiting[owner]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._give)
