"""The pool: who gets a connection, when, and what becomes of the idle ones."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from resolvers.database import pool as pools
from resolvers.database.connection import PooledConnection, connect
from resolvers.database.pool import Pool
from resolvers.database.pools import open_pool
from resolvers.database.runtime import Runtime
from server.dev.embedded import free_port
from tests.support.pool import LONG, PID, of, opened
from tests.support.servers import Backends


async def waiting(pool: Pool, count: int) -> list[asyncio.Task[PooledConnection]]:
    """Tasks that wait for a connection, in the order in which they asked."""
    tasks = [asyncio.create_task(pool.acquire(LONG)) for _ in range(count)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)
    return tasks


async def test_the_last_that_came_back_is_lent_first_and_more_are_made_when_needed(backends: Backends) -> None:
    async with opened(backends.database_url, min_size=1, max_size=3) as pool:
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

    async def connect_at_last() -> PooledConnection:
        if fails.pop(0):
            raise ConnectionRefusedError
        return await connect(backends.database_url)

    pool = Pool(connect_at_last, 0, 1)
    asked = [asyncio.create_task(pool.acquire(LONG)) for _ in range(3)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in done] == [ConnectionRefusedError, ConnectionRefusedError, PooledConnection]
    assert isinstance(done[2], PooledConnection)
    pool.release(done[2])
    await pool.close()
    assert pool.size == 0


async def test_old_ones_are_closed_but_for_the_least(backends: Backends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "IDLE_S", 0.02)
    async with opened(backends.database_url, min_size=1, max_size=3) as pool:
        links = [await pool.acquire(LONG) for _ in range(3)]
        for link in links:
            pool.release(link)
        while pool.size > 1:  # noqa: ASYNC110 - a timer is the matter
            await asyncio.sleep(0.01)
        assert [link.is_closed() for link in links] == [True, True, False]
        assert await pool.acquire(LONG) is links[2]
        pool.release(links[2])


async def test_closing_waits_for_what_is_lent(backends: Backends) -> None:
    pool = await open_pool(backends.database_url, min_size=0, max_size=2)
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
        await open_pool(f"postgresql://x:x@127.0.0.1:{free_port()}/x", min_size=1, max_size=2)


async def until_released(pool: Pool, held: dict[str, list[PooledConnection]], owner: str) -> None:
    """One of an owner's connections comes back."""
    pool.release(held[owner].pop())
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_an_owner_alone_has_all_and_half_while_another_waits(backends: Backends) -> None:
    async with opened(backends.database_url, max_size=4) as pool:
        held: dict[str, list[PooledConnection]] = {"a": [], "b": []}

        async def take(owner: str) -> None:
            held[owner].append(await pool.acquire(LONG, owner))

        for _ in range(4):
            await take("a")
        assert pool.held("a") == 4
        tasks = [asyncio.create_task(take(owner)) for owner in "aaabbb"]
        await asyncio.sleep(0)
        # The first of "a" have waited for longer, and yet "b" comes first until each has half.
        found = []
        for _ in range(3):
            await until_released(pool, held, "a")
            found.append((pool.held("a"), pool.held("b")))
        assert found == [(3, 1), (2, 2), (2, 2)]
        # What "b" gives back goes to the first who waits, since both have half.
        await until_released(pool, held, "b")
        assert (pool.held("a"), pool.held("b")) == (2, 2)
        while not all(task.done() for task in tasks):
            await until_released(pool, held, "b" if held["b"] else "a")
        for link in held["a"] + held["b"]:
            pool.release(link)
        assert (pool.held("a"), pool.held("b"), pool.size) == (0, 0, 4)


async def test_a_share_is_given_back_whatever_becomes_of_its_connection(backends: Backends) -> None:
    async with opened(backends.database_url, max_size=1) as pool:
        link = await pool.acquire(LONG, "a")
        with pytest.raises(TimeoutError):
            await pool.acquire(0.01, "b")
        cancelled = asyncio.create_task(pool.acquire(LONG, "b"))
        await asyncio.sleep(0)
        link.terminate()
        pool.release(link)
        # It has the right to make another one, and does not know yet.
        cancelled.cancel()
        await asyncio.wait([cancelled])
        assert (pool.held("a"), pool.held("b"), pool.size) == (0, 0, 0)
        link = await pool.acquire(LONG, "c")
        await link.execute("begin")
        resetting = pool.reset(link)
        assert pool.held("c") == 1
        await resetting
        assert pool.held("c") == 0


async def test_a_connection_that_cannot_be_made_is_of_nobody_s_share() -> None:
    async def connect() -> PooledConnection:
        raise ConnectionRefusedError

    pool = Pool(connect, 0, 2)
    with pytest.raises(ConnectionRefusedError):
        await pool.acquire(LONG, "a")
    assert (pool.held("a"), pool.size) == (0, 0)
    await pool.close()


async def test_operations_are_of_their_organization_s_share(single: Runtime) -> None:
    ctx = of(single, uuid4())
    async with ctx.snapshot():
        assert single.pool.held(ctx.org_id) == 1
    assert single.pool.held(ctx.org_id) == 0
    async with ctx.transaction():
        assert single.pool.held(ctx.org_id) == 1
    assert single.pool.held(ctx.org_id) == 0
    async with single.connection():
        assert single.pool._shares._held == {}


async def test_what_may_take_long_leaves_half_to_others_even_when_nobody_waits(backends: Backends) -> None:
    async with opened(backends.database_url, max_size=4) as pool:
        capped = [await pool.acquire(LONG, "a", capped=True) for _ in range(2)]
        with pytest.raises(TimeoutError):
            await pool.acquire(0.01, "a", capped=True)
        waiter = asyncio.create_task(pool.acquire(LONG, "a", capped=True))
        await asyncio.sleep(0)
        # Others have what is left, also another operation of the same organization.
        others = [await pool.acquire(LONG, owner) for owner in ("b", "a")]
        assert (pool.held("a"), pool.held("b")) == (3, 1)
        pool.release(others.pop())
        await asyncio.sleep(0)
        assert not waiter.done()
        pool.release(capped.pop())
        capped.append(await waiter)
        assert pool.held("a") == 2
        for link in capped + others:
            pool.release(link)
    async with opened(backends.database_url, max_size=1) as pool:
        pool.release(await pool.acquire(LONG, "a", capped=True))
