"""Headers that a request may have once, and codings of a body that are not taken, over both APIs."""

import gzip
import json
from typing import Any

import httpx
import pytest

from tests.support.api import Org
from tests.support.refusals import CREATE, error, problem, unchanged

NEW = {"name": "Ada", "email": "ada@example.com"}
GRAPH = {"query": CREATE, "variables": {"input": NEW}}


async def _sent(org: Org, path: str, body: Any, *headers: tuple[str, str]) -> httpx.Response:
    """What is sent with just these headers."""
    async with httpx.AsyncClient(base_url=org.http.base_url) as http:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await http.post(path, content=content, headers=list(headers))


@pytest.mark.parametrize("name", ["Authorization", "Content-Type", "Dry-Run", "Idempotency-Key"])
@pytest.mark.parametrize("same", [True, False])
async def test_a_header_that_is_there_twice_is_refused(acme: Org, name: str, same: bool) -> None:
    headers = {
        "Authorization": f"Bearer {acme.key}", "Content-Type": "application/json", "Dry-Run": "false",
        "Idempotency-Key": "one",
    }  # fmt: skip
    twice = [*headers.items(), (name.lower(), headers[name] if same else "x")]
    async with unchanged(acme):
        for sent in (twice, twice[::-1]):
            details = problem(await _sent(acme, "/api/v1/clients", NEW, *sent), 400, "BAD_INPUT", f"header.{name}")
            assert details["errors"] == [
                {"field": f"header.{name}", "code": "REPEATED", "message": f"{name} takes one value."}
            ]
            over = error(await _sent(acme, "/graphql", GRAPH, *sent), 400, "BAD_INPUT", f"header.{name}")
            assert over["reason"] == "REPEATED"
    # Others may be there twice.
    allowed = [*headers.items(), ("Accept", "application/json"), ("Accept", "*/*")]
    assert (await _sent(acme, "/api/v1/clients", NEW, *allowed)).status_code == 201


@pytest.mark.parametrize("name", ["Authorization", "Content-Type"])
async def test_a_repeated_header_is_refused_where_no_key_is_needed(acme: Org, name: str) -> None:
    async with httpx.AsyncClient(base_url=acme.http.base_url) as http:
        for path in ("/api/health", "/api/v1/nothing"):
            answer = await http.get(path, headers=[(name, "x"), (name, "y")])
            problem(answer, 400, "BAD_INPUT", f"header.{name}")


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "identity, gzip", "x"])
async def test_a_body_in_a_coding_is_refused(acme: Org, coding: str) -> None:
    headers = [("Authorization", f"Bearer {acme.key}"), ("Content-Type", "application/json")]
    async with unchanged(acme):
        for body in (json.dumps(NEW).encode(), gzip.compress(json.dumps(NEW).encode())):
            sent = [*headers, ("Content-Encoding", coding)]
            details = problem(await _sent(acme, "/api/v1/clients", body, *sent), 415, "UNSUPPORTED_MEDIA_TYPE")
            assert details["detail"] == "A body is taken without a Content-Encoding only: none is supported."
            answer = await _sent(acme, "/graphql", json.dumps(GRAPH).encode(), *sent)
            error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
            assert answer.json()["errors"][0]["message"] == details["detail"]
        twice = [*headers, ("Content-Encoding", "identity"), ("Content-Encoding", coding)]
        problem(await _sent(acme, "/api/v1/clients", NEW, *twice), 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
async def test_identity_is_no_coding(acme: Org, coding: str) -> None:
    headers = {"Content-Encoding": coding}
    assert (await acme.http.post("/api/v1/clients", json=NEW, headers=headers)).status_code == 201
    assert "errors" not in (await acme.graphql("{ viewer { organization { id } } }", headers)).json()
