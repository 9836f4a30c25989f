"""Pipelines that fail, die or are cancelled: which statements have their rows, and what becomes of the connection."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from resolvers.database.connection import PooledConnection
from resolvers.database.runtime import Runtime
from resolvers.database.transaction_settings import BEGIN_READ
from tests.support.pipelines import DIVIDED, NUMBERS, SLEPT, USUAL, org, prepared, values
from tests.support.pool import LONG, PID, single, terminate
from tests.support.servers import Backends

__all__ = ["org", "single"]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("opens", [True, False])
async def test_those_before_one_that_fails_have_their_rows(
    single: Runtime, org: UUID, place: int, *, opens: bool
) -> None:
    asked = [(NUMBERS, [2], 0), (NUMBERS, [1], 0)]
    asked.insert(place, (DIVIDED, [0], 0))
    connection = await prepared(single, org, asked)
    if not opens:
        await connection.rows(NUMBERS, [1])
    outcomes = await connection.together(asked)
    assert [values(each) for each in outcomes[:place]] == [[(1,), (2,)], [(1,)]][:place]
    assert isinstance(outcomes[place], asyncpg.DivisionByZeroError)
    assert outcomes[place + 1 :] == [None] * (2 - place)
    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await connection.rows(NUMBERS, [1])
    await single.pool.reset(connection)


async def test_each_has_the_statement_timeout_for_itself(single: Runtime, org: UUID) -> None:
    asked = [(SLEPT, [0.3], 0), (SLEPT, [0.3], 0), (SLEPT, [LONG], 0)]
    connection = await prepared(single, org, [(SLEPT, [0], 0)])
    await connection.rows(SLEPT, [0])
    await connection.execute("set local statement_timeout = '500ms'")
    first, second, third = await connection.together(asked)
    assert values(first) == values(second) == [("slept",)]
    assert isinstance(third, asyncpg.QueryCanceledError)
    await single.pool.reset(connection)


@pytest.mark.parametrize("place", [0, 1])
async def test_an_argument_that_cannot_be_sent_fails_in_its_own_turn(single: Runtime, org: UUID, place: int) -> None:
    asked: list[tuple[str, Sequence[Any], int]] = [(NUMBERS, [1], 0), (NUMBERS, [1], 0)]
    asked.insert(place, (NUMBERS, ["many"], 0))
    connection = await prepared(single, org, USUAL)
    assert await connection.together(asked) == [None] * 3
    assert connection.opening is not None, "nothing was sent"
    single.pool.release(connection)


async def test_an_argument_of_the_last_that_cannot_be_sent_takes_the_connection(single: Runtime, org: UUID) -> None:
    connection = await prepared(single, org, USUAL)
    # Nothing of the pipeline has been answered.
    first, last = await connection.together([(NUMBERS, [1], 0), (NUMBERS, ["many"], 0)])
    assert isinstance(first, asyncpg.DataError)
    assert last is None
    assert connection.is_closed()
    single.pool.release(connection)
    assert single.pool.size == 0


async def test_rows_that_cannot_be_read_fail_alone(single: Runtime, org: UUID) -> None:
    far = "select $1::date + 4000000 as day"
    connection = await single.begin(BEGIN_READ, org)
    await connection.execute(f"{BEGIN_READ};select set_config('app.org_id','{org}',true)")
    connection.opening = None
    decoded = 0

    def decode(value: str) -> str:
        nonlocal decoded
        decoded += 1
        if decoded > 1:
            raise ValueError(value)
        return value

    await connection.set_type_codec("date", schema="pg_catalog", encoder=str, decoder=decode)
    for sql, given in ((far, ["2026-01-01"]), (NUMBERS, [1])):
        await connection.rows(sql, given)
    wrong, right = await connection.together([(far, ["2026-01-01"], 0), (NUMBERS, [1], 0)])
    assert isinstance(wrong, ValueError)
    assert values(right) == [(1,)]
    connection.terminate()
    single.pool.release(connection)


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_that_ends_its_connection_is_told_so(single: Runtime, org: UUID, place: int) -> None:
    asked: list[tuple[str, Sequence[Any], int]] = [(NUMBERS, [1], 0), (NUMBERS, [1], 0)]
    asked.insert(place, (SLEPT, [0], 0))
    connection = await prepared(single, org, asked)
    asked[place] = ("select pg_terminate_backend(pg_backend_pid(), $1)", [0], 0)
    # Prepared without being run.
    connection.prepared.put(asked[place][0], await _statement(connection, asked[place][0]), 1, None)
    outcomes = await connection.together(asked)
    assert isinstance(outcomes[place], asyncpg.PostgresConnectionError | asyncpg.AdminShutdownError)
    assert [values(each) for each in outcomes[:place]] == [[(1,)]] * place
    assert outcomes[place + 1 :] == [None] * (2 - place)
    assert connection.is_closed()
    single.pool.release(connection)


async def _statement(connection: PooledConnection, sql: str) -> Any:
    return await connection._get_statement(sql, None, named=True, use_cache=False)


async def test_a_connection_that_died_idle_is_told_by_the_first(
    own_backends: Backends, single: Runtime, org: UUID
) -> None:
    connection = await prepared(single, org, [*USUAL, (PID, [], 0)])
    (row,), _ = await connection.rows(PID, [])
    single.pool.release(connection, pending_commit=True)
    connection = await single.begin(BEGIN_READ, org)
    terminate(own_backends.database_url, row["pid"])
    first, *others = await connection.together(USUAL)
    assert isinstance(first, asyncpg.PostgresConnectionError)
    assert (others, connection.is_closed()) == ([None] * 3, True)
    assert await connection.together(USUAL) == [None] * 4
    single.pool.release(connection)


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_that_is_cancelled_leaves_its_connection_usable(single: Runtime, org: UUID, place: int) -> None:
    asked: list[tuple[str, Sequence[Any], int]] = [(NUMBERS, [1], 0), (NUMBERS, [1], 0)]
    asked.insert(place, (SLEPT, [0], 0))
    connection = await prepared(single, org, asked)
    # How a transaction begins after a snapshot is prepared too.
    assert None not in await connection.together(asked)
    single.pool.release(connection, pending_commit=True)
    assert await single.begin(BEGIN_READ, org) is connection
    asked[place] = (SLEPT, [LONG], 0)
    work = asyncio.ensure_future(connection.together(asked))
    await asyncio.sleep(0.1)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await single.pool.reset(connection)
    assert not connection.is_closed()
    asked[place] = (SLEPT, [0], 0)
    again = await prepared(single, org, asked)
    assert again is connection
    assert None not in await again.together(asked)
    single.pool.release(again, pending_commit=True)
