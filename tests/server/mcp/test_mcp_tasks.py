"""Tasks: what takes a while is one to a client that says it knows them, and its object is polled as a task."""

from typing import Any

import httpx
import orjson
import pytest

from models.agent_jobs import AgentJobStatus
from tests.support import reports
from tests.support.agents import lead, new_definition
from tests.support.api import Org
from tests.support.id_positions import missing
from tests.support.mcp import NEWEST, OLDER, call, failed, post
from tests.support.refusals import unchanged

KNOWS: dict[str, Any] = {
    "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}}
}
REPORT = {"input": {"kind": "REVENUE", "parameters": reports.YEAR | {"interval": "YEAR"}}}


async def _asked(org: Org, method: str, **params: Any) -> dict[str, Any]:
    """The result of a request of a client that knows tasks."""
    answer = await _post(org, method, **params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["result"]
    return found


async def _post(org: Org, method: str, **params: Any) -> httpx.Response:
    return await post(org, method, _meta=KNOWS, **params)


async def _job(org: Org) -> dict[str, Any]:
    """The task of a new job."""
    definition = await new_definition(org, tools=[], inputSchema=None)
    given = {"input": {"definitionId": definition, "input": {}}}
    return await _asked(org, "tools/call", name="QueueAgentJob", arguments=given)


async def test_the_extension_is_told_of(acme: Org) -> None:
    found = (await post(acme, "server/discover")).json()["result"]
    assert found["capabilities"]["extensions"] == {"io.modelcontextprotocol/tasks": {}}


async def test_a_report_is_a_task_until_it_is_ready(acme: Org) -> None:
    made = await _asked(acme, "tools/call", name="CreateReport", arguments=REPORT)
    assert (made["resultType"], made["status"], made["ttlMs"]) == ("task", "working", None)
    asked = {"taskId": made["taskId"]}
    found = await _asked(acme, "tasks/get", **asked)
    assert (found["resultType"], found["status"], "result" in found) == ("complete", "working", False)
    await _asked(acme, "tasks/cancel", **asked)
    assert (await _asked(acme, "tasks/get", **asked))["status"] == "working"
    await reports.work(acme)
    found = await _asked(acme, "tasks/get", **asked)
    shown = (await call(acme, "GetReport", {"id": made["taskId"]})).json()["result"]["structuredContent"]
    assert (found["status"], found["result"]["isError"]) == ("completed", False)
    assert found["result"]["structuredContent"] == {"createReport": shown}


async def test_an_agents_job_is_a_task_that_may_wait_fail_and_be_cancelled(acme: Org) -> None:
    job, other = await _job(acme), await _job(acme)
    states = AgentJobStatus
    await lead(acme, job["taskId"], states.RUNNING, states.FAILED, error_code="INTERNAL", error_message="It failed.")
    found = await _asked(acme, "tasks/get", taskId=job["taskId"])
    assert (found["status"], found["result"]["isError"]) == ("completed", True)
    (text,) = found["result"]["content"]
    assert ("structuredContent" in found["result"], orjson.loads(text["text"])) == (
        False, {"errors": [{"message": "It failed.", "extensions": {"code": "INTERNAL"}}]},
    )  # fmt: skip
    assert await _asked(acme, "tasks/update", taskId=other["taskId"], inputResponses={}) == {
        "resultType": "complete",
        "_meta": found["_meta"],
    }
    answer = await _post(acme, "tasks/cancel", taskId=other["taskId"])
    assert (answer.status_code, len(answer.headers.get_list("ratelimit"))) == (200, 1)
    found = await _asked(acme, "tasks/get", taskId=other["taskId"])
    assert (found["status"], "result" in found) == ("cancelled", False)


async def test_a_client_that_does_not_know_tasks_gets_none(acme: Org) -> None:
    made = await _asked(acme, "tools/call", name="CreateReport", arguments=REPORT)
    for revision in (NEWEST, OLDER):
        plain = (await call(acme, "CreateReport", REPORT, revision)).json()["result"]
        assert plain["structuredContent"]["createReport"]["report"]["status"] == "QUEUED"
        answer = await post(acme, "tasks/get", revision, taskId=made["taskId"])
        assert answer.json()["error"]["code"] == -32021
    spoken = await post(acme, "tools/call", OLDER, name="CreateReport", arguments=REPORT, _meta=KNOWS)
    assert "createReport" in spoken.json()["result"]["structuredContent"]


@pytest.mark.parametrize("method", ["tasks/get", "tasks/cancel", "tasks/update"])
async def test_a_task_that_there_is_not_or_may_not_be_seen(acme: Org, other: Org, method: str) -> None:
    made = (await _job(acme))["taskId"]
    weak = acme.holding(await acme.new_key("clients:read"))
    reader = acme.holding(await acme.new_key("agent_jobs:read"))
    async with unchanged(acme):
        for task in (missing(made), "job_1", "client_01h455vb4pex5vsknk084sn02q", "x", ""):
            failed(await _post(acme, method, taskId=task), 400, -32602)
        failed(await _post(other, method, taskId=made), 400, -32602)
        failed(await _post(acme, method), 400, -32602)
        answer = await _post(weak, method, taskId=made)
        assert answer.json()["error"]["data"]["code"] == "FORBIDDEN"
        if method == "tasks/cancel":
            assert (await _post(reader, method, taskId=made)).json()["error"]["data"]["scope"] == "agent_jobs:write"
