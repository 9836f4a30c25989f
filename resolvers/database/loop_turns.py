"""Turns on the event loop: an organization that keeps the process busy lets others' requests pass in between."""

import asyncio
from collections import deque
from time import perf_counter
from typing import Any

# What an organization may do in one iteration of the event loop before it waits for a later one.
ITERATION_S = 0.005


class LoopTurns:
    """The turns of owners on the event loop.

    Call ``must_wait`` before a piece of work that does not wait for anything, and await ``wait`` if it returns True.
    An owner that has had a turn in this iteration of the loop, which has lasted for ``ITERATION_S``, waits for a later
    iteration, in order. Meanwhile the loop reads from sockets, and each other owner has a turn. An owner that is alone
    loses nothing but the time of an iteration.
    """

    def __init__(self) -> None:
        self._since = 0.0
        self._had: dict[Any, int] = {}
        self._waiting: dict[Any, deque[asyncio.Future[None]]] = {}
        self._scheduled = False

    def must_wait(self, owner: Any) -> bool:
        """Return whether an owner has to wait; otherwise it has its turn now."""
        if owner in self._waiting or (owner in self._had and perf_counter() - self._since > ITERATION_S):
            return True
        self._begin(owner)
        return False

    async def wait(self, owner: Any) -> None:
        """Wait for a turn of an owner."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(turn)
        self._schedule()
        await turn
        self._begin(owner)

    def _begin(self, owner: Any) -> None:
        had = self._had
        if not had:
            self._since = perf_counter()
            self._schedule()
        had[owner] = had.get(owner, 0) + 1

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        """Begin an iteration: give each owner that waits as many turns as are likely to fit into one."""
        self._scheduled = False
        turns = sum(self._had.values())
        room = int(turns * ITERATION_S / (perf_counter() - self._since)) if turns else 1
        self._had = {}
        for owner, waiting in list(self._waiting.items()):
            given = 0
            while waiting and given < max(1, room):
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_result(None)
                    given += 1
            if not waiting:
                del self._waiting[owner]
        if self._waiting:
            self._schedule()
