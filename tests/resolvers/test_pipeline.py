"""Several statements in one round trip: the rows of each, and what becomes of the others where one fails."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from resolvers.database import pipeline
from resolvers.database.begin import BEGIN_READ
from resolvers.database.connection import PooledConnection
from resolvers.database.pipeline import Answers
from resolvers.database.runtime import Runtime
from tests.support.pool import LONG, PID, count_as, names, single, terminate
from tests.support.servers import Backends

__all__ = ["single"]
Asked = Sequence[tuple[str, Sequence[Any], int]]
NUMBERS = "select * from generate_series(1, $1::int4) as number"
TEXTS = "select $1::text as text, array['a', null] as listed, '{\"k\": [1]}'::jsonb as json"
ID = "select $1::uuid as id, now() as moment"
NAMES = "select name from counters order by name"
DIVIDED = "select 1 / $1::int4 as divided"
SLEPT = "select 'slept' as slept from pg_sleep($1)"
HERE = uuid4()
USUAL: Asked = ((NUMBERS, [3], 0), (TEXTS, ["ä" * 300], 10), (ID, [HERE], 10), (NAMES, [], 10))


async def prepared(runtime: Runtime, org: UUID, asked: Asked) -> PooledConnection:
    """A connection whose transaction has not begun, on which statements are prepared."""
    connection = await runtime.begin(BEGIN_READ, org)
    for sql, arguments, _ in asked:
        # One that fails is prepared too; the transaction has to begin anew.
        try:
            await connection.rows(sql, arguments)
        except asyncpg.PostgresError:
            await runtime.pool.reset(connection)
            connection = await runtime.begin(BEGIN_READ, org)
    runtime.pool.release(connection, pending_commit=True)
    return await runtime.begin(BEGIN_READ, org)


@pytest.fixture
async def org(single: Runtime) -> AsyncIterator[UUID]:
    """An organization with a row; at the end one connection is open, and an organization sees its own rows."""
    made = uuid4()
    await count_as(single, made, "mine")
    yield made
    assert (await names(single, made), await names(single, uuid4())) == (["mine"], [])
    assert (single.pool.size, single.pool.held(made)) == (1, 0)


def values(outcome: Any) -> list[Any]:
    """The rows of an outcome, as tuples."""
    assert isinstance(outcome, list), outcome
    return [tuple(row) for row in outcome]


@pytest.mark.parametrize("piece", [1, 3, 7, 64, 100_000])
async def test_each_has_its_rows_however_they_arrive(
    single: Runtime, org: UUID, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    received, pieces = Answers.data_received, 0

    def in_pieces(self: Answers, data: bytes) -> None:
        nonlocal pieces
        for start in range(0, len(data), piece):
            pieces += 1
            received(self, data[start : start + piece])

    monkeypatch.setattr(Answers, "data_received", in_pieces)
    connection = await prepared(single, org, USUAL)
    assert connection.pending_commit
    for _ in range(3):  # with the opening, and then within the transaction
        numbers, texts, ids, listed = await connection.together(USUAL)
        assert values(numbers) == [(1,), (2,), (3,)]
        assert values(texts) == [("ä" * 300, ["a", None], {"k": [1]})]
        assert (values(ids)[0][0], values(listed)) == (HERE, [("mine",)])
        assert isinstance(texts, list)
        assert texts[0]["json"] == {"k": [1]}
    assert pieces > 2
    single.pool.release(connection, pending_commit=True)


async def test_nothing_is_sent_together_that_is_not_prepared(single: Runtime, org: UUID) -> None:
    connection = await prepared(single, org, USUAL[:1])
    new = f"select '{uuid4()}' as new"
    assert await connection.together([*USUAL[:1], (new, [], 0)]) == [None, None]
    assert connection.opening is not None, "nothing was sent"
    single.pool.release(connection)


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


async def test_rows_that_may_not_be_all_are_none(single: Runtime, org: UUID) -> None:
    connection = await prepared(single, org, USUAL)
    counts = [(NUMBERS, [number], 3) for number in (2, 3, 4)]
    outcomes = await connection.together([*counts, counts[0]])
    assert [None if each is None else values(each) for each in outcomes] == [[(1,), (2,)], None, None, [(1,), (2,)]]
    assert (await connection.rows(NUMBERS, [4], 3))[1] is False
    single.pool.release(connection, pending_commit=True)


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


async def test_notices_and_parameters_reach_the_connection(single: Runtime, org: UUID) -> None:
    said = [
        (f"do $$begin raise warning '{name}'; perform set_config('application_name', '{name}', true); end$$", [], 0)
        for name in ("a", "b", "c")
    ]
    connection = await prepared(single, org, said)
    heard: list[str] = []
    connection.add_log_listener(lambda _connection, message: heard.append(message.message))
    assert await connection.together([*said, (NUMBERS, [1], 0)]) == [None] * 4
    assert await connection.together(said) == [[], [], []]
    await asyncio.sleep(0)  # a listener is called in the next iteration of the loop
    assert heard == ["a", "b", "c"]
    assert connection.get_settings().application_name == "c"
    connection.terminate()
    single.pool.release(connection)


async def test_codecs_are_used_again(single: Runtime, org: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    codec = pipeline.Codec.__init__

    def counted(self: pipeline.Codec, loop: asyncio.AbstractEventLoop) -> None:
        nonlocal made
        made += 1
        codec(self, loop)

    monkeypatch.setattr(pipeline.Codec, "__init__", counted)
    connection = await prepared(single, org, USUAL)
    for _ in range(3):
        assert None not in await connection.together(USUAL)
    assert made == len(connection.codecs) == len(USUAL) - 1
    single.pool.release(connection, pending_commit=True)
