"""What a browser gets at `/graphql` and `/api/docs` before and after they are built, and the files that they load."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from graphql import parse, validate
from starlette.applications import Starlette

from schema.graph import CORE
from schema.live.fields import HEARINGS
from server.explorer import Built, Explorer
from server.explorer.pages import LICENCES
from server.http.edge import EdgeMiddleware
from server.http.routing import ApiRoute, ApiRouter
from server.monitoring.metrics import Metrics
from tests.support.repository import ROOT

SCRIPT = b"const text = 'a script'\n" * 100
GRAPHIQL, REFERENCE = b"<title>GraphiQL</title>", b"<html lang=en data-graphiql><title>Reference</title>"
MIT = "# Licences\n\nCopyright © Ada".encode()
SHARED = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


def served(folder: Path, *, graphiql: bool = True) -> httpx.AsyncClient:
    """A client of an application that has nothing but the pages, with what is in a folder's `built`."""
    explorer = Explorer(Built(folder / "built"), graphiql=graphiql)
    routes = [
        ApiRoute("/graphql", explorer.graphiql, name="GraphiQL"),
        ApiRoute("/api/docs", explorer.reference, name="Reference"),
        ApiRoute("/assets/{name}", explorer.asset, name="Assets"),
    ]
    app = EdgeMiddleware(ApiRouter(routes), Metrics(), seconds=5, timing=False)
    assert not isinstance(app, Starlette)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the pages, which link to each other."""
    async with served(tmp_path) as client:
        yield client


def told(answer: httpx.Response) -> str:
    """What a page says that it is, in its title and its heading, which are the same."""
    title, heading = (re.search(rf"<{tag}>(.*?)</{tag}>", answer.text) for tag in ("title", "h1"))
    assert title is not None
    assert heading is not None
    assert title[1] == heading[1]
    return title[1]


def build(folder: Path) -> None:
    built = folder / "built"
    built.mkdir()
    files = {"index.html": GRAPHIQL, "reference.html": REFERENCE, "index-1.js": SCRIPT, LICENCES: MIT}
    for name, text in files.items():
        (built / name).write_bytes(text)
        (built / f"{name}.gz").write_bytes(gzip.compress(text))
    (built / "font.ttf").write_bytes(b"\0font")
    (folder / "secret.txt").write_bytes(b"secret")


@pytest.mark.parametrize(
    ("path", "meanwhile", "page"),
    [("/graphql", "<code>POST /graphql</code>", GRAPHIQL), ("/api/docs", 'href="/api/openapi.json"', REFERENCE)],
)
async def test_before_it_is_built_a_page_says_how_and_comes_back(
    http: httpx.AsyncClient, tmp_path: Path, path: str, meanwhile: str, page: bytes
) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; base-uri")
    assert '<meta http-equiv="refresh" content="5">' in answer.text
    assert "make explorer" in answer.text
    assert meanwhile in answer.text
    assert "failed" not in answer.text
    assert told(answer).endswith("is not built yet")
    (tmp_path / "failed").touch()
    answer = await http.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    for said in ("could not be built", "The last build failed", "make explorer", meanwhile):
        assert said in answer.text
    assert told(answer).endswith("could not be built")
    (tmp_path / "failed").unlink()
    assert "is not built yet" in (await http.get(path)).text
    assert (await http.get("/assets/index-1.js")).status_code == 404

    build(tmp_path)
    assert (await http.get(path)).content == page
    assert (await http.get("/assets/index-1.js")).content == SCRIPT


# GraphiQL's editor has workers; the reference has none.
@pytest.mark.parametrize(("path", "more"), [("/graphql", {"worker-src": "'self'"}), ("/api/docs", {})])
async def test_a_page_loads_nothing_from_another_host(
    http: httpx.AsyncClient, tmp_path: Path, path: str, more: dict[str, str]
) -> None:
    build(tmp_path)
    answer = await http.get(path)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == SHARED | more
    assert answer.headers.get_list("cache-control") == ["no-cache"]
    assert answer.headers.get_list("vary") == ["Accept-Encoding"]


async def test_the_reference_links_to_no_graphiql_where_there_is_none(tmp_path: Path) -> None:
    build(tmp_path)
    async with served(tmp_path, graphiql=False) as http:
        for accepted in ("gzip", "identity"):
            answer = await http.get("/api/docs", headers={"Accept-Encoding": accepted})
            assert answer.content == b"<html lang=en><title>Reference</title>"


@pytest.mark.parametrize(
    ("accepted", "coding"), [("gzip, deflate, br", "gzip"), ("identity", None), ("gzip;q=0", None), ("zstd", "zstd")]
)
async def test_a_file_comes_in_the_coding_that_is_accepted(
    http: httpx.AsyncClient, tmp_path: Path, accepted: str, coding: str | None
) -> None:
    build(tmp_path)
    answer = await http.get("/assets/index-1.js", headers={"Accept-Encoding": accepted})
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
    answer = await http.get(f"/assets/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
async def test_the_licences_are_text_that_is_asked_for_anew(
    http: httpx.AsyncClient, tmp_path: Path, accepted: str
) -> None:
    """Their name stays while they change."""
    build(tmp_path)
    answer = await http.get(f"/assets/{LICENCES}", headers={"Accept-Encoding": accepted})
    assert (answer.status_code, answer.content) == (200, MIT)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers.get_list("cache-control") == ["no-cache"]


def test_the_examples_hear_each_field_that_can_be_heard() -> None:
    text = (ROOT / "explorer/src/live.graphql").read_text(encoding="utf-8")
    assert validate(CORE, parse(text)) == []
    assert {*re.findall(r"^  (\w+)\(", text, re.MULTILINE)} == {*HEARINGS}


async def test_a_file_that_is_no_text_is_left_as_it_is(http: httpx.AsyncClient, tmp_path: Path) -> None:
    build(tmp_path)
    answer = await http.get("/assets/font.ttf", headers={"Accept-Encoding": "gzip"})
    assert (answer.content, answer.headers.get("content-encoding")) == (b"\0font", None)
