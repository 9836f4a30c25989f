"""Requests without an API key: their sizes are limited, and each address has a small budget."""

import time
from collections.abc import Callable

from resolvers.errors import Refusal
from server.access.token_bucket import TokenBucket, TokenBuckets
from web.dependencies import MOST_OF_PUBLIC
from web.http import Request

# Of a request and its document.
MAX_BODY, MAX_TEXT, MAX_TOKENS = MOST_OF_PUBLIC, 4 * 1024, 500
# So many bytes of a request cost one, so many objects of the schema that are asked for, and so much of what an
# organization pays for a document that is not known.
BYTES, OBJECTS, NEW = 256, 100, 10
_ADDRESSES = 100_000


class Anonymous:
    """A bucket for each address (IPv6 by /64): ``size`` at most, ``refill`` given back each second."""

    def __init__(self, address_of: Callable[[Request], str], size: int, refill: int) -> None:
        self.address_of = address_of
        self._buckets = TokenBuckets[str](size, refill, _ADDRESSES)

    def read(self, request: Request, refused: Refusal, most: int = MAX_BODY) -> None:
        """Charge the reading of a request. Raises Refusal RATE_LIMITED, or ``refused`` when it is longer than ``most``
        bytes."""
        announced = request.headers.get(b"content-length", b"")
        length = len(request.scope["query_string"]) + (int(announced) if announced.isdigit() else 0)
        if b"transfer-encoding" in request.headers:
            length = MAX_BODY
        self.spend(request, 1 + min(length, MAX_BODY) // BYTES)
        if length > most:
            raise refused

    def spend(self, request: Request, cost: int) -> None:
        """Take a cost. Raises Refusal RATE_LIMITED when it is not there."""
        bucket = self._refilled(request)
        if bucket.left < cost:
            message = "Too many requests without an API key from this address; retry later."
            raise Refusal("RATE_LIMITED", message, retryAfter=bucket.wait(cost))
        bucket.left -= cost

    def owe(self, request: Request, cost: int) -> None:
        """Take the cost of what was done already, though it may not be there: up to a whole bucket is owed then."""
        bucket = self._refilled(request)
        bucket.left = max(bucket.left - cost, -bucket.size)

    def _refilled(self, request: Request) -> TokenBucket:
        return self._buckets.refilled(self.address_of(request), time.monotonic())
