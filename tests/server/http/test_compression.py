"""Compressed answers: which coding, from which size on, never with a secret, and never on the loop for long."""

import asyncio
import json
import sys
import threading
import zlib
from typing import Any

import httpx
import pytest

from server.http.compression import BESIDE_THE_LOOP, CODINGS, LEAST, coding_for, compressed
from tests.support.api import Org, new_client
from tests.support.refusals import CREATE
from web.http import Header

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = "{ clients(first: 20) { nodes { id name email createdAt } } }"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("gzip", b"gzip"),
        ("zstd", b"zstd"),
        ("GZIP", b"gzip"),
        ("x-gzip", b"gzip"),
        ("gzip, deflate, br", b"gzip"),
        ("gzip, deflate, br, zstd", b"gzip"),
        ("zstd;q=0.5, gzip;q=0.8", b"gzip"),
        ("zstd;q=0.8, gzip;q=0.5", b"zstd"),
        ("zstd;q=0.5, gzip ; q = 0.5", b"gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000, zstd;q=0", None),
        ("gzip;q=0.001", b"gzip"),
        ("*", b"gzip"),
        ("*;q=0", None),
        ("zstd;q=0, *", b"gzip"),
        ("gzip;q=0.2, *;q=0.1", b"gzip"),
        ("identity", None),
        ("identity;q=0.5, gzip;q=0.1", None),
        ("identity;q=0, gzip;q=0.1", b"gzip"),
        ("identity;q=0", None),
        ("br, deflate", None),
        ("gzip;q=2", None),
        ("gzip;q=nan", None),
        ("gzip;q=", None),
        ("gzip;level=9", b"gzip"),
        (",,;;q=1,", None),
    ],
)
def test_the_coding_that_a_client_prefers(accepted: str, coding: bytes | None) -> None:
    assert coding_for(accepted.encode()) == coding


def _read(answer: httpx.Response, raw: bytes) -> bytes:
    coding = answer.headers.get("content-encoding")
    if coding == "zstd":
        return zstd.decompress(raw)
    return zlib.decompress(raw, wbits=31) if coding == "gzip" else raw


async def _raw(org: Org, method: str, path: str, accept: str, **given: Any) -> tuple[httpx.Response, bytes]:
    headers = {"Accept-Encoding": accept} | given.pop("headers", {})
    async with org.http.stream(method, path, headers=headers, **given) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    return answer, raw


@pytest.fixture
async def filled(acme: Org) -> Org:
    """An organization with a page of clients."""
    for index in range(20):
        await new_client(acme, name=f"Client {index}")
    return acme


PLACES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/graphql", {"json": {"query": TEXT}}),
    ("GET", "/graphql", {"params": {"query": TEXT}}),
    ("POST", "/graphql", {"json": {"query": TEXT}, "headers": {"Accept": "application/graphql-response+json"}}),
    ("GET", "/api/v1/clients", {}),
    ("GET", "/api/openapi.json", {}),
]


@pytest.mark.parametrize(("method", "path", "given"), PLACES, ids=str)
async def test_an_answer_is_compressed_as_the_client_accepts_it(
    filled: Org, method: str, path: str, given: dict[str, Any]
) -> None:
    plain, whole = await _raw(filled, method, path, "identity", **given)
    assert (plain.status_code, "content-encoding" in plain.headers) == (200, False)
    assert plain.headers["vary"] == "Accept-Encoding"
    for accept, coding in (
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, br, zstd", "gzip"),
        ("gzip;q=1,zstd;q=.5", "gzip"),
    ):
        answer, raw = await _raw(filled, method, path, accept, **given)
        assert (answer.status_code, answer.headers["content-encoding"]) == (200, coding)
        assert (answer.headers["vary"], answer.headers["content-type"]) == (
            "Accept-Encoding",
            plain.headers["content-type"],
        )
        assert int(answer.headers["content-length"]) == len(raw) < len(whole) / 2
        read = _read(answer, raw)
        if path == "/graphql" and "Accept" not in given.get("headers", {}):
            assert json.loads(read)["data"] == json.loads(whole)["data"]
        elif path != "/graphql":
            assert read == whole


async def test_head_has_the_headers_of_get(filled: Org) -> None:
    for path in ("/api/v1/clients", "/api/openapi.json"):
        for accept in ("gzip", "zstd", "identity"):
            get, raw = await _raw(filled, "GET", path, accept)
            head, none = await _raw(filled, "HEAD", path, accept)
            assert (head.status_code, none) == (200, b"")
            for name in ("content-encoding", "content-length", "content-type", "vary"):
                assert head.headers.get(name) == get.headers.get(name)
            assert int(head.headers["content-length"]) == len(raw)


