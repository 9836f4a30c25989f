"""The head of a request is bounded in time and size, over real sockets."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from server.http.heads import HEAD_BYTES
from tests.support.protocol import CLOSE, SHORT, exchange, listening, request


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    async with listening() as made:
        yield made


async def test_a_whole_request_is_answered(port: int) -> None:
    answer = await exchange(port, request("/a", b"x" * 70_000, CLOSE))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"/a 70000")


async def test_a_connection_serves_many_requests(port: int) -> None:
    answer = await exchange(port, *(request(f"/{number}") for number in range(3)), request("/last", b"xy", CLOSE))
    assert [line for line in answer.splitlines() if line.startswith((b"/", b"HTTP"))] == [
        b"HTTP/1.1 200 OK",
        b"/0 0HTTP/1.1 200 OK",
        b"/1 0HTTP/1.1 200 OK",
        b"/2 0HTTP/1.1 200 OK",
        b"/last 2",
    ]


async def test_a_silent_connection_is_closed(port: int) -> None:
    assert await exchange(port) == b""


async def test_a_dripping_head_is_refused(port: int) -> None:
    answer = await exchange(port, b"GET / HTTP/1.1\r\n", b"host: x\r\n", b"x-a: b\r\n", pause=SHORT / 4)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")


async def test_a_second_head_that_drips_is_refused(port: int) -> None:
    answer = await exchange(port, request("/a"), b"GET / HTTP/1.1\r\n", pause=SHORT / 4)
    assert b"HTTP/1.1 408 Request Timeout\r\n" in answer


async def test_a_slow_answer_is_not_the_clients_fault(port: int) -> None:
    answer = await exchange(port, request("/slow", extra=CLOSE))
    assert answer.endswith(b"/slow 0")


async def test_a_pipelined_head_waits_for_the_answer_before_it(port: int) -> None:
    whole = request("/b", extra=CLOSE)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("/slow") + whole[:20])
    assert await reader.readuntil(b"/slow 0") != b""
    writer.write(whole[20:])
    assert (await reader.read()).endswith(b"/b 0")
    writer.close()


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"], ids=["open", "whole"])
@pytest.mark.parametrize("pieces", [1, 40], ids=["at once", "in pieces"])
async def test_a_large_head_is_refused(pieces: int, end: bytes, port: int) -> None:
    head = b"GET / HTTP/1.1\r\nx-long: " + b"a" * (HEAD_BYTES + 1000) + end
    size = len(head) // pieces + 1
    answer = await exchange(port, *(head[start : start + size] for start in range(0, len(head), size)))
    assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


async def test_heads_that_arrive_together_are_measured_each(port: int) -> None:
    long = b"x-long: " + b"a" * (HEAD_BYTES - 1000) + b"\r\n"
    answer = await exchange(port, request("/a", b"x" * 70_000, long) + request("/b", extra=long + CLOSE))
    assert b"/a 70000" in answer
    assert answer.endswith(b"/b 0")


async def test_what_is_no_http_is_a_400(port: int) -> None:
    assert (await exchange(port, b"\x16\x03\x01 hello\r\n\r\n")).startswith(b"HTTP/1.1 400 Bad Request\r\n")
