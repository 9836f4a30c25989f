"""Turns on the event loop: whoever keeps the process busy lets others' work pass in between."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from resolvers.database import loop_turns
from resolvers.database.loop_turns import ALONE_ITERATION_S, LoopTurns

LONG_S = 2 * ALONE_ITERATION_S


def run(work: Coroutine[Any, Any, None], loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop) -> None:
    """Run on a loop: on that which the server runs on, where no other one is given."""
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(work)


async def piece(turns: LoopTurns, owner: Any, seconds: float, done: list[Any], name: Any = None) -> None:
    """Keep the process busy for so many seconds, and note whose turn it was."""
    await turns.take(owner)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass
    done.append(owner if name is None else name)


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
@pytest.mark.parametrize("busy", [["one"], ["one", "two"]])
def test_another_owner_waits_for_a_piece_of_work_of_each_not_for_all(
    busy: list[str], loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def whole() -> None:
        turns, done, waited = LoopTurns(), list[Any](), list[int]()
        noise = [asyncio.create_task(piece(turns, owner, LONG_S, done)) for _ in range(20) for owner in busy]
        await asyncio.sleep(0)
        # All of them were ready to run in the iteration that has just passed.
        assert 0 < len(done) <= 2 * len(busy)
        for _ in range(5):
            before = len(done)
            await asyncio.create_task(piece(turns, "other", 0, done))
            waited.append(len(done) - before - 1)
        assert 0 < sum(waited) <= 10 * len(busy)
        assert max(waited) <= 3 * len(busy)
        await asyncio.gather(*noise)
        assert len(done) == 20 * len(busy) + 5

    run(whole(), loop)


def test_the_turns_of_an_owner_keep_their_order() -> None:
    async def whole() -> None:
        turns, done = LoopTurns(), list[Any]()
        await asyncio.gather(*(piece(turns, "one", LONG_S, done, name=number) for number in range(8)))
        assert done == list(range(8))

    run(whole())


def test_short_pieces_of_work_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ITERATION_S", "ALONE_ITERATION_S"):
        monkeypatch.setattr(loop_turns, name, 3_600)

    async def whole() -> None:
        turns = LoopTurns()
        assert [turns.must_wait("one") for _ in range(1_000)].count(True) == 0

    run(whole())


def test_one_that_is_cancelled_takes_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ITERATION_S", "ALONE_ITERATION_S"):
        monkeypatch.setattr(loop_turns, name, -1)

    async def whole() -> None:
        turns = LoopTurns()
        assert not turns.must_wait("one")
        assert turns.must_wait("one")
        gone, kept = (asyncio.create_task(turns.wait("one")) for _ in range(2))
        await asyncio.sleep(0)
        # What follows waits behind them, others do not.
        assert turns.must_wait("one")
        assert not turns.must_wait("another")
        gone.cancel()
        async with asyncio.timeout(10):
            await kept
        assert gone.cancelled()

    run(whole())
