"""The budgets of organizations: a token bucket of each in Redis, from which each process spends by its own copy.

A request takes its cost here, in memory, and what was taken is settled with Redis in the background. Only near the end,
where it matters, a request asks Redis itself. While Redis is away a local bucket serves. How far several processes may
be ahead of the shared bucket is said in docs/decisions/0005-spending.md.
"""

import asyncio
import time
from contextvars import Context
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.organizations import ORGANIZATION
from server.access.token_bucket import TokenBucket
from web.dependencies import OverBudgetError, Spent
from web.http import Header

log = structlog.get_logger()

TIMEOUT_S = 0.05
PERIOD_S = 0.05
PAUSE_S = 1.0
# Nobody waits for a settlement: it may take longer than a request would.
SETTLING_S = 1.0
# With less than so many times its cost left, a request asks Redis.
MULTIPLE = 4
# Near its end a bucket is spent from by Redis alone: with less than this part of it left.
NEAR = 1 / 10
# Of a bucket a process may have spent this part without Redis knowing of it.
UNSETTLED = 1 / 20
ORGANIZATIONS_KEPT = 10_000

# Takes what is owed, even below nothing, then the cost if it is there. Redis's own clock, so that the clocks of several
# processes do not matter. What is left is returned as text: a number would lose its fraction.
TAKE = """
local size, refill, owed, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = tonumber(kept[1]) or size
left = math.min(size, left + (now - (tonumber(kept[2]) or now)) * refill / 1000) - owed
local taken = 0
if left >= cost then
  left = left - cost
  taken = 1
end
redis.call('HSET', KEYS[1], 'left', left, 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil((size - math.min(0, left)) / refill * 1000) + 1000)
return {taken, tostring(left)}
"""


class _Bucket(TokenBucket):
    """One organization's bucket as this process sees it: never less is left in truth than others have taken since.

    ``owed`` was spent here and is not yet settled; ``known`` once Redis has returned what is left.
    """

    __slots__ = ("known", "name", "owed")

    def __init__(self, name: str, size: int, refill: int, moment: float) -> None:
        super().__init__(size, refill, moment)
        self.name, self.owed, self.known = name, 0.0, False


class _Ask:
    """A request that waits for Redis. ``here``: it waited too long and took its cost from the local copy."""

    __slots__ = ("bucket", "cost", "granted", "here")

    def __init__(self, bucket: _Bucket, cost: int) -> None:
        self.bucket, self.cost, self.here = bucket, cost, False
        self.granted: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()


