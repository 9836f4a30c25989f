"""Answers of unknown length to HTTP/1.0, which knows no chunks: the connection's end is theirs."""

import asyncio
from typing import Any

import pytest

from tests.support.api import Org, new_client
from tests.support.live import WAIT_S
from tests.support.protocol import exchange, listening, request

PARTS = (b"one\n", b"", b"x" * 100_000, b"three\n")
HEAD_1_0 = b"%s %s HTTP/1.0\r\nhost: x\r\n%s\r\n"


async def parts(scope: Any, _receive: Any, send: Any) -> None:
    """Answer by parts; where the path says so, by one with a Content-Length, or by none."""
    path = scope["path"]
    sized = [(b"content-length", b"4")] if path == "/sized" else []
    status = 204 if path == "/none" else 200
    await send({"type": "http.response.start", "status": status, "headers": sized})
    for part in {"/sized": PARTS[:1], "/none": ()}.get(path, PARTS):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


@pytest.mark.parametrize("asked", [b"", b"connection: keep-alive\r\n"], ids=["close", "keep-alive"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        (b"GET", b"/", b"".join(PARTS)),
        (b"POST", b"/", b"".join(PARTS)),
        (b"HEAD", b"/", b""),
        (b"GET", b"/none", b""),
        (b"GET", b"/sized", PARTS[0]),
        (b"HEAD", b"/sized", b""),
    ],
)
async def test_an_answer_to_http_1_0_ends_with_the_connection(
    method: bytes, path: bytes, body: bytes, asked: bytes
) -> None:
    async with listening(parts) as port:
        head, _, came = (await exchange(port, HEAD_1_0 % (method, path, asked))).partition(b"\r\n\r\n")
    assert came == body
    assert b"transfer-encoding" not in head.lower()
    assert b"\r\nconnection: close" in head
    assert (b"content-length: 4" in head) == (path == b"/sized")


async def test_an_answer_to_http_1_1_comes_in_chunks() -> None:
    async with listening(parts) as port:
        answer = await exchange(port, request("/"), request("/", extra=b"connection: close\r\n"))
    assert answer.count(b"\r\ntransfer-encoding: chunked\r\n") == 2
    assert answer.endswith(b"6\r\nthree\n\r\n0\r\n\r\n")


async def test_a_live_stream_is_read_over_http_1_0(acme: Org) -> None:
    base = acme.http.base_url
    reader, writer = await asyncio.open_connection(base.host, base.port)
    asked = b"Authorization: Bearer %s\r\nAccept: text/event-stream\r\n" % acme.key.encode()
    writer.write(HEAD_1_0 % (b"GET", b"/graphql?query=subscription%7Bevents%7Btype%7D%7D", asked))
    async with asyncio.timeout(WAIT_S):
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"transfer-encoding" not in head.lower()
        assert b"text/event-stream" in head
        begun = await reader.readuntil(b"\n\n")
        assert begun.startswith(b"id: ")
        await new_client(acme)
        heard = (await reader.readuntil(b"\n\n")).splitlines()
        assert heard[1] == b"event: next"
        assert heard[2].startswith(b'data: {"data":{"events":{"type":"client.created"}}')
    writer.close()
