"""Both APIs at their edge: keys, scopes, methods, routes, media types, introspection, idempotency."""

import asyncio
from typing import Any

import httpx
import pytest

from models.typeid import encode, new_uuid
from resolvers.api_keys import verification as keys
from server.explorer import BUILT
from tests.support.api import Org, new_client, new_order, serving, settings_of
from tests.support.refusals import CREATE, error, problem, unchanged
from tests.support.servers import Backends
from web.problems import title_of

NEW = {"name": "Ada", "email": "ada@example.com"}
LIST = "{ clients { nodes { id } } }"
INTROSPECT = "{ __schema { queryType { name } } }"


async def _refused_everywhere(org: Org, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=org.http.base_url, headers=headers) as http, unchanged(org):
        for answer in (
            await http.get("/api/v1/clients"),
            await http.post("/api/v1/clients", json=NEW),
            await http.delete(f"/api/v1/clients/{encode('client', new_uuid())}"),
        ):
            problem(answer, 401, "UNAUTHENTICATED")
            assert answer.headers["www-authenticate"] == "Bearer"
        for body in ({"query": LIST}, {"query": CREATE, "variables": {"input": NEW}}, {"query": "{"}, {}):
            answer = await http.post("/graphql", json=body)
            error(answer, 401, "UNAUTHENTICATED")
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer x", "Basic eDp4", "Bearer sk_live_" + "0" * 85, "sk_live_"]
)
async def test_a_key_that_is_none(acme: Org, header: str | None) -> None:
    await _refused_everywhere(acme, {} if header is None else {"Authorization": header})


async def test_a_key_that_is_changed_unknown_revoked_or_expired(acme: Org) -> None:
    key = acme.key
    changed = key[:-1] + ("0" if key[-1] != "0" else "1")
    secret = key[:40] + ("0" if key[40] != "0" else "1") + key[41:]
    for wrong in (changed, secret, key[:-1], key + "0", key.upper(), keys.new_key(new_uuid())):
        await _refused_everywhere(acme, {"Authorization": f"Bearer {wrong}"})
    forged = secret[:-7] + keys._checksum(secret[:-7])
    await _refused_everywhere(acme, {"Authorization": f"Bearer {forged}"})
    expired = await acme.new_key("*")
    await acme.rows("update api_keys set expires_at = now() - interval '1 s' where last_four = $1", expired[-4:])
    await _refused_everywhere(acme, {"Authorization": f"Bearer {expired}"})
    revoked = await acme.new_key("*")
    await acme.rows("update api_keys set revoked_at = now() where last_four = $1", revoked[-4:])
    await _refused_everywhere(acme, {"Authorization": f"Bearer {revoked}"})


