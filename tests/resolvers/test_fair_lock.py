"""A fair lock: one holds it, organizations alternate, and nobody waits without an end."""

import asyncio
from uuid import UUID

import pytest

from resolvers.errors import Refusal
from resolvers.typesetting.fair_lock import FairLock

A, B, C = (UUID(int=number) for number in (1, 2, 3))


async def _started(lock: FairLock, org: UUID, name: str, done: list[str], until: asyncio.Event) -> None:
    async with lock.held(org):
        await until.wait()
        done.append(name)


async def _waiting(lock: FairLock, number: int) -> None:
    for _ in range(100):
        if lock.waiting() >= number:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{lock.waiting()} wait")


async def test_organizations_alternate_whoever_came_first() -> None:
    lock, done, until = FairLock(16, 5), list[str](), asyncio.Event()
    asked = [("a1", A), ("a2", A), ("a3", A), ("a4", A), ("b1", B), ("b2", B), ("c1", C)]
    tasks = []
    for number, (name, org) in enumerate(asked):
        tasks.append(asyncio.create_task(_started(lock, org, name, done, until)))
        await _waiting(lock, number)
    until.set()
    await asyncio.gather(*tasks)
    # a1 has the lock; then one of each organization.
    assert done == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]
    assert lock.waiting() == 0


async def test_too_many_of_an_organization_are_refused_and_others_are_not() -> None:
    lock, done, until = FairLock(2, 5), list[str](), asyncio.Event()
    tasks = [asyncio.create_task(_started(lock, A, f"a{number}", done, until)) for number in range(3)]
    await _waiting(lock, 2)
    with pytest.raises(Refusal) as refused:
        await _started(lock, A, "a3", done, until)
    assert (refused.value.code, refused.value.extra) == ("UNAVAILABLE", {"retryAfter": 1})
    tasks.append(asyncio.create_task(_started(lock, B, "b", done, until)))
    await _waiting(lock, 3)
    until.set()
    await asyncio.gather(*tasks)
    assert done == ["a0", "a1", "b", "a2"]


async def test_who_waits_too_long_is_refused_and_leaves_the_queue() -> None:
    lock, done, until = FairLock(2, 0.01), list[str](), asyncio.Event()
    first = asyncio.create_task(_started(lock, A, "a", done, until))
    await asyncio.sleep(0)
    with pytest.raises(Refusal, match="Too many documents"):
        await _started(lock, B, "b", done, until)
    assert lock.waiting() == 0
    until.set()
    await first
    await _started(lock, B, "b", done, until)
    assert done == ["a", "b"]


async def test_who_is_cancelled_passes_the_turn_on() -> None:
    lock, done, until = FairLock(4, 5), list[str](), asyncio.Event()
    until.set()
    async with lock.held(B):
        tasks = [asyncio.create_task(_started(lock, A, name, done, until)) for name in ("a", "b", "c")]
        await _waiting(lock, 3)
        # Waiting; then it has the lock, and is cancelled before it runs.
        tasks[0].cancel()
        await asyncio.wait([tasks[0]])
        assert lock.waiting() == 2
    tasks[1].cancel()
    await asyncio.wait(tasks)
    assert [task.cancelled() for task in tasks] == [True, True, False]
    assert (done, lock.waiting()) == (["c"], 0)


async def test_what_fails_gives_its_turn_back() -> None:
    lock = FairLock(4, 5)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            async with lock.held(A):
                raise ZeroDivisionError
    assert lock.waiting() == 0
