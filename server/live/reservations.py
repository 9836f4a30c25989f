"""What live answers cost: reserved before they run, as requests are paid, and given back where they took less.

An event makes answers for many streams at once: were they charged afterwards, all of them would run before the first
was paid, on what is left for others.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from resolvers.actor import Actor
from schema.live.shared import Bill
from web.dependencies import Dependencies, OverBudgetError

# The answers that wait for one another's reservations: those of an organization's keys, or of its access tokens.
_Payers = tuple[UUID, bool]


class Reservations:
    """The reservations of a process."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._held: Counter[_Payers] = Counter()
        self._turns: defaultdict[_Payers, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._returned: defaultdict[_Payers, asyncio.Event] = defaultdict(asyncio.Event)

    @asynccontextmanager
    async def reserved(self, actor: Actor, most: int) -> AsyncIterator[Bill]:
        """Reserve what an answer costs at most, for a block that says on the bill what it took. While others have
        reserved what is missing, it waits for what they give back. Raises OverBudgetError where nothing can come."""
        payers = actor.org_id, actor.subject is not None
        async with self._turns[payers]:
            await self._reserve(actor, most, payers)
        self._held[payers] += 1
        bill = Bill(most)
        try:
            yield bill
        finally:
            self._dependencies.give_back(actor, most - bill.taken)
            self._held[payers] -= 1
            self._returned[payers].set()
            if not self._held[payers] and not self._turns[payers].locked():
                del self._held[payers], self._turns[payers], self._returned[payers]

    async def _reserve(self, actor: Actor, most: int, payers: _Payers) -> None:
        returned = self._returned[payers]
        while True:
            returned.clear()
            try:
                await self._dependencies.reserve(actor, most)
            except OverBudgetError:
                if not self._held[payers]:
                    raise
            else:
                return
            # What came back while Redis was asked is there already.
            await returned.wait()