async def test_a_small_answer_is_left_as_it_is(acme: Org) -> None:
    client = await new_client(acme)
    path = f"/api/v1/clients/{client['publicId']}"
    for notes, coded in (("x" * (LEAST - 600), False), ("x" * LEAST, True)):
        await acme.http.put(path, json={"notes": notes})
        answer, raw = await _raw(acme, "GET", path, "gzip")
        assert ("content-encoding" in answer.headers, "vary" in answer.headers) == (coded, coded)
        assert json.loads(_read(answer, raw))["data"]["notes"] == notes
        # What a client may send back as If-Match is the version's, whatever the coding.
        assert answer.headers["etag"] == f'"{json.loads(_read(answer, raw))["data"]["version"]}"'
        again = await acme.http.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content, "content-encoding" in again.headers) == (304, b"", False)


@pytest.mark.parametrize("accept", ["gzip", "zstd"])
async def test_an_answer_with_a_secret_is_never_compressed(acme: Org, accept: str) -> None:
    new = {"url": "https://example.com/" + "y" * 1_500, "events": ["*"]}
    text = "mutation($in: CreateWebhookInput!) { createWebhook(input: $in) { secret webhook { id url } } }"
    body = {"query": text, "variables": {"in": new}}
    answer, raw = await _raw(acme, "POST", "/graphql", accept, json=body)
    made = json.loads(raw)["data"]["createWebhook"]
    assert made["secret"].startswith("whsec_")
    assert len(raw) > LEAST
    assert ("content-encoding" in answer.headers, "vary" in answer.headers) == (False, False)
    rotate = "mutation($id: ID!) { rotateWebhookSecret(input: {id: $id}) { secret webhook { id url } } }"
    body = {"query": rotate, "variables": {"id": made["webhook"]["id"]}}
    answer, raw = await _raw(acme, "POST", "/graphql", accept, json=body)
    assert json.loads(raw)["data"]["rotateWebhookSecret"]["secret"].startswith("whsec_")
    assert "content-encoding" not in answer.headers
    answer, raw = await _raw(acme, "POST", "/api/v1/webhooks", accept, json=new)
    assert json.loads(raw)["data"]["secret"].startswith("whsec_")
    assert len(raw) > LEAST
    assert "content-encoding" not in answer.headers
    # The endpoints by themselves hold none.
    answer, _ = await _raw(acme, "GET", "/api/v1/webhooks", accept)
    assert answer.headers["content-encoding"] == accept


async def test_another_change_is_compressed(acme: Org) -> None:
    text = CREATE.replace("{ id version }", "{ id notes }")
    body = {"query": text, "variables": {"input": {"name": "Ada", "email": "a@b.example", "notes": "x" * 2_000}}}
    answer, _ = await _raw(acme, "POST", "/graphql", "gzip", json=body)
    assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("media", [b"image/png", b"application/pdf", b"text/event-stream", b"application/octet-stream"])
async def test_what_is_compressed_already_or_flows_is_left(media: bytes) -> None:
    headers: list[Header] = [(b"content-type", media), (b"content-length", b"5000")]
    scope: dict[str, Any] = {"headers": [(b"accept-encoding", b"gzip")], "state": {}}
    assert await compressed(scope, headers, b"x" * 5_000) == (headers, b"x" * 5_000)
    coded = [(b"content-type", b"text/csv"), (b"content-encoding", b"br")]
    assert await compressed(scope, coded, b"x" * 5_000) == (coded, b"x" * 5_000)
    scope["headers"] = [(b"accept-encoding", b"br"), (b"accept-encoding", b"gzip")]
    found, body = await compressed(scope, [(b"content-type", b"image/svg+xml")], b"x" * 5_000)
    assert (dict(found)[b"content-encoding"], zlib.decompress(body, wbits=31)) == (b"gzip", b"x" * 5_000)


LARGE = json.dumps([{"id": f"order_{n:026x}", "total": n * 7919 % 100_003} for n in range(150_000)]).encode()


async def test_a_large_answer_does_not_hold_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    where = []

    def slow(body: bytes) -> bytes:
        where.append(threading.get_ident())
        assert goes_on.wait(60), "the loop stood still"
        return body[:10]

    monkeypatch.setitem(CODINGS, b"gzip", slow)
    scope: dict[str, Any] = {"headers": [(b"accept-encoding", b"gzip")], "state": {}}
    asyncio.get_running_loop().call_later(0.01, goes_on.set)
    _, made = await compressed(scope, [(b"content-type", b"application/json")], LARGE)
    assert (len(made), len(where)) == (10, 1)
    assert where != [threading.get_ident()]
    assert len(LARGE) > BESIDE_THE_LOOP


@pytest.mark.parametrize("coding", [b"gzip", b"zstd"])
async def test_the_libraries_leave_the_interpreter_to_others(coding: bytes) -> None:
    made: list[bytes] = []
    thread = threading.Thread(target=lambda: made.append(CODINGS[coding](LARGE)))
    thread.start()
    turns = 0
    while thread.is_alive():
        turns += 1
        await asyncio.sleep(0.0005)
    assert turns > 3
    assert len(made[0]) < len(LARGE) / 3
