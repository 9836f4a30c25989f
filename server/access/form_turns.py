"""How often an address may submit a form: a bucket for each pair of them in Redis, and here while Redis is away."""

import asyncio
import math
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from resolvers.errors import Refusal
from server.access.buckets import PAUSE_S, TAKE, TIMEOUT_S

log = structlog.get_logger()
# So many submissions at once, and so many more each minute.
TURNS, MINUTE_S = 10, 60
_REFILL = TURNS / MINUTE_S
_KEPT = 100_000


@dataclass(slots=True)
class FormTurns:
    """The turns of each address and form. What is used up here is not asked of Redis."""

    redis: Redis
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _away_until: float = 0.0

    async def take(self, address: str, form_id: UUID) -> None:
        """Take a turn. Raises Refusal RATE_LIMITED, with the seconds until the next one, when there is none."""
        name = f"counterfoil:form:{form_id}:{address}"
        left = self._refilled(name)
        if left < 1:
            # Others can only have taken from it: there is none in Redis either.
            raise _refusal(left)
        self._keep(name, left - 1)
        if time.monotonic() >= self._away_until:
            await self._ask(name)

    def _refilled(self, name: str) -> float:
        moment = time.monotonic()
        left, at = self._left.get(name, (float(TURNS), moment))
        return min(float(TURNS), left + (moment - at) * _REFILL)

    def _keep(self, name: str, left: float) -> None:
        self._left.pop(name, None)
        if len(self._left) >= _KEPT:
            del self._left[next(iter(self._left))]
        self._left[name] = left, time.monotonic()

    async def _ask(self, name: str) -> None:
        """Take the turn in Redis too, where the turns that were taken by other processes are known."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                evaluated: Any = self.redis.eval(TAKE, 1, name, str(TURNS), str(_REFILL), "0", "1")
                taken, rest = await evaluated
        except (TimeoutError, OSError, RedisError) as error:
            if time.monotonic() >= self._away_until:
                log.warning("form_turns.local", error=str(error) or type(error).__name__)
            self._away_until = time.monotonic() + PAUSE_S
            return
        left = float(rest)
        self._keep(name, left)
        if not taken:
            raise _refusal(left)


def _refusal(left: float) -> Refusal:
    wait = max(1, math.ceil((1 - left) / _REFILL))
    message = "The form was submitted too often from this address; retry later."
    return Refusal("RATE_LIMITED", message, retryAfter=wait)
