"""The garbage collector of a serving process: what is new is looked at, the rest only when it may be garbage."""

import asyncio
import gc
from collections.abc import Iterator
from typing import Any
from weakref import ref

import pytest

from execution import Executor
from schema.graph import CORE, FIELDS
from server import garbage
from server.garbage import NEW_BYTES, NEW_OBJECTS, SETTLE_S, Collector

LONG = 20.0


class Linked:
    """What refers to another one, and may be referred to weakly."""

    def __init__(self) -> None:
        self.other: Any = None


def cycle() -> Linked:
    """Return an object of a cycle, which only a collector finds."""
    one, other = Linked(), Linked()
    one.other, other.other = other, one
    return one


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector, which is not that of the process, stopped at the end."""
    made = Collector()
    yield made
    made.stop()


async def gone(what: "ref[Linked]") -> None:
    """Return once an object is there no more, while some garbage comes into being."""
    async with asyncio.timeout(LONG):
        while what() is not None:
            made = [cycle() for _ in range(NEW_OBJECTS)]
            await asyncio.sleep(SETTLE_S / 5)
            del made


def is_in_sight(what: object) -> bool:
    return any(each is what for each in gc.get_objects())


async def test_garbage_is_collected_by_the_collector_alone(collector: Collector) -> None:
    collector.start()
    assert not gc.isenabled()
    await gone(ref(cycle()))


async def test_what_is_still_there_is_not_looked_at_again(collector: Collector) -> None:
    before = Linked()
    collector.start()
    assert not is_in_sight(before)
    lasting = Linked()
    assert is_in_sight(lasting)
    await gone(ref(cycle()))
    assert not is_in_sight(lasting)


async def test_what_became_garbage_later_is_collected_when_much_has_been_added(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "COUNT_AFTER", 1)
    monkeypatch.setattr(garbage, "GROWTH", NEW_OBJECTS)
    collector.start()
    held = cycle()
    seen = ref(held)
    await gone(ref(cycle()))
    assert not is_in_sight(held)
    del held
    collector.settle()
    assert seen() is not None
    lasting = [Linked() for _ in range(2 * NEW_OBJECTS)]
    await gone(seen)
    assert len(lasting) == 2 * NEW_OBJECTS


async def test_many_bytes_that_are_kept_are_looked_at_in_the_loops_next_turn(collector: Collector) -> None:
    collector.note(NEW_BYTES)
    collector.start()
    one = Linked()
    collector.note(NEW_BYTES - 1)
    collector.note(-NEW_BYTES)
    await asyncio.sleep(0)
    assert is_in_sight(one)
    collector.note(1)
    collector.note(NEW_BYTES)
    assert is_in_sight(one)
    await asyncio.sleep(0)
    assert not is_in_sight(one)


async def test_a_stopped_collector_leaves_the_garbage_to_python(collector: Collector) -> None:
    one = Linked()
    collector.start()
    collector.stop()
    assert gc.isenabled()
    assert is_in_sight(one)


async def test_a_document_that_is_kept_is_noted() -> None:
    sizes: list[int] = []
    executor = Executor(CORE, fields=FIELDS, grown=sizes.append)
    operation = executor.prepare("{ __typename }")
    assert sum(sizes) == operation.weight > 0
    noted = len(sizes)
    executor.prepare("{ __typename }")
    assert len(sizes) == noted
    executor.prepare("{ other: __typename }")
    assert len(sizes) > noted
