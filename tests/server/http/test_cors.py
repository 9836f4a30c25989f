"""Browsers of other origins: every header that a client sends passes, and what it should read is exposed."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from resolvers.database.runtime import Runtime
from server.http.heads import HEAD_BYTES
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.forms import ADA, new_form, path_of
from tests.support.protocol import SHORT, exchange, request
from tests.support.refusals import error, problem
from tests.support.servers import Backends

ORIGIN = "https://app.example"
SENT = (
    "authorization", "content-type", "dry-run", "idempotency-key", "if-match", "if-none-match", "x-request-id",
    "traceparent", "tracestate", "apollo-require-preflight", "x-apollo-operation-name", "apollographql-client-name",
    "apollographql-client-version", "x-apollo-operation-id", "x-apollo-operation-type", "graphql-client-name",
    "graphql-client-version", "x-graphql-client-name", "x-graphql-client-version", "graphql-require-preflight",
    "x-requested-with",
)  # fmt: skip
READ = {
    "dry-run", "etag", "location", "x-request-id", "x-graphql-operation", "idempotent-replayed", "retry-after",
    "ratelimit", "ratelimit-policy",
}  # fmt: skip


@pytest.fixture
async def browser(acme: Org, backends: Backends) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another origin that the server's setting allows."""
    headers = {"Authorization": f"Bearer {acme.key}", "Origin": ORIGIN}
    async with (
        serving(settings_of(backends, cors_origins=(ORIGIN,), rate_bucket=10)) as base,
        httpx.AsyncClient(base_url=base, headers=headers) as http,
    ):
        yield http


def _names(value: str) -> set[str]:
    return {name.strip().lower() for name in value.split(",")}


@pytest.mark.parametrize("path", ["/graphql", "/api/v1/clients", "/api/openapi.json"])
async def test_what_clients_send_is_let_through(browser: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        for headers in (", ".join(SENT), *SENT):
            ask = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
            answer = await browser.options(path, headers=ask)
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, ORIGIN), answer.text
            assert set(SENT) <= _names(answer.headers["access-control-allow-headers"])
            assert int(answer.headers["access-control-max-age"]) > 600
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-unheard-of"}
    assert (await browser.options(path, headers=ask)).status_code == 400


