"""The addresses of a delivery's host: all of them are checked, and the connection uses one that was checked."""

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

from models.webhook_urls import Address, allowed, literal
from workers.webhooks.timeouts import within

RESOLVE_S = 2.0
# How many names of one organization are looked up at once, and how long the next one waits.
LOOK_UPS = 8
WAIT_S = 1.0

Resolve = Callable[[str], Awaitable[list[Address]]]


class Refused(Exception):
    """A delivery that cannot be sent; ``code`` is the reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Postponed(Exception):
    """Something of ours was not free in time: a look-up, a file descriptor. Nothing was sent, so the attempt must not
    count."""


async def look_up(host: str, **options: Any) -> list[Address]:
    """Return all addresses of a name, from the system's name servers and hosts file. It can be cancelled at any time.

    ``options`` are those of a c-ares channel. Raises aiodns.error.DNSError when the name has no address.
    """
    # A new channel for each look-up: c-ares shortens its time-out after fast answers, and slower names would fail.
    async with aiodns.DNSResolver(**options) as resolver:
        found = await resolver.getaddrinfo(host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
    return [ip_address(node.addr[0].decode()) for node in found.nodes]


class Addresses:
    """Resolves names, a limited number for each organization, so that slow name servers of one delay no other."""

    def __init__(
        self,
        allow_private: bool,
        resolve: Resolve = look_up,
        *,
        look_ups: int = LOOK_UPS,
        wait_seconds: float = WAIT_S,
        resolve_seconds: float = RESOLVE_S,
    ) -> None:
        self._allow_private, self._resolve = allow_private, resolve
        self._look_ups, self._wait_s, self._resolve_s = look_ups, wait_seconds, resolve_seconds
        # Look-ups that wait or run keep the semaphore of their organization alive.
        self._semaphores: WeakValueDictionary[UUID | None, asyncio.Semaphore] = WeakValueDictionary()

    async def of(self, host: str, org_id: UUID | None = None) -> list[Address]:
        """Return the addresses of a host, all of them allowed. Raises Refused, or Postponed when it waits too long."""
        try:
            alone = literal(host)
        except ValueError:
            raise Refused("ADDRESS_REFUSED") from None
        found = [alone] if alone is not None else await self._named(host, org_id)
        if not all(allowed(address, self._allow_private) for address in found):
            raise Refused("ADDRESS_REFUSED")
        return list(dict.fromkeys(found))

    async def _named(self, host: str, org_id: UUID | None) -> list[Address]:
        async with self._limited(org_id):
            try:
                async with within(self._resolve_s):
                    found = await self._resolve(host)
            except (TimeoutError, aiodns.error.DNSError, ValueError):
                raise Refused("NAME_NOT_RESOLVED") from None
            except (OSError, pycares.AresError):
                # There were no file descriptors left for a resolver: the name was not looked up.
                raise Postponed from None
        if not found:
            raise Refused("NAME_NOT_RESOLVED")
        return found

    @asynccontextmanager
    async def _limited(self, org_id: UUID | None) -> AsyncIterator[None]:
        semaphore = self._semaphores.setdefault(org_id, asyncio.Semaphore(self._look_ups))
        try:
            async with asyncio.timeout(self._wait_s):
                await semaphore.acquire()
        except TimeoutError:
            raise Postponed from None
        try:
            yield
        finally:
            semaphore.release()
