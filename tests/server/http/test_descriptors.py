"""A process that is short of file descriptors turns connections away, and keeps what its database and Redis need."""

import asyncio
import resource
import tempfile
from contextlib import suppress
from pathlib import Path

import orjson

from bench.data import SMALL, fill
from bench.server import fixed, serving, settings_of
from server.wiring import running
from tests.support.servers import Backends

LIMIT = 120
TIMEOUT_S = 30.0


async def _ended(reader: asyncio.StreamReader) -> bool:
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(0.05):
            return await reader.read(1) == b""
    return reader.at_eof() or reader.exception() is not None


async def test_connections_are_turned_away_before_descriptors_run_out(backends: Backends) -> None:
    environment = fixed() | {
        "DATABASE_URL": backends.database_url,
        "MIGRATION_DATABASE_URL": backends.migration_database_url,
        "REDIS_URL": backends.redis_url,
    }
    async with running(settings_of(environment), min_size=1, max_size=1) as runtime:
        filled = await fill(runtime, 4712, SMALL)
    head = f"GET /api/v1/clients HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {filled.key}\r\n\r\n".encode()

    async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(head)
        async with asyncio.timeout(TIMEOUT_S):
            return (await reader.readuntil(b"\r\n"))[9:12]

    with tempfile.TemporaryDirectory() as folder:
        async with serving("ours", environment, Path(folder)) as server:
            _, hard = server.process.rlimit(resource.RLIMIT_NOFILE)
            server.process.rlimit(resource.RLIMIT_NOFILE, (LIMIT, hard))
            opened = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(LIMIT + 20)]
            gone = await asyncio.gather(*(_ended(reader) for reader, _ in opened))
            kept = [pair for pair, ended in zip(opened, gone, strict=True) if not ended]
            assert LIMIT / 4 < len(kept) < LIMIT
            # Those that are kept are answered, all at once, with what the database has.
            assert set(await asyncio.gather(*(asked(*pair) for pair in kept[:20]))) == {b"200"}
            for _, writer in opened:
                writer.transport.abort()
            for _ in range(int(TIMEOUT_S * 20)):
                if server.process.num_fds() <= LIMIT / 2:
                    break
                await asyncio.sleep(0.05)
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            assert await asked(reader, writer) == b"200"
            writer.transport.abort()
        lines = [orjson.loads(line) for line in (Path(folder) / "ours.log").read_bytes().splitlines()]
    warned = [line for line in lines if line["level"] != "info"]
    assert [line["event"] for line in warned] == ["connections turned away"]
    assert warned[0]["limit"] == LIMIT
