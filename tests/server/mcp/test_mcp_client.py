"""A real client of MCP, of the newest revision and of one before: it lists, calls, is refused and polls."""

import pytest

from models.agent_jobs import AGENT_JOB
from models.typeid import decode
from resolvers.jobs import claims as jobs
from schema.operations import OPERATIONS
from schema.requests.tools import OFFERED
from tests.support import reports
from tests.support.agents import new_definition
from tests.support.api import Org, new_client
from tests.support.jobs import slot_of
from tests.support.mcp import MODES, NEWEST, answer_of, codes_of, connected, errors_of, listed
from tests.support.refusals import unchanged
from workers.agent_jobs.handler import handler
from workers.agent_jobs.providers import Providers

ADA = {"name": "Ada", "email": "ada@example.com"}


@pytest.mark.parametrize("mode", MODES)
async def test_it_connects_and_lists_what_the_key_may_do(acme: Org, mode: str) -> None:
    async with connected(acme, mode) as client:
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.title) == ("counterfoil", "Counterfoil")
        assert client.protocol_version == (NEWEST if mode == "auto" else "2025-11-25")
        assert "GetAgentJob" in (client.instructions or "")
        assert (await listed(client)).keys() == OFFERED.keys()
    reader = acme.holding(await acme.new_key("clients:read"))
    async with connected(reader, mode) as client:
        assert (await listed(client)).keys() == {"ListClients", "GetClient"}
    writer = acme.holding(await acme.new_key("clients:write"))
    async with connected(writer, mode) as client:
        names = (await listed(client)).keys()
    assert names == {"ListClients", "GetClient", "CreateClient", "UpdateClient", "DeleteClient"}


@pytest.mark.parametrize("mode", MODES)
async def test_a_call_is_the_operation(acme: Org, mode: str) -> None:
    made = await new_client(acme)
    body = {"query": OPERATIONS["GetClient"].text, "variables": {"id": made["publicId"]}}
    over_graphql = (await acme.http.post("/graphql", json=body)).json()["data"]
    async with connected(acme, mode) as client:
        assert answer_of(await client.call_tool("GetClient", {"id": made["publicId"]})) == over_graphql
        page = answer_of(await client.call_tool("ListClients", {"filter": {"search": "ada"}, "counted": True}))
        assert ([node["publicId"] for node in page["clients"]["nodes"]], page["clients"]["totalCount"]) == (
            [made["publicId"]], 1,
        )  # fmt: skip
        assert answer_of(await client.call_tool("GetOrder", {"id": made["publicId"]})) == {"order": None}


@pytest.mark.parametrize("mode", MODES)
async def test_a_change_is_made_once_for_its_key_and_audited_as_the_keys(acme: Org, mode: str) -> None:
    given = {"input": ADA, "idempotencyKey": "one"}
    async with connected(acme, mode) as client:
        first = answer_of(await client.call_tool("CreateClient", given))
        assert answer_of(await client.call_tool("CreateClient", given)) == first
        reused = await client.call_tool("CreateClient", given | {"input": ADA | {"name": "Bob"}})
        assert codes_of(reused) == [("IDEMPOTENCY_KEY_REUSED", None)]
        taken = await client.call_tool("CreateClient", {"input": ADA})
        assert codes_of(taken) == [("CONFLICT", "input.email")]
    sql = "select actor_kind, source, request_id from audit_entries where action = 'client:create'"
    assert [(row["actor_kind"], row["source"]) for row in await acme.rows(sql)] == [("KEY", "GRAPHQL")]


@pytest.mark.parametrize("mode", MODES)
async def test_a_key_without_the_scope_is_refused(acme: Org, mode: str) -> None:
    weak = acme.holding(await acme.new_key("clients:read"))
    async with unchanged(acme), connected(weak, mode) as client:
        (error,) = errors_of(await client.call_tool("CreateClient", {"input": ADA}))
    extensions = error["extensions"]
    assert (extensions["code"], extensions["status"], extensions["scope"]) == ("FORBIDDEN", 403, "clients:write")


@pytest.mark.parametrize("mode", MODES)
async def test_a_report_is_started_and_polled(acme: Org, mode: str) -> None:
    given = {"input": {"kind": "REVENUE", "parameters": reports.YEAR | {"interval": "YEAR"}}}
    async with connected(acme, mode) as client:
        made = answer_of(await client.call_tool("CreateReport", given))["createReport"]["report"]
        asked = {"id": made["publicId"]}
        assert (await client.call_tool("GetReport", asked)).structured_content == {"report": made}
        await reports.work(acme)
        found = answer_of(await client.call_tool("GetReport", asked))["report"]
    assert (made["status"], found["status"], found["progress"]) == ("QUEUED", "READY", 100)


@pytest.mark.parametrize("mode", MODES)
async def test_an_agents_job_is_queued_and_polled(acme: Org, mode: str) -> None:
    definition = await new_definition(acme, tools=[], inputSchema=None)
    async with connected(acme, mode) as client:
        given = {"input": {"definitionId": definition, "input": {"say": "hello"}}}
        made = answer_of(await client.call_tool("QueueAgentJob", given))["queueAgentJob"]["agentJob"]
        asked = {"id": made["publicId"]}
        assert answer_of(await client.call_tool("GetAgentJob", asked))["agentJob"]["status"] == "QUEUED"
        cancelled = answer_of(await client.call_tool("CancelAgentJob", {"input": asked}))
        assert cancelled["cancelAgentJob"]["agentJob"]["status"] == "CANCELLED"
        again = answer_of(await client.call_tool("QueueAgentJob", given))["queueAgentJob"]["agentJob"]
        await _run(acme, again["publicId"])
        found = answer_of(await client.call_tool("GetAgentJob", {"id": again["publicId"]}))["agentJob"]
    assert (found["status"], found["error"]) == ("SUCCEEDED", None)


async def _run(org: Org, job: str) -> None:
    """Run an agent's job as a worker does."""
    sql = "select id from jobs where org_id = $1 and subject_id = $2 and state = 'QUEUED'"
    (row,) = await org.rows(sql, org.id, decode(AGENT_JOB.prefix, job))
    claim = await jobs.claim(org.runtime, org.id, row["id"], 45)
    assert claim is not None
    await handler(Providers()).run(org.runtime, claim, slot_of(claim))
