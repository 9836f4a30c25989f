"""Bytes that connections hold, of a process: together they have a bound, whoever they are for."""

from asyncio import Transport
from collections.abc import Callable
from typing import Any

from resolvers.repeated_warnings import RepeatedWarning

# Of answers of 8 MiB, the longest there are, sixteen.
UNREAD_BYTES = 128 * 1024 * 1024
# Of requests of 256 KiB, the longest there are by default, 512.
UNFINISHED_BYTES = 128 * 1024 * 1024


class Outgoing:
    """A transport as a request's answer sees it: ``close`` is the connection's end in order. ``last`` is the size of
    what was written last, which is in memory as a whole until its end is sent."""

    __slots__ = ("_write", "close", "is_closing", "last")

    def __init__(self, transport: Transport, close: Callable[[], None]) -> None:
        self._write = transport.write
        self.is_closing = transport.is_closing
        self.close = close
        self.last = 0

    def write(self, data: bytes) -> None:
        """Write a part of an answer."""
        self.last = len(data)
        self._write(data)


class HeldBytes:
    """Counts what connections hold. Beyond ``most`` the address that holds most loses what it has held longest, so that
    a slow client is not cut for others; ``event`` is what is logged then, once a minute."""

    def __init__(self, most: int, event: str) -> None:
        self.most = most
        self.held = 0
        # By address, of each connection, in the order of their beginnings: its bytes, and what drops it.
        self._by_address: dict[str, dict[Any, tuple[int, Callable[[], object]]]] = {}
        self._sizes: dict[str, int] = {}
        self._addresses: dict[Any, str] = {}
        self._dropped = RepeatedWarning(event, "dropped")

    def hold(self, connection: Any, address: str, size: int, drop: Callable[[], object]) -> None:
        """Count what a connection begins to hold."""
        self.let_go(connection)
        self._addresses[connection] = address
        self._by_address.setdefault(address, {})[connection] = size, drop
        self._sizes[address] = self._sizes.get(address, 0) + size
        self.held += size
        self._keep_within()

    def grow(self, connection: Any, size: int) -> None:
        """Count so much more of a connection that holds something already."""
        address = self._addresses.get(connection)
        if address is None:
            return
        found, drop = self._by_address[address][connection]
        self._by_address[address][connection] = found + size, drop
        self._sizes[address] += size
        self.held += size
        self._keep_within()

    def let_go(self, connection: Any) -> None:
        """Count it no more: it was taken or has come whole, or its connection has ended."""
        address = self._addresses.pop(connection, None)
        if address is None:
            return
        size, _ = self._by_address[address].pop(connection)
        self.held -= size
        self._sizes[address] -= size
        if not self._by_address[address]:
            del self._by_address[address], self._sizes[address]

    def _keep_within(self) -> None:
        while self.held > self.most:
            self._drop_one()

    def _drop_one(self) -> None:
        address = max(self._sizes, key=self._sizes.__getitem__)
        connection, (_, drop) = next(iter(self._by_address[address].items()))
        self.let_go(connection)
        drop()
        self._dropped.note(address=address, most=self.most)


def unread_answers(most: int = UNREAD_BYTES) -> HeldBytes:
    """Return a count of answers that clients have not yet taken."""
    return HeldBytes(most, "unread answers dropped")


def unfinished_requests(most: int = UNFINISHED_BYTES) -> HeldBytes:
    """Return a count of requests whose end has not yet come."""
    return HeldBytes(most, "unfinished requests dropped")
