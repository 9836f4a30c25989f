"""A lock within a process that organizations get alternately, however many of one wait for it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from resolvers.errors import Refusal

Waiter = asyncio.Future[None]


class FairLock:
    """A lock for which at most ``most`` of an organization wait, each for ``seconds`` at most."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._locked = False
        # Those that wait, by organization, the next organization first.
        self._waiting: dict[UUID, deque[Waiter]] = {}

    def waiting(self) -> int:
        """Return how many wait."""
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def held(self, org_id: UUID) -> AsyncIterator[None]:
        """Wait for the lock, and hold it for a block. Raises Refusal UNAVAILABLE where too many of the organization
        wait, or for too long."""
        if self._locked:
            await self._wait(org_id)
        self._locked = True
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, org_id: UUID) -> None:
        queue = self._waiting.setdefault(org_id, deque())
        if len(queue) >= self._most:
            raise _busy()
        waiter: Waiter = asyncio.get_running_loop().create_future()
        queue.append(waiter)
        has_lock = False
        try:
            async with asyncio.timeout(self._seconds):
                await waiter
            has_lock = True
        except TimeoutError:
            raise _busy() from None
        finally:
            if not has_lock:
                self._leave(org_id, waiter)

    def _leave(self, org_id: UUID, waiter: Waiter) -> None:
        """Wait no longer; a lock that was given meanwhile is the next one's."""
        if waiter.done() and not waiter.cancelled():
            self._pass_on()
        elif waiter in (queue := self._waiting.get(org_id, deque())):
            queue.remove(waiter)
            if not queue:
                del self._waiting[org_id]

    def _pass_on(self) -> None:
        """Give the lock to the first that waits of the next organization, which is the last one then."""
        self._locked = False
        while self._waiting and not self._locked:
            org_id = next(iter(self._waiting))
            queue = self._waiting.pop(org_id)
            waiter = queue.popleft()
            if queue:
                self._waiting[org_id] = queue
            if not waiter.done():
                self._locked = True
                waiter.set_result(None)


def _busy() -> Refusal:
    return Refusal("UNAVAILABLE", "Too many documents are being generated; retry later.", retryAfter=1)
