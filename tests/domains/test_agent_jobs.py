"""Agent jobs: what they are queued of, who sees what of them, how they end by hand, and what is kept for them."""

import orjson
import pytest

from models.agent_jobs import AGENT_JOB, AgentJobStatus
from models.agent_jobs_steps import AgentStepKind
from models.jobs import JobState
from models.typeid import decode
from resolvers.jobs import claims
from resolvers.jobs.claims import LeaseLost
from tests.support.agents import INPUT, ask, do, fail, happened, lead, new_definition, new_job, runs, shown
from tests.support.api import Org, new_client, new_order
from tests.support.refusals import error, problem, unchanged

PATH = "/api/v1/agent-jobs"
_S = AgentJobStatus


async def _ticket(org: Org, **given: object) -> str:
    answer = await org.http.post("/api/v1/tickets", json={"subject": "When?"} | given)
    found: str = answer.json()["data"]["publicId"]
    return found


async def test_a_job_runs_the_version_that_it_was_queued_of(acme: Org) -> None:
    definition, order = await new_definition(acme), await new_order(acme)
    body = {"definitionId": definition, "orderId": order["publicId"], "input": INPUT}
    answer = await acme.http.post(PATH, json=body)
    made = answer.json()["data"]
    assert (answer.status_code, answer.headers["location"]) == (202, f"{PATH}/{made['publicId']}")
    await acme.http.put(f"/api/v1/agents/definitions/{definition}", json={"tools": []})
    expected = body | {
        "definitionVersion": 1, "ticketId": None, "clientId": order["clientId"], "status": "QUEUED", "attempt": 0,
        "output": None, "plan": None, "error": None, "scopes": ["orders:write"], "startedAt": None, "expiresAt": None,
        "usage": {
            "model": "test", "modelCalls": 0, "inputTokens": 0, "outputTokens": 0, "cost": 0, "currency": "USD"
        },
        "version": 1,
    }  # fmt: skip
    found = await shown(acme, made["publicId"])
    assert {name: found[name] for name in expected} == expected
    assert found["queuedAt"] == found["updatedAt"]
    assert (await runs(acme, made["publicId"]), await happened(acme, made["publicId"])) == (["QUEUED"], ["queued"])
    key = decode(AGENT_JOB.prefix, made["publicId"])
    (run,) = await acme.rows("select * from jobs where org_id = $1 and subject_id = $2", acme.id, key)
    assert (run["queue"], run["concurrency_key"], run["attempt"]) == ("agents", key, 0)
    (event,) = await acme.rows("select data, client_id from events where resource_id = $1", key)
    data = orjson.loads(event["data"])
    assert data == {name: value for name, value in made.items() if name not in ("input", "output", "plan")}
    assert event["client_id"] == decode("client", order["clientId"])


async def test_only_an_active_definition_is_run(acme: Org) -> None:
    for status in ("DRAFT", "ARCHIVED"):
        key = await new_definition(acme, status=status)
        async with unchanged(acme):
            answer = await acme.http.post(PATH, json={"definitionId": key, "input": INPUT})
            refused = problem(answer, 400, "BAD_INPUT", "body.definitionId")
            assert refused["errors"][0]["code"] == "NOT_ALLOWED"


async def test_the_input_must_match_the_schema(acme: Org) -> None:
    key = await new_definition(acme)
    for given, wrong in (
        ({}, [("orderId", "REQUIRED")]),
        ({"orderId": 5, "times": 0}, [("orderId", "WRONG_TYPE"), ("times", "OUT_OF_RANGE")]),
        (INPUT | {"times": 1.5, "more": 1}, [("times", "WRONG_TYPE"), ("more", "UNKNOWN_FIELD")]),
    ):
        async with unchanged(acme):
            answer = await acme.http.post(PATH, json={"definitionId": key, "input": given})
            fields = [f"body.input.{name}" for name, _ in wrong]
            refused = problem(answer, 400, "BAD_INPUT", *fields)
            assert [each["code"] for each in refused["errors"]] == [code for _, code in wrong]
    free = await new_definition(acme, inputSchema=None)
    assert (await shown(acme, await new_job(acme, free, input={"a": [1]})))["input"] == {"a": [1]}
    assert (await acme.http.post(PATH, json={"definitionId": free})).json()["data"]["input"] == {}


async def test_it_is_about_one_client(acme: Org) -> None:
    definition, order = await new_definition(acme), await new_order(acme)
    mine, of = await _ticket(acme, orderId=order["publicId"]), {"definitionId": definition, "input": INPUT}
    both = await shown(acme, await new_job(acme, definition, orderId=order["publicId"], ticketId=mine))
    alone = await shown(acme, await new_job(acme, definition, ticketId=mine))
    assert both["clientId"] == alone["clientId"] == order["clientId"]
    assert (both["orderId"], alone["orderId"]) == (order["publicId"], None)
    another = await new_order(acme, client=order["clientId"], service=order["serviceId"])
    strange = await _ticket(acme, clientId=(await new_client(acme))["publicId"])
    nobodys = await shown(acme, await new_job(acme, definition, ticketId=await _ticket(acme)))
    assert nobodys["clientId"] is None
    async with unchanged(acme):
        for ids in (
            {"orderId": another["publicId"], "ticketId": mine},
            {"orderId": order["publicId"], "ticketId": strange},
        ):
            answer = await acme.http.post(PATH, json=of | ids)
            assert problem(answer, 400, "BAD_INPUT", "body.ticketId")["errors"][0]["code"] == "NOT_ALLOWED"


