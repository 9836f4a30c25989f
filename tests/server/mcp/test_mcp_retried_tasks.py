"""A task has one end: it stays as it ended, whatever becomes of a job or a report that is retried."""

from typing import Any

import orjson
from mcp.client import Client

from tests.support import reports
from tests.support.agents import fail, new_definition, shown
from tests.support.api import Org
from tests.support.mcp import answer_of
from tests.support.mcp_tasks import asked, knowing_tasks, started

REPORT = {"input": {"kind": "REVENUE", "parameters": reports.YEAR | {"interval": "YEAR"}}}


async def _end(client: Client, task: str) -> dict[str, Any]:
    found = await asked(client, "get", task)
    assert (found["status"], found["resultType"], found["result"]["isError"]) == ("completed", "complete", True)
    assert "structuredContent" not in found["result"]
    return found


def _error(end: dict[str, Any]) -> tuple[str, str]:
    ((error,),) = orjson.loads(end["result"]["content"][0]["text"]).values()
    return error["extensions"]["code"], error["message"]


async def test_a_job_that_is_retried_goes_on_beside_its_task(acme: Org) -> None:
    definition = await new_definition(acme, tools=[], inputSchema=None)
    async with knowing_tasks(acme) as client:
        job = await started(client, "QueueAgentJob", {"input": {"definitionId": definition, "input": {}}})
        await fail(acme, job)
        end = await _end(client, job)
        assert _error(end) == ("PROVIDER_FAILED", "The provider failed.")
        assert end["lastUpdatedAt"] == (await shown(acme, job))["updatedAt"]
        retry = answer_of(await client.call_tool("RetryAgentJob", {"input": {"id": job}}))["retryAgentJob"]["agentJob"]
        assert (retry["status"], retry["error"]) == ("QUEUED", None)
        first = {"code": "PROVIDER_FAILED", "message": "The provider failed.", "failedAt": end["lastUpdatedAt"]}
        assert retry["firstFailure"] == first
        assert await _end(client, job) == end
        # Whoever cancels the task does not mean what was retried since.
        assert await asked(client, "cancel", job) == await asked(client, "update", job)
        assert (await shown(acme, job))["status"] == "QUEUED"
        await fail(acme, job)
        answer_of(await client.call_tool("RetryAgentJob", {"input": {"id": job}}))
        assert await _end(client, job) == end
        answer_of(await client.call_tool("CancelAgentJob", {"input": {"id": job}}))
        assert await _end(client, job) == end
        found = answer_of(await client.call_tool("GetAgentJob", {"id": job}))["agentJob"]
        assert (found["status"], found["firstFailure"]) == ("CANCELLED", first)


async def test_a_report_that_is_retried_goes_on_beside_its_task(acme: Org) -> None:
    async with knowing_tasks(acme) as client:
        report = await started(client, "CreateReport", REPORT)
        await reports.give_up(acme)
        end = await _end(client, report)
        assert _error(end) == ("INTERNAL", "The server failed: generate the report again later.")
        (failed,) = answer_of(await client.call_tool("ListFailedJobs", {}))["failedJobs"]["nodes"]
        answer_of(await client.call_tool("RetryFailedJob", {"input": {"id": failed["publicId"]}}))
        assert await _end(client, report) == end
        await reports.work(acme)
        assert await _end(client, report) == end
        found = answer_of(await client.call_tool("GetReport", {"id": report}))["report"]
    first = {"error": "INTERNAL", "failedAt": end["lastUpdatedAt"]}
    assert (found["status"], found["error"], found["firstFailure"]) == ("READY", None, first)
