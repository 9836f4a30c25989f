"""Connections: none is lent dirty, and a dead one is replaced."""

import asyncio
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from resolvers.database.connection_errors import CONNECTION_ERRORS
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from server.dev.accounts import close_data_folder
from server.dev.embedded import free_port
from server.dev.embedded_postgres import APP, OWNER, SUPERUSER, Postgres, prepare
from server.dev.supervisor import Supervisor
from tests.support.jobs import RING
from tests.support.pool import LONG, PID, opened, terminate
from tests.support.servers import Backends


async def until_running(url: str, pid: int) -> None:
    """Wait until a backend is busy with a statement."""
    watcher = await asyncpg.connect(url)
    query = "select state = 'active' from pg_stat_activity where pid = $1"
    while not await watcher.fetchval(query, pid):  # noqa: ASYNC110 - another server's state has no event
        await asyncio.sleep(0.01)
    await watcher.close()


async def test_a_cancelled_holder_leaves_nothing_behind(backends: Backends) -> None:
    async with opened(backends.database_url) as pool:
        runtime = Runtime(pool, pool, RING, RING, RING)
        async with runtime.connection() as connection:
            pid = await connection.fetchval(PID)

        async def hold() -> None:
            async with runtime.connection() as connection:
                await connection.execute("begin; select set_config('app.org_id', 'mine', true)")
                await connection.execute("select pg_sleep(60)")

        held = asyncio.create_task(hold())
        await until_running(backends.database_url, pid)
        held.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held
        async with runtime.connection() as connection:
            assert not connection.is_in_transaction()
            assert await connection.fetchval(PID) == pid
            assert await connection.fetchval("select current_setting('app.org_id', true)") in (None, "")


async def test_a_holder_that_raises_leaves_no_transaction(backends: Backends) -> None:
    async with opened(backends.database_url) as pool:
        runtime = Runtime(pool, pool, RING, RING, RING)

        async def fail() -> None:
            async with runtime.connection() as connection:
                await connection.execute("begin")
                await connection.fetchval("select 1 / 0")

        with pytest.raises(asyncpg.DivisionByZeroError):
            await fail()
        async with runtime.connection() as connection:
            assert not connection.is_in_transaction()
            assert await connection.fetchval("select 1") == 1


def _end_announced(link: Any) -> None:
    """The server's last word on a connection, while its end is still to come."""
    said = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
    link._protocol.data_received(b"E" + (len(said) + 4).to_bytes(4, "big") + said)


async def test_a_connection_whose_end_is_announced_is_dead(backends: Backends) -> None:
    async with opened(backends.database_url, max_size=1) as pool:
        runtime = Runtime(pool, pool, RING, RING, RING)
        # Idle: nothing of the request has run, so it gets another.
        one = await pool.acquire(LONG)
        pool.release(one)
        _end_announced(one)
        assert not one.is_closed()
        two = await runtime.first(pool, "begin")
        assert (two is not one, one.is_closed(), pool.size) == (True, True, 1)
        # Lent, and given back in the middle of a transaction.
        _end_announced(two)
        with pytest.raises(CONNECTION_ERRORS):
            await two.rows("select 1", [])
        await pool.reset(two)
        assert (two.is_closed(), pool.size) == (True, 0)


async def test_a_dead_connection_is_replaced(backends: Backends) -> None:
    url = backends.database_url
    async with opened(url, max_size=2) as pool:
        runtime = Runtime(pool, pool, RING, RING, RING)
        one, two = await pool.acquire(LONG), await pool.acquire(LONG)
        pids = [await link.fetchval(PID) for link in (one, two)]
        # Idle, and it was noticed.
        pool.release(one)
        terminate(url, pids[0])
        while not one.is_closed():  # noqa: ASYNC110 - the end of a connection has no event
            await asyncio.sleep(0.001)
        other = await pool.acquire(LONG)
        assert other is not one
        assert pool.size == 2
        pool.release(other)
        # Lent.
        terminate(url, pids[1])
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await two.fetchval("select 1")
        pool.release(two)
        assert pool.size == 1
        # Idle, and nobody noticed: nothing of the request has run, so it gets another.
        terminate(url, await other.fetchval(PID))
        link = await runtime.first(pool, "begin")
        assert link is not other
        assert await link.fetchval("select 1") == 1
        await pool.reset(link)


@pytest.fixture
def postgres() -> Iterator[tuple[Supervisor, Postgres]]:
    """A server of the test's own, which it may stop and start."""
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-test-"))
    close_data_folder(folder)
    words = {name: secrets.token_hex(16) for name in (SUPERUSER, OWNER, APP)}
    made = prepare(folder, free_port(), words, ephemeral=True, notice=lambda line: None)
    supervisor = Supervisor()
    start(supervisor, made)
    yield supervisor, made
    supervisor.stop(timeout_s=5)
    shutil.rmtree(made.home)
    shutil.rmtree(folder, ignore_errors=True)


def start(supervisor: Supervisor, postgres: Postgres) -> None:
    supervisor.start(postgres.spec)
    while not postgres.answers():
        time.sleep(0.01)


async def test_a_server_that_starts_again_is_found_again(postgres: tuple[Supervisor, Postgres]) -> None:
    supervisor, server = postgres
    async with opened(server.url(SUPERUSER, "postgres"), min_size=2, max_size=2) as pool:
        runtime = Runtime(pool, pool, RING, RING, RING)
        held = await runtime.first(pool, "begin")
        supervisor.stop([server.spec.name], timeout_s=5)
        for _ in range(3):
            with pytest.raises(Refusal) as refused:
                await runtime.first(pool, "begin")
            assert (refused.value.code, refused.value.status) == ("UNAVAILABLE", 503)
        pool.release(held)
        assert pool.size == 0
        start(supervisor, server)
        first, second = await runtime.first(pool, "begin"), await runtime.first(pool, "begin")
        assert [await link.fetchval("select 1") for link in (first, second)] == [1, 1]
        await asyncio.wait([pool.reset(first), pool.reset(second)])
        assert pool.size == 2