class Buckets:
    """Each organization's bucket: ``size`` at most, ``refill`` given back each second. ``close`` settles the rest."""

    def __init__(self, redis: Redis, size: int, refill: int) -> None:
        self.redis, self.size, self.refill = redis, size, refill
        self._policy = (b"ratelimit-policy", b'"cost";q=%d;w=%d' % (size, -(-size // refill)))
        self._near = size * NEAR
        self._most_owed = size * UNSETTLED
        self._buckets: dict[UUID, _Bucket] = {}
        self._owing: dict[str, _Bucket] = {}
        self._asks: list[_Ask] = []
        self._away_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    async def spend(self, org_id: UUID, cost: int, done: int = 0, label: str = ORGANIZATION.label) -> Spent:
        """Take a cost. Raises OverBudgetError, with the seconds to wait, when it is not there.

        ``done`` is the part of the cost that was spent before it was known: it is taken even where that leaves a debt.
        """
        moment = time.monotonic()
        bucket = self._buckets.get(org_id) or self._add(org_id, moment)
        left = bucket.refilled(moment)
        taken: bool | None = None
        if moment >= self._away_until and not (bucket.known and self._plenty(bucket, cost)):
            # What is not there here is not there in Redis: others can only have taken from it.
            taken = False if bucket.known and left < cost else await self._ask(bucket, cost)
        if taken is None:
            taken = self._take_here(bucket, cost)
        if not taken:
            if done:
                self._take(bucket, done)
            raise self._over_budget(bucket, cost, label)
        remaining = max(0, int(bucket.left))
        return Spent(remaining, self._headers(bucket))

    def owe(self, org_id: UUID, cost: int) -> None:
        """Take a cost of what was done, even where that leaves a debt."""
        self._take(self._buckets.get(org_id) or self._add(org_id, time.monotonic()), cost)

    def refuse_debtor(self, org_id: UUID, label: str = ORGANIZATION.label) -> None:
        """Raise OverBudgetError for an organization that owes for what was done before: nothing more is done for it."""
        bucket = self._buckets.get(org_id)
        if bucket is not None and bucket.left < 0 and bucket.refilled(time.monotonic()) < 0:
            raise self._over_budget(bucket, 0, label)

    def _headers(self, bucket: _Bucket) -> tuple[Header, ...]:
        full_in = -(-(self.size - int(bucket.left)) // self.refill)
        return self._policy, (b"ratelimit", b'"cost";r=%d;t=%d' % (max(0, int(bucket.left)), full_in))

    def _over_budget(self, bucket: _Bucket, cost: int, label: str) -> OverBudgetError:
        left = int(bucket.left)
        message = f"The {label} has spent its budget: {max(0, left)} is left, the request costs {cost}."
        if left < 0:
            message = f"The {label} has spent {-left} more than its budget."
        return OverBudgetError(message, bucket.wait(cost), self._headers(bucket))

    async def close(self) -> None:
        """Settle what is owed, as far as Redis lets us, and stop."""
        if self._task is not None:
            await self._task
        if self._owing:
            await self._settle()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _add(self, org_id: UUID, moment: float) -> _Bucket:
        if len(self._buckets) >= ORGANIZATIONS_KEPT:
            self._buckets = {key: kept for key, kept in self._buckets.items() if kept.owed}
        bucket = self._buckets[org_id] = _Bucket(f"counterfoil:bucket:{org_id}", self.size, self.refill, moment)
        return bucket

    def _plenty(self, bucket: _Bucket, cost: int) -> bool:
        left = bucket.left - cost
        return left >= self._near and left >= MULTIPLE * cost and bucket.owed + cost <= self._most_owed

    def _take_here(self, bucket: _Bucket, cost: int) -> bool:
        if bucket.left < cost:
            return False
        self._take(bucket, cost)
        return True

    def _take(self, bucket: _Bucket, cost: int) -> None:
        bucket.left -= cost
        bucket.owed += cost
        self._owing[bucket.name] = bucket
        if self._timer is None and self._task is None:
            self._settle_later()

    async def _ask(self, bucket: _Bucket, cost: int) -> bool | None:
        """Return whether Redis granted the cost; None if it does not respond in time."""
        ask = _Ask(bucket, cost)
        self._asks.append(ask)
        self._settle_now()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await ask.granted
        except TimeoutError:
            self._away("no answer in time")
            ask.here = bucket.left >= cost
            return None

    def _away(self, why: str) -> None:
        moment = time.monotonic()
        if moment >= self._away_until:
            log.warning("bucket.local", error=why)
        self._away_until = moment + PAUSE_S

    def _settle_later(self) -> None:
        delay = max(PERIOD_S, self._away_until - time.monotonic())
        self._timer = asyncio.get_running_loop().call_later(delay, self._settle_now)

    def _settle_now(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
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
        calls = self._owed() + [(ask.bucket, 0.0, ask) for ask in asks]
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
        for (bucket, owed, waiting), (taken, left) in zip(calls, found, strict=True):
            settled = waiting.cost if waiting is not None and waiting.here and taken else owed
            bucket.owed = max(0.0, bucket.owed - settled)
            if not bucket.owed:
                self._owing.pop(bucket.name, None)
            bucket.known, bucket.at, bucket.left = True, sent, float(left) - bucket.owed
            if waiting is not None and not waiting.granted.done():
                waiting.granted.set_result(bool(taken))

    def _owed(self) -> list[tuple[_Bucket, float, _Ask | None]]:
        """Return what each bucket owes: no more than it lacks, since what came back meanwhile came back in Redis
        too."""
        calls: list[tuple[_Bucket, float, _Ask | None]] = []
        moment = time.monotonic()
        for name, bucket in list(self._owing.items()):
            bucket.owed = min(bucket.owed, self.size - bucket.refilled(moment))
            if bucket.owed > 0:
                calls.append((bucket, bucket.owed, None))
            else:
                del self._owing[name]
        return calls

    async def _call(self, calls: list[tuple[_Bucket, float, _Ask | None]]) -> list[tuple[int, bytes]]:
        if not calls:
            return []
        async with self.redis.pipeline(transaction=False) as pipe:
            for bucket, owed, ask in calls:
                cost = ask.cost if ask is not None else 0
                pipe.eval(TAKE, 1, bucket.name, *map(str, (self.size, self.refill, owed, cost)))
            found: list[tuple[int, bytes]] = await pipe.execute()
        return found
