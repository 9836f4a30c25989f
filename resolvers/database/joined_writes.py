"""Transports on which what opens a transaction leaves together with its first statement, in one system call.

asyncpg's protocol writes a statement by itself, and uvloop sends what is written at once: PostgreSQL would wake up
twice for one round trip. asyncpg makes its connections by the loop that it is given; the one here gives it transports
that can hold something back for the next write.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any


class JoiningTransport:
    """A transport. What is held leaves with what is written next."""

    __slots__ = (
        "_held", "_write", "abort", "close", "get_extra_info", "inner", "is_closing", "pause_reading",
        "resume_reading", "set_protocol",
    )  # fmt: skip

    def __init__(self, inner: asyncio.Transport) -> None:
        self.inner, self._held = inner, b""
        self._write = inner.write
        self.abort, self.close, self.is_closing = inner.abort, inner.close, inner.is_closing
        self.pause_reading, self.resume_reading = inner.pause_reading, inner.resume_reading
        self.get_extra_info, self.set_protocol = inner.get_extra_info, inner.set_protocol

    def hold(self, data: bytes) -> None:
        """Keep some bytes until something is written."""
        self._held += data

    def write(self, data: bytes | memoryview) -> None:
        """Write what is held, and some bytes."""
        if self._held:
            data, self._held = self._held + data, b""
        self._write(data)

    def writelines(self, parts: Iterable[bytes | memoryview]) -> None:
        """Write what is held, and some parts."""
        self.write(b"".join(parts))


class _Connecting(asyncio.Protocol):
    """Gives the protocol of a new connection its transport."""

    def __init__(self, factory: Callable[[], Any]) -> None:
        self._factory = factory

    def connection_made(self, transport: Any) -> None:
        self.transport, self.protocol = JoiningTransport(transport), self._factory()
        transport.set_protocol(self.protocol)
        self.protocol.connection_made(self.transport)


class JoiningLoop:
    """A loop whose connection has a transport that joins writes. All else is the running loop's."""

    def __init__(self) -> None:
        self._loop: Any = asyncio.get_running_loop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    async def create_connection(self, factory: Callable[[], Any], *where: Any, **options: Any) -> tuple[Any, Any]:
        """Return a new connection's transport and protocol."""
        return await self._made(self._loop.create_connection, factory, *where, **options)

    async def create_unix_connection(self, factory: Callable[[], Any], *where: Any, **options: Any) -> tuple[Any, Any]:
        """Return a new connection's transport and protocol."""
        return await self._made(self._loop.create_unix_connection, factory, *where, **options)

    async def start_tls(self, transport: JoiningTransport, *how: Any, **options: Any) -> JoiningTransport | None:
        """Return the encrypted transport of a connection."""
        made = await self._loop.start_tls(transport.inner, *how, **options)
        return None if made is None else JoiningTransport(made)

    async def _made(self, create: Any, factory: Callable[[], Any], *where: Any, **options: Any) -> tuple[Any, Any]:
        _, connecting = await create(lambda: _Connecting(factory), *where, **options)
        return connecting.transport, connecting.protocol
