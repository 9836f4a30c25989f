"""A download that no domain has: its files are what a client's name says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from models.clients import CLIENT
from models.typeid import encode
from resolvers.clients import CLIENTS
from resolvers.collections.rows import by_ids
from resolvers.context import Context
from resolvers.database.sql import Sql
from resolvers.downloads import Download, File
from resolvers.errors import Refusal

SLOW = Sql("select pg_sleep(0.1)", (), {})
MEGABYTE = b"x" * 1024 * 1024
COST, FILE_COST = 40, 1_000


@dataclass
class Shelf:
    """A server with a download of clients, whose file is what the client's name says; what was made of it so far."""

    base: str = ""
    made: list[str] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def download(self) -> Download:
        """Return the download, which is registered; its path is to be taken out of DOWNLOADS again."""
        return Download(CLIENT, "txt", "text/plain", "clients:read", COST, "GetClientText", "Get it", self.find)

    async def find(self, ctx: Context, key: UUID) -> File | None:
        """Return a client's file."""
        (row,) = await by_ids(ctx, CLIENTS, [key], ("name", "version"))
        if row is None:
            return None
        chunks: dict[str, Callable[[], AsyncIterator[bytes]]] = {
            "Streamed": self.streamed, "Slow": self.slow, "Endless": self.endless, "Broken": self.broken,
            "Busy": self.busy, "Empty": self.empty, "Rows": partial(self.rows, ctx),
        }  # fmt: skip
        name: str = row["name"]
        return File(
            f"{name}.txt", f"{encode('client', key)}-{row['version']}", chunks.get(name, self.whole), cost=1_000
        )

    async def whole(self) -> AsyncIterator[bytes]:
        """A file in one chunk."""
        self.made.append("whole")
        yield b"Hello, " * 1_000

    async def streamed(self) -> AsyncIterator[bytes]:
        """A file that is larger than any answer of the graph."""
        for _ in range(12):
            yield MEGABYTE

    async def slow(self) -> AsyncIterator[bytes]:
        """A file that takes longer than a request may."""
        for number in range(3):
            await asyncio.sleep(0.6)
            yield b"%d" % number

    async def endless(self) -> AsyncIterator[bytes]:
        """A file without an end."""
        try:
            while True:
                yield MEGABYTE
        finally:
            self.closed.set()

    async def broken(self) -> AsyncIterator[bytes]:
        """A file that breaks off."""
        for _ in range(3):
            yield b"part"
        raise RuntimeError("secret")

    async def rows(self, ctx: Context) -> AsyncIterator[bytes]:
        """A file of which each part is read in a snapshot of its own."""
        yield b"rows:"
        for number in range(5):
            async with ctx.snapshot():
                await ctx.run(SLOW, [])
            yield b"%d" % number

    async def busy(self) -> AsyncIterator[bytes]:
        """A file that cannot be made now."""
        if self.base:
            raise Refusal("UNAVAILABLE", "Come back.", retryAfter=1)
        yield b""

    async def empty(self) -> AsyncIterator[bytes]:
        """A file without bytes."""
        for chunk in list[bytes]():
            yield chunk
