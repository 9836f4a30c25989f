"""Transactions that were cancelled after their opening was sent and before an answer: nothing of them is kept."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from resolvers.database.connection import PooledConnection
from resolvers.database.runtime import Runtime
from resolvers.database.sql import Sql
from resolvers.database.transaction_settings import BEGIN_WRITE, KEYED
from tests.support.pool import count_as, names, of, single

__all__ = ["single"]

INSERT = Sql("insert into counters (org_id, name, next) values ($1, $2, 1)", ("org_id", "name"), {})


async def connection_of(runtime: Runtime) -> PooledConnection:
    """The only connection of a pool."""
    connection = await runtime.pool.acquire(1)
    runtime.pool.release(connection, pending_commit=connection.pending_commit)
    return connection


async def insert(runtime: Runtime, org: UUID, name: str, *, dry_run: bool = False) -> None:
    """Insert a row in a transaction of its own, rolled back in a dry run."""
    ctx = of(runtime, org)
    ctx.dry_run = dry_run
    async with ctx.transaction():
        await ctx.run(INSERT, [org, name])


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("prepared", [True, False])
@pytest.mark.parametrize("after_a_snapshot", [True, False])
async def test_the_next_commit_keeps_nothing_of_it(
    single: Runtime, *, prepared: bool, after_a_snapshot: bool, dry_run: bool
) -> None:
    org, kept = uuid4(), ["mine"]
    await count_as(single, org, "mine")
    if prepared:
        await insert(single, org, "before")
        kept = ["before", "mine"]
    connection = await connection_of(single)
    if after_a_snapshot:
        assert await names(single, org) == kept
        assert connection.pending_commit
    work = asyncio.ensure_future(insert(single, org, "lost", dry_run=dry_run))
    # It runs up to what it waits for: its messages are sent, and none is read before the loop's next turn.
    await asyncio.sleep(0)
    assert connection.owner == org
    assert connection.opening is None
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await count_as(single, org, "next")
    assert await names(single, org) == [*kept, "next"]
    assert (single.pool.size, single.pool.held(org)) == (1, 0)


async def test_an_argument_that_is_not_sent_settles_nothing(single: Runtime) -> None:
    org = uuid4()
    await count_as(single, org, "mine")
    connection = await single.begin(BEGIN_WRITE, org, KEYED)
    work = asyncio.ensure_future(connection.rows(INSERT.text, [org, "lost"]))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert connection.unsettled
    with pytest.raises(asyncpg.DataError):
        await connection.rows(INSERT.text, ["no UUID", "lost"])
    assert connection.unsettled
    single.pool.release(connection)
    await count_as(single, org, "next")
    assert await names(single, org) == ["mine", "next"]
