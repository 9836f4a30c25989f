"""A transaction begins in the round trip of its first statement: what that saves, and what it must not change."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from resolvers.database.connection import PooledConnection
from resolvers.database.runtime import Runtime
from resolvers.database.sql import Sql
from resolvers.errors import Refusal
from tests.support.pool import NAMES, PID, count_as, names, of, said, single, terminate
from tests.support.servers import Backends

__all__ = ["single"]
INSERT = Sql("insert into counters (org_id, name, next) values ($1, $2, 1)", ("org_id", "name"), {})
TEXT = Sql("select $1::text as text", ("text",), {})
NUMBER = Sql("select $1::int4 as number", ("number",), {})
MANY = Sql("select * from generate_series(1, $1::int4) as number", ("number",), {})
SETTINGS = ("app.org_id", "statement_timeout", "transaction_isolation", "plan_cache_mode")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is sent by itself: each costs a round trip."""
    sent: list[str] = []
    execute = PooledConnection.execute

    async def noted(self: PooledConnection, query: str, *given: Any, **options: Any) -> str:
        sent.append(query)
        return await execute(self, query, *given, **options)

    monkeypatch.setattr(PooledConnection, "execute", noted)
    return sent


async def backend_of(runtime: Runtime) -> int:
    """The process of the pool's one connection."""
    ctx = of(runtime, uuid4())
    async with ctx.snapshot():
        return int((await ctx.fetch(said(PID)))[0]["pid"])


async def test_a_known_statement_begins_its_transaction(single: Runtime, alone: list[str]) -> None:
    org, other = uuid4(), uuid4()
    await names(single, org)
    ctx = of(single, org)
    async with ctx.transaction():
        await ctx.fetch(INSERT, name="before")
    alone.clear()
    # Each after an open snapshot, a new organization's as well.
    assert [await names(single, each) for each in (org, other, org)] == [["before"], [], ["before"]]
    ctx = of(single, org)
    async with ctx.transaction():
        await ctx.fetch(INSERT, name="then")
    assert await names(single, org) == ["before", "then"]
    # Of a write, and of snapshots after which nobody came in time.
    assert set(alone) == {"commit"}
    assert single.pool.size == 1


async def test_what_it_sets_holds_for_the_statement_that_it_comes_with(single: Runtime, alone: list[str]) -> None:
    seen: list[str] = []
    for _ in range(2):
        for name in SETTINGS:
            ctx = of(single, uuid4())
            async with ctx.snapshot():
                ((found,),) = await ctx.fetch(said(f"show {name}"))
            expected = {
                "app.org_id": str(ctx.org_id),
                "statement_timeout": "5s",
                "plan_cache_mode": "force_generic_plan",
            }
            assert found == expected.get(name, "repeatable read")
        # In the second round each statement is prepared; the pool itself commits what nobody else does.
        seen = [query for query in alone if query != "commit"]
        alone.clear()
    assert seen == []
    async with single.connection() as connection:
        assert await connection.fetchval("show app.org_id") == ""


async def test_an_operation_without_a_statement_sends_nothing(single: Runtime, alone: list[str]) -> None:
    assert await names(single, uuid4()) == []
    alone.clear()
    async with of(single, uuid4()).snapshot():
        pass
    ctx = of(single, uuid4())
    async with ctx.transaction():
        pass
    assert (set(alone) - {"commit"}, ctx.committed, single.pool.idle) == (set(), False, 1)
    assert await names(single, uuid4()) == []


async def test_a_statement_that_fails_in_its_first_round_trip_leaves_nothing(single: Runtime) -> None:
    org = uuid4()
    await count_as(single, org, "one")
    for _ in range(2):
        ctx = of(single, org)
        with pytest.raises(asyncpg.UniqueViolationError):
            async with ctx.transaction():
                await ctx.fetch(INSERT, name="one")
        assert await names(single, org) == ["one"]
    assert (single.pool.size, single.pool.idle) == (1, 1)


@pytest.mark.parametrize("writes", [False, True])
async def test_a_connection_that_died_idle_is_replaced_by_a_new_one(
    own_backends: Backends, single: Runtime, *, writes: bool
) -> None:
    org = uuid4()
    for _ in range(2):  # the second time all is prepared
        await count_as(single, org, str(uuid4()))
        pid = await backend_of(single)
        terminate(own_backends.database_url, pid)
        ctx = of(single, org)
        if writes:
            async with ctx.transaction():
                await ctx.fetch(INSERT, name=str(uuid4()))
        assert len(await names(single, org)) > 0
        assert (single.pool.size, single.pool.idle) == (1, 1)
        assert await backend_of(single) != pid


async def test_a_statement_runs_once_where_its_connection_dies_later(own_backends: Backends, single: Runtime) -> None:
    org = uuid4()
    ctx = of(single, org)

    async def die_between() -> None:
        async with ctx.transaction():
            await ctx.fetch(INSERT, name="lost")
            terminate(own_backends.database_url, (await ctx.fetch(said(PID)))[0]["pid"])
            await ctx.fetch(INSERT, name="after")

    with pytest.raises(Refusal) as refused:
        await die_between()
    assert (refused.value.code, refused.value.status) == ("UNAVAILABLE", 503)
    assert await names(single, org) == []
    assert single.pool.size == 1


async def test_a_database_that_is_away_refuses_each_statement_and_keeps_the_pool(
    own_backends: Backends, single: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminate(own_backends.database_url, await backend_of(single))

    async def refuse() -> PooledConnection:
        raise ConnectionRefusedError

    with monkeypatch.context() as patched:
        patched.setattr(single.pool, "_connect", refuse)
        ctx = of(single, uuid4())
        codes = []
        async with ctx.snapshot():
            for _ in range(2):
                with pytest.raises(Refusal) as refused:
                    await ctx.fetch(NAMES)
                codes.append((refused.value.code, refused.value.status))
    assert codes == [("UNAVAILABLE", 503)] * 2
    assert (single.pool.size, single.pool.held(ctx.org_id)) == (0, 0)
    assert await names(single, uuid4()) == []


async def test_an_argument_that_cannot_be_sent_takes_its_connection_alone(single: Runtime) -> None:
    ctx = of(single, uuid4())
    async with ctx.snapshot():
        assert (await ctx.fetch(NUMBER, number=1))[0]["number"] == 1
    ctx = of(single, uuid4())
    with pytest.raises(asyncpg.DataError, match="many"):
        async with ctx.snapshot():
            await ctx.fetch(NUMBER, number="many")
    ctx = of(single, uuid4())
    async with ctx.snapshot():
        assert (await ctx.fetch(TEXT, text="whole"))[0]["text"] == "whole"
    assert single.pool.size == 1


async def test_rows_say_whether_they_are_all(single: Runtime) -> None:
    for _ in range(2):  # before and after the statement is prepared
        for limit, number, ended in ((3, 2, True), (3, 3, False), (3, 5, False), (0, 5, True)):
            connection = await single.begin("begin", uuid4())
            found, all_ = await connection.rows(MANY.text, [number], limit)
            assert (len(found), all_) == (min(number, limit or number), ended)
            if not ended:
                rest, all_ = await connection.more(limit)
                assert (len(rest), all_) == (number - limit, True)
            await single.pool.reset(connection)
