"""Turns on the event loop: whoever keeps the process busy lets others' work pass in between."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from resolvers.database import loop_turns
from resolvers.database.loop_turns import ITERATION_S, LoopTurns

LONG_S = 2 * ITERATION_S


async def turn_of(turns: LoopTurns, owner: Any) -> None:
    """Wait for a turn where one has to be waited for."""
    if turns.must_wait(owner):
        await turns.wait(owner)


def worker(turns: LoopTurns, done: list[Any]) -> Callable[[Any, float], Awaitable[None]]:
    """Return work for an owner that keeps the process busy for so many seconds."""

    async def work(owner: Any, seconds: float) -> None:
        await turn_of(turns, owner)
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass
        done.append(owner)

    return work


async def test_another_owner_waits_for_one_piece_of_work_not_for_all() -> None:
    turns = LoopTurns()
    done: list[Any] = []
    work = worker(turns, done)
    busy = [asyncio.create_task(work("busy", LONG_S)) for _ in range(20)]
    for _ in range(3):
        await asyncio.sleep(0)
    before = len(done)
    await asyncio.create_task(work("other", 0))
    assert done.index("other") - before <= 1
    await asyncio.gather(*busy)
    assert done.count("busy") == 20


async def test_an_owner_that_waits_keeps_its_order() -> None:
    turns = LoopTurns()
    done: list[Any] = []

    async def piece(number: int) -> None:
        await turn_of(turns, "one")
        until = time.perf_counter() + LONG_S
        while time.perf_counter() < until:
            pass
        done.append(number)

    await asyncio.gather(*(piece(number) for number in range(8)))
    assert done == list(range(8))


async def test_short_pieces_of_work_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_turns, "ITERATION_S", 3_600)
    turns = LoopTurns()
    assert [turns.must_wait("one") for _ in range(1_000)].count(True) == 0


async def test_one_that_is_cancelled_takes_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_turns, "ITERATION_S", 0)
    turns = LoopTurns()
    assert not turns.must_wait("one")
    assert turns.must_wait("one")
    gone, kept = (asyncio.create_task(turns.wait("one")) for _ in range(2))
    # What follows waits behind them.
    assert turns.must_wait("one")
    await asyncio.sleep(0)
    gone.cancel()
    async with asyncio.timeout(10):
        await kept
    assert gone.cancelled()
    # Nobody waits, and a new iteration has begun.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not turns.must_wait("one")
