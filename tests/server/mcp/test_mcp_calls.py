"""Calls of tools: arguments, costs, deadlines, repeats and other organizations' objects, as over /graphql."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from resolvers.database.runtime import Runtime
from schema.declaration.inputs import MAX_PROBLEMS
from schema.operations import OPERATIONS
from server.mcp import library
from server.mcp.library import McpLibrary
from tests.support.api import Org, make_org, new_client, serving, settings_of
from tests.support.away import lines_with, log_lines
from tests.support.mcp import NEWEST, OLDER, call, failed, heads, message, post, refused
from tests.support.refusals import unchanged
from tests.support.servers import Backends

__all__ = ["log_lines"]

REVISIONS = (NEWEST, OLDER)
ADA = {"name": "Ada", "email": "ada@example.com"}
MAIL = {"email": "a"}
ONE = {"input": ADA, "idempotencyKey": "one"}
# What may come back of a budget while a test runs.
SLACK = 10
_RATES = ("ratelimit", "ratelimit-policy")


@asynccontextmanager
async def served(backends: Backends, runtime: Runtime, **settings: Any) -> AsyncIterator[Org]:
    """An organization on a server of its own, with these settings."""
    async with serving(settings_of(backends, **settings)) as base:
        org = await make_org(runtime, base)
        try:
            yield org
        finally:
            await org.close()


def _deep(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {"search": "a"}
    for _ in range(levels):
        found = {"not": found}
    return found


# A tool, its arguments, and the code and field of each error.
WRONG: list[tuple[str, dict[str, Any], list[tuple[str, str | None]]]] = [
    ("CreateClient", {}, [("BAD_INPUT", "input")]),
    ("CreateClient", {"input": None}, [("BAD_INPUT", "input")]),
    ("CreateClient", {"input": [ADA, 1]}, [("BAD_INPUT", "input")]),
    ("CreateClient", {"input": ADA | {"name": 1}}, [("BAD_INPUT", "input.name")]),
    (
        "CreateClient",
        {"input": {"name": "", "email": "a"}},
        [("BAD_INPUT", "input.name"), ("BAD_INPUT", "input.email")],
    ),
    ("CreateClient", {"input": ADA | {"nickname": "A"}}, [("BAD_INPUT", "input.nickname")]),
    ("CreateClient", {"input": ADA, "a": 1, "b": 2}, [("BAD_INPUT", "a"), ("BAD_INPUT", "b")]),
    ("CreateClient", {"input": ADA, "idempotencyKey": ""}, [("BAD_INPUT", "idempotencyKey")]),
    ("CreateClient", {"input": ADA, "idempotencyKey": 7}, [("BAD_INPUT", "idempotencyKey")]),
    ("CreateClient", {"input": ADA, "idempotencyKey": "é"}, [("BAD_INPUT", "idempotencyKey")]),
    ("CreateClient", {"input": ADA, "idempotencyKey": "x" * 256}, [("BAD_INPUT", "idempotencyKey")]),
    ("CreateClient", {"input": ADA, "dryRun": "yes"}, [("BAD_INPUT", "dryRun")]),
    ("ListClients", {"dryRun": True}, [("BAD_INPUT", "dryRun")]),
    ("ListClients", {"idempotencyKey": "one"}, [("BAD_INPUT", "idempotencyKey")]),
    ("ListClients", {"first": 101}, [("BAD_INPUT", "first")]),
    ("ListClients", {"first": "x"}, [("BAD_INPUT", "first")]),
    ("ListClients", {"after": "x"}, [("INVALID_CURSOR", "after")]),
    ("ListClients", {"filter": {"name": 1}}, [("BAD_INPUT", "filter.name")]),
    ("ListClients", {"filter": _deep(150)}, [("BAD_INPUT", "filter")]),
    ("ListClients", {"filter": {"or": [{"search": "a b c d e f g h"}] * 2_000}}, [("TOO_COMPLEX", None)]),
    ("UpdateClient", {"input": {"id": "client_1", "name": "B"}}, [("NOT_FOUND", "input.id")]),
]


def _left(answer: httpx.Response) -> int:
    """What an answer says that is left of the budget."""
    return int(answer.headers["ratelimit"].split("r=")[1].split(";")[0])


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(("name", "given", "codes"), WRONG, ids=range(len(WRONG)))
async def test_a_wrong_argument_is_named_and_changes_nothing(
    acme: Org, revision: str, name: str, given: dict[str, Any], codes: list[tuple[str, str | None]]
) -> None:
    async with unchanged(acme):
        assert refused(await call(acme, name, given, revision)) == codes


async def test_of_many_unknown_arguments_some_are_named(acme: Org) -> None:
    async with unchanged(acme):
        found = refused(await call(acme, "CreateClient", {f"x{number}": 1 for number in range(1_000)}))
    assert found == [("BAD_INPUT", f"x{number}") for number in range(MAX_PROBLEMS)]


async def test_another_organizations_objects_are_as_none(acme: Org, other: Org) -> None:
    theirs = (await new_client(other))["publicId"]
    async with unchanged(other):
        found = (await call(acme, "GetClient", {"id": theirs})).json()["result"]
        assert found["structuredContent"] == {"client": None}
        changed = await call(acme, "UpdateClient", {"input": {"id": theirs, "name": "Mine"}})
        assert refused(changed) == [("NOT_FOUND", "input.id")]
        found = (await call(acme, "ListClients", {})).json()["result"]
        assert found["structuredContent"]["clients"]["nodes"] == []


async def test_a_repeat_says_so_and_a_header_is_a_key_too(acme: Org) -> None:
    by_header = ({"input": ADA | {"email": "b@example.com"}}, {"Idempotency-Key": "two"})
    repeats: list[tuple[dict[str, Any], dict[str, str]]] = [(ONE, {}), by_header]
    for given, headers in repeats:
        answers = [await call(acme, "CreateClient", given, headers=headers) for _ in range(2)]
        assert answers[0].json()["result"]["structuredContent"] == answers[1].json()["result"]["structuredContent"]
        assert [each.headers.get("idempotent-replayed") for each in answers] == [None, "true"]
    assert await acme.count("clients") == 2
    wrong = await call(acme, "CreateClient", {"input": ADA}, headers={"Idempotency-Key": "x" * 256})
    assert refused(wrong) == [("BAD_INPUT", "header.Idempotency-Key")]


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_call_can_be_tried_by_an_argument_or_a_header(acme: Org, revision: str) -> None:
    async with unchanged(acme):
        for given, headers in (({"dryRun": True}, {}), ({"dryRun": False}, {"Dry-Run": "true"})):
            answer = await call(acme, "CreateClient", {"input": ADA} | given, revision, headers=headers)
            result = answer.json()["result"]
            assert result["structuredContent"]["createClient"]["client"]["name"] == "Ada"
            assert result["_meta"]["dryRun"]["events"] == ["client.created"]
            assert answer.headers["dry-run"] == "true"
        wrong = await call(acme, "CreateClient", {"input": ADA}, revision, headers={"Dry-Run": "x"})
        assert refused(wrong) == [("BAD_INPUT", "header.Dry-Run")]
        sent = message("tools/call", revision, name="CreateClient", arguments={"input": ADA})
        wrong = await acme.http.post("/mcp?dryRun=true", json=sent, headers=heads(sent, revision))
        assert refused(wrong) == [("BAD_INPUT", "query.dryRun")]


async def test_a_call_costs_what_its_operation_costs(backends: Backends, api_runtime: Runtime) -> None:
    # Nothing is given back, so that what is spent can be read.
    async with served(backends, api_runtime, rate_bucket=3_000, rate_refill=1) as org:
        body = {"query": OPERATIONS["ListClients"].text, "variables": {"counted": False}}
        # What of either is new costs more.
        for _ in range(2):
            await org.http.post("/graphql", json=body)
            await call(org, "ListClients", {})

        start = _left(await call(org, "ListClients", {}))
        over_graphql = _left(await org.http.post("/graphql", json=body))
        over_mcp = _left(await call(org, "ListClients", {}))
        assert start - over_graphql == pytest.approx(over_graphql - over_mcp, abs=SLACK)
        assert start - over_graphql > 90
        refusal = await call(org, "ListClients", {"x": 1})
        assert over_mcp - _left(refusal) == pytest.approx(20, abs=SLACK)
        listing = await post(org, "tools/list")
        assert _left(refusal) - _left(listing) > 400


async def test_a_long_answer_costs_more(
    backends: Backends, api_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(backends, api_runtime, rate_bucket=3_000, rate_refill=1) as org:
        for _ in range(8):
            await new_client(org)
        plain = [_left(await call(org, "ListClients", {})) for _ in range(4)]
        monkeypatch.setattr("server.mcp.endpoint.BYTES", 64)
        answer = await call(org, "ListClients", {})
        # It is owed for, and shown with the next answer.
        extra = len(answer.content) // 64 - 64
        assert extra > 20
        found = _left(answer) - _left(await call(org, "ListClients", {}))
        assert found == pytest.approx(plain[2] - plain[3] + extra, abs=SLACK)


async def test_an_organization_that_has_spent_its_budget_is_told_when_to_come_again(
    backends: Backends, api_runtime: Runtime
) -> None:
    async with served(backends, api_runtime, rate_bucket=30, rate_refill=1) as org, unchanged(org):
        answer = await call(org, "ListClients", {"first": 100})
        assert refused(answer) == [("RATE_LIMITED", None)]
        assert int(answer.headers["retry-after"]) > 0
        assert {*_RATES} <= answer.headers.keys()
        # A list was written before its size was known: it is owed for.
        await post(org, "tools/list")
        answer = await call(org, "GetClient", {"id": "client_1"})
        assert failed(answer, 429, -32600)["data"]["code"] == "RATE_LIMITED"
        assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_call_that_takes_too_long_is_told_and_changes_nothing(
    backends: Backends, api_runtime: Runtime, revision: str
) -> None:
    async with served(backends, api_runtime, request_timeout_s=0.5) as org:
        client = (await new_client(org))["publicId"]
        async with org.runtime.bound(org.id) as connection:
            await connection.fetch("select id from clients for update")
            answer = await call(org, "UpdateClient", {"input": {"id": client, "company": "ACME"}}, revision)
            assert refused(answer) == [("UNAVAILABLE", None)]
            assert answer.headers["retry-after"] == "1"
        assert (await org.http.get(f"/api/v1/clients/{client}")).json()["data"]["company"] is None


@pytest.mark.parametrize("revision", REVISIONS)
async def test_an_error_of_ours_says_nothing_but_its_request(
    acme: Org, revision: str, monkeypatch: pytest.MonkeyPatch, log_lines: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("a secret of the house")

    monkeypatch.setattr("server.mcp.exchange.prepared_call", broken)
    answer = await call(acme, "CreateClient", {"input": ADA}, revision)
    assert refused(answer) == [("INTERNAL", None)]
    assert "secret" not in answer.text
    assert len(lines_with(log_lines, "unexpected error")) == 1


async def test_calls_are_counted_and_logged_as_requests(backends: Backends, api_runtime: Runtime) -> None:
    token = "0123456789abcdef"
    async with served(backends, api_runtime, metrics_token=token) as org:
        await call(org, "CreateClient", {"input": ADA})
        answer = await call(org, "ListClients", {})
        assert 'desc="1"' in answer.headers["server-timing"]
        await post(org, "tools/list")
        text = (await org.http.get("/metrics", headers={"Authorization": f"Bearer {token}"})).text
    for operation in ("mutation", "query", "none"):
        assert f'counterfoil_requests_total{{api="mcp",operation="{operation}",status="200"}} 1.0' in text


async def test_the_library_is_started_once_for_all_who_wait_and_ended() -> None:
    made = McpLibrary()
    first, second = await asyncio.gather(made.manager(), made.manager())
    assert first is second
    await made.close()
    await McpLibrary().close()


async def test_a_library_that_cannot_be_loaded_fails_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "PROTOCOL", "server.mcp.nothing")
    broken = McpLibrary()
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match=r"server\.mcp\.nothing"):
            await broken.manager()
    await broken.close()