async def test_a_key_queues_only_what_it_could_do_itself(acme: Org) -> None:
    definition = await new_definition(acme)
    weak = acme.holding(await acme.new_key("agent_jobs:write", "orders:read"))
    async with unchanged(acme):
        answer = await weak.http.post(PATH, json={"definitionId": definition, "input": INPUT})
        assert problem(answer, 403, "FORBIDDEN", "body.definitionId")["scope"] == "orders:write"
    able = acme.holding(await acme.new_key("agent_jobs:write", "orders:write"))
    job = await new_job(able, definition)
    (row,) = await acme.rows("select created_by_key, scopes from agent_jobs")
    assert (row["scopes"], row["created_by_key"] is None) == (["orders:write"], False)
    assert (await shown(able, job))["input"] == INPUT


async def test_a_job_is_queued_about_what_the_key_may_read(acme: Org) -> None:
    definition = await new_definition(acme, tools=[], inputSchema=None)
    order = await new_order(acme)
    ticket = await _ticket(acme)
    weak = acme.holding(await acme.new_key("agent_jobs:write"))
    async with unchanged(acme):
        for name, key, scope in (
            ("orderId", order["publicId"], "orders:read"),
            ("ticketId", ticket, "tickets:read"),
            ("orderId", "order_1", "orders:read"),
        ):
            answer = await weak.http.post(PATH, json={"definitionId": definition, name: key})
            assert problem(answer, 403, "FORBIDDEN", f"body.{name}")["scope"] == scope
    able = acme.holding(await acme.new_key("agent_jobs:write", "orders:read", "tickets:read"))
    for name, key in (("orderId", order["publicId"]), ("ticketId", ticket)):
        assert (await able.http.post(PATH, json={"definitionId": definition, name: key})).status_code == 202


async def test_a_job_is_retried_with_its_scopes_and_cancelled_without(acme: Org) -> None:
    job = await new_job(acme)
    await fail(acme, job)
    weak = acme.holding(await acme.new_key("agent_jobs:write", "orders:read"))
    async with unchanged(acme):
        assert error(await do(weak, "retry", job), 403, "FORBIDDEN", "input.id")["scope"] == "orders:write"
    able = acme.holding(await acme.new_key("agent_jobs:write", "orders:write"))
    assert "errors" not in (await do(able, "retry", job)).json()
    assert "errors" not in (await do(weak, "cancel", job)).json()


async def test_what_a_job_reads_is_seen_by_who_could_read_it(acme: Org) -> None:
    job = await new_job(acme)
    await lead(acme, job, _S.RUNNING)
    await ask(acme, job, AgentStepKind.APPROVAL)
    text = """{ agentJobs(first: 2) { nodes { id scopes input output plan
      steps(first: 5) { totalCount nodes { input changes { field after } } } } } }"""
    weak = acme.holding(await acme.new_key("agent_jobs:read", "orders:read"))
    able = acme.holding(await acme.new_key("agent_jobs:read", "orders:write"))
    hidden = {"id": job, "scopes": ["orders:write"], "input": None, "output": None, "plan": None, "steps": None}
    assert (await weak.data(text))["agentJobs"]["nodes"] == [hidden]
    (found,) = (await able.data(text))["agentJobs"]["nodes"]
    (step,) = found["steps"]["nodes"]
    assert (found["input"], found["steps"]["totalCount"]) == (INPUT, 1)
    assert step["changes"] == [{"field": "notes", "after": "Late"}]
    for path in (PATH, f"{PATH}/{job}"):
        data = (await weak.http.get(path)).json()["data"]
        one = data[0] if isinstance(data, list) else data
        assert (one["status"], one["input"], one["output"], one["plan"]) == ("AWAITING_APPROVAL", None, None, None)


async def test_a_job_that_is_cancelled_is_run_no_further(acme: Org) -> None:
    job = await new_job(acme)
    (run,) = await acme.rows("select id from jobs where org_id = $1 and function = 'AGENT'", acme.id)
    claim = await claims.claim(acme.runtime, acme.id, run["id"], 45)
    assert claim is not None
    await lead(acme, job, _S.RUNNING)
    assert "errors" not in (await do(acme, "cancel", job)).json()
    with pytest.raises(LeaseLost):
        async with claims.held(acme.runtime, claim):
            pass
    found = await shown(acme, job)
    assert (found["status"], found["finishedAt"] is None, await runs(acme, job)) == ("CANCELLED", False, ["CANCELLED"])
    assert await happened(acme, job) == ["queued", "started", "cancelled"]
    async with unchanged(acme):
        assert (await do(acme, "cancel", job)).json()["data"]["cancelAgentJob"]["agentJob"]["status"] == "CANCELLED"
        refused = error(await do(acme, "retry", job), 200, "INVALID_TRANSITION", "input.id")
        assert (refused["status"], refused["allowed"]) == (409, [])