async def test_a_key_without_the_scope(acme: Org) -> None:
    client = await new_client(acme)
    weak = acme.holding(await acme.new_key("clients:read", "services:write"))
    async with unchanged(acme):
        details = problem(await weak.http.post("/api/v1/clients", json=NEW), 403, "FORBIDDEN")
        assert details["scope"] == "clients:write"
        assert problem(await weak.http.get("/api/v1/orders"), 403, "FORBIDDEN")["scope"] == "orders:read"
        # The scope is known before the body is read.
        problem(await weak.http.post("/api/v1/clients", content=b"{", headers={"Content-Type": "x"}), 403, "FORBIDDEN")
        for text, scope, path in (
            ("{ orders { nodes { id } } }", "orders:read", ["orders"]),
            ("{ a: clients { nodes { b: orders { totalCount } } } }", "orders:read", ["a", "nodes", "b"]),
            ('{ node(id: "order_x") { id } }', "orders:read", ["node"]),
            ('{ nodes(ids: ["client_x", "order_x"]) { id } }', "orders:read", ["nodes"]),
            ('query($i: ID! = "order_x") { node(id: $i) { id } }', "orders:read", ["node"]),
            ("{ ...f } fragment f on Query { orders { totalCount } }", "orders:read", ["orders"]),
        ):
            answer = await weak.graphql(text)
            error(answer, 403, "FORBIDDEN")
            reported = answer.json()["errors"][0]
            assert (reported["extensions"]["scope"], reported["extensions"]["path"]) == (scope, path)
            assert "data" not in answer.json()
        filtered = "query($f: ClientFilter) { clients(filter: $f) { totalCount } }"
        for sign in ("some", "none"):
            answer = await weak.graphql(filtered, f={"orders": {sign: {"total": {"gt": 0}}}})
            assert error(answer, 403, "FORBIDDEN")["scope"] == "orders:read"
    assert (await weak.data("{ orders @skip(if: true) { totalCount } clients { totalCount } }")) == {
        "clients": {"totalCount": 1}
    }
    read = await weak.http.get(f"/api/v1/clients/{client['publicId']}")
    assert read.status_code == 200
    await weak.http.aclose()


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/nothing", 404, None),
        ("GET", "/api/v1", 404, None),
        ("GET", "/api/v1/nothing", 404, None),
        ("POST", "/api/v2/clients", 404, None),
        ("GET", "/api/v1/clients/x/y", 404, None),
        ("GET", "/api/v1//clients", 404, None),
        ("GET", "/api/v1/%2e%2e/graphql", 404, None),
        ("DELETE", "/api/v1/clients", 405, {"GET", "HEAD", "POST"}),
        ("PUT", "/api/v1/clients", 405, {"GET", "HEAD", "POST"}),
        ("POST", "/api/v1/clients/x", 405, {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("POST", "/api/health", 405, {"GET", "HEAD"}),
        ("DELETE", "/api/ready", 405, {"GET", "HEAD"}),
    ],
)
async def test_an_unknown_route_or_method(
    acme: Org, method: str, path: str, status: int, allowed: set[str] | None
) -> None:
    async with unchanged(acme):
        answer = await acme.http.request(method, path)
        problem(answer, status, "NOT_FOUND" if status == 404 else "METHOD_NOT_ALLOWED")
        if status == 405:
            found = set(answer.headers["allow"].replace(" ", "").split(","))
            assert allowed is None or found == allowed | {"OPTIONS"}


