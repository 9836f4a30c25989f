"""One connection holds little and has an end: trailers, pipelining, unread bodies, unread answers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from server.http.connection import DROPPED_BYTES
from server.http.heads import HEAD_BYTES
from server.http.protocol import FRAMING_BYTES, PIPELINED
from tests.support.protocol import CLOSE, SHORT, TIMEOUT_S, chunked, echo, exchange, listening, request, statuses
from web.http import ARRIVED, Receive, Scope, Send

TRAILER = b"x-trailer: " + b"a" * 1_000 + b"\r\n"


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    async with listening() as made:
        yield made


async def test_trailers_are_dropped() -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        seen.append(scope["headers"])

    async with listening(app) as port:
        trailers = b"0\r\nauthorization: Bearer a\r\nx-request-id: b\r\n\r\n"
        answer = await exchange(port, chunked("/a", b"abc", end=trailers) + request("/b", extra=CLOSE))
    assert answer.endswith(b"/b 0")
    assert b"/a 3" in answer
    assert b"x-request-id: b\r\n" not in answer
    assert [name for name, _ in seen[0]] == [b"host", b"transfer-encoding"]


@pytest.mark.parametrize("path", ["/a", "/unread"])
async def test_endless_trailers_end_the_connection(port: int, path: str) -> None:
    answer = await exchange(port, chunked(path, b"abc", end=b"0\r\n"), *([TRAILER] * 2_000))
    assert len(statuses(answer)) == 1
    assert b"connection: close" in answer


async def test_trailers_that_drip_end_with_the_connections_time(port: int) -> None:
    # The body's own time ends first in the real application; here the answer is there before the trailers.
    pieces = [b"x-a: b\r\n"] * 1_000
    answer = await exchange(port, chunked("/unread", end=b"0\r\n"), *pieces, pause=SHORT / 10)
    assert statuses(answer) == [401]


@pytest.mark.parametrize("size", [FRAMING_BYTES // 2, FRAMING_BYTES * 2])
async def test_a_chunks_extension_is_bounded(port: int, size: int) -> None:
    body = b"1;a=" + b"b" * size + b"\r\nx\r\n0\r\n\r\n"
    head = b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n" + CLOSE + b"\r\n"
    pieces = [body[start : start + 1_000] for start in range(0, len(body), 1_000)]
    answer = await exchange(port, head, *pieces, pause=0.001)
    assert answer.endswith(b"/a 1") == (size < FRAMING_BYTES)


async def test_a_body_in_single_bytes_is_read(port: int) -> None:
    answer = await exchange(port, chunked("/a", *([b"x"] * 50_000), extra=CLOSE))
    assert answer.endswith(b"/a 50000")


async def test_pipelined_requests_are_answered_in_their_order(port: int) -> None:
    many = [request(f"/{number}", b"HTTP/1." * (number % 7)) for number in range(300)]
    answer = await exchange(port, b"".join(many) + request("/last", extra=CLOSE))
    assert statuses(answer) == [200] * 301
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200")[1:]]
    assert bodies == [b"/%d %d" % (number, number % 7 * 7) for number in range(300)] + [b"/last 0"]


async def test_few_pipelined_requests_are_parsed_before_their_turn() -> None:
    made: list[object] = []
    waiting = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        made.append(scope)
        await waiting.wait()
        await echo(scope, receive, send)

    async with listening(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("/a") * 400_000)
        await asyncio.sleep(SHORT)
        # One is answered; what is not parsed is not read from the socket either.
        assert len(made) == 1
        assert writer.transport.get_write_buffer_size() > 0
        waiting.set()
        assert (await reader.readuntil(b"/a 0")).endswith(b"/a 0")
        writer.transport.abort()


async def test_a_large_head_behind_a_small_request_is_refused(port: int) -> None:
    large = b"GET /b HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 100_000 + b"\r\n\r\n"
    answer = await exchange(port, request("/a") + large)
    assert b"/b" not in answer
    assert statuses(answer) in ([200], [200, 431])
    # Once the first is answered the second is refused by a status of its own.
    assert statuses(await exchange(port, request("/a"), large, pause=0.05)) == [200, 431]


async def test_a_long_target_behind_a_small_request_is_refused(port: int) -> None:
    answer = await exchange(port, request("/a") + b"GET /" + b"b" * 3 * HEAD_BYTES + b" HTTP/1.1\r\nhost: x\r\n\r\n")
    assert b"/b" not in answer
    assert statuses(answer) in ([200], [200, 431])


async def test_what_is_malformed_behind_a_request_does_not_take_its_answer(port: int) -> None:
    answer = await exchange(port, request("/slow") + b"\0\r\n\r\n")
    assert (statuses(answer), answer.endswith(b"/slow 0")) == ([200], True)


async def test_there_are_at_most_so_many_requests_before_the_first_answer(port: int) -> None:
    # Such a line is none of HTTP's, so that the parser is given all of them at once.
    answer = await exchange(port, request("/slow") + b"GET /a RTSP/1.1\r\nhost: x\r\n\r\n" * 100)
    assert len(statuses(answer)) <= PIPELINED + 1


async def test_an_answered_request_with_an_endless_body_ends(port: int) -> None:
    head = b"POST /unread HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n"
    answer = await exchange(port, head, *([b"x"] * 1_000), pause=SHORT / 10)
    assert statuses(answer) == [401]
    assert b"connection: close" in answer


async def test_what_is_dropped_has_a_bound() -> None:
    sent = 0
    async with listening(drop_s=60) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /unread HTTP/1.1\r\nhost: x\r\ncontent-length: 100000000000\r\n\r\n")
        assert (await reader.readuntil(b"unread")).startswith(b"HTTP/1.1 401")
        async with asyncio.timeout(TIMEOUT_S):
            with suppress(ConnectionError):
                while True:
                    writer.write(b"x" * 100_000)
                    await writer.drain()
                    sent += 100_000
        writer.transport.abort()
    assert DROPPED_BYTES / 2 < sent < DROPPED_BYTES * 2


async def test_a_client_that_never_reads_its_answer_is_dropped(port: int) -> None:
    _reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
    writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
    gone = False
    async with asyncio.timeout(TIMEOUT_S):
        while not gone:
            # Nothing is read; what is written tells when the other side has gone.
            await asyncio.sleep(SHORT / 3)
            writer.write(b"\r\n")
            gone = writer.transport.is_closing()
    writer.transport.abort()


async def test_a_client_that_reads_slowly_gets_the_whole_answer(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65_536)
    writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n" + CLOSE + b"\r\n")
    size = 0
    async with asyncio.timeout(TIMEOUT_S):
        while part := await reader.read(200_000):
            size += len(part)
            await asyncio.sleep(SHORT / 20)
    assert size > 8_000_000
    writer.close()


async def test_a_client_that_ends_its_half_is_answered(port: int) -> None:
    assert (await exchange(port, request("/slow"), end=True)).endswith(b"/slow 0")
    answer = await exchange(port, request("/slow") + request("/b"), end=True)
    assert (statuses(answer), answer.endswith(b"/b 0")) == ([200, 200], True)
    assert await exchange(port, request("/a")[:-3], end=True) == b""
    assert statuses(await exchange(port, request("/unread", b"abc")[:-1], end=True)) == [401]


async def test_a_connection_without_a_next_request_ends(port: int) -> None:
    answer = await exchange(port, request("/a"), *([b"\r\n"] * 100), pause=SHORT / 10)
    assert statuses(answer) == [200]


async def test_too_many_requests_at_once_are_refused() -> None:
    waiting = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/wait":
            await waiting.wait()
        await echo(scope, receive, send)

    async with listening(app, most=2) as port:
        held = [asyncio.create_task(exchange(port, request("/wait", extra=CLOSE))) for _ in range(2)]
        await asyncio.sleep(SHORT)
        refused = await exchange(port, request("/a", extra=CLOSE))
        assert statuses(refused) == [503]
        head, _, body = refused.partition(b"\r\n\r\n")
        assert b"retry-after: 1" in head
        assert b"content-type: application/problem+json" in head
        assert json.loads(body)["code"] == "UNAVAILABLE"
        assert statuses(await exchange(port, request("/api/health", extra=CLOSE))) == [200]
        waiting.set()
        assert [statuses(answer) for answer in await asyncio.gather(*held)] == [[200], [200]]
        assert statuses(await exchange(port, request("/a", extra=CLOSE))) == [200]


async def test_a_body_that_came_with_its_head_is_there_already() -> None:
    arrived: list[bytes | None] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        arrived.append(scope["state"].get(ARRIVED))
        await echo(scope, receive, send)
        arrived.append(scope["state"].get(ARRIVED))

    async with listening(app) as port:
        assert (await exchange(port, request("/a", b"abc", CLOSE))).endswith(b"/a 3")
        assert arrived == [b"abc", None]
        arrived.clear()
        # One that comes later is waited for, and so is one that is held back while it is long.
        whole = request("/b", b"x" * 10, CLOSE)
        assert (await exchange(port, whole[:-10], whole[-10:], pause=0.05)).endswith(b"/b 10")
        assert arrived == [None, None]
