"""Who pays for a request: buckets as this process sees them, and what of each may be spent by whom."""

import math
from collections.abc import Sequence

from server.access.token_bucket import TokenBucket
from web.dependencies import OverBudgetError
from web.http import Header

# With less than so many times its cost left, a request asks Redis.
MULTIPLE = 4
# Near its end a bucket is spent from by Redis alone: with less than this part of it left.
NEAR = 1 / 10
# Of a bucket a process may have spent this part without Redis knowing of it.
UNSETTLED = 1 / 20


class Bucket(TokenBucket):
    """One bucket as this process sees it: never less is left in truth than others have taken since.

    ``owed`` was spent here and is not yet settled; ``known`` once Redis has returned what is left. ``whole`` pays with
    all of it, and ``for_tokens``, of an organization's bucket, leaves what is kept for API keys.
    """

    __slots__ = ("for_tokens", "known", "name", "owed", "policy", "whole")

    def __init__(self, name: str, size: float, refill: float, moment: float, label: str, reserved: float = 0.0) -> None:
        super().__init__(size, refill, moment)
        self.name, self.owed, self.known = name, 0.0, False
        policy = b'"cost";q=%d;w=%d' % (size, math.ceil(round(size / refill, 6)))
        self.policy: Header = (b"ratelimit-policy", policy)
        self.whole = (Payer(self, 0.0, label, "budget"),)
        self.for_tokens = (Payer(self, reserved, label, "budget for access tokens"),)


class Payer:
    """A bucket that pays for a request: what must stay in it, and what a refusal calls its owner and the budget."""

    __slots__ = ("bucket", "budget", "floor", "label", "size")

    def __init__(self, bucket: Bucket, floor: float, label: str, budget: str) -> None:
        self.bucket, self.floor, self.label, self.budget = bucket, floor, label, budget
        self.size = bucket.size - floor

    @property
    def left(self) -> float:
        """Return what may be spent."""
        return self.bucket.left - self.floor

    def wait(self, cost: float) -> int:
        """Return the seconds until a cost may be spent, or all that ever may be."""
        return self.bucket.wait(min(cost, self.size) + self.floor)


# All that pay for a request, each the whole cost.
Payers = Sequence[Payer]


def plenty(payers: Payers, cost: int) -> bool:
    """Return whether so much is left in each bucket, as far as Redis has said, that it need not be asked."""
    for payer in payers:
        bucket = payer.bucket
        left = bucket.left - payer.floor - cost
        if not bucket.known or left < payer.size * NEAR or left < MULTIPLE * cost:
            return False
        if bucket.owed + cost > bucket.size * UNSETTLED:
            return False
    return True


def lacks(payers: Payers, cost: int) -> bool:
    """Return whether Redis has said of one of the buckets that less than a cost is left."""
    return any(payer.bucket.known and payer.left < cost for payer in payers)


def least(payers: Payers) -> float:
    """Return what all of them have left."""
    first = payers[0]
    left = first.bucket.left - first.floor
    return left if len(payers) == 1 else min(left, *(payer.left for payer in payers[1:]))


def budget_headers(payers: Payers, left: float) -> tuple[Header, ...]:
    """Return the headers of a budget: how much the first bucket has at most, what all have left, and when that is all
    there again."""
    first, full_in = payers[0].bucket, 0.0
    for payer in payers:
        lacking = min(first.size, payer.size) - int(payer.bucket.left - payer.floor)
        full_in = max(full_in, -(-lacking // payer.bucket.refill))
    return first.policy, (b"ratelimit", b'"cost";r=%d;t=%d' % (max(0, int(left)), full_in))


def over_budget(payers: Payers, cost: int) -> OverBudgetError:
    """Return the refusal of a request that costs more than is left: it says whose budget has the least."""
    payer = min(payers, key=lambda each: each.left)
    left = int(payer.left)
    message = f"The {payer.label} has spent its {payer.budget}: {max(0, left)} is left, the request costs {cost}."
    if left < 0:
        message = f"The {payer.label} has spent {-left} more than its {payer.budget}."
    return OverBudgetError(message, max(each.wait(cost) for each in payers), budget_headers(payers, least(payers)))
