"""Agent jobs that are retried, or cannot be; which scopes they run with; and which version of their definition."""

from typing import Any

import pytest

from models.agent_jobs import FINAL, AgentJobStatus
from models.agent_jobs_errors import AgentErrorCode
from tests.support.agents import do, lead, new_definition, new_job, runs, shown
from tests.support.api import Org
from tests.support.refusals import error, unchanged

_S = AgentJobStatus
REPORTS = [{"operation": name} for name in ("CreateReport", "GetReport", "ListReports")]


@pytest.mark.parametrize("code", AgentErrorCode)
async def test_what_another_attempt_meets_as_well_is_not_retried(acme: Org, code: AgentErrorCode) -> None:
    job = await new_job(acme)
    await lead(acme, job, _S.RUNNING, _S.FAILED, error_code=code, error_message="It failed.")
    text = """query($id: ID!) { agentJob(id: $id) { availableTransitions { to allowed blockedBy { code } } } }"""
    blocked = {"code": "NOT_RETRYABLE"} if code in FINAL else None
    offered = (await acme.data(text, id=job))["agentJob"]["availableTransitions"]
    assert offered == [{"to": "QUEUED", "allowed": blocked is None, "blockedBy": blocked}]
    if blocked is None:
        assert (await do(acme, "retry", job)).json()["data"]["retryAgentJob"]["agentJob"]["status"] == "QUEUED"
        return
    async with unchanged(acme):
        refused = error(await do(acme, "retry", job), 200, "INVALID_TRANSITION", "input.id")
    assert (refused["status"], refused["allowed"], refused["blockedBy"]) == (409, [], "NOT_RETRYABLE")
    assert await runs(acme, job) == ["QUEUED"]


@pytest.mark.parametrize(
    ("held", "more"),
    [
        (
            ["*"],
            ["clients:read", "invoices:read", "orders:read", "services:read", "subscriptions:read", "tickets:read"],
        ),
        (["agent_jobs:write", "agents:read", "reports:write", "orders:write"], ["orders:read"]),
        (["agent_jobs:write", "reports:write"], []),
    ],
)
async def test_a_job_of_reports_reads_what_they_sum_as_far_as_its_key(
    acme: Org, held: list[str], more: list[str]
) -> None:
    definition = await new_definition(acme, tools=REPORTS)
    key = acme.holding(await acme.new_key(*held))
    job = await new_job(key, definition)
    assert (await shown(acme, job))["scopes"] == sorted([*more, "reports:write"])


async def test_a_job_of_other_tools_has_the_scopes_of_these(acme: Org) -> None:
    assert (await shown(acme, await new_job(acme)))["scopes"] == ["orders:write"]


async def test_the_version_that_a_job_runs_is_shown(acme: Org) -> None:
    definition = await new_definition(acme, limits={"maxSteps": 3})
    first = await new_job(acme, definition)
    changed: dict[str, Any] = {"tools": [{"operation": "GetOrder"}], "limits": {"maxSteps": 5}}
    await acme.http.put(f"/api/v1/agents/definitions/{definition}", json=changed)
    second = await new_job(acme, definition)
    text = """{ agentJobs(first: 9) { nodes { id definition { version limits { maxSteps } }
      definitionAsRun { version tools { operation requiresApproval } limits { maxSteps } } } } }"""
    newest, oldest = (await acme.data(text))["agentJobs"]["nodes"]
    assert (newest["id"], oldest["id"]) == (second, first)
    assert newest["definition"] == oldest["definition"] == {"version": 2, "limits": {"maxSteps": 5}}
    assert newest["definitionAsRun"] == {
        "version": 2, "tools": [{"operation": "GetOrder", "requiresApproval": False}], "limits": {"maxSteps": 5},
    }  # fmt: skip
    assert (oldest["definitionAsRun"]["version"], oldest["definitionAsRun"]["limits"]) == (1, {"maxSteps": 3})
    assert [each["operation"] for each in oldest["definitionAsRun"]["tools"]] == ["GetOrder", "UpdateOrder"]


async def test_jobs_are_sorted_by_when_they_were_queued_and_until_when_they_wait(acme: Org) -> None:
    definition = await new_definition(acme)
    first, second, third = [await new_job(acme, definition) for _ in range(3)]
    await acme.rows(
        "update agent_jobs set queued_at = now() + interval '1 hour' where input is not null and id ="
        " (select min(id::text)::uuid from agent_jobs)"
    )
    text = "query($o: [AgentJobOrder!]) { agentJobs(orderBy: $o) { nodes { id } } }"

    async def sorted_by(field: str, direction: str) -> list[str]:
        found = await acme.data(text, o=[{"field": field, "direction": direction}])
        return [each["id"] for each in found["agentJobs"]["nodes"]]

    assert await sorted_by("QUEUED_AT", "ASC") == [second, third, first]
    assert await sorted_by("QUEUED_AT", "DESC") == [first, third, second]
