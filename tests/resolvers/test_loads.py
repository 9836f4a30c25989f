"""The loads of a level: their first statements share a round trip, and each has the outcome that it has by itself."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from resolvers.context import Context
from resolvers.database.connection import PooledConnection
from resolvers.database.loaded import MAX_BYTES, Loaded
from resolvers.database.runtime import Runtime
from resolvers.database.sql import Sql, Width
from resolvers.errors import Refusal
from resolvers.loads import begin_loads
from tests.support.pool import LONG, PID, count_as, names, of, said, single, terminate
from tests.support.servers import Backends

__all__ = ["single"]
NUMBERS = Sql("select * from generate_series(1, $1::int4) as number", ("number",), {})
NAMES = said("select name from counters order by name")
DIVIDED = Sql("select 1 / $1::int4 as divided", ("by",), {})
SLEPT = Sql("select 'slept' as slept from pg_sleep($1)", ("seconds",), {})
ASKED = [(NUMBERS, {"number": 2}), (NAMES, {}), (NUMBERS, {"number": 3})]
Asked = list[tuple[Sql, dict[str, Any]]]


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements went in each round trip."""
    sent: list[int] = []
    rows, together = PooledConnection.rows, PooledConnection.together

    async def alone(self: PooledConnection, *given: Any) -> Any:
        sent.append(1)
        return await rows(self, *given)

    async def several(self: PooledConnection, asked: Any) -> Any:
        found = await together(self, asked)
        if any(each is not None for each in found):
            sent.append(len(asked))
        return found

    monkeypatch.setattr(PooledConnection, "rows", alone)
    monkeypatch.setattr(PooledConnection, "together", several)
    return sent


async def load(ctx: Context, sql: Sql, values: dict[str, Any]) -> Any:
    """What a statement gives, or what it raises."""
    try:
        return [tuple(row) for row in await ctx.fetch(sql, **values)]
    except (Refusal, asyncpg.PostgresError) as error:
        return error


async def loaded(ctx: Context, asked: Asked) -> list[Any]:
    """What loads that begin together give."""
    return [await each for each in await begin_loads(ctx, [load(ctx, sql, values) for sql, values in asked])]


async def once(runtime: Runtime, asked: Asked, org: Any = None) -> tuple[list[Any], int]:
    """What loads give in a snapshot, and how many statements they took."""
    ctx = of(runtime, org or uuid4())
    async with ctx.snapshot():
        found = await loaded(ctx, asked)
    return found, ctx.statements


async def test_known_statements_share_a_round_trip(single: Runtime, trips: list[int]) -> None:
    org, other = uuid4(), uuid4()
    await count_as(single, org, "mine")
    trips.clear()
    expected = [[(1,), (2,)], [("mine",)], [(1,), (2,), (3,)]]
    assert await once(single, ASKED, org) == (expected, 3)
    assert trips == [1, 1, 1], "they were not prepared yet"
    trips.clear()
    assert await once(single, ASKED, org) == (expected, 3)
    assert await once(single, ASKED, other) == ([expected[0], [], expected[2]], 3)
    assert trips == [3, 3]


async def test_a_load_that_waits_for_something_else_ends_before_others_are_sent(
    single: Runtime, trips: list[int]
) -> None:
    await once(single, ASKED)
    trips.clear()
    ctx = of(single, uuid4())
    order: list[str] = []

    async def twice(name: str, number: int) -> int:
        order.append(name)
        first = await ctx.fetch(NUMBERS, number=number)
        order.append(f"{name} goes on")
        return len(first) + len(await ctx.fetch(NUMBERS, number=number + 10))

    async def none() -> str:
        return "none"

    async def waits() -> str:
        await asyncio.sleep(0.001)
        return f"waited, then {len(await ctx.fetch(NUMBERS, number=1))}"

    async with ctx.snapshot():
        begun = await begin_loads(ctx, [twice("a", 1), none(), waits(), twice("b", 2)])
        assert (order, trips) == (["a", "b"], [1, 2])
        assert [await each for each in begun] == [12, "none", "waited, then 1", 14]
    assert order == ["a", "b", "a goes on", "b goes on"]
    assert trips == [1, 2, 1, 1]


async def test_one_statement_for_loads_that_ask_the_same(single: Runtime) -> None:
    same: Asked = [(NUMBERS, {"number": 2}), (NAMES, {}), (NUMBERS, {"number": 2})]
    statements = 0
    for _ in range(2):
        found, statements = await once(single, same)
        assert (found, found[0] is found[2]) == ([[(1,), (2,)], [], [(1,), (2,)]], False)
    assert statements == 2


async def test_after_one_that_fails_each_is_refused_as_it_is_by_itself(single: Runtime) -> None:
    asked: Asked = [(NUMBERS, {"number": 1}), (DIVIDED, {"by": 0}), (NUMBERS, {"number": 2}), (NAMES, {})]
    for prepared in (False, True):
        if prepared:
            await once(single, [(DIVIDED, {"by": 1}), *asked[2:]])
        found, _ = await once(single, asked)
        assert found[0] == [(1,)]
        assert isinstance(found[1], asyncpg.DivisionByZeroError)
        assert [type(each) for each in found[2:]] == [asyncpg.InFailedSQLTransactionError] * 2
    assert await names(single, uuid4()) == []


