"""What a browser gets at `/graphql` before and after GraphiQL is built, and the files that the page loads."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from server.explorer import Built, Explorer
from server.http.edge import Edge
from server.http.routing import ApiRoute, ApiRouter
from server.monitoring.metrics import Metrics

SCRIPT = b"const text = 'a script'\n" * 100


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that has nothing but the page, with what is in `tmp_path / "built"`."""
    explorer = Explorer(Built(tmp_path / "built"))
    routes = [
        ApiRoute("/graphql", explorer.page, name="Page"),
        ApiRoute("/graphql/assets/{name}", explorer.asset, name="Files"),
    ]
    app = Edge(ApiRouter(routes), Metrics(), seconds=5, timing=False)
    assert not isinstance(app, Starlette)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        yield client


def build(folder: Path) -> None:
    built = folder / "built"
    built.mkdir()
    for name, text in (("index.html", b"<title>made</title>"), ("index-1.js", SCRIPT)):
        (built / name).write_bytes(text)
        (built / f"{name}.gz").write_bytes(gzip.compress(text))
    (built / "font.ttf").write_bytes(b"\0font")
    (folder / "secret.txt").write_bytes(b"secret")


async def test_before_it_is_built_the_page_says_how_and_comes_back(http: httpx.AsyncClient, tmp_path: Path) -> None:
    answer = await http.get("/graphql")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<meta http-equiv="refresh" content="5">' in answer.text
    assert "make explorer" in answer.text
    assert (await http.get("/graphql/assets/index-1.js")).status_code == 404

    build(tmp_path)
    assert (await http.get("/graphql")).text == "<title>made</title>"
    assert (await http.get("/graphql/assets/index-1.js")).content == SCRIPT


async def test_the_page_loads_nothing_from_another_host(http: httpx.AsyncClient, tmp_path: Path) -> None:
    build(tmp_path)
    answer = await http.get("/graphql")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "worker-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers.get_list("cache-control") == ["no-cache"]
    assert answer.headers.get_list("vary") == ["Accept-Encoding"]


@pytest.mark.parametrize(
    ("accepted", "coding"), [("gzip, deflate, br", "gzip"), ("identity", None), ("gzip;q=0", None), ("zstd", "zstd")]
)
async def test_a_file_comes_in_the_coding_that_is_accepted(
    http: httpx.AsyncClient, tmp_path: Path, accepted: str, coding: str | None
) -> None:
    build(tmp_path)
    answer = await http.get("/graphql/assets/index-1.js", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers.get_list("vary") == ["Accept-Encoding"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers.get_list("cache-control") == ["public, max-age=31536000, immutable"]
    if coding != "zstd":
        assert answer.content == SCRIPT


@pytest.mark.parametrize(
    "name", ["none.js", "index-1.js.gz", "..%2fsecret.txt", "%2e%2e/secret.txt", "../secret.txt", "index-1.js%00"]
)
async def test_there_is_no_other_file(http: httpx.AsyncClient, tmp_path: Path, name: str) -> None:
    build(tmp_path)
    answer = await http.get(f"/graphql/assets/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_a_file_that_is_no_text_is_left_as_it_is(http: httpx.AsyncClient, tmp_path: Path) -> None:
    build(tmp_path)
    answer = await http.get("/graphql/assets/font.ttf", headers={"Accept-Encoding": "gzip"})
    assert (answer.content, answer.headers.get("content-encoding")) == (b"\0font", None)
