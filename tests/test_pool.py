"""The pool: who gets a connection and when, and that none comes back dirty, dead or from another's transaction."""

import asyncio
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psycopg
import pytest

from resolvers import pool as pools
from resolvers.errors import Refusal
from resolvers.links import Link
from resolvers.pool import Pool, open_pool
from resolvers.runtime import Runtime
from server.accounts import close_data_folder
from server.embedded import free_port
from server.embedded_postgres import APP, OWNER, SUPERUSER, Postgres, prepare
from server.supervisor import Supervisor
from tests.jobs_support import RING
from tests.servers import Backends

LONG = 30.0  # longer than any test waits for what does come
PID = "select pg_backend_pid()"


@asynccontextmanager
async def opened(url: str, least: int = 0, most: int = 1) -> AsyncIterator[Pool]:
    """A pool for the block."""
    made = await open_pool(url, least=least, most=most)
    try:
        yield made
    finally:
        await made.close()
        assert made.size == 0


async def until_running(url: str, pid: int) -> None:
    """Wait until a backend is busy with a statement."""
    watcher = await asyncpg.connect(url)
    query = "select state = 'active' from pg_stat_activity where pid = $1"
    while not await watcher.fetchval(query, pid):  # noqa: ASYNC110 - another server's state has no event
        await asyncio.sleep(0.01)
    await watcher.close()


def terminate(url: str, pid: int) -> None:
    """End a backend and see it gone, while the loop stands still and notices nothing."""
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", [pid])


async def waiting(pool: Pool, count: int) -> list[asyncio.Task[Link]]:
    """Tasks that wait for a connection, in the order in which they asked."""
    tasks = [asyncio.create_task(pool.acquire(LONG)) for _ in range(count)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)
    return tasks


async def test_the_last_that_came_back_is_lent_first_and_more_are_made_when_needed(backends: Backends) -> None:
    async with opened(backends.database_url, least=1, most=3) as pool:
        assert pool.size == 1
        first = await pool.acquire(LONG)
        second = await pool.acquire(LONG)
        assert pool.size == 2
        assert await first.fetchval(PID) != await second.fetchval(PID)
        pool.release(first)
        pool.release(second)
        assert await pool.acquire(LONG) is second
        assert await pool.acquire(LONG) is first
        assert pool.size == 2
        pool.release(first)
        pool.release(second)


async def test_jsonb_is_an_object_of_python(backends: Backends) -> None:
    async with opened(backends.database_url) as pool:
        link = await pool.acquire(LONG)
        assert await link.fetchval("select $1::jsonb || '{\"b\": [1, null]}'", {"a": "ü"}) == {"a": "ü", "b": [1, None]}
        pool.release(link)


async def test_those_who_wait_have_their_turns_in_order(backends: Backends) -> None:
    async with opened(backends.database_url) as pool:
        link = await pool.acquire(LONG)
        tasks = await waiting(pool, 3)
        for place, task in enumerate(tasks, 1):
            pool.release(link)
            assert await task is link
            assert [other.done() for other in tasks[place:]] == [False] * (3 - place)
        pool.release(link)


async def test_a_wait_that_is_too_long_ends_and_takes_no_turn(backends: Backends) -> None:
    async with opened(backends.database_url) as pool:
        link = await pool.acquire(LONG)
        with pytest.raises(TimeoutError):
            await pool.acquire(0.01)
        pool.release(link)
        assert await pool.acquire(0.01) is link
        pool.release(link)


async def test_a_cancelled_wait_takes_no_turn(backends: Backends) -> None:
    async with opened(backends.database_url) as pool:
        link = await pool.acquire(LONG)
        first, second, third = await waiting(pool, 3)
        first.cancel()
        await asyncio.wait([first])
        pool.release(link)
        # Its turn has come, and it does not know yet.
        second.cancel()
        assert await third is link
        assert (first.cancelled(), second.cancelled()) == (True, True)
        pool.release(link)
        assert pool.size == 1


