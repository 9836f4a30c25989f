"""Amounts as a client reads them: exactly, or not at all."""

from models.types import MAX_SAFE_INTEGER
from resolvers.errors import Refusal

_BEYOND = "The sum is beyond 2^53 - 1, which a JSON number does not show exactly. Sum less, or leave it out."


def shown_amount(amount: int) -> int:
    """Return an amount. Raises Refusal OUT_OF_RANGE for a sum that readers of JSON would round."""
    if -MAX_SAFE_INTEGER <= amount <= MAX_SAFE_INTEGER:
        return amount
    raise Refusal("OUT_OF_RANGE", _BEYOND, minimum=-MAX_SAFE_INTEGER, maximum=MAX_SAFE_INTEGER)