async def test_what_a_client_should_read_is_exposed(browser: httpx.AsyncClient) -> None:
    answers = [
        await browser.get("/api/v1/clients?limit=1"),
        await browser.post("/graphql", json={"query": "{ clients { totalCount } }"}),
        await browser.get("/api/v1/nothing"),
        await browser.get("/api/v1/clients", headers={"Authorization": "Bearer no"}),
        await browser.get("/api/v1/clients?limit=100"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 401, 429]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert _names(answer.headers["access-control-expose-headers"]) >= READ
    assert "retry-after" in answers[-1].headers
    assert "ratelimit" in answers[-1].headers


HOST = b"host: x\r\n"
FROM = b"origin: " + ORIGIN.encode() + b"\r\n"
LONG = b"x-long: " + b"a" * HEAD_BYTES + b"\r\n"
# What is refused before there is a request: what is sent of its head after the request line, the status and the code.
HEADS = {
    "too large": (HOST + FROM + LONG + b"\r\n", 431, "HEADERS_TOO_LARGE"),
    "too large, and not whole": (HOST + FROM + LONG, 431, "HEADERS_TOO_LARGE"),
    "two hosts": (HOST + HOST + FROM + b"\r\n", 400, "BAD_INPUT"),
    "too slow": (HOST + FROM + b"x-a: b\r\n", 408, "REQUEST_TIMEOUT"),
    "too slow after its origin": (HOST + FROM, 408, "REQUEST_TIMEOUT"),
    "too slow within a line": (HOST + FROM + b"x-a", 408, "REQUEST_TIMEOUT"),
}


@pytest.fixture(scope="module")
async def opened(backends: Backends) -> AsyncIterator[int]:
    """The port of a server that another origin may call, with one connection for each address."""
    settings = settings_of(backends, cors_origins=(ORIGIN,), address_connections=1, header_timeout_s=SHORT)
    async with serving(settings):
        yield settings.port


def _head(answer: bytes) -> tuple[int, dict[str, str], str]:
    """The status, headers and body of an answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *rest = head.decode().splitlines()
    return int(line.split()[1]), dict(each.split(": ", 1) for each in rest), body.decode()


async def _at_once(port: int, sent: list[bytes]) -> list[tuple[int, dict[str, str], str]]:
    """The answers to what is sent at once, each from an address of its own, which may have one connection."""
    exchanges = (exchange(port, each, address=f"127.0.0.{number}") for number, each in enumerate(sent, start=1))
    return [_head(answer) for answer in await asyncio.gather(*exchanges)]


def _readable(headers: dict[str, str] | httpx.Headers) -> bool:
    exposed = _names(headers.get("access-control-expose-headers", ""))
    return headers.get("access-control-allow-origin") == ORIGIN and exposed >= READ and "Origin" in headers["vary"]


@pytest.mark.parametrize(
    "line", [b"GET /api/v1/clients", b"POST /graphql", b"GET /graphql?query=%7Bhealth%7D", b"GET /"]
)
@pytest.mark.parametrize("name", HEADS)
async def test_a_refused_head_is_a_problem_that_its_origin_can_read(opened: int, name: str, line: bytes) -> None:
    head, status, code = HEADS[name]
    origins = (FROM, b"origin: https://other.example\r\n", b"")
    answers = await _at_once(opened, [line + b" HTTP/1.1\r\n" + head.replace(FROM, origin) for origin in origins])
    for origin, (found, headers, body) in zip(origins, answers, strict=True):
        assert (found, headers["content-type"]) == (status, "application/problem+json")
        reported = json.loads(body)
        assert (reported["status"], reported["code"], reported["requestId"]) == (status, code, headers["x-request-id"])
        assert _readable(headers) == (origin == FROM)
        assert "access-control-allow-origin" not in headers or origin == FROM


async def test_half_a_line_is_no_origin_and_no_lines_are_no_error(opened: int) -> None:
    heads = (b"", HOST, HOST + FROM.rstrip(), HOST + FROM.rstrip() + b"\r")
    for found, headers, body in await _at_once(opened, [b"GET / HTTP/1.1\r\n" + head for head in heads]):
        assert (found, json.loads(body)["code"]) == (408, "REQUEST_TIMEOUT")
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", ["/graphql", "/api/v1/clients"])
async def test_a_connection_too_many_is_refused_so_that_its_origin_can_read_it(opened: int, path: str) -> None:
    _reader, writer = await asyncio.open_connection("127.0.0.1", opened)
    found, headers, body = _head(await exchange(opened, request(path, extra=FROM)))
    assert (found, json.loads(body)["code"], headers["retry-after"]) == (429, "RATE_LIMITED", "1")
    assert _readable(headers)
    ask = b"access-control-request-method: POST\r\naccess-control-request-headers: authorization\r\n"
    asked = b"OPTIONS " + path.encode() + b" HTTP/1.1\r\n" + HOST + FROM + ask + b"\r\n"
    found, headers, _ = _head(await exchange(opened, asked))
    assert (found, headers["access-control-allow-origin"]) == (200, ORIGIN)
    writer.close()


async def test_a_browser_can_read_that_we_are_late_or_busy(backends: Backends, api_runtime: Runtime) -> None:
    settings = settings_of(
        backends, cors_origins=(ORIGIN,), limit_concurrency=1, address_connections=1, request_timeout_s=1,
        trusted_proxies="127.0.0.1/32",
    )  # fmt: skip
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with serving(settings) as base, httpx.AsyncClient(base_url=base, headers={"Origin": ORIGIN}) as http:
        org = await make_org(api_runtime, base)
        async with api_runtime.bound(org.id) as connection:
            # Who reads from a locked table is at work until its time is over.
            await connection.execute("lock table clients in access exclusive mode")
            elsewhere = {"X-Forwarded-For": "192.0.2.1", "Origin": ORIGIN}
            for late in (
                org.graphql("{ clients { totalCount } }", elsewhere),
                org.http.get("/api/v1/clients", headers=elsewhere),
            ):
                working = asyncio.create_task(late)
                await asyncio.sleep(SHORT)
                busy = [await http.post("/graphql", json={"query": "{ a }"}), await http.get("/api/v1/clients")]
                assert (await http.options("/graphql", headers=ask)).status_code == 200
                assert not working.done()
                answers = [*busy, await working]
                for answer in answers:
                    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
                    assert _readable(answer.headers)
                error(answers[0], 503, "UNAVAILABLE")
                problem(answers[1], 503, "UNAVAILABLE")
        await org.http.aclose()


async def test_every_origin(acme: Org, backends: Backends) -> None:
    headers = {"Authorization": f"Bearer {acme.key}", "Origin": "https://anybody.example"}
    async with (
        serving(settings_of(backends, cors_origins=("*",))) as base,
        httpx.AsyncClient(base_url=base, headers=headers) as http,
    ):
        answer = await http.get("/api/v1/clients?limit=1")
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
        # A key is sent by the page itself: a browser's cookies are never asked for.
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origins", [(), (ORIGIN,), ("*",)])
async def test_the_submission_of_forms_alone_is_open_to_every_origin(
    acme: Org, backends: Backends, origins: tuple[str, ...]
) -> None:
    form = await new_form(acme)
    foreign = {"Origin": "https://anybody.example"}
    preflight = foreign | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    async with (
        serving(settings_of(backends, cors_origins=origins)) as base,
        httpx.AsyncClient(base_url=base, headers=foreign) as http,
    ):
        asked = await http.options(path_of(form), headers=preflight)
        assert (asked.status_code, asked.content) == (204, b"")
        assert asked.headers.get_list("access-control-allow-origin") == ["*"]
        assert (asked.headers["access-control-allow-methods"], asked.headers["access-control-allow-headers"]) == (
            "POST", "*",
        )  # fmt: skip
        answers = [
            await http.post(path_of(form), json=ADA),
            await http.post(path_of(form), json={}),
            await http.post(path_of(form), content=b"x" * 70_000, headers={"Content-Type": "application/json"}),
            await http.get(path_of(form)),
            await http.post("/api/forms/form_x/submit", json=ADA),
        ]
        assert [each.status_code for each in answers] == [201, 400, 413, 405, 404]
        for each in answers:
            assert each.headers.get_list("access-control-allow-origin") == ["*"]
            assert "access-control-allow-credentials" not in each.headers
        for path in ("/api/v1/forms", f"/api/v1/forms/{form['publicId']}/submissions", "/graphql", "/api/forms"):
            answer = await http.get(path)
            opened = ["*"] if "*" in origins else []
            assert answer.headers.get_list("access-control-allow-origin") == opened, path
