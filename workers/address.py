"""Where a delivery goes: every address that a name has is judged, and the connection goes to a judged one."""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from resolvers.addresses import Address, allowed, literal

RESOLVE_S = 2.0
_THREADS = 16


class Refused(Exception):
    """A delivery cannot be sent: ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def look_up(host: str) -> list[Address]:
    """Every address of a name, as the system resolves it. Raises OSError when it has none."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [ip_address(item[4][0]) for item in found]


class Addresses:
    """Resolves in threads of its own, so that a slow name server holds up deliveries and nothing else."""

    def __init__(self, allow_private: bool, resolve: Callable[[str], list[Address]] = look_up) -> None:
        self._allow_private, self._resolve = allow_private, resolve
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolve")

    async def of(self, host: str) -> list[Address]:
        """The addresses of a host, all of them allowed. Raises Refused."""
        try:
            alone = literal(host)
        except ValueError:
            raise Refused("ADDRESS_REFUSED") from None
        found = [alone] if alone is not None else await self._named(host)
        if not all(allowed(address, self._allow_private) for address in found):
            raise Refused("ADDRESS_REFUSED")
        return list(dict.fromkeys(found))

    async def _named(self, host: str) -> list[Address]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(RESOLVE_S):
                found = await loop.run_in_executor(self._threads, self._resolve, host)
        except (TimeoutError, OSError, UnicodeError, ValueError):
            raise Refused("NAME_NOT_RESOLVED") from None
        if not found:
            raise Refused("NAME_NOT_RESOLVED")
        return found

    def close(self) -> None:
        """End the threads, without waiting for a name server."""
        self._threads.shutdown(wait=False, cancel_futures=True)
