"""The process that typesets: what takes too much of time or memory ends it alone, and the next document is made."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from resolvers.typesetting.typesetter import Typesetter, TypesettingError

ORG, AT = UUID(int=1), datetime(2026, 11, 25, tzinfo=UTC)
PAGE = {"main.typ": b'#set document(title: "a")\n#read("text.txt")', "text.txt": b"Hello"}
ENDLESS = {"main.typ": b"#for a in range(9000) { for b in range(9000) { for c in range(9000) { let x = c } } }"}
LARGE = {"main.typ": b"#range(100000000).len()"}


@pytest.fixture
async def typesetter() -> AsyncIterator[Typesetter]:
    """A typesetter that is closed afterwards."""
    made = Typesetter(memory=256 * 1024 * 1024)
    yield made
    await made.close()


async def test_a_document_is_made(typesetter: Typesetter) -> None:
    made = await typesetter.pdf(ORG, PAGE, AT)
    assert made.startswith(b"%PDF-1.7")
    assert await typesetter.pdf(ORG, PAGE, AT) == made
    assert await typesetter.pdf(ORG, PAGE, AT.replace(day=26)) != made


async def test_documents_at_once_are_each_their_own(typesetter: Typesetter) -> None:
    def files(number: int) -> dict[str, bytes]:
        return PAGE | {"text.txt": str(number).encode()}

    apart = [await typesetter.pdf(ORG, files(number), AT) for number in range(12)]
    together = await asyncio.gather(*(typesetter.pdf(UUID(int=n % 3), files(n), AT) for n in range(12)))
    assert together == apart
    assert len(set(apart)) == 12


@pytest.mark.parametrize(
    ("main", "why"),
    [
        (b"#let x = ", "expected expression"),
        (b'#read("/etc/passwd")', "file not found"),
        (b'#read("../png.py")', "would escape the project root"),
        (b'#read("Inter-Regular.otf")', "UTF-8"),
        (b'#import "@preview/cetz:0.3.4": canvas', "package"),
        (b"\xff", "UTF-8"),
    ],
)
async def test_what_is_wrong_is_told_and_reads_nothing(typesetter: Typesetter, main: bytes, why: str) -> None:
    with pytest.raises(TypesettingError, match=why):
        await typesetter.pdf(ORG, {"main.typ": main}, AT)
    assert await typesetter.pdf(ORG, PAGE, AT)


async def test_one_that_takes_too_long_is_ended_and_the_next_is_made() -> None:
    typesetter = Typesetter(seconds=1)
    try:
        slow = asyncio.create_task(typesetter.pdf(ORG, ENDLESS, AT))
        await asyncio.sleep(0)
        with pytest.raises(TypesettingError, match="it took more than 1 s of a core"):
            await slow
        assert await typesetter.pdf(ORG, PAGE, AT)
    finally:
        await typesetter.close()


async def test_one_that_takes_too_much_memory_ends_its_process_alone(typesetter: Typesetter) -> None:
    with pytest.raises(TypesettingError, match="its process ended"):
        await typesetter.pdf(ORG, LARGE, AT)
    assert await typesetter.pdf(ORG, PAGE, AT)


async def test_a_process_that_has_taken_much_is_replaced_before_it_takes_too_much() -> None:
    typesetter = Typesetter(memory=192 * 1024 * 1024)
    try:
        await typesetter.pdf(ORG, PAGE, AT)
        small = typesetter.process
        assert small is not None
        # The library keeps what it laid out for a while.
        await typesetter.pdf(ORG, PAGE | {"text.txt": b"word " * 50_000}, AT)
        assert typesetter.process is None
        assert await asyncio.wait_for(small.wait(), 30) == 0
        assert await typesetter.pdf(ORG, PAGE, AT)
    finally:
        await typesetter.close()


async def test_one_that_nobody_waits_for_leaves_nothing_to_the_next(typesetter: Typesetter) -> None:
    task = asyncio.create_task(typesetter.pdf(ORG, ENDLESS, AT))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await typesetter.pdf(ORG, PAGE, AT)).startswith(b"%PDF")


async def test_an_idle_process_ends_and_another_one_starts() -> None:
    typesetter = Typesetter(idle_seconds=0.01)
    try:
        first = await typesetter.pdf(ORG, PAGE, AT)
        process = typesetter.process
        assert process is not None
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert typesetter.process is None
        assert await typesetter.pdf(ORG, PAGE, AT) == first
    finally:
        await typesetter.close()


async def test_a_process_that_was_killed_is_replaced(typesetter: Typesetter) -> None:
    await typesetter.pdf(ORG, PAGE, AT)
    process = typesetter.process
    assert process is not None
    process.kill()
    await process.wait()
    assert await typesetter.pdf(ORG, PAGE, AT)
