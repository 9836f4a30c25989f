"""The garbage collector of a serving process: what is new is looked at, the rest only when it may be garbage."""

import asyncio
import gc
from collections.abc import Iterator
from typing import Any
from weakref import ref

import pytest

from execution import DocumentValidationError, Executor
from schema.graph import CORE, FIELDS
from server import garbage
from server.garbage import MOST_OBJECTS, MOST_WAITS, NEW_BYTES, YOUNG_OBJECTS, Collector
from tests.support.jobs import eventually

MANY = 1_000


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
    """Return once an object is there no more, while garbage comes into being."""

    async def is_gone() -> bool:
        for _ in range(YOUNG_OBJECTS // 10):
            cycle()
        return what() is None

    await eventually(is_gone)


def is_in_sight(what: object) -> bool:
    return any(each is what for each in gc.get_objects())


async def looked() -> None:
    """Return once what is new was looked at, and is out of sight."""
    new = Linked()

    async def is_out_of_sight() -> bool:
        for _ in range(YOUNG_OBJECTS // 10):
            cycle()
        return not is_in_sight(new)

    await eventually(is_out_of_sight)


async def test_garbage_is_collected(collector: Collector) -> None:
    collector.start()
    await gone(ref(cycle()))


async def test_what_is_still_there_is_not_looked_at_again(collector: Collector) -> None:
    before = Linked()
    collector.start()
    assert not is_in_sight(before)
    lasting = Linked()
    assert is_in_sight(lasting)
    await looked()
    assert not is_in_sight(lasting)


@pytest.fixture
async def late(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> "ref[Linked]":
    """An object of a cycle that became garbage when it was out of sight, of a collector that counts each time."""
    monkeypatch.setattr(garbage, "COUNT_AFTER", 1)
    monkeypatch.setattr(garbage, "GROWTH", MANY)
    collector.start()
    held = cycle()
    await looked()
    assert not is_in_sight(held)
    return ref(held)


async def test_what_became_garbage_later_is_collected_when_much_has_been_added(
    collector: Collector, late: "ref[Linked]"
) -> None:
    collector.collect()
    assert late() is not None
    lasting = [Linked() for _ in range(2 * MANY)]
    await gone(late)
    assert len(lasting) == 2 * MANY


async def test_what_documents_account_for_is_no_reason_to_look_at_all(
    collector: Collector, late: "ref[Linked]"
) -> None:
    lasting = [Linked() for _ in range(2 * MANY)]
    collector.note(len(lasting) * garbage.BYTES_OF_OBJECT)
    for _ in range(3):
        await looked()
    assert late() is not None
    collector.note(-len(lasting) * garbage.BYTES_OF_OBJECT)
    await gone(late)


async def test_what_is_too_much_is_waited_for_but_not_for_ever(collector: Collector) -> None:
    collector.start()
    many: list[list[int]] = [[] for _ in range(2 * MOST_OBJECTS + YOUNG_OBJECTS)]
    collector.collect()
    assert is_in_sight(many[0])
    del many[:]
    last = Linked()
    collector.collect()
    assert not is_in_sight(last)
    lasting: list[list[int]] = [[] for _ in range(2 * MOST_OBJECTS + YOUNG_OBJECTS)]
    for _ in range(MOST_WAITS):
        collector.collect()
        assert is_in_sight(lasting[0])
    collector.collect()
    assert not is_in_sight(lasting[0])


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
    one, before = Linked(), gc.get_threshold()
    collector.start()
    assert gc.get_threshold() != before
    collector.stop()
    assert gc.get_threshold() == before
    assert is_in_sight(one)


async def test_a_document_that_is_judged_or_kept_is_noted() -> None:
    sizes: list[int] = []
    executor = Executor(CORE, fields=FIELDS, grown=sizes.append)
    operation = executor.prepare("{ __typename }")
    assert sum(sizes) == operation.weight > 0
    noted = len(sizes)
    executor.prepare("{ __typename }")
    assert len(sizes) == noted
    executor.prepare("{ other: __typename }")
    assert len(sizes) > noted
    kept, sizes[:] = sum(sizes), []
    with pytest.raises(DocumentValidationError):
        executor.prepare("{ nowhere }")
    assert (len(sizes), sum(sizes), max(sizes) > 0) == (2, 0, True)
    assert executor.documents.weight == kept
