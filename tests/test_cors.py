"""Browsers of other origins: every header that a client sends passes, and what it should read is exposed."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api_support import Org, serving, settings_of
from tests.servers import Backends

ORIGIN = "https://app.example"
SENT = (
    "authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "x-request-id", "traceparent",
    "tracestate", "apollo-require-preflight", "x-apollo-operation-name", "apollographql-client-name",
    "apollographql-client-version", "x-requested-with",
)  # fmt: skip
READ = {
    "etag", "location", "x-request-id", "x-graphql-operation", "idempotent-replayed", "retry-after", "ratelimit",
    "ratelimit-policy",
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
