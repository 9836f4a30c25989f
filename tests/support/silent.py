"""A path to the database that falls silent: what is open passes no more bytes and is not closed, what is new works."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from tests.support.servers import Backends


@dataclass
class SilentPath:
    """A proxy before the database. ``backends`` lead through it."""

    backends: Backends
    open: list[asyncio.Event] = field(default_factory=list)

    def fall_silent(self) -> int:
        """Let no byte of what is open pass any more; how many connections these are."""
        stopped = [each for each in self.open if not each.is_set()]
        for each in stopped:
            each.set()
        return len(stopped)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            if silent.is_set():
                # Read and acknowledged, as by a peer whose system lives.
                continue
            writer.write(data)
            await writer.drain()
    if not silent.is_set():
        writer.close()


@asynccontextmanager
async def silent_path(backends: Backends) -> AsyncIterator[SilentPath]:
    """A path to the database, open while the block runs."""
    there = urlsplit(backends.database_url)
    made = SilentPath(backends)
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent = asyncio.Event()
        behind, before = await asyncio.open_connection(there.hostname, there.port)
        writers.extend((writer, before))
        made.open.append(silent)
        with suppress(asyncio.CancelledError):
            await asyncio.gather(_pass(reader, before, silent), _pass(behind, writer, silent))
        silent.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    login, port = there.netloc.rpartition("@")[0], server.sockets[0].getsockname()[1]
    url = there._replace(netloc=f"{login}@127.0.0.1:{port}").geturl()
    made.backends = replace(backends, database_url=url)
    try:
        yield made
    finally:
        for writer in writers:
            writer.close()
        server.close()
