"""A body that is refused is answered so that the client reads the answer, whatever client it is."""

import asyncio
import http.client
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from tests.support.api import Org
from tests.support.protocol import exchange, statuses

MEGABYTES_10 = 10_000_000
JSON = {"Content-Type": "application/json"}
# What is refused: the status, the path and the headers that lead to it; {} stands for the key.
REFUSALS = {
    "too large": (413, "/api/v1/clients", JSON | {"Authorization": "Bearer {}"}),
    "too large, GraphQL": (413, "/graphql", JSON | {"Authorization": "Bearer {}"}),
    "too large, the last": (413, "/api/v1/clients", JSON | {"Authorization": "Bearer {}", "Connection": "close"}),
    "no key": (401, "/api/v1/clients", JSON),
    "no key, GraphQL": (401, "/graphql", JSON | {"Authorization": "Bearer x"}),
    "another type": (415, "/api/v1/clients", {"Content-Type": "text/plain", "Authorization": "Bearer {}"}),
    "no such path": (404, "/api/v1/nothing", JSON),
    "no such method": (405, "/api/health", JSON),
}


def _pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // 10_000):
        yield b" " * 10_000


def by_http_client(base: str, path: str, headers: dict[str, str], chunked: bool) -> tuple[int, Any]:
    """The standard library's client, which reads once it has sent everything."""
    connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=30)
    try:
        body: Any = _pieces(MEGABYTES_10) if chunked else b" " * MEGABYTES_10
        connection.request("POST", path, body, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def by_urllib(base: str, path: str, headers: dict[str, str], chunked: bool) -> tuple[int, Any]:
    """The standard library's other client."""
    body: Any = _pieces(MEGABYTES_10) if chunked else b" " * MEGABYTES_10
    asked = urllib.request.Request(base + path, body, headers, method="POST")
    try:
        urllib.request.urlopen(asked, timeout=30)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())
    raise AssertionError("it was not refused")


def by_httpx(base: str, path: str, headers: dict[str, str], chunked: bool) -> tuple[int, Any]:
    """httpx."""
    answer = httpx.post(
        base + path, content=_pieces(MEGABYTES_10) if chunked else b" " * MEGABYTES_10, headers=headers, timeout=30
    )
    return answer.status_code, answer.json()


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("client", [by_http_client, by_urllib, by_httpx], ids=["http.client", "urllib", "httpx"])
@pytest.mark.parametrize("name", REFUSALS)
async def test_ten_megabytes_that_are_refused_are_answered(
    acme: Org, api: str, client: Callable[..., tuple[int, Any]], name: str, chunked: bool
) -> None:
    status, path, headers = REFUSALS[name]
    given = {name: value.format(acme.key) for name, value in headers.items()}
    found, body = await asyncio.to_thread(partial(client, api, path, given, chunked))
    assert found == status
    first = body["errors"][0]["extensions"] if path == "/graphql" else body
    assert first["status"] == status
    assert await acme.count("clients") == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@pytest.mark.parametrize("expect", ["", "100-continue"], ids=["at once", "expecting"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("name", REFUSALS)
async def test_curl_reads_the_refusal(acme: Org, api: str, name: str, chunked: bool, expect: str) -> None:
    status, path, headers = REFUSALS[name]
    options = ["-H", f"Expect: {expect}", *(["-H", "Transfer-Encoding: chunked"] if chunked else [])]
    for header, value in headers.items():
        options += ["-H", f"{header}: {value.format(acme.key)}"]
    process = await asyncio.create_subprocess_exec(
        *("curl", "-sS", "--max-time", "30", "-w", "\n%{http_code}", "--data-binary", "@-", *options, api + path),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed, complaint = await process.communicate(b" " * MEGABYTES_10)
    body, _, code = printed.decode().rpartition("\n")
    assert (process.returncode, complaint, code) == (0, b"", str(status))
    assert json.loads(body)


async def test_a_refused_body_is_not_asked_for(acme: Org) -> None:
    head = b"POST /api/v1/clients HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-type: application/json\r\n"
    key = f"authorization: Bearer {acme.key}\r\n".encode()
    port = int(acme.http.base_url.port or 0)
    for rest, status in (
        (b"content-length: 10\r\n", 401),
        (key + b"content-length: 10000000\r\n", 413),
        (key + b"content-length: 10\r\n", 100),
    ):
        answer = await exchange(port, head + rest + b"\r\n", end=True)
        assert statuses(answer)[:1] == [status]
        assert (status == 100) == (b"100 Continue" in answer)
        assert (status == 100) == (b"The body ended early." in answer)


async def test_a_small_body_that_is_refused_leaves_the_connection_open(acme: Org) -> None:
    async with httpx.AsyncClient(base_url=acme.http.base_url) as http:
        for _ in range(3):
            answer = await http.post("/api/v1/clients", content=b"{}", headers=JSON)
            assert answer.status_code == 401
