"""The end of a snapshot travels with the connection's next statement: nothing is seen, kept or left open by it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import psycopg
import pytest

from resolvers import pool as pools
from resolvers.context import Context
from resolvers.errors import Refusal
from resolvers.jobs import context_of
from resolvers.pool import open_pool
from resolvers.runtime import Runtime
from resolvers.sql import Sql
from tests.jobs_support import RING, rows
from tests.servers import Backends

NAMES = Sql("select name from counters order by name", (), {})
OPEN = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'"


def said(text: str) -> Sql:
    """A statement without parameters."""
    return Sql(text, (), {})


@pytest.fixture
async def single(own_backends: Backends) -> AsyncIterator[Runtime]:
    """A runtime whose pool has one connection, and a side pool that never rides."""
    pool = await open_pool(own_backends.database_url, least=1, most=1)
    side = await open_pool(own_backends.database_url, least=1, most=1)
    yield Runtime(pool, side, RING, RING, RING)
    await pool.close()
    await side.close()


async def count_as(runtime: Runtime, org: UUID, name: str) -> None:
    """A row of an organization."""
    await rows(runtime, org, "insert into counters (org_id, name, next) values ($1, $2, 1)", org, name)


def of(runtime: Runtime, org: UUID) -> Context:
    """A new operation of an organization."""
    return context_of(runtime, org, uuid4())


async def names(runtime: Runtime, org: UUID) -> list[str]:
    """What an organization's snapshot sees when the statement itself names none."""
    ctx = of(runtime, org)
    async with ctx.snapshot():
        return [row["name"] for row in await ctx.fetch(NAMES)]


async def state(runtime: Runtime) -> dict[str, Any]:
    """How many transactions of this database are open and idle."""
    async with runtime.connection(runtime.side) as connection:
        return {"open": await connection.fetchval(OPEN)}


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
    assert await state(single) == {"open": 0}
    assert await names(single, org) == ["kept"]


async def test_a_failed_statement_does_not_outlive_its_snapshot(single: Runtime) -> None:
    org, other = uuid4(), uuid4()
    await count_as(single, org, "mine")
    ctx = of(single, other)
    async with ctx.snapshot():
        with pytest.raises(asyncpg.DivisionByZeroError):
            await ctx.fetch(said("select 1 / 0"))
    assert await names(single, org) == ["mine"]
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with ctx.snapshot():
            await ctx.fetch(said("select 1 / 0"))
    assert await names(single, org) == ["mine"]
    assert single.pool.size == 1


async def test_a_change_whose_statement_failed_in_silence_is_not_taken_for_kept(single: Runtime) -> None:
    ctx = of(single, uuid4())

    async def swallow() -> None:
        async with ctx.transaction():
            with pytest.raises(asyncpg.DivisionByZeroError):
                await ctx.fetch(said("select 1 / 0"))

    with pytest.raises(RuntimeError, match="rolled back"):
        await swallow()
    assert await names(single, ctx.org_id) == []


async def test_nothing_stays_open_when_nobody_comes(single: Runtime) -> None:
    assert await names(single, uuid4()) == []
    while (await state(single))["open"]:  # noqa: ASYNC110 - another server's state has no event
        await asyncio.sleep(0.001)
    async with single.connection() as connection:
        assert not connection.is_in_transaction()
    assert single.pool.size == 1


