"""Requests for a WebSocket, over plain sockets: each road out of one ends the connection and lets its place go."""

import asyncio
import json
import logging
import struct
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_network

import pytest

from server.http.slots import Slots
from tests.support.jobs import eventually
from tests.support.protocol import (
    ASKED,
    CLOSE,
    HEAD,
    SHORT,
    TIMEOUT_S,
    echo,
    exchange,
    frame,
    listening,
    request,
    statuses,
    talk,
)  # fmt: skip
from web.http import Receive, Scope, Send

# No test's client says more than this before it is answered: so many are let in from one address.
SHARE = 2


def closing(code: int) -> bytes:
    """How a close frame of the server begins."""
    return struct.pack("!H", code)


@pytest.fixture
def slots() -> Slots:
    return Slots(SHARE)


@pytest.fixture
async def port(slots: Slots) -> AsyncIterator[int]:
    async with listening(talk, slots=slots, sockets={"/socket"}) as made:
        yield made


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that a client sends is an error of ours."""
    yield
    assert [each.getMessage() for each in caplog.get_records("call") if each.levelno >= logging.ERROR] == []


async def is_free(slots: Slots, port: int) -> None:
    """Wait until no connection is counted; the next is answered."""

    async def none() -> bool:
        return slots.held == {}

    await eventually(none)
    assert statuses(await exchange(port, request("/a", extra=CLOSE))) == [200]


WRONG = {
    "no frame": (b"\xff" * 6, 1002),
    "a frame without a mask": (b"\x81\x01x", 1002),
    "an unknown opcode": (frame(0x3, b""), 1002),
    "a message that is too large": (struct.pack("!BBQ", 0x81, 0xFF, 2**40), 1009),
    "a text that is no UTF-8": (frame(0x1, b"\xff"), 1007),
    "a text that is no UTF-8, and the end": (frame(0x1, b"\xff") + frame(0x8, closing(1000)), 1000),
    "the end": (frame(0x8, closing(1001)), 1001),
}


@pytest.mark.parametrize("together", [True, False], ids=["at once", "afterwards"])
@pytest.mark.parametrize("name", WRONG)
async def test_what_follows_a_head_and_is_no_message_ends_the_connection(
    slots: Slots, port: int, name: str, *, together: bool
) -> None:
    sent, code = WRONG[name]
    # More than an address may have at once.
    for _ in range(2 * SHARE + 1):
        answer = await exchange(port, *([HEAD + sent] if together else [HEAD, sent]), pause=0.0 if together else 0.02)
        head, _, end = answer.partition(b"\r\n\r\n")
        assert (statuses(head), end[:1], end[2:4]) == ([101], b"\x88", closing(code))
    await is_free(slots, port)


async def test_messages_that_come_with_the_head_are_heard_once_it_is_answered(slots: Slots, port: int) -> None:
    said = frame(0x9, b"p") + frame(0x1, b"one") + frame(0x1, b"two") + frame(0x1, b"three")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + said)
    async with asyncio.timeout(TIMEOUT_S):
        answer = await reader.readuntil(b"three")
    writer.transport.abort()
    assert answer.partition(b"\r\n\r\n")[2] == b"\x8a\x01p\x81\x03one\x81\x03two\x81\x05three"
    await is_free(slots, port)


PROXIED = b"X-Forwarded-For: 198.51.100.1\r\n"
REFUSED = {
    "a body": (ASKED % (b"", b"Content-Length: 5\r\n") + b"hello", 400, "BAD_INPUT"),
    "a body that does not come": (ASKED % (b"", b"Content-Length: 5\r\n"), 400, "BAD_INPUT"),
    "chunks": (ASKED % (b"", b"Transfer-Encoding: chunked\r\n"), 400, "BAD_INPUT"),
    "a long header": (ASKED % (b"", b"X-A: " + b"y" * 12_000 + b"\r\n"), 431, "HEADERS_TOO_LARGE"),
    "a long target": (ASKED % (b"?a=" + b"b" * 10_000, b""), 431, "HEADERS_TOO_LARGE"),
}


@pytest.mark.parametrize("proxied", [False, True])
@pytest.mark.parametrize("name", REFUSED)
async def test_a_head_that_opens_no_socket_is_refused_and_ends_the_connection(name: str, *, proxied: bool) -> None:
    head, status, code = REFUSED[name]
    slots = Slots(SHARE, (ip_network("127.0.0.1/32"),) if proxied else ())
    if proxied:
        head = head.replace(b"Host: x\r\n", b"Host: x\r\n" + PROXIED)
    async with listening(talk, slots=slots, sockets={"/socket"}) as port:
        for _ in range(2 * SHARE + 1):
            answer = await exchange(port, head)
            top, _, body = answer.partition(b"\r\n\r\n")
            assert (statuses(answer), json.loads(body)["code"]) == ([status], code)
            assert b"connection: close" in top
        await is_free(slots, port)


async def test_a_head_that_is_not_answered_in_time_ends_the_connection() -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await echo(scope, receive, send)
            return
        while (await receive())["type"] != "websocket.disconnect":
            pass
        await send({"type": "websocket.accept"})

    slots = Slots(SHARE)
    async with listening(silent, slots=slots, sockets={"/socket"}) as port:
        assert statuses(await exchange(port, HEAD + frame(0x1, b"x"))) == [500]
        await is_free(slots, port)


async def test_a_server_ends_beside_a_head_that_is_not_answered() -> None:
    going, asked = asyncio.Event(), asyncio.Event()
    met: list[str] = []

    async def late(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        await going.wait()
        try:
            await send({"type": "websocket.accept"})
        except OSError as error:
            met.append(type(error).__name__)

    async with listening(late, sockets={"/socket"}, idle_s=TIMEOUT_S) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD)
        await asyncio.wait_for(asked.wait(), TIMEOUT_S)
        # The application goes on before the connection's end is known.
        going.set()
    assert met == ["ClientDisconnected"]
    assert statuses(await asyncio.wait_for(reader.read(), TIMEOUT_S)) == [500]
    writer.transport.abort()


async def test_a_server_ends_beside_a_client_that_has_ended_and_reads_nothing() -> None:
    async def much(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "x" * 16_000_000})
        await receive()

    slots = Slots(SHARE)
    async with listening(much, slots=slots, sockets={"/socket"}) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_000)
        writer.write(HEAD)
        await asyncio.wait_for(reader.readline(), TIMEOUT_S)
        writer.write(frame(0x8, closing(1000)))
        await asyncio.sleep(SHORT / 3)
        # What it does not read keeps its connection open for a while.
        assert slots.held == {"127.0.0.1": 1}
    assert slots.held == {}
    writer.transport.abort()
