"""Heads that two servers could read in two ways are refused, in problem+json, and what follows them is not read."""

import json
from collections.abc import AsyncIterator

import pytest

from server.http.heads import HEAD_FIELDS
from tests.support.api import Org
from tests.support.protocol import CLOSE, chunked, exchange, listening, request, statuses

POST = b"POST /a HTTP/1.1\r\n"
HOST = b"host: x\r\n"
LENGTH, CHUNKED = b"content-length: 5\r\n", b"transfer-encoding: chunked\r\n"
SMUGGLED = b"0\r\n\r\n" + request("/smuggled")
BAD = {
    "no host": POST + b"\r\n",
    "two hosts": POST + HOST + HOST + b"\r\n",
    "two hosts that differ": POST + HOST + b"Host: y\r\n\r\n",
    "two hosts in 1.0": b"GET /a HTTP/1.0\r\n" + HOST + HOST + b"\r\n",
    "a host with a path": POST + b"host: x/y\r\n\r\n",
    "a host with a user": POST + b"host: a@b\r\n\r\n",
    "a list of hosts": POST + b"host: a b\r\n\r\n",
    "length and chunks": POST + HOST + LENGTH + CHUNKED + b"\r\n",
    "chunks and length": POST + HOST + CHUNKED + LENGTH + b"\r\n",
    "two lengths": POST + HOST + LENGTH + LENGTH + b"\r\n",
    "two lengths that differ": POST + HOST + LENGTH + b"content-length: 6\r\n\r\n",
    "a list of lengths": POST + HOST + b"content-length: 5, 5\r\n\r\n",
    "a signed length": POST + HOST + b"content-length: +5\r\n\r\n",
    "a negative length": POST + HOST + b"content-length: -5\r\n\r\n",
    "a hexadecimal length": POST + HOST + b"content-length: 0x5\r\n\r\n",
    "an empty length": POST + HOST + b"content-length:\r\n\r\n",
    "a length beyond 64 bits": POST + HOST + b"content-length: 99999999999999999999\r\n\r\n",
    "gzip, chunked": POST + HOST + b"transfer-encoding: gzip, chunked\r\n\r\n",
    "chunked, gzip": POST + HOST + b"transfer-encoding: chunked, gzip\r\n\r\n",
    "identity, chunked": POST + HOST + b"transfer-encoding: identity, chunked\r\n\r\n",
    "chunked, chunked": POST + HOST + b"transfer-encoding: chunked, chunked\r\n\r\n",
    "chunked twice": POST + HOST + CHUNKED + CHUNKED + b"\r\n",
    "gzip and chunked": POST + HOST + b"transfer-encoding: gzip\r\n" + CHUNKED + b"\r\n",
    "identity": POST + HOST + b"transfer-encoding: identity\r\n\r\n",
    "xchunked": POST + HOST + b"transfer-encoding: xchunked\r\n\r\n",
    "chunked with a tab": POST + HOST + b"transfer-encoding: \x0bchunked\r\n\r\n",
    "a quoted coding": POST + HOST + b'transfer-encoding: "chunked"\r\n\r\n',
    "an empty coding": POST + HOST + b"transfer-encoding:\r\n\r\n",
    "a space before the colon": POST + HOST + b"transfer-encoding : chunked\r\n\r\n",
    "chunks in 1.0": b"POST /a HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n",
    "a folded line": POST + HOST + b"x-a: b\r\n c\r\n\r\n",
    "a folded first line": POST + b" x-a: b\r\n" + HOST + b"\r\n",
    "LF alone": b"POST /a HTTP/1.1\nhost: x\n\n",
    "LF alone in a header": POST + HOST + b"x-a: b\ncontent-length: 5\r\n\r\n",
    "CR alone in a header": POST + HOST + b"x-a: b\rcontent-length: 5\r\n\r\n",
    "NUL in a header": POST + HOST + b"x-a: b\0\r\n\r\n",
    "NUL in the target": b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a raw byte in the target": b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "a tab in the target": b"GET /a\tb HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target without a path": b"GET ?a HTTP/1.1\r\n" + HOST + b"\r\n",
    "a port beyond 65535": b"GET http://x:99999/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "an empty header name": POST + HOST + b": a\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http/1.1": b"GET / http/1.1\r\n" + HOST + b"\r\n",
}  # fmt: skip
BROKEN_BODIES = {
    "LF alone": b"5\n00000\n0\n\n",
    "LF alone after the data": b"5\r\n00000\n0\r\n\r\n",
    "a space after the size": b"5 \r\n00000\r\n0\r\n\r\n",
    "0x": b"0x5\r\n00000\r\n0\r\n\r\n",
    "a negative size": b"-5\r\n00000\r\n0\r\n\r\n",
    "a size beyond 64 bits": b"fffffffffffffffff\r\n00000\r\n0\r\n\r\n",
    "more than the size": b"5\r\n0000000\r\n0\r\n\r\n",
    "LF alone in an extension": b"5;a\nb\r\n00000\r\n0\r\n\r\n",
    "a length in the trailers": b"0\r\ncontent-length: 5\r\n\r\n",
}


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    async with listening() as made:
        yield made


