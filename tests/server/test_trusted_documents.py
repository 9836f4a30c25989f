"""Documents by their IDs over HTTP: those of active app versions, those that clients persist, and keys held to them."""

import json
from typing import Any

import httpx
import pytest

from models.documents import AppVersionStatus
from resolvers.documents import lookup
from tests.support.api import Org
from tests.support.api_keys import CREATE, REVOKE, ROTATE
from tests.support.documents import CLIENTS, HASHED, NEW_CLIENT, add, automatic, held_to_documents
from tests.support.refusals import error, problem, unchanged

MEDIA = ("application/json", "application/graphql-response+json")
EMPTY = {"clients": {"totalCount": 0, "nodes": []}}


def parameters(body: dict[str, Any]) -> dict[str, str]:
    """A request's members as the parameters of a GET."""
    return {name: part if isinstance(part, str) else json.dumps(part) for name, part in body.items()}


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "clients"},
        {"documentId": HASHED},
        {"documentId": HASHED.removeprefix("sha256:")},
        {"extensions": automatic(CLIENTS)},
    ],
)
async def test_a_document_of_an_active_version_runs_by_its_id(acme: Org, other: Org, body: dict[str, Any]) -> None:
    await add(acme)
    asked = body | {"operationName": "Clients", "variables": {"first": 1}}
    answers = [
        await acme.http.post("/graphql", json=asked),
        await acme.http.get("/graphql", params=parameters(asked)),
        await acme.http.post("/graphql", json=asked | {"query": ""}),
    ]
    assert [answer.json()["data"] for answer in answers] == [EMPTY] * 3
    # Another organization has none of them.
    code = "PERSISTED_QUERY_NOT_FOUND" if "extensions" in body else "DOCUMENT_NOT_FOUND"
    error(await other.http.post("/graphql", json=asked), 200, code)


async def test_a_mutation_runs_by_its_id_over_post_alone(acme: Org) -> None:
    await add(acme)
    asked = {"documentId": "x-board:new-client", "variables": {"input": {"name": "Ada", "email": "ada@example.com"}}}
    async with unchanged(acme):
        error(await acme.http.get("/graphql", params=parameters(asked)), 405, "METHOD_NOT_ALLOWED")
    answer = (await acme.http.post("/graphql", json=asked)).json()
    assert answer["data"] == {"createClient": {"client": {"name": "Ada"}}}


async def test_an_unknown_document_is_refused_and_paid_for(acme: Org) -> None:
    await add(acme, "added", AppVersionStatus.ADDED)
    await add(acme, "retired", AppVersionStatus.RETIRED)
    async with unchanged(acme):
        for document_id in ("clients", HASHED, "nothing", "x-a:b", f"sha256:{'0' * 64}"):
            for media, status in zip(MEDIA, (200, 404), strict=True):
                headers = {"Accept": media}
                for answer in (
                    await acme.http.post("/graphql", json={"documentId": document_id}, headers=headers),
                    await acme.http.get("/graphql", params={"documentId": document_id}, headers=headers),
                ):
                    error(answer, status, "DOCUMENT_NOT_FOUND", "documentId")
                    assert "data" not in answer.json()
                    assert "ratelimit" in answer.headers


async def test_a_retired_version_ends_unless_another_has_the_document(
    acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "SERVED_SECONDS", 0.0)
    await add(acme, "1")
    await add(acme, "2", clients=CLIENTS)
    await add(acme, "1", AppVersionStatus.RETIRED)
    assert (await acme.http.post("/graphql", json={"documentId": "clients"})).json()["data"] == EMPTY
    error(await acme.http.post("/graphql", json={"documentId": "x-board:new-client"}), 200, "DOCUMENT_NOT_FOUND")
    await add(acme, "2", AppVersionStatus.RETIRED, clients=CLIENTS)
    error(await acme.http.post("/graphql", json={"documentId": "clients"}), 200, "DOCUMENT_NOT_FOUND")
    await add(acme, "1")
    assert (await acme.http.post("/graphql", json={"documentId": "clients"})).json()["data"] == EMPTY


