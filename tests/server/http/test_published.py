"""Contracts that a process publishes: as they are accepted, and compressed once for each coding."""

import sys
import zlib
from collections import Counter
from typing import Any

import httpx
import pytest

from server.http import published
from server.http.compression import CODINGS
from server.http.published import Published
from tests.support.api import Org
from web.http import TEXT, Request

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DOCUMENT = "type Query { health: Boolean } " * 1_000


async def _never() -> Any:
    raise AssertionError("nothing is read")


def _request(*accepted: bytes) -> Request:
    headers = [(b"accept-encoding", each) for each in accepted]
    return Request({"type": "http", "method": "GET", "headers": headers, "state": {"request_id": "one"}}, _never, {})


async def test_a_document_is_compressed_once_for_each_coding(monkeypatch: pytest.MonkeyPatch) -> None:
    done: Counter[bytes] = Counter()

    def counted(coding: bytes, text: bytes) -> bytes:
        done[coding] += 1
        return CODINGS[coding](text)

    codings = {coding: lambda text, coding=coding: counted(coding, text) for coding in CODINGS}
    monkeypatch.setattr(published, "CODINGS", codings)
    document = Published(lambda: DOCUMENT, TEXT)
    for _ in range(3):
        assert (await document(_request())).body == DOCUMENT.encode()
        for coding in CODINGS:
            answer = await document(_request(coding))
            assert dict(answer.headers)[b"content-encoding"] == coding
            assert int(dict(answer.headers)[b"content-length"]) == len(answer.body)
        assert zlib.decompress((await document(_request(b"gzip"))).body, wbits=31) == DOCUMENT.encode()
    assert done == dict.fromkeys(CODINGS, 1)


@pytest.mark.parametrize("path", ["/api/openapi.json", "/graphql/schema.graphql"])
async def test_contracts_are_the_same_in_every_coding(acme: Org, path: str) -> None:
    found = {}
    for coding in ("identity", "gzip", "zstd"):
        answer: httpx.Response = await acme.http.get(path, headers={"Accept-Encoding": coding})
        assert answer.headers.get("content-encoding", "identity") == coding
        assert "Accept-Encoding" in answer.headers["vary"]
        content = zstd.decompress(answer.content) if coding == "zstd" else answer.content
        found[coding] = (content, answer.headers["etag"])
        kept = {"If-None-Match": answer.headers["etag"], "Accept-Encoding": coding}
        assert (await acme.http.get(path, headers=kept)).status_code == 304
    assert len({*found.values()}) == 1
