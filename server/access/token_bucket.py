"""Token buckets in this process: what each has left, and when it has more."""

import math
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class TokenBucket:
    """A bucket of at most ``size`` tokens, to which ``refill`` come back each second. It is full at first, and may owe.

    ``left`` is what it had at the time ``at``, in seconds of a clock that never goes back.
    """

    __slots__ = ("at", "left", "refill", "size")

    def __init__(self, size: float, refill: float, moment: float) -> None:
        self.size, self.refill = size, refill
        self.left, self.at = float(size), moment

    def refilled(self, moment: float) -> float:
        """Return what is left at a time, which is taken note of."""
        self.left = min(self.left + (moment - self.at) * self.refill, float(self.size))
        self.at = moment
        return self.left

    def wait(self, cost: float) -> int:
        """Return the seconds, at least one, until a cost is there, or the bucket is full."""
        # Without the last digits of a binary fraction, which would make one second two.
        return max(1, math.ceil(round((min(cost, self.size) - self.left) / self.refill, 6)))


class TokenBuckets(Generic[K]):
    """A bucket for each key, at most ``most`` of them: the one that was used longest ago is forgotten first."""

    __slots__ = ("_buckets", "most", "refill", "size")

    def __init__(self, size: float, refill: float, most: int) -> None:
        self.size, self.refill, self.most = size, refill, most
        self._buckets: dict[K, TokenBucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def refilled(self, key: K, moment: float) -> TokenBucket:
        """Return the bucket of a key, with what it has left at a time."""
        bucket = self._buckets.pop(key, None) or TokenBucket(self.size, self.refill, moment)
        if len(self._buckets) >= self.most:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[key] = bucket
        bucket.refilled(moment)
        return bucket
