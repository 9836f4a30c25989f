"""What opens a transaction leaves in one write with its first statement, whichever way the server is reached."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from models.typeid import new_uuid
from resolvers.database.connection import PooledConnection, connect
from resolvers.database.joined_writes import JoiningTransport
from resolvers.database.opening import Opening
from tests.support.certificates import certificate
from tests.support.servers import Backends

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
STATEMENT = "select $1::int4 as number"


@asynccontextmanager
async def relay(url: str, tls: ssl.SSLContext | None, path: Path | None = None) -> AsyncIterator[int]:
    """A server in front of PostgreSQL, over TLS where there is a context, at a socket's path or at a port."""
    there = urlsplit(url)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if tls is not None:
            assert await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST
            writer.write(b"S")
            await writer.start_tls(tls)
        inner_reader, inner_writer = await asyncio.open_connection(there.hostname, there.port)
        await asyncio.gather(carry(reader, inner_writer), carry(inner_reader, writer))

    if path is not None:
        server = await asyncio.start_unix_server(serve, path)
    else:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield 0 if path is not None else server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def written(connection: PooledConnection, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the connection writes from now on."""
    transport = connection._transport
    assert isinstance(transport, JoiningTransport)
    found: list[bytes] = []
    write = transport._write

    def noted(data: bytes | memoryview) -> None:
        found.append(bytes(data))
        write(data)

    monkeypatch.setattr(transport, "_write", noted)
    return found


async def check(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = await connect(url)
    try:
        for _ in range(2):
            connection.opening = Opening("begin read only", "", new_uuid())
            connection.pending_commit = False
            rows, whole = await connection.rows(STATEMENT, [7])
            assert ([row["number"] for row in rows], whole) == ([7], True)
            await connection.execute("commit")
        connection.opening = Opening("begin read only", "", new_uuid())
        found = written(connection, monkeypatch)
        assert [row["number"] for row in (await connection.rows(STATEMENT, [8]))[0]] == [8]
        assert len(found) == 1
        assert b"opening_" in found[0]
        assert b"__asyncpg_stmt" in found[0]
        asked = [(STATEMENT, [1], 0), (STATEMENT, [2], 0)]
        found.clear()
        outcomes: Any = await connection.together(asked)
        assert [rows[0]["number"] for rows in outcomes] == [1, 2]
        assert len(found) == 1
        await connection.execute("commit")
    finally:
        await connection.close()


@pytest.mark.parametrize("options", ["", "?sslmode=disable"])
async def test_over_tcp(backends: Backends, options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await check(backends.database_url + options, monkeypatch)


async def test_over_tls(backends: Backends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, _ = certificate("localhost", tmp_path)
    async with relay(backends.database_url, context) as port:
        there = urlsplit(backends.database_url)
        url = there._replace(netloc=f"{there.netloc.rpartition(':')[0]}:{port}").geturl()
        await check(f"{url}?sslmode=require", monkeypatch)


async def test_over_a_unix_socket(backends: Backends, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with relay(backends.database_url, None, tmp_path / ".s.PGSQL.5432"):
        there = urlsplit(backends.database_url)
        user = there.netloc.rpartition("@")[0]
        url = f"{there.scheme}://{user}@{there.path}?host={tmp_path}&port=5432"
        await check(url, monkeypatch)


def test_what_is_held_leaves_before_whatever_is_written_next() -> None:
    sent: list[bytes] = []

    class Inner(asyncio.Transport):
        def write(self, data: bytes | bytearray | memoryview) -> None:
            sent.append(bytes(data))

    transport = JoiningTransport(Inner())
    transport.hold(b"a")
    transport.hold(b"b")
    assert sent == []
    transport.writelines([b"c", memoryview(b"d")])
    transport.write(memoryview(b"e"))
    assert sent == [b"abcd", b"e"]


async def test_an_argument_that_cannot_be_sent_ends_the_connection_and_what_it_held(backends: Backends) -> None:
    connection = await connect(backends.database_url)
    await connection.rows(STATEMENT, [1])
    connection.opening, connection.pending_commit = Opening("begin read only", "", new_uuid()), False
    with pytest.raises(asyncpg.DataError, match="'no number'"):
        await connection.rows(STATEMENT, ["no number"])
    assert connection.is_closed()