@pytest.mark.parametrize("name", BAD)
async def test_an_ambiguous_head_is_refused_and_ends_the_connection(port: int, name: str) -> None:
    answer = await exchange(port, BAD[name] + SMUGGLED)
    head, _, body = answer.partition(b"\r\n\r\n")
    reported = json.loads(body)
    assert statuses(answer) == [400]
    assert (reported["status"], reported["code"]) == (400, "BAD_INPUT")
    assert reported["detail"].startswith("The request is malformed. ")
    lines = head.lower().splitlines()
    assert {b"content-type: application/problem+json", b"connection: close"} <= set(lines)
    assert f"x-request-id: {reported['requestId']}".encode() in lines


@pytest.mark.parametrize("name", BROKEN_BODIES)
async def test_a_body_whose_chunks_are_broken_never_becomes_a_request(port: int, name: str) -> None:
    answer = await exchange(port, chunked("/a", end=BROKEN_BODIES[name]) + SMUGGLED)
    assert b"smuggled" not in answer
    assert len(statuses(answer)) == 1
    assert b"connection: close" in answer


@pytest.mark.parametrize("spaces", [b" ", b"\t", b"  \t "])
async def test_spaces_around_a_value_are_no_part_of_it(port: int, spaces: bytes) -> None:
    """RFC 9110, 5.5: a key that is sent again with a space is the same key."""
    answer = await exchange(port, request("/a", extra=b"x-request-id:" + spaces + b"mine" + spaces + b"\r\n" + CLOSE))
    assert b"\r\nx-request-id: mine\r\n" in answer


@pytest.mark.parametrize("method", [b"FOO", b"get", b"PURGE_ALL", b"CONNECT"])
async def test_an_unknown_method_is_refused(port: int, method: bytes) -> None:
    answer = await exchange(port, method + b" /a HTTP/1.1\r\n" + HOST + b"\r\n")
    assert statuses(answer) == [501]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "NOT_IMPLEMENTED"


@pytest.mark.parametrize(
    "head",
    [
        POST + b"Host: x\r\nTransfer-Encoding: Chunked\r\n" + CLOSE + b"\r\n0\r\n\r\n",
        b"GET /a HTTP/1.0\r\n\r\n",
        b"GET /a HTTP/1.0\r\nhost: x\r\n\r\n",
        b"GET http://x:80/a HTTP/1.1\r\nhost: x\r\n" + CLOSE + b"\r\n",
        b"GET /a HTTP/1.1\r\nhost: [::1]:8000\r\n" + CLOSE + b"\r\n",
        b"GET /a HTTP/1.1\r\nhost:\r\n" + CLOSE + b"\r\n",
        b"\r\n\r\nGET /a HTTP/1.1\r\nhost: x\r\n" + CLOSE + b"\r\n",
        b"GET /a HTTP/1.1\r\nhost: x\r\nx-a: \xff\r\n" + CLOSE + b"\r\n",
    ],
)
async def test_what_is_unusual_but_clear_is_answered(port: int, head: bytes) -> None:
    assert (await exchange(port, head)).endswith(b"/a 0")


async def test_there_are_at_most_so_many_headers(port: int) -> None:
    def head(count: int) -> bytes:
        return b"GET /a HTTP/1.1\r\nhost: x\r\n" + CLOSE + b"x-a:\r\n" * (count - 2) + b"\r\n"

    assert statuses(await exchange(port, head(HEAD_FIELDS))) == [200]
    answer = await exchange(port, head(HEAD_FIELDS + 1))
    assert statuses(answer) == [431]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "HEADERS_TOO_LARGE"


async def test_an_upgrade_that_is_not_offered_is_ignored(port: int) -> None:
    upgrade = b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
    asked = request("/1", extra=upgrade) + request("/2", b"abc", upgrade) + chunked("/3", b"ab", extra=upgrade)
    answer = await exchange(port, asked, request("/4", extra=upgrade), request("/5", extra=CLOSE), pause=0.05)
    assert statuses(answer) == [200] * 5
    for text in (b"/1 0", b"/2 3", b"/3 2", b"/4 0", b"/5 0"):
        assert text in answer


@pytest.mark.parametrize(
    "path", ["/%00", "/%ff", "//", "//api/v1/clients", "/api//v1/clients", "/%", "/%zz", "/a%0ab", "/%ed%a0%80", "/;"]
)
async def test_an_odd_path_is_not_found(acme: Org, path: str) -> None:
    host, port = str(acme.http.base_url.host), acme.http.base_url.port
    assert (host, port is not None) == ("127.0.0.1", True)
    answer = await exchange(int(port or 0), f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    assert statuses(answer) == [404]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "NOT_FOUND"


@pytest.mark.parametrize("part", ["%00", "%ff", "a%2fb", "%", "..", "%2e%2e", "client_%00", "%e2%80%ae"])
async def test_an_odd_id_is_not_found(acme: Org, part: str) -> None:
    head = (
        f"GET /api/v1/clients/{part} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {acme.key}\r\nconnection: close\r\n"
    )
    answer = await exchange(int(acme.http.base_url.port or 0), head.encode() + b"\r\n")
    assert statuses(answer) == [404]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "NOT_FOUND"


async def test_an_odd_parameter_is_named(acme: Org) -> None:
    for query in ("%00=%ff", "limit=%ff", "search=%00", "%ff"):
        found = await acme.http.get(f"/api/v1/clients?{query}")
        assert (found.status_code, found.json()["code"]) == (400, "BAD_INPUT")
        assert len(found.json()["errors"]) == 1