async def test_a_job_that_failed_is_not_cancelled(acme: Org) -> None:
    job = await new_job(acme)
    await fail(acme, job)
    async with unchanged(acme):
        refused = error(await do(acme, "cancel", job), 200, "INVALID_TRANSITION", "input.id")
        assert (refused["status"], refused["allowed"]) == (409, ["QUEUED"])
    # The refusal has taken back what was cancelled before it.
    assert await runs(acme, job) == ["QUEUED"]


async def test_a_job_that_failed_is_retried_from_its_steps(acme: Org) -> None:
    job = await new_job(acme)
    async with unchanged(acme):
        assert (await do(acme, "retry", job)).json()["data"]["retryAgentJob"]["agentJob"]["status"] == "QUEUED"
    assert await runs(acme, job) == ["QUEUED"]
    await fail(acme, job)
    failed = await shown(acme, job)
    assert (failed["attempt"], failed["error"]) == (3, {"code": "PROVIDER_FAILED", "message": "The provider failed."})
    assert "errors" not in (await do(acme, "retry", job)).json()
    again = await shown(acme, job)
    assert (again["status"], again["attempt"], again["error"], again["finishedAt"]) == ("QUEUED", 0, None, None)
    assert again["startedAt"] == failed["startedAt"]
    assert await runs(acme, job) == ["QUEUED", "QUEUED"]
    assert await happened(acme, job) == ["queued", "started", "failed", "queued"]


async def test_a_job_that_no_worker_holds_is_stale(acme: Org) -> None:
    text = "query($id: ID!) { agentJob(id: $id) { stale } }"
    job = await new_job(acme)
    assert (await acme.data(text, id=job))["agentJob"]["stale"] is False
    await lead(acme, job, _S.RUNNING)
    assert (await acme.data(text, id=job))["agentJob"]["stale"] is True
    (run,) = await acme.rows("select id from jobs where org_id = $1 and function = 'AGENT'", acme.id)
    claim = await claims.claim(acme.runtime, acme.id, run["id"], 45)
    assert claim is not None
    assert (await acme.data(text, id=job))["agentJob"]["stale"] is False
    async with claims.held(acme.runtime, claim) as ctx:
        await claims.finish(ctx, claim, JobState.DONE)
    assert (await acme.data(text, id=job))["agentJob"]["stale"] is True


async def test_what_has_jobs_is_kept(acme: Org) -> None:
    definition, order = await new_definition(acme), await new_order(acme)
    await new_job(acme, definition, orderId=order["publicId"])
    async with unchanged(acme):
        answer = await acme.http.delete(f"/api/v1/orders/{order['publicId']}")
        assert problem(answer, 409, "CONFLICT", "path.publicId")["reason"] == "HAS_AGENT_JOBS"
    client = (await new_client(acme))["publicId"]
    await new_job(acme, definition, ticketId=await _ticket(acme, clientId=client))
    assert (await acme.http.delete(f"/api/v1/clients/{client}")).status_code == 204
    assert (await acme.http.get(f"/api/v1/clients/{client}")).json()["data"]["status"] == "ARCHIVED"


async def test_the_jobs_of_an_order_a_ticket_and_a_client(acme: Org) -> None:
    definition, order = await new_definition(acme), await new_order(acme)
    ticket = await _ticket(acme, orderId=order["publicId"])
    first = await new_job(acme, definition, orderId=order["publicId"])
    second = await new_job(acme, definition, ticketId=ticket)
    text = """query($order: ID!, $ticket: ID!, $client: ID!, $definition: ID!) {
      order(id: $order) { agentJobs { nodes { id } } } ticket(id: $ticket) { agentJobs { nodes { id } } }
      client(id: $client) { agentJobs { nodes { id } } } agentDefinition(id: $definition) { agentJobs { totalCount } }
      agentDefinitions(filter: {agentJobs: {some: {status: {eq: QUEUED}}}}) { totalCount }
      agentJobs(filter: {ticket: {status: {eq: OPEN}}, orderId: {isNull: true}}) { nodes { id } } }"""
    ids = {"order": order["publicId"], "ticket": ticket, "client": order["clientId"], "definition": definition}
    found = await acme.data(text, **ids)
    listed = {
        name: [each["id"] for each in found[name]["agentJobs"]["nodes"]] for name in ("order", "ticket", "client")
    }
    assert listed == {"order": [first], "ticket": [second], "client": [second, first]}
    assert found["agentDefinition"]["agentJobs"] == {"totalCount": 2}
    assert found["agentDefinitions"] == {"totalCount": 1}
    assert found["agentJobs"]["nodes"] == [{"id": second}]
