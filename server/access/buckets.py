"""The budgets of organizations: a token bucket of each in Redis, from which each process spends by its own copy.

What an access token asks is paid from two buckets at once: that of whom it is for, and its organization's, of which
tokens leave a half to API keys (docs/decisions/0054-a-token-s-budget.md).

A request takes its cost here, in memory, and what was taken is settled with Redis in the background. Only near the end,
where it matters, a request asks Redis itself. While Redis is away local buckets serve. How far several processes may
be ahead of the shared buckets is said in docs/decisions/0005-spending.md.
"""

import asyncio
import time
from contextvars import Context
from typing import NamedTuple
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.organizations import ORGANIZATION
from server.access.bucket_script import TAKE
from server.access.payers import Bucket, Payers, budget_headers, lacks, least, over_budget, plenty
from web.dependencies import Spent, Subject

log = structlog.get_logger()

TIMEOUT_S = 0.05
PERIOD_S = 0.05
PAUSE_S = 1.0
# Nobody waits for a settlement: it may take longer than a request would.
SETTLING_S = 1.0
# What access tokens leave of an organization's bucket to its API keys, and what a bucket of whom tokens are for has of
# it, as live streams are shared.
KEPT_FOR_KEYS, OF_SUBJECT = 1 / 2, 1 / 10
BUCKETS_KEPT = 10_000


class _Ask:
    """A request that waits for Redis. ``here``: it waited too long and took its cost from the local copies."""

    __slots__ = ("cost", "granted", "here", "payers")

    def __init__(self, payers: Payers, cost: int) -> None:
        self.payers, self.cost, self.here = payers, cost, False
        self.granted: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()


class _Call(NamedTuple):
    """What is sent to Redis at once: what some buckets owe, and the request that waits for them."""

    payers: Payers
    owed: float
    ask: _Ask | None


