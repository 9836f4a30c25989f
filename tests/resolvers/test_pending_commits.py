"""The end of a snapshot travels with the connection's next statement: nothing is seen, kept or left open by it."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from resolvers.database import pool as pools
from resolvers.database.pools import open_pool
from resolvers.database.runtime import Runtime
from resolvers.database.sql import Sql
from tests.support.jobs import RING
from tests.support.pool import NAMES, count_as, names, of, said
from tests.support.servers import Backends

OPEN = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'"


async def left_open(runtime: Runtime) -> int:
    """How many transactions of this database are open and idle."""
    async with runtime.connection(runtime.side) as connection:
        found: int = await connection.fetchval(OPEN)
    return found


async def test_two_organizations_by_turns_on_one_connection(single: Runtime) -> None:
    one, two = uuid4(), uuid4()
    await count_as(single, one, "one")
    await count_as(single, two, "two")
    for _ in range(3):
        assert await names(single, one) == ["one"]
        assert await names(single, two) == ["two"]
    assert single.pool.size == 1
    async with single.connection() as connection:
        assert not connection.is_in_transaction()
        assert await connection.fetch("select name from counters") == []


async def test_a_snapshot_is_read_only_repeatable_and_has_its_deadline(single: Runtime) -> None:
    single.statement_timeout_ms = 1234
    for _ in range(2):
        ctx = of(single, uuid4())
        async with ctx.snapshot():
            shown = [
                (await ctx.fetch(said(f"show {name}")))[0][0]
                for name in ("transaction_isolation", "transaction_read_only", "statement_timeout", "app.org_id")
            ]
        assert shown == ["repeatable read", "on", "1234ms", str(ctx.org_id)]
        assert ctx.statements == 4
    ctx = of(single, uuid4())
    async with ctx.transaction():
        shown = [
            (await ctx.fetch(said(f"show {name}")))[0][0]
            for name in ("transaction_isolation", "transaction_read_only", "statement_timeout", "app.org_id")
        ]
    assert shown == ["read committed", "off", "1234ms", str(ctx.org_id)]
    async with single.connection() as connection:
        assert await connection.fetchval("show statement_timeout") == "0"
        assert await connection.fetchval("show app.org_id") == ""


async def test_a_snapshot_sees_all_that_was_kept_before_it_and_nothing_after(single: Runtime) -> None:
    org = uuid4()
    assert await names(single, org) == []
    await count_as(single, org, "a")
    assert await names(single, org) == ["a"]
    ctx = of(single, org)
    async with ctx.snapshot():
        await ctx.fetch(NAMES)  # it begins with its first statement
        await count_as(single, org, "b")
        assert [row["name"] for row in await ctx.fetch(NAMES)] == ["a"]
    assert await names(single, org) == ["a", "b"]


async def test_a_change_after_a_snapshot_is_kept_and_one_that_fails_is_not(single: Runtime) -> None:
    org = uuid4()
    insert = Sql("insert into counters (org_id, name, next) values ($1, $2, 1)", ("org_id", "name"), {})
    assert await names(single, org) == []
    ctx = of(single, org)
    async with ctx.transaction():
        await ctx.fetch(insert, name="kept")
    assert await names(single, org) == ["kept"]

    async def fail() -> None:
        async with ctx.transaction():
            await ctx.fetch(insert, name="lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    # Rolled back when the error arrives, not some time after.
    assert await left_open(single) == 0
    assert await names(single, org) == ["kept"]


async def test_nothing_stays_open_when_nobody_comes(single: Runtime) -> None:
    assert await names(single, uuid4()) == []
    while await left_open(single):  # noqa: ASYNC110 - another server's state has no event
        await asyncio.sleep(0.001)
    async with single.connection() as connection:
        assert not connection.is_in_transaction()
    assert single.pool.size == 1


async def test_snapshots_without_a_gap_give_a_poolers_connection_up(
    single: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = uuid4()
    assert await names(single, org) == []
    link = await single.pool.acquire(1)
    assert (link.pending_commit, link.is_in_transaction()) == (True, True)
    single.pool.release(link, pending_commit=True)
    monkeypatch.setattr(pools, "MAX_CHAIN_S", -1)
    assert await names(single, org) == []
    link = await single.pool.acquire(1)
    assert (link.pending_commit, link.is_in_transaction()) == (False, False)
    single.pool.release(link)


async def test_closing_ends_what_is_open(own_backends: Backends) -> None:
    pool = await open_pool(own_backends.database_url, min_size=1, max_size=1)
    runtime = Runtime(pool, pool, RING, RING, RING)
    assert await names(runtime, uuid4()) == []
    await pool.close()
    watcher = await asyncpg.connect(own_backends.database_url)
    others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    while await watcher.fetchval(others):  # noqa: ASYNC110 - another server's state has no event
        await asyncio.sleep(0.001)
    await watcher.close()
