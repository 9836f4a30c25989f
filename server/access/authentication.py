"""Who a request is from: its key or access token, and how often its address has failed."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from resolvers.actor import Actor
from resolvers.api_keys.verification import KeyVerifier
from resolvers.errors import Refusal
from server.http.addresses import client_address
from web.http import Request

_ADDRESSES = 100_000
MINUTE = 60.0
# After too many failures an address may have a key that has not worked here looked up this often.
LOOK_UP_EVERY_S = 0.1
_MISSING = "An API key is required: Authorization: Bearer sk_live_…."
# One text for all of them, which tells nobody whether there is such a key.
_INVALID = "The API key is not valid: it is unknown, was revoked or has expired."


@dataclass(slots=True)
class Authentication:
    """Finds the actor of a request. Failures are counted by address (IPv6 by /64).

    A key that has worked is never blocked by them. After too many, keys that are new to this process are looked up ten
    times a second for all of the address: a valid one gets through when it is tried again.
    """

    keys: KeyVerifier
    failures_per_minute: int
    proxies: Sequence[Any] = ()
    failed: dict[str, tuple[float, int]] = field(default_factory=dict)
    looked: dict[str, float] = field(default_factory=dict)

    async def __call__(self, request: Request) -> Actor:
        """Return who asks. Raises Refusal UNAUTHENTICATED, RATE_LIMITED after too many failures, or UNAVAILABLE."""
        scheme, _, raw = (request.header(b"authorization") or "").partition(" ")
        actor = None
        if scheme.lower() == "bearer":
            try:
                actor = await self.keys.actor_of(raw.strip(), partial(self._may_look, request))
            except Refusal as refused:
                # A token that we signed is no guess.
                if refused.extra.get("reason") == "TOKEN_INVALID":
                    self._count(client_address(request, self.proxies))
                raise
        if actor is not None:
            return actor
        # Some pages send the scheme alone where nobody has typed a key.
        sent = bool(scheme) and not (scheme.lower() == "bearer" and not raw.strip())
        if sent:
            self._count(client_address(request, self.proxies))
        raise Refusal("UNAUTHENTICATED", _INVALID if sent else _MISSING)

    def _may_look(self, request: Request) -> bool:
        """Return whether a key that has not worked here may cost a look-up."""
        address, moment = client_address(request, self.proxies), time.monotonic()
        if self._failures(address, moment)[1] < self.failures_per_minute:
            return True
        if moment - self.looked.get(address, -math.inf) < LOOK_UP_EVERY_S:
            return False
        if len(self.looked) >= _ADDRESSES:
            self.looked.clear()
        self.looked[address] = moment
        return True

    def _failures(self, address: str, moment: float) -> tuple[float, int]:
        """Return since when failures of an address are counted, and how many there were."""
        since, count = self.failed.get(address, (moment, 0))
        return (moment, 0) if moment - since > MINUTE else (since, count)

    def _count(self, address: str) -> None:
        moment = time.monotonic()
        since, count = self._failures(address, moment)
        if count >= self.failures_per_minute:
            wait = max(1, round(MINUTE - (moment - since)))
            raise Refusal("RATE_LIMITED", "Too many invalid API keys; retry later.", retryAfter=wait)
        if len(self.failed) >= _ADDRESSES:
            self.failed.clear()
        self.failed[address] = (since, count + 1)