async def test_a_snapshot_that_ends_dead_costs_the_next_one_nothing(own_backends: Backends, single: Runtime) -> None:
    org = uuid4()
    await count_as(single, org, "mine")
    ctx = of(single, org)
    async with ctx.snapshot():
        pid = (await ctx.fetch(said("select pg_backend_pid() as pid")))[0]["pid"]
    # The loop stands still meanwhile, so the pool cannot know.
    with psycopg.connect(own_backends.database_url, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", [pid])
    assert await names(single, org) == ["mine"]
    ctx = of(single, org)
    with pytest.raises(Refusal) as refused:
        async with ctx.snapshot():
            await ctx.fetch(said("select pg_terminate_backend(pg_backend_pid())"))
    assert refused.value.code == "UNAVAILABLE"
    assert await names(single, org) == ["mine"]
    assert single.pool.size == 1


async def test_a_commit_whose_connection_dies_is_of_unknown_outcome(own_backends: Backends, single: Runtime) -> None:
    ctx = of(single, uuid4())

    async def change() -> None:
        async with ctx.transaction():
            pid = (await ctx.fetch(said("select pg_backend_pid() as pid")))[0]["pid"]
            with psycopg.connect(own_backends.database_url, autocommit=True) as other:
                other.execute("select pg_terminate_backend(%s, 5000)", [pid])

    with pytest.raises(Refusal) as refused:
        await change()
    assert (refused.value.code, refused.value.status) == ("OUTCOME_UNKNOWN", 503)
    assert await names(single, ctx.org_id) == []


async def test_a_cancelled_query_gives_its_connection_back_clean(single: Runtime) -> None:
    org = uuid4()
    await count_as(single, org, "mine")
    ctx = of(single, uuid4())
    started = asyncio.Event()

    async def ask() -> None:
        async with ctx.snapshot():
            started.set()
            await ctx.fetch(said("select pg_sleep(60)"))

    asked = asyncio.create_task(ask())
    await started.wait()
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await names(single, org) == ["mine"]
    assert single.pool.size == 1


async def test_a_statement_that_waited_for_its_turn_never_runs_on_anothers_connection(single: Runtime) -> None:
    mine, other = uuid4(), uuid4()
    ctx = of(single, mine)
    late: list[asyncio.Task[list[Any]]] = []

    async def fail() -> None:
        async with ctx.snapshot():
            late.extend(asyncio.create_task(ctx.fetch(said("select pg_sleep(0.01)"))) for _ in range(2))
            await asyncio.sleep(0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await names(single, other) == []
    first, second = await asyncio.gather(*late, return_exceptions=True)
    assert isinstance(first, asyncpg.PostgresError | asyncpg.InterfaceError)
    assert isinstance(second, AssertionError)
    assert ctx.statements == 1


async def test_a_table_that_changed_costs_one_answer_of_each_connection(
    own_backends: Backends, single: Runtime
) -> None:
    everything = said("select * from counters")
    ctx = of(single, uuid4())
    await count_as(single, ctx.org_id, "mine")

    async def look() -> list[dict[str, Any]]:
        async with ctx.snapshot():
            return [dict(row) for row in await ctx.fetch(everything)]

    before = await look()
    assert before == await look()
    owner = await asyncpg.connect(own_backends.migration_database_url)
    # It waits for the snapshot that is still open, which nobody but the pool ends.
    await owner.execute("alter table counters add column spare text")
    await owner.close()
    with pytest.raises(asyncpg.InvalidCachedStatementError):
        await look()
    assert await look() == [before[0] | {"spare": None}]
    assert single.pool.size == 1


async def test_snapshots_without_a_gap_give_a_poolers_connection_up(
    single: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = uuid4()
    assert await names(single, org) == []
    link = await single.pool.acquire(1)
    assert (link.riding, link.is_in_transaction()) == (True, True)
    single.pool.release(link, riding=True)
    monkeypatch.setattr(pools, "CHAIN_S", -1)
    assert await names(single, org) == []
    link = await single.pool.acquire(1)
    assert (link.riding, link.is_in_transaction()) == (False, False)
    single.pool.release(link)


async def test_closing_ends_what_is_open(own_backends: Backends) -> None:
    pool = await open_pool(own_backends.database_url, least=1, most=1)
    runtime = Runtime(pool, pool, RING, RING, RING)
    assert await names(runtime, uuid4()) == []
    await pool.close()
    watcher = await asyncpg.connect(own_backends.database_url)
    others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    while await watcher.fetchval(others):  # noqa: ASYNC110 - another server's state has no event
        await asyncio.sleep(0.001)
    await watcher.close()