async def test_one_that_takes_too_long_is_refused_with_those_after_it(single: Runtime) -> None:
    await once(single, [(SLEPT, {"seconds": 0}), *ASKED])
    single.statement_timeout_ms = 300
    ctx = of(single, uuid4())
    ctx.narrowable = True
    async with ctx.snapshot():
        found = await loaded(ctx, [ASKED[0], (SLEPT, {"seconds": LONG}), ASKED[2]])
    assert found[0] == [(1,), (2,)]
    assert [each.code for each in found[1:]] == ["QUERY_TOO_SLOW"] * 2


async def test_a_connection_that_died_idle_is_replaced(own_backends: Backends, single: Runtime) -> None:
    asked: Asked = [*ASKED, (said(PID), {})]
    for _ in range(2):
        found, _ = await once(single, asked)
        terminate(own_backends.database_url, found[3][0][0])
        again, statements = await once(single, asked)
        assert (again[:3], statements) == (found[:3], 4)
        assert again[3] != found[3]
        assert single.pool.size == 1


async def test_a_database_that_is_away_refuses_each(
    own_backends: Backends, single: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Asked = [*ASKED, (said(PID), {})]
    await once(single, asked)
    found, _ = await once(single, asked)
    terminate(own_backends.database_url, found[3][0][0])

    async def refuse() -> PooledConnection:
        raise ConnectionRefusedError

    ctx = of(single, uuid4())
    with monkeypatch.context() as patched:
        patched.setattr(single.pool, "_connect", refuse)
        async with ctx.snapshot():
            refused = await loaded(ctx, asked)
    assert [(each.code, each.status) for each in refused] == [("UNAVAILABLE", 503)] * 4
    assert (single.pool.size, single.pool.held(ctx.org_id)) == (0, 0)
    assert await names(single, uuid4()) == []


async def test_an_operation_that_is_cancelled_ends_all_its_loads(single: Runtime) -> None:
    await once(single, [(SLEPT, {"seconds": 0}), *ASKED])
    ended: list[int] = []

    async def noting(ctx: Context, place: int, sql: Sql, values: dict[str, Any]) -> Any:
        try:
            return await ctx.fetch(sql, **values)
        finally:
            ended.append(place)

    async def work() -> None:
        ctx = of(single, uuid4())
        asked: Asked = [ASKED[0], (SLEPT, {"seconds": LONG}), ASKED[2]]
        async with ctx.snapshot():
            await begin_loads(ctx, [noting(ctx, place, *each) for place, each in enumerate(asked)])

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [0, 1, 2]
    assert await names(single, uuid4()) == []
    assert single.pool.size == 1


async def test_what_a_load_waits_for_is_cancelled_with_it(single: Runtime) -> None:
    ctx = of(single, uuid4())
    seen: list[str] = []

    async def waits() -> str:
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            seen.append("cancelled")
            await asyncio.sleep(0)
            seen.append("cleared")
            raise
        return "never"

    async def work() -> None:
        async with ctx.snapshot():
            begun = await begin_loads(ctx, [waits(), load(ctx, NAMES, {})])
            await begun[0]

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled", "cleared"]


async def test_wide_rows_are_loaded_by_themselves(single: Runtime, trips: list[int]) -> None:
    wide = Sql(NUMBERS.text, NUMBERS.names, {}, (Width(MAX_BYTES // 300),), MAX_BYTES // 300)
    page = Sql(NUMBERS.text, NUMBERS.names, {}, wide.widths, wide.widest, most=10)
    await once(single, ASKED)
    for sql, expected in ((wide, [2, 1, 1]), (page, [4])):
        trips.clear()
        ctx = of(single, uuid4())
        ctx.loaded = Loaded()
        async with ctx.snapshot():
            found = await loaded(ctx, [*ASKED[:2], (sql, {"number": 4}), (sql, {"number": 5})])
        assert [len(each) for each in found] == [2, 0, 4, 5]
        assert trips == expected
        assert ctx.loaded.bound == 9 * wide.widest


async def test_an_operation_that_has_loaded_too_much_is_refused(single: Runtime) -> None:
    wide = Sql(NUMBERS.text, NUMBERS.names, {}, (Width(MAX_BYTES // 300),), MAX_BYTES // 300, most=10)
    await once(single, ASKED)
    ctx = of(single, uuid4())
    ctx.loaded = Loaded()
    ctx.loaded.bound = MAX_BYTES + 1
    async with ctx.snapshot():
        found = await loaded(ctx, [(wide, {"number": 1}), (wide, {"number": 2})])
    assert [each.code for each in found] == ["TOO_COMPLEX"] * 2
