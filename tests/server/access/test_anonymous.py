"""Without a key: small documents, paid for by the address that asks, refused ones too."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from graphql import get_introspection_query

from execution import parse_operation
from execution.guard import document_cache, documents
from resolvers.errors import Refusal
from server.access.anonymous import MAX_BODY, MAX_TEXT, MAX_TOKENS, Anonymous
from tests.support.api import Org, serving, settings_of
from tests.support.refusals import error
from tests.support.servers import Backends
from web.http import Request

HEALTH = "{ health { status } }"
# What GraphiQL sends: the standard query with what newer servers know.
INTROSPECTION = get_introspection_query(
    input_value_deprecation=True, schema_description=True, specified_by_url=True, directive_is_repeatable=True
)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How long each text was that was parsed."""
    found: list[int] = []

    def noted(text: str, name: str | None, tokens: int) -> documents.Operation:
        found.append(len(text))
        return parse_operation(text, name, tokens)

    monkeypatch.setattr(document_cache, "parse_operation", noted)
    return found


@asynccontextmanager
async def stranger(backends: Backends, **given: object) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key of a server with the buckets that a deployment has."""
    fixed = {"anonymous_bucket": 1_000, "anonymous_refill": 1, "trusted_proxies": "127.0.0.1/32"}
    async with (
        serving(settings_of(backends, **(fixed | given))) as base,
        httpx.AsyncClient(base_url=base) as http,
    ):
        yield http


async def test_the_introspection_of_graphiql_passes_until_its_address_has_spent_its_budget(backends: Backends) -> None:
    assert len(INTROSPECTION) < MAX_TEXT
    async with stranger(backends) as http:
        answers = [await http.post("/graphql", json={"query": INTROSPECTION}) for _ in range(3)]
        assert all("errors" not in answer.json() for answer in answers)
        statuses = []
        answer = answers[-1]
        while answer.status_code == 200:
            answer = await http.post("/graphql", json={"query": INTROSPECTION})
            statuses.append(answer.status_code)
        assert 3 <= len(statuses) < 30
        extensions = error(answer, 429, "RATE_LIMITED")
        assert answer.headers["retry-after"] == str(extensions["retryAfter"])
        # The same for what is refused; and another address, or another /64, has a budget of its own.
        while (answer := await http.post("/graphql", json={"query": "{"})).status_code == 401:
            assert len(statuses) < 1_000
            statuses.append(401)
        error(answer, 429, "RATE_LIMITED")
        for address, status in (("198.51.100.7", 200), ("2001:db8:1:2::5", 200)):
            headers = {"X-Forwarded-For": address}
            answer = await http.post("/graphql", json={"query": HEALTH}, headers=headers)
            assert answer.status_code == status


async def test_a_refused_document_is_paid_for(backends: Backends, parsed: list[int]) -> None:
    async with stranger(backends, anonymous_bucket=40) as http:
        long = "{ " + "nothing " * 400 + "}"
        statuses = [(await http.post("/graphql", json={"query": long})).status_code for _ in range(6)]
        assert statuses == [401] * 3 + [429] * 3
        assert len(parsed) == 3
        get = await http.get("/graphql", params={"query": long})
        error(get, 429, "RATE_LIMITED")


@pytest.mark.parametrize(
    "text",
    ["{ health { status } } #" + "x" * MAX_TEXT, "{ health { status } } # " + "\U0001f600" * (MAX_TEXT // 4)],
    ids=["characters", "bytes"],
)
async def test_a_long_document_needs_a_key_and_is_not_parsed(acme: Org, parsed: list[int], text: str) -> None:
    async with httpx.AsyncClient(base_url=acme.http.base_url) as http:
        error(await http.post("/graphql", json={"query": text}), 401, "UNAUTHENTICATED")
        assert parsed == []
    assert (await acme.data(text)) == {"health": {"status": "ok"}}


async def test_a_document_of_many_tokens_needs_a_key_also_when_it_is_known(acme: Org) -> None:
    def of(operations: int) -> dict[str, str]:
        # Eight tokens each.
        text = " ".join(f"query q{index} {{ health {{ status }} }}" for index in range(operations))
        return {"query": text, "operationName": "q0"}

    most = MAX_TOKENS // 8
    async with httpx.AsyncClient(base_url=acme.http.base_url) as http:
        assert (await http.post("/graphql", json=of(most))).json()["data"] == {"health": {"status": "ok"}}
        for _ in range(2):
            error(await http.post("/graphql", json=of(most + 1)), 401, "UNAUTHENTICATED")
            answer = await acme.http.post("/graphql", json=of(most + 1))
            assert answer.json()["data"] == {"health": {"status": "ok"}}


async def test_a_long_body_needs_a_key_and_is_not_read(acme: Org, parsed: list[int]) -> None:
    async with httpx.AsyncClient(base_url=acme.http.base_url) as http:
        body = {"query": HEALTH, "variables": {"x": "x" * MAX_BODY}}
        answer = await http.post("/graphql", json=body)
        error(answer, 401, "UNAUTHENTICATED")
        assert f"at most {MAX_BODY} bytes" in answer.text
        assert parsed == []
        error(await http.get("/graphql", params={"query": HEALTH + "#" * MAX_BODY}), 401, "UNAUTHENTICATED")


def _request(address: str, *headers: tuple[bytes, bytes]) -> Request:
    scope = {"method": "POST", "headers": list(headers), "query_string": b"", "client": (address, 1)}
    return Request(scope | {"state": {"request_id": "x"}}, None)  # type: ignore[arg-type]


def test_a_body_without_a_length_costs_as_much_as_the_longest() -> None:
    needed = Refusal("UNAUTHENTICATED", "A key.")
    for header in ((b"transfer-encoding", b"chunked"), (b"content-length", b"%d" % MAX_BODY)):
        made = Anonymous(lambda request: str(request.scope["client"][0]), 40, 1)
        made.read(_request("a", header), needed)
        with pytest.raises(Refusal, match="without an API key") as refused:
            made.read(_request("a", header), needed)
        assert refused.value.code == "RATE_LIMITED"
        made.read(_request("b", header), needed)
    with pytest.raises(Refusal, match="A key"):
        Anonymous(lambda _request: "a", 40, 1).read(_request("a", (b"content-length", b"9" * 50)), needed)


def test_what_was_done_already_is_owed_up_to_a_whole_bucket() -> None:
    made = Anonymous(lambda request: str(request.scope["client"][0]), 10, 1)
    for _ in range(3):
        made.owe(_request("a"), 25)
    with pytest.raises(Refusal) as refused:
        made.spend(_request("a"), 1)
    assert refused.value.code == "RATE_LIMITED"
    assert refused.value.extra["retryAfter"] >= 10
    made.spend(_request("b"), 10)
