"""Several statements in one round trip: each has its rows."""

import asyncio
from uuid import UUID, uuid4

import pytest

from resolvers.database import pipeline
from resolvers.database.pipeline import Answers
from resolvers.database.runtime import Runtime
from tests.support.pipelines import HERE, NUMBERS, USUAL, Asked, org, prepared, values
from tests.support.pool import single

__all__ = ["org", "single"]


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


async def test_rows_that_may_not_be_all_are_none(single: Runtime, org: UUID) -> None:
    connection = await prepared(single, org, USUAL)
    counts = [(NUMBERS, [number], 3) for number in (2, 3, 4)]
    outcomes = await connection.together([*counts, counts[0]])
    assert [None if each is None else values(each) for each in outcomes] == [[(1,), (2,)], None, None, [(1,), (2,)]]
    assert (await connection.rows(NUMBERS, [4], 3))[1] is False
    single.pool.release(connection, pending_commit=True)


async def test_notices_and_parameters_reach_the_connection(single: Runtime, org: UUID) -> None:
    said: Asked = [
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
