"""What reading, judging and compiling take is charged, once, and owed where an organization has nothing left."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from execution import parse_operation
from execution.guard import document_cache, documents
from resolvers.database.runtime import Runtime
from server.graphql import REFUSED
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.charging import about, charged, paying
from tests.support.refusals import error, problem
from tests.support.servers import Backends
from web import body as bodies


@pytest.fixture
async def org(backends: Backends, api_runtime: Runtime) -> AsyncIterator[Org]:
    async with paying(backends, api_runtime) as made:
        yield made


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were parsed."""
    found: list[str] = []

    def noted(text: str, name: str | None, tokens: int) -> documents.Operation:
        found.append(text)
        return parse_operation(text, name, tokens)

    monkeypatch.setattr(document_cache, "parse_operation", noted)
    return found


async def test_a_document_that_is_not_known_costs_its_tokens_text_fragments_and_fields(org: Org) -> None:
    health = "{ " + " ".join(f"h{i}: health {{ ... {{ status }} ... {{ status }} }}" for i in range(19)) + " }"
    # 13 tokens each; 57 fields, each fragment written out; 867 characters.
    assert len(health) == 867
    row = "{ ...a } fragment a on Query { ...b } fragment b on Query { health { status } }"
    long = "{ health { status } } #" + "x" * 10_000
    answers = [await org.graphql(text) for text in (health, health, row, row, long, long)]
    assert all("errors" not in answer.json() for answer in answers)
    new = (2 + 19 * 13) // 4 + 867 // 256 + 57 // 5
    found = await charged(org, *answers)
    # Once more it is judged when it is valid.
    about(found, new, 249 // 40, 2 + 22 // 4, 0, 6 // 4 + 10_023 // 256 + 10_066 // 2_048, 10_066 // 2_048)
    # The requested cost is the same as before.
    assert [answer.json()["extensions"]["cost"]["requested"] for answer in answers] == [0] * 6


async def test_a_known_document_costs_to_be_judged_and_compiled_for_other_variables(org: Org) -> None:
    gates = ("a", "b")
    fields = " ".join(f"{gate}: health @include(if: ${gate}) {{ {'... { status } ' * 40}}}" for gate in gates)
    text = f"query({' '.join(f'${gate}: Boolean!' for gate in gates)}) {{ {fields} }}"
    asked: list[dict[str, Any]] = [{"a": a, "b": b} for a in (True, False) for b in (True, False)]
    answers = [await org.graphql(text, **variables) for variables in (asked[0], *asked, *asked)]
    found = (await charged(org, *answers))[1:]
    tokens = 2 + 2 * 5 + 2 + 2 * (12 + 40 * 4 + 1) + 1
    # Judged once more when it is valid, then judged and compiled anew for each choice, of 41, 41 and no fields.
    about(found, tokens // 40, tokens // 40 + 8, tokens // 40 + 8, tokens // 40, 0, 0, 0, 0)


async def test_a_refused_document_costs_what_was_done_too(org: Org) -> None:
    unknown = "{ clients { nodes { " + " ".join(f"nothing{i}" for i in range(400)) + " } } }"
    overlapping = "{ clients { nodes { " + "id " * 1_990 + "} } }"
    answers = [await org.graphql(text) for text in (unknown, unknown, overlapping, "{")]
    assert [answer.json()["errors"][0]["extensions"]["code"] for answer in answers] == [
        "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_VALIDATION_FAILED", "TOO_COMPLEX", "GRAPHQL_PARSE_FAILED",
    ]  # fmt: skip
    done = REFUSED + 408 // 4 + len(unknown) // 256 + len(answers[0].request.content) // 2_048
    about(await charged(org, *answers), done, done, REFUSED + (len(overlapping) + 29) // 2_048, REFUSED)


async def test_a_document_that_the_key_may_not_run_costs_once_to_read(org: Org) -> None:
    weak = org.holding(await org.new_key("services:read"))
    text = "{ clients { nodes { " + "... { id } " * 100 + "} } }"
    answers = [await weak.graphql(text), await weak.graphql(text)]
    for answer in answers:
        error(answer, 403, "FORBIDDEN")
    about(await charged(org, *answers), 408 // 4 + len(text) // 256, 408 // 40)
    assert "ratelimit" not in (await weak.graphql(text)).headers
    change = 'mutation { deleteClient(input: {id: "x"}) { deletedId } }' + " " * 512
    refused = await weak.http.get("/graphql", params={"query": change})
    error(refused, 405, "METHOD_NOT_ALLOWED")
    assert "ratelimit" in refused.headers
    await weak.http.aclose()


async def test_a_large_body_costs_by_its_bytes_and_values(org: Org) -> None:
    known = "query($i: [ID!]!) { nodes(ids: $i) { id } }"
    await org.graphql(known, i=["x"])
    long = {"query": known, "variables": {"i": ["x"], "unknown": "x" * 100_000}}
    many = {"query": known, "variables": {"i": ["x"], "unknown": [{}] * 5_000}}
    client = {"name": "Ada", "email": "ada@example.com", "tags": ["x"] * 1_000, "notes": "x" * 100_000}
    answers = [
        await org.graphql(known, i=["x"]),
        await org.http.post("/graphql", json=long),
        await org.http.post("/graphql", json=many),
        await org.http.get("/api/v1/clients?limit=1"),
        await org.http.post("/api/v1/clients", json=client),
        await org.http.post("/api/v1/clients", content=b"{" * 100_000, headers={"Content-Type": "application/json"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 400, 400]
    sizes = [len(answer.request.content) // bodies.BYTES for answer in answers]
    found = (await charged(org, *answers))[1:]
    about(found, 1 + sizes[1], 1 + sizes[2] + 500, 7, 14 + sizes[4] + 100, 20 + sizes[5])
    assert await org.count("clients") == 0


async def test_a_long_query_string_costs_by_its_bytes_and_parameters(org: Org) -> None:
    few, many = "status=LEAD&" * 10 + "limit=1", "status=LEAD&" * 990 + "limit=1"
    odd, most = "&".join(f"x{i}=1" for i in range(900)), "&".join(["status=LEAD"] * 1_001)
    answers = [await org.http.get(f"/api/v1/clients?{query}") for query in (few, many, odd, most)]
    assert [answer.status_code for answer in answers] == [200, 200, 400, 400]
    details = problem(answers[3], 400, "BAD_INPUT", "query")
    assert (details["errors"][0]["code"], details["errors"][0]["limit"]) == ("TOO_LONG", 1_000)
    assert details["detail"] == "It must have at most 1,000 parameters."
    few_cost, *found = await charged(org, *answers)
    size = len(many) // bodies.BYTES
    about(found, few_cost + size + 99, 20 + len(odd) // bodies.BYTES + 90, 20)
    changed = await org.http.post(f"/api/v1/clients?{odd}", json={"name": "x" * 3_000})
    assert changed.status_code == 400
    weight = len(odd) // bodies.BYTES + 90 + len(changed.request.content) // bodies.BYTES
    about((await charged(org, answers[3], changed))[1:], 20 + weight)
    assert await org.count("clients") == 0


async def test_every_door_refuses_a_query_of_too_many_parameters(org: Org) -> None:
    query = "&".join(["x=1"] * 1_001)
    for method, path in (
        ("GET", "/api/v1/invoices/x.pdf"), ("DELETE", "/api/v1/orders/x"), ("POST", "/api/forms/x/submit"),
    ):  # fmt: skip
        answer = await org.http.request(method, f"{path}?{query}", json={} if method == "POST" else None)
        refused = problem(answer, 400, "BAD_INPUT", "query")
        assert refused["errors"][0]["code"] == "TOO_LONG"
    for method in ("GET", "POST"):
        details = error(await org.http.request(method, f"/graphql?{query}"), 400, "BAD_INPUT", "query")
        assert (details["reason"], details["limit"]) == ("TOO_LONG", 1_000)


async def test_who_owes_is_refused_before_anything_is_read(
    backends: Backends, api_runtime: Runtime, parsed: list[str]
) -> None:
    async with paying(backends, api_runtime, bucket=500) as org:
        texts = ["{ clients { nodes { " + "... { id } " * 100 + f"}} }} }}#{number}" for number in range(9)]
        answers = [await org.graphql(text) for text in texts]
        statuses = [answer.status_code for answer in answers]
        assert statuses == sorted(statuses)
        # The last one that was parsed could not be paid: it is owed, and no other one is parsed.
        assert 1 <= statuses.count(200) < 5
        assert len(parsed) == statuses.count(200) + 1
        for answer in answers[len(parsed) :]:
            reported = error(answer, 429, "RATE_LIMITED")
            assert answer.headers["retry-after"] == str(reported["retryAfter"])
            assert int(reported["retryAfter"]) > 1
            assert answer.headers["ratelimit"].startswith('"cost";r=0;')
        # Nor is a body, over either API; a new client is not made.
        made = await org.http.post("/api/v1/clients", json={"name": "Ada", "email": "ada@example.com"})
        assert problem(made, 429, "RATE_LIMITED")["retryAfter"] > 1
        refused = await org.http.post("/graphql", content=b"{" * 1_000, headers={"Content-Type": "application/json"})
        error(refused, 429, "RATE_LIMITED")
        assert await org.count("clients") == 0


async def test_without_a_key_a_document_that_is_not_known_costs_its_address_too(backends: Backends) -> None:
    settings = settings_of(backends, anonymous_bucket=60, anonymous_refill=1)
    text = "{ " + " ".join(f"h{i}: health {{ ... {{ status }} ... {{ status }} }}" for i in range(19)) + " }"
    async with serving(settings) as base, httpx.AsyncClient(base_url=base) as http:
        # 1, 3 for its bytes and 8 for what is new of it; then it is known.
        fresh = [(await http.post("/graphql", json={"query": f"{text}#{n}"})).status_code for n in range(7)]
        assert fresh == [200] * 5 + [429] * 2
    settings = settings_of(backends, anonymous_bucket=60, anonymous_refill=1)
    async with serving(settings) as base, httpx.AsyncClient(base_url=base) as http:
        known = [(await http.post("/graphql", json={"query": text})).status_code for _ in range(14)]
        assert known == [200] * 13 + [429]


async def test_a_search_that_takes_long_is_owed_by_its_time(backends: Backends, api_runtime: Runtime) -> None:
    search = "{ orders(filter: {client: {status: {eq: LEAD}}}) { nodes { id } } }"
    async with paying(backends, api_runtime, 100_000) as org:
        quick = await org.graphql(search)
        left = int(quick.headers["ratelimit"].split("r=")[1].split(";")[0])
        assert left > 99_000
        async with org.runtime.connection() as other, other.transaction():
            # Who waits for this lock takes a connection, as who reads all rows does.
            await other.execute("lock table clients in access exclusive mode")
            late = asyncio.create_task(org.graphql(search))
            plain = asyncio.create_task(org.graphql("{ clients { nodes { id } } }"))
            await asyncio.sleep(1)
        for answer in (await late, await plain):
            assert "errors" not in answer.json()
        after = await org.graphql("{ viewer { organization { name } } }")
        # Half a second is what its price is for; without a relation it is the price alone, however long it took.
        spent = left - int(after.headers["ratelimit"].split("r=")[1].split(";")[0])
        assert 2_000 < spent < 60_000


async def test_who_owes_for_a_search_is_refused(backends: Backends, api_runtime: Runtime) -> None:
    search = "{ orders(filter: {client: {status: {eq: LEAD}}}) { nodes { id } } }"
    async with paying(backends, api_runtime, 1_000) as org:
        async with org.runtime.connection() as other, other.transaction():
            await other.execute("lock table clients in access exclusive mode")
            late = asyncio.create_task(org.graphql(search))
            await asyncio.sleep(1)
        assert "errors" not in (await late).json()
        error(await org.graphql("{ viewer { organization { name } } }"), 429, "RATE_LIMITED")
        problem(await org.http.get("/api/v1/clients"), 429, "RATE_LIMITED")


async def test_searches_over_relations_leave_others_half_of_the_pool(backends: Backends, api_runtime: Runtime) -> None:
    search = "{ orders(filter: {client: {status: {eq: LEAD}}}) { nodes { id } } }"
    async with serving(settings_of(backends, pool_min=1, pool_max=2)) as base:
        many, other = await make_org(api_runtime, base), await make_org(api_runtime, base)
        assert "errors" not in (await other.graphql("{ services { nodes { id } } }")).json()
        async with api_runtime.connection() as connection, connection.transaction():
            await connection.execute("lock table clients in access exclusive mode")
            waiting = [asyncio.create_task(many.graphql(search)) for _ in range(4)]
            await asyncio.sleep(0.3)
            found = await other.graphql("{ services { nodes { id } } }")
        assert (found.status_code, found.json().get("data")) == (200, {"services": {"nodes": []}})
        assert "errors" not in (await waiting[0]).json()
        await asyncio.gather(*waiting)
        for org in (many, other):
            await org.http.aclose()
