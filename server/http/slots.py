"""What one process holds at once: requests at work, and each address's share of connections and requests."""

from collections.abc import Sequence
from typing import Any

from resolvers.errors import Refusal
from resolvers.repeated_warnings import RepeatedWarning
from server.http.addresses import address_of, counted_as, is_proxy
from web.http import App, Receive, Scope, Send

# With up to so many times its share of connections an address is answered; beyond, they are closed at once.
ANSWERED = 2
_ALIVE = frozenset({"/api/health", "/api/health/"})


class Slots:
    """Counts what is held. ``each`` is an address's share (IPv6 by /64): of connections, and behind our own proxies,
    whose connections are not counted, of requests. ``waiting`` requests wait for their body: they are not at work."""

    def __init__(self, each: int, proxies: Sequence[Any] = ()) -> None:
        self.each, self.proxies = each, proxies
        self.waiting = 0
        self.held: dict[str, int] = {}
        self._closed = RepeatedWarning("connections of an address closed", "closed")

    def proxied(self, peer: str) -> bool:
        """Return whether a connection comes from one of our own proxies."""
        return bool(self.proxies) and is_proxy(peer, self.proxies)

    def connected(self, peer: str) -> str:
        """Count a connection; return the address to let it go by."""
        address = counted_as(peer)
        self.held[address] = self.held.get(address, 0) + 1
        return address

    def let_go(self, address: str) -> None:
        """Count one less."""
        left = self.held[address] - 1
        if left:
            self.held[address] = left
        else:
            del self.held[address]

    def too_many(self, address: str) -> bool:
        """Return whether an address holds more than its share."""
        return self.held[address] > self.each

    def far_too_many(self, address: str) -> bool:
        """Return whether an address holds so much that nothing is answered, which is logged once a minute."""
        if self.held[address] <= ANSWERED * self.each:
            return False
        self._closed.note(address=address, share=self.each)
        return True

    def sharing(self, app: App, refused: App) -> App:
        """Return the application for a request from one of our own proxies: it counts for the address that is named
        there, and what is beyond that address's share is ``refused``."""

        async def shared(scope: Scope, receive: Receive, send: Send) -> None:
            client = scope["client"]
            address = address_of(client[0] if client is not None else "", scope["headers"], self.proxies)
            self.held[address] = self.held.get(address, 0) + 1
            try:
                await (refused if self.too_many(address) else app)(scope, receive, send)
            finally:
                self.let_go(address)

        return shared


def always_answered(scope: Scope) -> bool:
    """Return whether a request is answered however busy the process is: health, and what browsers ask beforehand."""
    return scope["path"] in _ALIVE or scope["method"] == "OPTIONS"


def connections_exceeded() -> Refusal:
    """Return the refusal of an address that has more connections than its share."""
    return Refusal("RATE_LIMITED", "Too many connections from this address.", retryAfter=1)


def requests_exceeded() -> Refusal:
    """Return the refusal of an address that has more requests under way than its share."""
    return Refusal("RATE_LIMITED", "Too many concurrent requests from this address.", retryAfter=1)


def overloaded() -> Refusal:
    """Return the refusal of a request for which no slot of work is free."""
    return Refusal("UNAVAILABLE", "Too many concurrent requests; retry later.", retryAfter=1)