async def test_graphql_over_http(acme: Org) -> None:
    answer = await acme.http.request("PUT", "/graphql", json={"query": LIST})
    error(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    async with unchanged(acme):
        mutation = 'mutation { createClient(input: {name: "x", email: "x@example.com"}) { client { id } } }'
        error(await acme.http.get("/graphql", params={"query": mutation}), 405, "METHOD_NOT_ALLOWED")
        error(await acme.http.post("/graphql", json={"query": LIST, "operationName": "x"}), 200,
              "GRAPHQL_VALIDATION_FAILED")  # fmt: skip
    assert (await acme.http.get("/graphql", params={"query": LIST})).json()["data"] == {"clients": {"nodes": []}}
    page = await acme.http.get("/graphql", headers={"Accept": "text/html"})
    # `make explorer` builds the page; until then it says so.
    assert page.status_code == (200 if (BUILT / "index.html").exists() else 503)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for text, code in (("{", "GRAPHQL_PARSE_FAILED"), ("{ x }", "GRAPHQL_VALIDATION_FAILED")):
        error(await acme.graphql(text, {"Accept": "application/json"}), 200, code)
        typed = await acme.graphql(text, {"Accept": "application/graphql-response+json"})
        error(typed, 400, code)
        assert typed.headers["content-type"] == "application/graphql-response+json"
        assert "data" not in typed.json()


@pytest.mark.parametrize(
    "text", [INTROSPECT, '{ __type(name: "Client") { name } }', "{ a: __schema { types { name } } }"]
)
async def test_introspection_without_a_key_is_for_development(api: str, backends: Backends, text: str) -> None:
    async with httpx.AsyncClient(base_url=api) as http:
        assert "errors" not in (await http.post("/graphql", json={"query": text})).json()
        assert (await http.post("/graphql", json={"query": "{ health { status } }"})).json()["data"] == {
            "health": {"status": "ok"}
        }
    async with (
        serving(settings_of(backends, environment="production")) as base,
        httpx.AsyncClient(base_url=base) as http,
    ):
        error(await http.post("/graphql", json={"query": text}), 401, "UNAUTHENTICATED")
        assert (await http.post("/graphql", json={"query": "{ health { status } }"})).status_code == 200
        page = await http.get("/graphql", headers={"Accept": "text/html"})
        error(page, 401, "UNAUTHENTICATED")
        problem(await http.get("/graphql/schema.graphql"), 404, "NOT_FOUND")


async def test_a_repeated_idempotency_key(acme: Org) -> None:
    headers = {"Idempotency-Key": "one"}
    first = await acme.http.post("/api/v1/clients", json=NEW, headers=headers)
    before = await acme.count("audit_entries")
    again = await acme.http.post("/api/v1/clients", json=NEW, headers=headers)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    async with unchanged(acme):
        reused = await acme.http.post("/api/v1/clients", json=NEW | {"name": "Bob"}, headers=headers)
        problem(reused, 422, "IDEMPOTENCY_KEY_REUSED")
    assert (await acme.count("clients"), await acme.count("audit_entries")) == (1, before)
    graph: dict[str, Any] = {"name": "Bob", "email": "bob@example.com"}
    answers = [await acme.graphql(CREATE, {"Idempotency-Key": "two"}, input=graph) for _ in range(2)]
    assert answers[0].json()["data"] == answers[1].json()["data"]
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true"]
    error(await acme.graphql(CREATE, {"Idempotency-Key": "two"}, input=graph | {"name": "x"}), 422,
          "IDEMPOTENCY_KEY_REUSED")  # fmt: skip
    assert await acme.count("clients") == 2


async def test_a_refusal_is_not_kept(acme: Org) -> None:
    headers = {"Idempotency-Key": "one"}
    async with unchanged(acme):
        problem(await acme.http.post("/api/v1/clients", json=NEW | {"email": "x"}, headers=headers), 400, "BAD_INPUT",
                "body.email")  # fmt: skip
    assert (await acme.http.post("/api/v1/clients", json=NEW, headers=headers)).status_code == 201


async def test_two_requests_with_one_idempotency_key_at_once(acme: Org) -> None:
    headers = {"Idempotency-Key": "one"}
    answers = await asyncio.gather(*(acme.http.post("/api/v1/clients", json=NEW, headers=headers) for _ in range(4)))
    made = [answer for answer in answers if answer.status_code == 201]
    assert len([answer for answer in made if "idempotent-replayed" not in answer.headers]) == 1
    for answer in answers:
        if answer not in made:
            problem(answer, 409, "IDEMPOTENCY_IN_FLIGHT")
            assert answer.headers["retry-after"] == "1"
    assert len({answer.json()["data"]["publicId"] for answer in made}) == 1
    assert (await acme.count("clients"), await acme.count("idempotency_records")) == (1, 1)


@pytest.mark.parametrize("key", ["", "x" * 256, "\u00e9", "a\tb"])
async def test_an_idempotency_key_that_is_none(acme: Org, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    async with unchanged(acme):
        answer = await acme.http.post("/api/v1/clients", json=NEW, headers=headers)
        problem(answer, 400, "BAD_INPUT", "header.Idempotency-Key")
        found = await acme.http.post(
            "/graphql",
            json={"query": CREATE, "variables": {"input": NEW}},
            headers=headers,
        )
        error(found, 200, "BAD_INPUT", "header.Idempotency-Key")


async def test_every_answer_carries_its_headers(acme: Org) -> None:
    order = await new_order(acme)
    for path in ("/api/health", "/api/v1/nothing", f"/api/v1/orders/{order['publicId']}", "/graphql"):
        answer = await acme.http.get(path, headers={"X-Request-Id": "mine-1"})
        assert answer.headers["x-request-id"] == "mine-1"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    spoiled = await acme.http.get("/api/health", headers={"X-Request-Id": "a b"})
    assert spoiled.headers["x-request-id"] != "a b"


def test_a_status_is_called_the_same_on_every_python() -> None:
    assert (title_of(413), title_of(422), title_of(404)) == ("Content Too Large", "Unprocessable Content", "Not Found")
