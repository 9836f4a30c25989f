"""What an organization may still spend: a bucket in Redis that processes share, a local one while Redis is away."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from resolvers.errors import Refusal
from rest_shim.app import Spent

log = structlog.get_logger()

PATIENCE_S = 0.05
PAUSE_S = 1.0
ORGANIZATIONS_KEPT = 10_000

# Takes the cost if it is there. Redis's own clock, so that the clocks of several processes do not matter.
_TAKE = """
local size, refill, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = tonumber(kept[1]) or size
left = math.min(size, left + (now - (tonumber(kept[2]) or now)) * refill / 1000)
local taken = 0
if left >= cost then
  left = left - cost
  taken = 1
end
redis.call('HSET', KEYS[1], 'left', left, 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(size / refill * 1000) + 1000)
return {taken, math.floor(left)}
"""


@dataclass(slots=True)
class Buckets:
    """Each organization's bucket: ``size`` at most, ``refill`` given back each second."""

    redis: Redis
    size: int
    refill: int
    local: dict[UUID, tuple[float, float]] = field(default_factory=dict)
    not_before: float = 0.0

    async def spend(self, org_id: UUID, cost: int) -> Spent:
        """Take a cost. Raises Refusal RATE_LIMITED, with the seconds to wait, when it is not there."""
        taken, left = await self._take(org_id, cost)
        policy = f'"cost";q={self.size};w={-(-self.size // self.refill)}'
        full_in = -(-(self.size - left) // self.refill)
        spent = Spent(left, {"RateLimit-Policy": policy, "RateLimit": f'"cost";r={left};t={full_in}'})
        if not taken:
            wait = max(1, -(-(min(cost, self.size) - left) // self.refill))
            message = f"The organization has spent its budget: {left} is left, the request costs {cost}."
            raise Refusal("RATE_LIMITED", message, retryAfter=wait)
        return spent

    async def _take(self, org_id: UUID, cost: int) -> tuple[bool, int]:
        if time.monotonic() < self.not_before:
            return self._take_here(org_id, cost)
        try:
            async with asyncio.timeout(PATIENCE_S):
                found = await cast(
                    "Awaitable[list[int]]",
                    self.redis.eval(_TAKE, 1, f"counterfoil:bucket:{org_id}", self.size, self.refill, cost),  # type: ignore[arg-type]
                )
        except (TimeoutError, OSError, RedisError) as error:
            self.not_before = time.monotonic() + PAUSE_S
            log.warning("bucket.local", error=str(error) or type(error).__name__)
            return self._take_here(org_id, cost)
        return bool(found[0]), int(found[1])

    def _take_here(self, org_id: UUID, cost: int) -> tuple[bool, int]:
        moment = time.monotonic()
        left, since = self.local.get(org_id, (float(self.size), moment))
        left = min(float(self.size), left + (moment - since) * self.refill)
        taken = left >= cost
        if len(self.local) >= ORGANIZATIONS_KEPT:
            self.local.clear()
        self.local[org_id] = (left - cost if taken else left, moment)
        return taken, int(self.local[org_id][0])
