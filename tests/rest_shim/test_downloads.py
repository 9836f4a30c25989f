"""Downloads over real HTTP: the checks of documented routes, files that are whole, and files that are streamed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest

from models.clients import CLIENT
from models.typeid import decode, encode, new_uuid
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.downloads import DOWNLOADS, Download, File
from tests.support.api import Org, make_org, new_client, serving, settings_of
from tests.support.refusals import problem
from tests.support.servers import Backends
from tests.support.shelf import COST, FILE_COST, MEGABYTE, Shelf


@asynccontextmanager
async def shelved(backends: Backends, **settings: Any) -> AsyncIterator[Shelf]:
    """A server with a download that no domain has; the table of others stays as it is."""
    made = Shelf()
    download = made.download()
    async with serving(settings_of(backends, **settings)) as base:
        del DOWNLOADS[download.path]
        made.base = base
        yield made


@pytest.fixture(scope="module")
async def shelf(backends: Backends) -> AsyncIterator[Shelf]:
    """A server whose requests may take half a second."""
    async with shelved(backends, request_timeout_s=0.5) as made:
        yield made


@pytest.fixture
async def owner(shelf: Shelf, api_runtime: Runtime) -> AsyncIterator[Org]:
    """An organization on that server."""
    made = await make_org(api_runtime, shelf.base)
    yield made
    await made.close()


async def _path(org: Org, name: str) -> str:
    return f"/api/v1/clients/{(await new_client(org, name=name))['publicId']}.txt"


@pytest.mark.parametrize(
    ("accepted", "media"),
    [
        ("application/octet-stream", "application/octet-stream"),
        ("application/octet-stream, text/*;q=0.5", "application/octet-stream"),
        ("application/octet-stream;q=0.5, text/plain", "text/plain"),
        ("application/*", "application/octet-stream"),
        ("*/*", "text/plain"),
        ("application/json", "text/plain"),
        ("", "text/plain"),
    ],
)
async def test_a_file_is_plain_bytes_where_these_are_preferred(owner: Org, accepted: str, media: str) -> None:
    path = await _path(owner, "Ada")
    for method in ("GET", "HEAD"):
        answer = await owner.http.request(method, path, headers={"Accept": accepted})
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    streamed = await owner.http.get(await _path(owner, "Streamed"), headers={"Accept": accepted})
    assert streamed.headers["content-type"] == media


async def test_a_file_is_sent_whole(owner: Org, shelf: Shelf) -> None:
    path = await _path(owner, "Ada")
    answer = await owner.http.get(path, headers={"Accept-Encoding": "identity", "X-Request-Id": "mine"})
    assert (answer.status_code, answer.content) == (200, b"Hello, " * 1_000)
    headers = answer.headers
    assert (headers["content-type"], headers["content-length"]) == ("text/plain", "7000")
    assert headers["content-disposition"] == 'attachment; filename="Ada.txt"'
    assert headers["etag"] == f'"{path.split("/")[-1].removesuffix(".txt")}-1"'
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert (headers["x-request-id"], headers["server-timing"]) == ("mine", 'sql;desc="1"')
    packed = await owner.http.get(f"{path}/", headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["content-encoding"], packed.content) == ("gzip", answer.content)


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("Zoë “Ada”", "attachment; filename=\"Zo_ _Ada_.txt\"; filename*=UTF-8''Zo%C3%AB%20%E2%80%9CAda%E2%80%9D.txt"),
        ('a"; x=\\', "attachment; filename=\"a__ x_-.txt\"; filename*=UTF-8''a%22%3B%20x%3D-.txt"),
        ("../../etc/passwd", 'attachment; filename="..-..-etc-passwd.txt"'),
        ("漢字", "attachment; filename=\"__.txt\"; filename*=UTF-8''%E6%BC%A2%E5%AD%97.txt"),
    ],
)
async def test_a_file_has_its_name(owner: Org, name: str, disposition: str) -> None:
    answer = await owner.http.get(await _path(owner, name))
    assert answer.headers["content-disposition"] == disposition


async def test_a_file_that_is_there_already_is_not_made(owner: Org, shelf: Shelf) -> None:
    path = await _path(owner, "Ada")
    tag = (await owner.http.get(path)).headers["etag"]
    before = len(shelf.made)
    for given in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        answer = await owner.http.get(path, headers={"If-None-Match": given})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    head = await owner.http.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
    assert (head.headers["content-type"], "content-length" in head.headers) == ("text/plain", False)
    assert len(shelf.made) == before
    assert (await owner.http.get(path, headers={"If-None-Match": '"other"'})).status_code == 200
    changed = await owner.http.put(path.removesuffix(".txt"), json={"notes": "n"})
    assert changed.status_code == 200
    again = await owner.http.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["etag"]) == (200, tag.replace('-1"', '-2"'))


async def test_what_is_refused_makes_nothing(owner: Org, shelf: Shelf, api_runtime: Runtime) -> None:
    path = await _path(owner, "Ada")
    before = len(shelf.made)
    http = owner.http
    problem(await http.get(path, headers={"Authorization": ""}), 401, "UNAUTHENTICATED")
    weak = owner.holding(await owner.new_key("orders:read"))
    assert problem(await weak.http.get(path), 403, "FORBIDDEN")["scope"] == "clients:read"
    wrong = problem(await http.get(f"{path}?colour=red&a"), 400, "BAD_INPUT", "query.colour", "query.a")
    assert {part["code"] for part in wrong["errors"]} == {"UNKNOWN_PARAMETER"}
    stranger = await make_org(api_runtime, shelf.base)
    missing = [
        await stranger.http.get(path),
        *[
            await http.get(f"/api/v1/clients/{each}.txt")
            for each in (
                encode("client", new_uuid()),
                encode("order", new_uuid()),
                "nobody",
                "client_",
                "a.txt",
                "%F0%9F",
            )
        ],
    ]
    await stranger.close()
    for answer in missing:
        assert problem(answer, 404, "NOT_FOUND", "path.publicId")["detail"] == "There is no such client."
    for other in (".pdf", ".txt.txt/x", ".TXT"):
        assert (await http.get(path.replace(".txt", other))).status_code == 404
    for method in ("POST", "PUT", "DELETE"):
        answer = await http.request(method, path)
        problem(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    options = await http.options(path)
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    busy = await http.get(await _path(owner, "Busy"))
    problem(busy, 503, "UNAVAILABLE")
    assert busy.headers["retry-after"] == "1"
    assert len(shelf.made) == before
    # The client's own route is as it was.
    assert (await http.get(path.removesuffix(".txt"))).status_code == 200


def _left(answer: httpx.Response) -> int:
    return int(answer.headers["ratelimit"].split("r=")[1].split(";")[0])


async def test_a_download_is_paid_and_a_large_file_more(backends: Backends, api_runtime: Runtime) -> None:
    async with shelved(backends, rate_bucket=2_000, rate_refill=1) as made:
        org = await make_org(api_runtime, made.base)
        path = await _path(org, "Ada")
        first = await org.http.get(path)
        tag = {"If-None-Match": first.headers["etag"]}
        second = await org.http.get(path, headers=tag)
        third = await org.http.get(path, headers=tag)
        # What the file cost is owed when it is made; one that is there already costs the download alone.
        assert _left(first) - _left(second) - FILE_COST - COST in (0, -1, -2)
        assert _left(second) - _left(third) - COST in (0, -1, -2)
        while (answer := await org.http.get(path)).status_code == 200:
            pass
        problem(answer, 429, "RATE_LIMITED")
        assert int(answer.headers["retry-after"]) > 0
        assert made.made == ["whole"] * 2
        await org.close()


async def test_a_large_file_is_streamed(owner: Org) -> None:
    async with owner.http.stream("GET", await _path(owner, "Streamed")) as answer:
        assert (answer.status_code, "content-length" in answer.headers) == (200, False)
        size = 0
        async for part in answer.aiter_bytes():
            size += len(part)
    assert size == 12 * len(MEGABYTE)


async def test_what_has_begun_waits_for_a_connection(backends: Backends, api_runtime: Runtime) -> None:
    async with shelved(backends, pool_max=1, pool_wait_ms=50) as made:
        org = await make_org(api_runtime, made.base)
        path = await _path(org, "Rows")

        async def got() -> httpx.Response:
            while (answer := await org.http.get(path)).status_code == 503:
                assert answer.headers["retry-after"] == "1"
            return answer

        # Each is refused before its first byte, or whole.
        answers = await asyncio.gather(*[got() for _ in range(4)])
        assert [(answer.status_code, answer.text) for answer in answers] == [(200, "rows:01234")] * 4
        await org.close()


async def test_a_file_may_take_longer_than_a_request(owner: Org) -> None:
    answer = await owner.http.get(await _path(owner, "Slow"))
    assert (answer.status_code, answer.content) == (200, b"012")


async def test_an_empty_file_is_a_file(owner: Org) -> None:
    answer = await owner.http.get(await _path(owner, "Empty"))
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


async def test_a_file_that_breaks_off_is_seen_to_be_cut(owner: Org) -> None:
    path = await _path(owner, "Broken")
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
        await owner.http.get(path)
    assert (await owner.http.get(path.removesuffix(".txt"))).status_code == 200


async def test_nothing_is_made_for_a_client_that_has_gone(owner: Org, shelf: Shelf) -> None:
    path = await _path(owner, "Endless")
    async with owner.http.stream("GET", path) as answer:
        async for _ in answer.aiter_bytes():
            break
    async with asyncio.timeout(30):
        await shelf.closed.wait()


async def test_a_download_stands_once_and_has_a_path_for_each_object() -> None:
    async def find(_ctx: Context, _key: UUID) -> File | None:
        return None

    given: Any = (CLIENT, "csv", "text/csv", "clients:read", 1, "GetClientCsv", "Get it", find)
    download = Download(*given)
    try:
        key = new_uuid()
        path = download.path_of(key)
        assert path == f"/api/v1/clients/{encode('client', key)}.csv"
        assert decode("client", path.split("/")[-1].removesuffix(".csv")) == key
        with pytest.raises(ValueError, match=r"two downloads at /api/v1/clients/\{publicId\}\.csv"):
            Download(*given)
    finally:
        del DOWNLOADS[download.path]
