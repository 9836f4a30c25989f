"""What WebSockets hold of messages without their end counts like unfinished requests, and leaves with them."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from server.http.frames import BoundedFrames
from server.http.held_bytes import HeldBytes, unfinished_requests
from tests.support.jobs import eventually
from tests.support.protocol import HEAD, NEIGHBOUR, TIMEOUT_S, Client, client, frame, holds, listening, talk

pytestmark = pytest.mark.usefixtures("settled_heap")

KIBIBYTE = 1024
TEXT, BINARY, CONTINUATION = 0x1, 0x2, 0x0
MOST = 150 * KIBIBYTE
PIECE = b"x" * 60 * KIBIBYTE


async def socket(port: int, *frames: bytes, address: str = "127.0.0.1") -> Client:
    made = await client(port, HEAD, address)
    await said(made, b"\r\n\r\n")
    for each in frames:
        made.writer.write(each)
    return made


async def said(by: Client, end: bytes) -> bytes:
    """What comes until such an end."""
    async with asyncio.timeout(TIMEOUT_S):
        return await by.reader.readuntil(end)


@pytest.fixture
def unfinished() -> HeldBytes:
    return unfinished_requests(MOST)


@pytest.fixture
async def port(unfinished: HeldBytes) -> AsyncIterator[int]:
    async with listening(talk, unfinished=unfinished, sockets={"/socket"}, idle_s=TIMEOUT_S) as made:
        yield made
    assert unfinished.held == 0


async def _nothing_held(unfinished: HeldBytes) -> None:
    async def nothing() -> bool:
        return unfinished.held == 0

    await eventually(nothing)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
async def test_a_message_counts_until_its_end(unfinished: HeldBytes, port: int, opcode: int) -> None:
    answer = b"\x81\x02xx" if opcode == TEXT else b"\x81\x05bytes"
    # Beside a message that is whole: what it held is let go.
    one = await socket(port, frame(opcode, b"x", last=False))
    await holds(unfinished, 1)
    first = unfinished.held
    one.writer.write(frame(CONTINUATION, PIECE, last=False))
    await holds(unfinished, first + len(PIECE))
    one.writer.write(frame(CONTINUATION, b"", last=True))
    await _nothing_held(unfinished)
    one.writer.write(frame(opcode, b"x", last=False) + frame(CONTINUATION, b"x", last=True))
    await said(one, answer)
    assert unfinished.held == 0
    one.writer.transport.abort()


async def test_a_frame_that_has_not_come_whole_counts(unfinished: HeldBytes, port: int) -> None:
    one = await socket(port, frame(TEXT, PIECE)[:-1])
    await holds(unfinished, len(PIECE) - 1)
    one.writer.write(b"x")
    await said(one, b"x" * 1000)
    assert unfinished.held == 0
    one.writer.transport.abort()


async def test_what_comes_with_the_head_counts(unfinished: HeldBytes, port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + frame(TEXT, PIECE, last=False))
    await holds(unfinished, len(PIECE))
    writer.transport.abort()
    await _nothing_held(unfinished)


async def test_the_address_that_holds_most_loses_what_it_has_held_longest(unfinished: HeldBytes, port: int) -> None:
    part = frame(TEXT, PIECE, last=False)
    neighbour = await socket(port, part[: 20 * KIBIBYTE], address=NEIGHBOUR)
    await holds(unfinished, 19 * KIBIBYTE)
    first = await socket(port, part)
    await holds(unfinished, 79 * KIBIBYTE)
    second = await socket(port, part)
    await holds(unfinished, 139 * KIBIBYTE)
    # What makes it too much need not be what goes.
    neighbour.writer.write(part[20 * KIBIBYTE : 40 * KIBIBYTE])
    assert await first.rest() == b""
    for each in (neighbour, second):
        assert not each.reader.at_eof()
        each.writer.transport.abort()


@pytest.fixture
def _uncollected() -> Iterator[None]:
    """A test in which the garbage collector does not come by."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_uncollected")
async def test_nothing_of_a_message_is_left_once_its_connection_has_ended(
    unfinished: HeldBytes, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: weakref.WeakSet[BoundedFrames] = weakref.WeakSet()
    begin = BoundedFrames.__init__

    def noted(self: BoundedFrames, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        alive.add(self)

    monkeypatch.setattr(BoundedFrames, "__init__", noted)
    broken = frame(TEXT, PIECE, last=False) + frame(TEXT, b"x")
    for sent in (frame(TEXT, PIECE, last=False), frame(TEXT, PIECE)[:-1], broken):
        # The server ends the first, which hold too much together or break the protocol.
        clients = [await socket(port, sent) for _ in range(3)]
        assert alive
        await clients[0].rest()
        for each in clients[1:]:
            each.writer.transport.abort()

        async def gone() -> bool:
            return unfinished.held == 0 and not alive

        await eventually(gone)