@pytest.mark.parametrize("document", ["extensions", "documentId", "bare"])
async def test_a_client_persists_a_text_with_its_hash(acme: Org, other: Org, document: str) -> None:
    text = f"{CLIENTS} # {document}"
    named: dict[str, Any] = {"extensions": automatic(text)}
    code, status = "PERSISTED_QUERY_NOT_FOUND", 400
    if document != "extensions":
        prefix = "" if document == "bare" else "sha256:"
        named = {"documentId": prefix + lookup.sha256_of(text)}
        code, status = "DOCUMENT_NOT_FOUND", 404
    async with unchanged(acme):
        for media, expected in zip(MEDIA, (200, status), strict=True):
            for query in ({}, {"query": None}, {"query": ""}):
                answer = await acme.http.post("/graphql", json=named | query, headers={"Accept": media})
                error(answer, expected, code)
                if code == "PERSISTED_QUERY_NOT_FOUND":
                    assert [each["message"] for each in answer.json()["errors"]] == ["PersistedQueryNotFound"]
        # What is not valid, or not allowed, is not kept.
        invalid = "{ nothing }"
        for _ in range(2):
            answer = await acme.http.post("/graphql", json={"query": invalid, "extensions": automatic(invalid)})
            error(answer, 200, "GRAPHQL_VALIDATION_FAILED")
        error(
            await acme.http.post("/graphql", json={"extensions": automatic(invalid)}), 200, "PERSISTED_QUERY_NOT_FOUND"
        )
    for body in (named | {"query": text}, named, named):
        assert (await acme.http.post("/graphql", json=body)).json()["data"] == EMPTY
    assert (await acme.http.get("/graphql", params=parameters(named))).json()["data"] == EMPTY
    error(await other.http.post("/graphql", json=named), 200, code)


async def test_an_id_of_its_own_beside_a_text_is_no_hash_of_it(acme: Org) -> None:
    answer = await acme.http.post("/graphql", json={"documentId": "mine", "query": CLIENTS})
    assert answer.json()["data"] == EMPTY
    error(await acme.http.post("/graphql", json={"documentId": "mine"}), 200, "DOCUMENT_NOT_FOUND")


@pytest.mark.parametrize("body", [{"documentId": "clients"}, {"extensions": automatic(CLIENTS)}], ids=str)
async def test_without_a_key_a_document_is_unauthenticated(api: str, body: dict[str, Any]) -> None:
    async with httpx.AsyncClient(base_url=api) as http:
        error(await http.post("/graphql", json=body), 401, "UNAUTHENTICATED")
        health = "{ health { status } }"
        assert (await http.post("/graphql", json={"query": health, "extensions": automatic(health)})).json()["data"]
        error(await http.post("/graphql", json={"extensions": automatic(health)}), 401, "UNAUTHENTICATED")


@pytest.mark.parametrize("body", [{"documentId": "clients"}, {"extensions": automatic(CLIENTS)}], ids=str)
async def test_a_get_by_id_has_an_etag(acme: Org, body: dict[str, Any]) -> None:
    await add(acme)
    first = await acme.http.get("/graphql", params=parameters(body))
    tag = first.headers["etag"]
    assert (first.status_code, first.headers["cache-control"], tag[:3]) == (200, "private, no-cache", 'W/"')
    assert {"authorization", "accept"} <= {each.strip() for each in first.headers["vary"].lower().split(",")}
    for method in ("GET", "HEAD"):
        same = await acme.http.request(
            method, "/graphql", params=parameters(body), headers={"If-None-Match": f'"x", {tag}'}
        )
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        assert same.headers["cache-control"] == "private, no-cache"
    await acme.http.post("/api/v1/clients", json={"name": "Ada", "email": "ada@example.com"})
    changed = await acme.http.get("/graphql", params=parameters(body), headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["data"]["clients"]["totalCount"]) == (200, 1)
    assert changed.headers["etag"] != tag
    # A text, a POST and an error have none.
    for answer in (
        await acme.http.get("/graphql", params={"query": CLIENTS}),
        await acme.http.post("/graphql", json=body, headers={"If-None-Match": changed.headers["etag"]}),
        await acme.http.get("/graphql", params=parameters(body | {"variables": {"first": -1}})),
    ):
        assert (answer.status_code, answer.headers.get("etag")) == (200, None)
        assert answer.headers["cache-control"] == "no-store"


