"""Where a delivery goes: every address that a name has is judged, and the connection goes to a judged one."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import aiodns
import pycares

from resolvers.webhooks.addresses import Address, allowed, literal
from workers.limit import within

RESOLVE_S = 2.0
# How many names of one organization are looked up at once, and how long another one waits for its turn.
TURNS = 8
TURN_S = 1.0

Resolve = Callable[[str], Awaitable[list[Address]]]


class Refused(Exception):
    """A delivery cannot be sent: ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Postponed(Exception):
    """A look-up did not get its turn. Nothing was tried, so the attempt must not count."""


async def look_up(host: str, **options: Any) -> list[Address]:
    """Return every address of a name, from the system's name servers and hosts file. It can be cancelled at any time.

    ``options`` are those of a c-ares channel. Raises aiodns.error.DNSError when the name has no address.
    """
    # c-ares shortens its time-out after fast answers, so that a slower name would fail: each look-up begins afresh.
    async with aiodns.DNSResolver(**options) as resolver:
        found = await resolver.getaddrinfo(host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
    return [ip_address(node.addr[0].decode()) for node in found.nodes]


class Addresses:
    """Resolves names, a bounded number for each organization, so that slow name servers of one delay nobody else."""

    def __init__(
        self,
        allow_private: bool,
        resolve: Resolve = look_up,
        *,
        turns: int = TURNS,
        turn_seconds: float = TURN_S,
        resolve_seconds: float = RESOLVE_S,
    ) -> None:
        self._allow_private, self._resolve = allow_private, resolve
        self._most, self._turn_s, self._resolve_s = turns, turn_seconds, resolve_seconds
        # Those who wait or hold a turn keep their organization's semaphore alive.
        self._turns: WeakValueDictionary[UUID | None, asyncio.Semaphore] = WeakValueDictionary()

    async def of(self, host: str, org_id: UUID | None = None) -> list[Address]:
        """Return the addresses of a host, all of them allowed. Raises Refused, or Postponed without a turn in time."""
        try:
            alone = literal(host)
        except ValueError:
            raise Refused("ADDRESS_REFUSED") from None
        found = [alone] if alone is not None else await self._named(host, org_id)
        if not all(allowed(address, self._allow_private) for address in found):
            raise Refused("ADDRESS_REFUSED")
        return list(dict.fromkeys(found))

    async def _named(self, host: str, org_id: UUID | None) -> list[Address]:
        async with self._turn(org_id):
            try:
                async with within(self._resolve_s):
                    found = await self._resolve(host)
            except (TimeoutError, aiodns.error.DNSError, ValueError):
                raise Refused("NAME_NOT_RESOLVED") from None
            except (OSError, pycares.AresError):
                # No resolver could be made, for want of descriptors: the name was not asked for.
                raise Postponed from None
        if not found:
            raise Refused("NAME_NOT_RESOLVED")
        return found

    @asynccontextmanager
    async def _turn(self, org_id: UUID | None) -> AsyncIterator[None]:
        turns = self._turns.setdefault(org_id, asyncio.Semaphore(self._most))
        try:
            async with asyncio.timeout(self._turn_s):
                await turns.acquire()
        except TimeoutError:
            raise Postponed from None
        try:
            yield
        finally:
            turns.release()
