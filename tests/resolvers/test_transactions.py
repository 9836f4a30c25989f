"""Transactions that fail, die or are left: the error, and that the connection's next user finds nothing of it."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from resolvers.database.connection import PooledConnection
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from tests.support.pool import PID, count_as, names, of, said, terminate
from tests.support.servers import Backends


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


async def test_a_snapshot_that_ends_dead_costs_the_next_one_nothing(own_backends: Backends, single: Runtime) -> None:
    org = uuid4()
    await count_as(single, org, "mine")
    ctx = of(single, org)
    async with ctx.snapshot():
        pid = (await ctx.fetch(said(PID)))[0]["pid"]
    terminate(own_backends.database_url, pid)
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
            pid = (await ctx.fetch(said(PID)))[0]["pid"]
            terminate(own_backends.database_url, pid)

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
    assert isinstance(first, Refusal | asyncpg.PostgresError | asyncpg.InterfaceError)
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
    with pytest.raises(Refusal) as refused:
        await look()
    assert refused.value.code == "UNAVAILABLE"
    assert isinstance(refused.value.__cause__, asyncpg.InvalidCachedStatementError)
    assert await look() == [before[0] | {"spare": None}]
    assert single.pool.size == 1


async def test_a_connection_on_which_a_statement_cannot_be_prepared_any_more_is_not_used_again(
    single: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PgBouncer's has it from before the table changed: to prepare it again fails too."""
    prepare, failures = PooledConnection._get_statement, [asyncpg.InvalidCachedStatementError("It has changed.")]

    async def outdated(connection: PooledConnection, sql: str, *given: Any, **more: Any) -> Any:
        if failures and sql == PID:
            raise failures.pop()
        return await prepare(connection, sql, *given, **more)

    monkeypatch.setattr(PooledConnection, "_get_statement", outdated)
    ctx = of(single, uuid4())

    async def look(sql: str) -> int:
        async with ctx.snapshot():
            found: int = (await ctx.fetch(said(sql)))[0]["pid"]
        return found

    before = await look(f"{PID} -- now")
    with pytest.raises(Refusal) as refused:
        await look(PID)
    assert refused.value.code == "UNAVAILABLE"
    assert await look(PID) != before
    assert single.pool.size == 1