async def test_a_cancelled_wait_for_a_lost_connections_place_passes_it_on(backends: Backends) -> None:
    async with opened(backends.database_url) as pool:
        link = await pool.acquire(LONG)
        first, second = await waiting(pool, 2)
        link.terminate()
        pool.release(link)
        first.cancel()
        found = await second
        assert found is not link
        assert await found.fetchval("select 1") == 1
        pool.release(found)
        assert pool.size == 1


async def test_a_connection_that_cannot_be_made_leaves_its_place(backends: Backends) -> None:
    fails = [True, True, False]

    async def connect() -> Link:
        if fails.pop(0):
            raise ConnectionRefusedError
        made: Link = await asyncpg.connect(backends.database_url, connection_class=Link)
        return made

    pool = Pool(connect, 0, 1)
    asked = [asyncio.create_task(pool.acquire(LONG)) for _ in range(3)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in done] == [ConnectionRefusedError, ConnectionRefusedError, Link]
    assert isinstance(done[2], Link)
    pool.release(done[2])
    await pool.close()
    assert pool.size == 0


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


async def test_a_dead_connection_is_replaced(backends: Backends) -> None:
    url = backends.database_url
    async with opened(url, most=2) as pool:
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
        await pool.mend(link)


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
    supervisor.stop(patience=5)
    shutil.rmtree(made.home)
    shutil.rmtree(folder, ignore_errors=True)


def start(supervisor: Supervisor, postgres: Postgres) -> None:
    supervisor.start(postgres.spec)
    while not postgres.answers():
        time.sleep(0.01)


async def test_a_server_that_starts_again_is_found_again(postgres: tuple[Supervisor, Postgres]) -> None:
    supervisor, server = postgres
    async with opened(server.url(SUPERUSER, "postgres"), least=2, most=2) as pool:
        runtime = Runtime(pool, pool, RING, RING, RING)
        held = await runtime.first(pool, "begin")
        supervisor.stop([server.spec.name], patience=5)
        for _ in range(3):
            with pytest.raises(Refusal) as refused:
                await runtime.first(pool, "begin")
            assert (refused.value.code, refused.value.status) == ("UNAVAILABLE", 503)
        pool.release(held)
        assert pool.size == 0
        start(supervisor, server)
        first, second = await runtime.first(pool, "begin"), await runtime.first(pool, "begin")
        assert [await link.fetchval("select 1") for link in (first, second)] == [1, 1]
        await asyncio.wait([pool.mend(first), pool.mend(second)])
        assert pool.size == 2


async def test_old_ones_are_closed_but_for_the_least(backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "IDLE_S", 0.02)
    async with opened(backends.database_url, least=1, most=3) as pool:
        links = [await pool.acquire(LONG) for _ in range(3)]
        for link in links:
            pool.release(link)
        while pool.size > 1:  # noqa: ASYNC110 - a timer is the matter
            await asyncio.sleep(0.01)
        assert [link.is_closed() for link in links] == [True, True, False]
        assert await pool.acquire(LONG) is links[2]
        pool.release(links[2])


async def test_closing_waits_for_what_is_lent(backends: Backends) -> None:
    pool = await open_pool(backends.database_url, least=0, most=2)
    lent, idle = await pool.acquire(LONG), await pool.acquire(LONG)
    (waiter,) = await waiting(pool, 1)
    pool.release(idle)
    assert await waiter is idle
    (waiter,) = await waiting(pool, 1)
    closing = asyncio.create_task(pool.close())
    with pytest.raises(asyncpg.InterfaceError):
        await waiter
    with pytest.raises(asyncpg.InterfaceError):
        await pool.acquire(LONG)
    pool.release(idle)
    while not idle.is_closed():  # noqa: ASYNC110 - the end of a connection has no event
        await asyncio.sleep(0.001)
    assert await lent.fetchval("select 1") == 1
    assert not closing.done()
    pool.release(lent)
    await closing
    assert (pool.size, lent.is_closed()) == (0, True)


async def test_a_database_that_is_away_opens_no_pool() -> None:
    with pytest.raises(OSError, match="Connect call failed"):
        await open_pool(f"postgresql://x:x@127.0.0.1:{free_port()}/x", least=1, most=2)
