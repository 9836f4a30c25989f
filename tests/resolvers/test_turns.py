"""Turns: one at a time, organizations alternate, and nobody waits without an end."""

import asyncio
from uuid import UUID

import pytest

from resolvers.errors import Refusal
from resolvers.typesetting.turns import Turns

A, B, C = (UUID(int=number) for number in (1, 2, 3))


async def _started(turns: Turns, org: UUID, name: str, done: list[str], until: asyncio.Event) -> None:
    async with turns.turn(org):
        await until.wait()
        done.append(name)


async def _waiting(turns: Turns, number: int) -> None:
    for _ in range(100):
        if turns.waiting() >= number:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{turns.waiting()} wait")


async def test_organizations_alternate_whoever_came_first() -> None:
    turns, done, until = Turns(16, 5), list[str](), asyncio.Event()
    asked = [("a1", A), ("a2", A), ("a3", A), ("a4", A), ("b1", B), ("b2", B), ("c1", C)]
    tasks = []
    for number, (name, org) in enumerate(asked):
        tasks.append(asyncio.create_task(_started(turns, org, name, done, until)))
        await _waiting(turns, number)
    until.set()
    await asyncio.gather(*tasks)
    # a1 has the turn; then one of each organization.
    assert done == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]
    assert turns.waiting() == 0


async def test_too_many_of_an_organization_are_refused_and_others_are_not() -> None:
    turns, done, until = Turns(2, 5), list[str](), asyncio.Event()
    tasks = [asyncio.create_task(_started(turns, A, f"a{number}", done, until)) for number in range(3)]
    await _waiting(turns, 2)
    with pytest.raises(Refusal) as refused:
        await _started(turns, A, "a3", done, until)
    assert (refused.value.code, refused.value.extra) == ("UNAVAILABLE", {"retryAfter": 1})
    tasks.append(asyncio.create_task(_started(turns, B, "b", done, until)))
    await _waiting(turns, 3)
    until.set()
    await asyncio.gather(*tasks)
    assert done == ["a0", "a1", "b", "a2"]


async def test_who_waits_too_long_is_refused_and_leaves_the_queue() -> None:
    turns, done, until = Turns(2, 0.01), list[str](), asyncio.Event()
    first = asyncio.create_task(_started(turns, A, "a", done, until))
    await asyncio.sleep(0)
    with pytest.raises(Refusal, match="Too many documents"):
        await _started(turns, B, "b", done, until)
    assert turns.waiting() == 0
    until.set()
    await first
    await _started(turns, B, "b", done, until)
    assert done == ["a", "b"]


async def test_who_is_cancelled_passes_the_turn_on() -> None:
    turns, done, until = Turns(4, 5), list[str](), asyncio.Event()
    until.set()
    async with turns.turn(B):
        tasks = [asyncio.create_task(_started(turns, A, name, done, until)) for name in ("a", "b", "c")]
        await _waiting(turns, 3)
        # Waiting; then it has the turn, and is cancelled before it runs.
        tasks[0].cancel()
        await asyncio.wait([tasks[0]])
        assert turns.waiting() == 2
    tasks[1].cancel()
    await asyncio.wait(tasks)
    assert [task.cancelled() for task in tasks] == [True, True, False]
    assert (done, turns.waiting()) == (["c"], 0)


async def test_what_fails_gives_its_turn_back() -> None:
    turns = Turns(4, 5)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            async with turns.turn(A):
                raise ZeroDivisionError
    assert turns.waiting() == 0
