"""Requests without an API key: their sizes are limited, and each address has a small budget."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from resolvers.errors import Refusal
from web.dependencies import MOST_OF_PUBLIC
from web.http import Request

# Of a request and its document.
MAX_BODY, MAX_TEXT, MAX_TOKENS = MOST_OF_PUBLIC, 4 * 1024, 500
# So many bytes of a request cost one, so many objects of the schema that are asked for, and so much of what an
# organization pays for a document that is not known.
BYTES, OBJECTS, NEW = 256, 100, 10
_ADDRESSES = 100_000


@dataclass(slots=True)
class Anonymous:
    """A bucket for each address (IPv6 by /64): ``size`` at most, ``refill`` given back each second."""

    address_of: Callable[[Request], str]
    size: int
    refill: int
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

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
        address, left = self._refilled(request)
        if left < cost:
            wait = max(1, -(-int(min(cost, self.size) - left) // self.refill))
            raise Refusal(
                "RATE_LIMITED", "Too many requests without an API key from this address; retry later.", retryAfter=wait
            )
        self._keep(address, left - cost)

    def owe(self, request: Request, cost: int) -> None:
        """Take the cost of what was done already, though it may not be there: up to a whole bucket is owed then."""
        address, left = self._refilled(request)
        self._keep(address, max(left - cost, -float(self.size)))

    def _refilled(self, request: Request) -> tuple[str, float]:
        """Return the address of a request, and what it has left."""
        address, moment = self.address_of(request), time.monotonic()
        left, at = self._left.get(address, (float(self.size), moment))
        return address, min(float(self.size), left + (moment - at) * self.refill)

    def _keep(self, address: str, left: float) -> None:
        if len(self._left) >= _ADDRESSES and address not in self._left:
            self._left.pop(next(iter(self._left)))
        self._left[address] = (left, time.monotonic())
