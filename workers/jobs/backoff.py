"""How long a job waits for its next attempt."""

import math
import random
from collections.abc import Callable

JITTER = 0.2
# A wait is doubled no more often, so that it stays a number however often a job was tried.
_DOUBLED = 30


def jittered(seconds: float) -> float:
    """Return about so many seconds, at most a fifth more or less, so that workers and retries do not run in step."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)


def backoff(first: float, attempts: float = math.inf, longest: float = math.inf) -> Callable[[int], float | None]:
    """Return a function from the number of attempts to the seconds until the next one: ``first``, doubled with each
    attempt, at most ``longest``; None after the last of them."""

    def delay_after(tries: int) -> float | None:
        return jittered(min(first * 2 ** min(tries, _DOUBLED), longest)) if tries < attempts else None

    return delay_after