class Buckets:
    """Each organization's bucket: ``size`` at most, ``refill`` given back each second; and those of whom access tokens
    are for, in each of which there is room for the ``largest`` cost. ``close`` settles the rest."""

    def __init__(self, redis: Redis, size: int, refill: int, largest: int = 0) -> None:
        self.redis, self.size, self.refill = redis, size, refill
        self._subject_size = max(min(max(size * OF_SUBJECT, largest), size * (1 - KEPT_FOR_KEYS)), 1.0)
        self._buckets: dict[UUID, Bucket] = {}
        self._owing: dict[str, Bucket] = {}
        self._asks: list[_Ask] = []
        self._away_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def spend(self, org_id: UUID, cost: int, done: int = 0, subject: Subject | None = None) -> Spent:
        """Take a cost. Raises OverBudgetError, with the seconds to wait, when it is not there.

        ``done`` is the part of the cost that was spent before it was known: it is taken even where that leaves a debt.
        """
        moment = time.monotonic()
        payers = self._payers(org_id, subject, moment)
        taken: bool | None = None
        if moment >= self._away_until and not plenty(payers, cost):
            # What is not there here is not there in Redis: others can only have taken from it.
            taken = False if lacks(payers, cost) else await self._ask(payers, cost)
        if taken is None:
            taken = self._take_here(payers, cost)
        if not taken:
            if done:
                self._take(payers, done)
            raise over_budget(payers, cost)
        left = least(payers)
        return Spent(max(0, int(left)), budget_headers(payers, left))

    def owe(self, org_id: UUID, cost: int, subject: Subject | None = None) -> None:
        """Take a cost of what was done, even where that leaves a debt; or give back what was not done, if it is less
        than nothing."""
        self._take(self._payers(org_id, subject, time.monotonic()), cost)

    def refuse_debtor(self, org_id: UUID, subject: Subject | None = None) -> None:
        """Raise OverBudgetError for who owes for what was done before: nothing more is done for them."""
        if subject is None:
            bucket = self._buckets.get(org_id)
            if bucket is None or bucket.left >= 0:
                return
        payers = self._payers(org_id, subject, time.monotonic())
        if least(payers) < 0:
            raise over_budget(payers, 0)

    def _payers(self, org_id: UUID, subject: Subject | None, moment: float) -> Payers:
        """Return the buckets that pay for a request, with what they have now."""
        bucket = self._buckets.get(org_id) or self._add(org_id, moment, ORGANIZATION.label, self.size)
        bucket.refilled(moment)
        if subject is None:
            return bucket.whole
        own = self._buckets.get(subject.id) or self._add(subject.id, moment, subject.label, self._subject_size)
        own.refilled(moment)
        return own.whole + bucket.for_tokens

    async def close(self) -> None:
        """Settle what is owed, as far as Redis lets us, and stop."""
        self._closed = True
        self._stop_timer()
        if self._task is not None:
            await self._task
        if self._owing:
            await self._settle()

    def _add(self, key: UUID, moment: float, label: str, size: float) -> Bucket:
        if len(self._buckets) >= BUCKETS_KEPT:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if bucket.owed}
        name, refill = f"counterfoil:bucket:{key}", self.refill * size / self.size
        bucket = self._buckets[key] = Bucket(name, size, refill, moment, label, size * KEPT_FOR_KEYS)
        return bucket

    def _take_here(self, payers: Payers, cost: int) -> bool:
        if least(payers) < cost:
            return False
        self._take(payers, cost)
        return True

    def _take(self, payers: Payers, cost: int) -> None:
        for payer in payers:
            bucket = payer.bucket
            bucket.left = min(bucket.left - cost, bucket.size)
            bucket.owed += cost
            self._owing[bucket.name] = bucket
        if self._timer is None and self._task is None:
            self._settle_later()

    async def _ask(self, payers: Payers, cost: int) -> bool | None:
        """Return whether Redis granted the cost; None if it does not respond in time."""
        ask = _Ask(payers, cost)
        self._asks.append(ask)
        self._settle_now()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await ask.granted
        except TimeoutError:
            self._away("no answer in time")
            ask.here = least(payers) >= cost
            return None

    def _away(self, why: str) -> None:
        moment = time.monotonic()
        if moment >= self._away_until:
            log.warning("bucket.local", error=why)
        self._away_until = moment + PAUSE_S

    def _settle_later(self) -> None:
        if self._closed:
            return
        delay = max(PERIOD_S, self._away_until - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._settle_now)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _settle_now(self) -> None:
        self._stop_timer()
        if self._task is None:
            # In a context of its own: it is nobody's request.
            self._task = asyncio.create_task(self._settle(), context=Context())

    async def _settle(self) -> None:
        """Tell Redis what was spent here and ask what requests wait for, one call for all, until nobody waits."""
        try:
            await self._exchange()
            while self._asks:
                await self._exchange()
        finally:
            self._task = None
            if self._owing:
                self._settle_later()

    async def _exchange(self) -> None:
        asks, self._asks = self._asks, []
        calls = self._owed() + [_Call(ask.payers, 0.0, ask) for ask in asks]
        sent = time.monotonic()
        try:
            async with asyncio.timeout(SETTLING_S):
                found = await self._call(calls)
        except (TimeoutError, OSError, RedisError) as error:
            self._away(str(error) or type(error).__name__)
            for ask in asks:
                if not ask.granted.done():
                    ask.granted.set_result(None)
            return
        for (payers, owed, waiting), (taken, *left) in zip(calls, found, strict=True):
            settled = waiting.cost if waiting is not None and waiting.here and taken else owed
            for payer, rest in zip(payers, left, strict=True):
                bucket = payer.bucket
                # What is to be given back still is not lost with what is settled.
                bucket.owed = max(min(0.0, bucket.owed), bucket.owed - settled)
                if not bucket.owed:
                    self._owing.pop(bucket.name, None)
                bucket.known, bucket.at, bucket.left = True, sent, float(rest) - bucket.owed
            if waiting is not None and not waiting.granted.done():
                waiting.granted.set_result(bool(taken))

    def _owed(self) -> list[_Call]:
        """Return what each bucket owes: no more than it lacks, since what came back meanwhile came back in Redis
        too."""
        calls: list[_Call] = []
        moment = time.monotonic()
        for name, bucket in list(self._owing.items()):
            bucket.owed = min(bucket.owed, bucket.size - bucket.refilled(moment))
            if bucket.owed:
                calls.append(_Call(bucket.whole, bucket.owed, None))
            else:
                del self._owing[name]
        return calls

    async def _call(self, calls: list[_Call]) -> list[tuple[int, bytes]]:
        if not calls:
            return []
        async with self.redis.pipeline(transaction=False) as pipe:
            for payers, owed, ask in calls:
                cost = ask.cost if ask is not None else 0
                each = [(payer.bucket.size, payer.bucket.refill, owed, payer.floor) for payer in payers]
                names = [payer.bucket.name for payer in payers]
                pipe.eval(TAKE, len(names), *names, str(cost), *[str(part) for parts in each for part in parts])
            found: list[tuple[int, bytes]] = await pipe.execute()
        return found
