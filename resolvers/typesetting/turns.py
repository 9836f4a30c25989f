"""Turns: one thing is done at a time, and organizations that wait for it alternate."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from resolvers.errors import Refusal

Turn = asyncio.Future[None]


class Turns:
    """Gives one turn at a time. At most ``most`` of an organization wait, each for ``seconds`` at most."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._taken = False
        # Those that wait, by organization, the next organization first.
        self._waiting: dict[UUID, deque[Turn]] = {}

    def waiting(self) -> int:
        """Return how many wait."""
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def turn(self, org_id: UUID) -> AsyncIterator[None]:
        """Wait for a turn, which the block then has. Raises Refusal UNAVAILABLE where too many of the organization
        wait, or for too long."""
        if self._taken:
            await self._wait(org_id)
        self._taken = True
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, org_id: UUID) -> None:
        queue = self._waiting.setdefault(org_id, deque())
        if len(queue) >= self._most:
            raise _busy()
        turn: Turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        has_turn = False
        try:
            async with asyncio.timeout(self._seconds):
                await turn
            has_turn = True
        except TimeoutError:
            raise _busy() from None
        finally:
            if not has_turn:
                self._leave(org_id, turn)

    def _leave(self, org_id: UUID, turn: Turn) -> None:
        """Wait no longer; a turn that was given meanwhile is the next one's."""
        if turn.done() and not turn.cancelled():
            self._pass_on()
        elif turn in (queue := self._waiting.get(org_id, deque())):
            queue.remove(turn)
            if not queue:
                del self._waiting[org_id]

    def _pass_on(self) -> None:
        """Give the turn to the first that waits of the next organization, which is the last one then."""
        self._taken = False
        while self._waiting and not self._taken:
            org_id = next(iter(self._waiting))
            queue = self._waiting.pop(org_id)
            turn = queue.popleft()
            if queue:
                self._waiting[org_id] = queue
            if not turn.done():
                self._taken = True
                turn.set_result(None)


def _busy() -> Refusal:
    return Refusal("UNAVAILABLE", "Too many documents are being made; retry it.", retryAfter=1)