async def test_a_key_that_is_held_to_documents_runs_nothing_else(acme: Org) -> None:
    await add(acme)
    persisted = CLIENTS + " # mine"
    await acme.http.post("/graphql", json={"query": persisted, "extensions": automatic(persisted)})
    limited = await held_to_documents(acme, "*")
    assert (await limited.http.post("/graphql", json={"documentId": "clients"})).json()["data"] == EMPTY
    assert (await limited.http.post("/graphql", json={"extensions": automatic(CLIENTS)})).json()["data"] == EMPTY
    create = {"variables": {"input": {"name": "Eve", "email": "eve@example.com"}}}
    async with unchanged(acme):
        for body in (
            {"query": NEW_CLIENT} | create,
            {"query": NEW_CLIENT, "documentId": "x-board:new-client"} | create,
            {"query": CLIENTS, "extensions": automatic(CLIENTS)},
            {"query": "{ __typename }"},
            {"query": ""},
        ):
            for media in MEDIA:
                error(await limited.http.post("/graphql", json=body, headers={"Accept": media}), 403, "FORBIDDEN")
        error(await limited.http.get("/graphql", params={"query": CLIENTS}), 403, "FORBIDDEN")
        # What any client persisted is not trusted.
        answer = await limited.http.post("/graphql", json={"extensions": automatic(persisted)})
        error(answer, 200, "PERSISTED_QUERY_NOT_FOUND")
        problem(await limited.http.get("/api/v1/clients"), 403, "FORBIDDEN")
        problem(await limited.http.post("/api/v1/clients", json={"name": "Eve"}), 403, "FORBIDDEN")
        problem(await limited.http.get("/api/v1/reports/report_x.csv"), 403, "FORBIDDEN")
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        assert (await limited.http.post("/mcp", json=ping)).status_code == 403
    # Its scopes hold too.
    weak = await held_to_documents(acme, "clients:read")
    error(await weak.http.post("/graphql", json={"documentId": "x-board:new-client"} | create), 403, "FORBIDDEN")


async def test_a_key_that_is_held_to_documents_makes_and_manages_no_other(acme: Org) -> None:
    await add(acme, create=CREATE, rotate=ROTATE, revoke=REVOKE)
    limited = await held_to_documents(acme, "*")
    free = (await acme.data(CREATE, input={"name": "free", "scopes": ["*"]}))["createApiKey"]["apiKey"]
    assert free["trustedDocumentsOnly"] is False

    async def run(document_id: str, **given: Any) -> httpx.Response:
        return await limited.http.post("/graphql", json={"documentId": document_id, "variables": {"input": given}})

    new = {"name": "x", "scopes": ["clients:read"]}
    async with unchanged(acme):
        refused = await run("create", **new, trustedDocumentsOnly=False)
        error(refused, 403, "FORBIDDEN", "input.trustedDocumentsOnly")
        for name in ("rotate", "revoke"):
            error(await run(name, id=free["id"]), 403, "FORBIDDEN", "input.id")
    made = (await run("create", **new)).json()["data"]["createApiKey"]["apiKey"]
    also = (await run("create", **new, trustedDocumentsOnly=True)).json()["data"]["createApiKey"]["apiKey"]
    assert [made["trustedDocumentsOnly"], also["trustedDocumentsOnly"]] == [True, True]
    assert (await run("rotate", id=made["id"])).json()["data"]["rotateApiKey"]["rawKey"]
    kept = await acme.data(CREATE, input=new | {"trustedDocumentsOnly": None})
    assert kept["createApiKey"]["apiKey"]["trustedDocumentsOnly"] is False
