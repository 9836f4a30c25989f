"""Which path is whose, and what becomes of an endpoint that breaks or takes too long."""

import asyncio
from typing import Any

import httpx
import pytest
import structlog

from server.http.edge import EdgeMiddleware
from server.http.routing import ApiRoute, ApiRouter
from server.monitoring.metrics import Metrics
from tests.support.api import Org, serving, settings_of
from tests.support.refusals import problem
from tests.support.servers import Backends
from web.http import Message, Reply, Request, Scope, reply


def _echo(word: str) -> Any:
    async def endpoint(request: Request) -> Reply:
        return reply(200, f"{word} {dict(request.params)} {request.query()}".encode(), b"text/plain")

    return endpoint


def _client(*routes: ApiRoute, seconds: float = 5) -> httpx.AsyncClient:
    edge: Any = EdgeMiddleware(ApiRouter(routes), Metrics(), seconds=seconds, timing=False)
    return httpx.AsyncClient(transport=httpx.ASGITransport(edge), base_url="http://test")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/a", "list {} []"),
        ("/a/", "list {} []"),
        ("/a?x=1&x=%202&y=", "list {} [('x', '1'), ('x', ' 2'), ('y', '')]"),
        ("/a/b%20c", "one {'id': 'b c'} []"),
        ("/a/%C3%A9/", "one {'id': 'é'} []"),
        ("/a/word", "word {} []"),
        ("/a/word/x", "one of word {'id': 'x'} []"),
        ("/a/x/parts", "parts {'id': 'x'} []"),
        ("/a/word/parts", "one of word {'id': 'parts'} []"),
        ("/a/word/x/y", None),
        ("/a//", None),
        ("//a", None),
        ("/a/x%2Fy", None),
        ("/a/x/y/z", None),
        ("/A", None),
        ("/a%0A", None),
        ("/", None),
        ("/a/word/parts/deep", "deep {'id': 'word'} []"),
        ("/a/x.pdf", "pdf {'id': 'x'} []"),
        ("/a/x.pdf/", "pdf {'id': 'x'} []"),
        ("/a/x.y.pdf", "pdf {'id': 'x.y'} []"),
        ("/a/x.csv", "one {'id': 'x.csv'} []"),
        ("/a/.pdf", "one {'id': '.pdf'} []"),
        ("/a/x.PDF", "one {'id': 'x.PDF'} []"),
        ("/a/word/x.pdf", "one of word {'id': 'x.pdf'} []"),
        ("/b/x.jsonl", "export {'id': 'x'} []"),
        ("/b/x", None),
    ],
)
async def test_a_path_leads_where_it_should(path: str, said: str | None) -> None:
    routes = [
        ApiRoute(template, _echo(word), name=word)
        for template, word in (
            ("/a", "list"),
            ("/a/{id}", "one"),
            ("/a/word", "word"),
            ("/a/word/{id}", "one of word"),
            ("/a/{id}/parts", "parts"),
            ("/a/{id}/parts/deep", "deep"),
            ("/a/{id}.pdf", "pdf"),
            ("/b/{id}.jsonl", "export"),
        )
    ]
    async with _client(*routes) as http:
        found = await http.get(path)
        if said is None:
            problem(found, 404, "NOT_FOUND")
        else:
            assert found.text == said


async def test_what_breaks_is_masked_in_the_shape_of_its_api() -> None:
    async def broken(_request: Request) -> Reply:
        raise RuntimeError("secret")

    routes = [ApiRoute(path, broken, name="Broken") for path in ("/api/v1/a", "/graphql")]
    with structlog.testing.capture_logs() as events:
        async with _client(*routes) as http:
            found = await http.get("/api/v1/a", headers={"X-Request-Id": "mine"})
            assert problem(found, 500, "INTERNAL")["detail"] == "Something went wrong on our side."
            answer = await http.get("/graphql")
    error = answer.json()["errors"][0]
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/json")
    assert error["extensions"] == {
        "code": "INTERNAL", "status": 500, "requestId": answer.headers["x-request-id"],
    }  # fmt: skip
    assert "secret" not in answer.text
    assert [event["event"] for event in events] == ["unexpected error", "request"] * 2


def test_a_path_has_one_parameter_at_most() -> None:
    with pytest.raises(ValueError, match=r"/a/\{b\}/\{c\} has more than one parameter"):
        ApiRouter([ApiRoute("/a/{b}/{c}", _echo("two"), name="Two")])


async def test_what_takes_too_long_is_cancelled_and_told() -> None:
    cancelled = []

    async def slow(_request: Request) -> Reply:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        raise AssertionError("nobody sets the event")

    routes = [ApiRoute(path, slow, name="Slow") for path in ("/slow", "/graphql")]
    async with _client(*routes, seconds=0.05) as http:
        found, graph, other = await asyncio.gather(http.get("/slow"), http.get("/graphql"), http.get("/other"))
        problem(found, 503, "UNAVAILABLE")
        assert (graph.status_code, graph.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
        assert (found.headers["retry-after"], graph.headers["retry-after"]) == ("1", "1")
        assert (other.status_code, cancelled) == (404, [True, True])


async def test_a_request_that_is_cancelled_from_outside_is_refused() -> None:
    """As by a server that stops: it would answer in place of the application, and log an error."""
    started, sent = asyncio.Event(), list[Message]()

    async def slow(_request: Request) -> Reply:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody sets the event")

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    router = ApiRouter([ApiRoute("/slow", slow, name="Slow")])
    scope: Scope = {"type": "http", "method": "GET", "path": "/slow", "query_string": b"", "headers": []}
    edge = EdgeMiddleware(router, Metrics(), seconds=5, timing=False)

    async def ask() -> None:
        await edge(scope, receive, send)

    task = asyncio.create_task(ask())
    await started.wait()
    task.cancel()
    await task
    assert [message.get("status") for message in sent] == [503, None]
    assert (b"retry-after", b"1") in sent[0]["headers"]
    assert len(edge.deadlines) == 0


async def test_other_origins_by_setting(acme: Org, backends: Backends) -> None:
    origin = "https://app.example"
    ask = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with (
        serving(settings_of(backends, cors_origins=(origin,))) as base,
        httpx.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {acme.key}"}) as http,
    ):
        for path in ("/graphql", "/api/v1/clients", "/api/health"):
            answer = await http.options(path, headers=ask)
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
            assert (await http.options(path, headers=ask | {"Origin": "https://b.example"})).status_code == 400
        for path in ("/api/v1/clients", "/graphql?query={clients{totalCount}}"):
            answer = await http.get(path, headers={"Origin": origin})
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
            assert answer.headers["vary"] == "Origin"
            answer = await http.get(path, headers={"Origin": "https://b.example"})
            assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (200, False)
        found = await http.options("/api/v1/clients")
        assert (found.status_code, found.headers["allow"]) == (204, "GET, POST, HEAD, OPTIONS")
    for path in ("/graphql", "/api/v1/clients", "/api/health"):
        answer = await acme.http.options(path, headers=ask)
        assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (204, False)
