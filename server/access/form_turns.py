"""How often an address may submit a form: a bucket for each pair of them in Redis, and here while Redis is away."""

import asyncio
import time
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from resolvers.errors import Refusal
from server.access.bucket_script import TAKE
from server.access.buckets import PAUSE_S, TIMEOUT_S
from server.access.token_bucket import TokenBucket, TokenBuckets

log = structlog.get_logger()
# So many submissions at once, and so many more each minute.
TURNS, MINUTE_S = 10, 60
_REFILL = TURNS / MINUTE_S
_KEPT = 100_000


class FormTurns:
    """The turns of each address and form. What is used up here is not asked of Redis."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._buckets = TokenBuckets[str](TURNS, _REFILL, _KEPT)
        self._away_until = 0.0

    async def take(self, address: str, form_id: UUID) -> None:
        """Take a turn. Raises Refusal RATE_LIMITED, with the seconds until the next one, when there is none."""
        name = f"counterfoil:form:{form_id}:{address}"
        moment = time.monotonic()
        bucket = self._buckets.refilled(name, moment)
        if bucket.left < 1:
            # Others can only have taken from it: there is none in Redis either.
            raise _refusal(bucket)
        bucket.left -= 1
        if moment >= self._away_until:
            await self._ask(name, bucket)

    async def _ask(self, name: str, bucket: TokenBucket) -> None:
        """Take the turn in Redis too, where the turns that were taken by other processes are known."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                evaluated: Any = self.redis.eval(TAKE, 1, name, "1", str(TURNS), str(_REFILL), "0", "0")
                taken, rest = await evaluated
        except (TimeoutError, OSError, RedisError) as error:
            if time.monotonic() >= self._away_until:
                log.warning("form_turns.local", error=str(error) or type(error).__name__)
            self._away_until = time.monotonic() + PAUSE_S
            return
        bucket.left, bucket.at = float(rest), time.monotonic()
        if not taken:
            raise _refusal(bucket)


def _refusal(bucket: TokenBucket) -> Refusal:
    message = "The form was submitted too often from this address; retry later."
    return Refusal("RATE_LIMITED", message, retryAfter=bucket.wait(1))
