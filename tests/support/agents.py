"""Agent jobs as a worker leads them, without a model: their states, and the steps that wait for a person."""

from datetime import timedelta
from typing import Any

import httpx

from models.agent_jobs import AGENT_JOB, MACHINE, AgentJobStatus, event_of
from models.agent_jobs_steps import AGENT_STEP, AgentStepKind
from models.typeid import decode, encode, new_uuid
from resolvers.agent_jobs.collections import AGENT_JOBS
from resolvers.agent_jobs.decisions import wait_or_queue
from resolvers.agent_jobs.steps import add_step
from resolvers.changes.edits import begin_edit
from resolvers.collections.rows import Key
from resolvers.context import now
from resolvers.jobs.claims import context_of
from tests.support.api import Org

_K = AgentStepKind
DEFINITION: dict[str, Any] = {
    "name": "Order desk",
    "model": "test",
    "instructions": "Look at the order.",
    "tools": [{"operation": "GetOrder"}, {"operation": "UpdateOrder", "requiresApproval": True}],
    "inputSchema": {
        "type": "object",
        "properties": {"orderId": {"type": "string"}, "times": {"type": "integer", "minimum": 1}},
        "required": ["orderId"],
        "additionalProperties": False,
    },
    "status": "ACTIVE",
}
INPUT = {"orderId": "order_01kaxq7v1jfnrsm5s6cqbrjxr1"}
# What a step of a kind has beside what each has.
_ASKED: dict[AgentStepKind, dict[str, Any]] = {
    _K.APPROVAL: {
        "operation": "UpdateOrder",
        "input": {"input": {"id": INPUT["orderId"], "notes": "Late"}},
        "hash": b"\x01" * 32,
        "changes": [{"target": INPUT["orderId"], "field": "notes", "before": None, "after": "Late"}],
        "events": ["order.updated"],
    },
    _K.INPUT: {"question": "Which color?"},
}


async def new_definition(org: Org, **given: Any) -> str:
    """The ID of a new definition, over REST."""
    answer = await org.http.post("/api/v1/agents/definitions", json=DEFINITION | given)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["data"]["publicId"]
    return found


async def new_job(org: Org, definition: str | None = None, **given: Any) -> str:
    """The ID of a new job, over REST."""
    body = {"definitionId": definition or await new_definition(org), "input": INPUT} | given
    answer = await org.http.post("/api/v1/agent-jobs", json=body)
    assert answer.status_code == 202, answer.text
    found: str = answer.json()["data"]["publicId"]
    return found


async def lead(org: Org, job: str, *states: AgentJobStatus, **columns: Any) -> None:
    """Lead a job through states as a worker does; ``columns`` are set with the last."""
    for state in states:
        ctx = context_of(org.runtime, org.id, new_uuid())
        async with ctx.transaction():
            edit = await begin_edit(ctx, AGENT_JOBS, Key(job))
            others = columns if state is states[-1] else {}
            edit.set(MACHINE.transitioned(edit.row, state, now()) | others, "transition", event_of(state))
            await edit.save()


async def fail(org: Org, job: str) -> None:
    """Let a job that is QUEUED fail."""
    states = (AgentJobStatus.RUNNING, AgentJobStatus.FAILED)
    await lead(org, job, *states, attempt=3, error_code="PROVIDER_FAILED", error_message="The provider failed.")


async def ask(org: Org, job: str, *kinds: AgentStepKind, hours: float = 1) -> list[str]:
    """Let a job that is RUNNING ask for decisions, one step for each; their IDs."""
    ctx, moment = context_of(org.runtime, org.id, new_uuid()), now()
    until = moment + timedelta(hours=hours)
    async with ctx.transaction():
        edit = await begin_edit(ctx, AGENT_JOBS, Key(job))
        call = edit.row["step_count"]
        steps = [
            await add_step(edit, kind, model_step=call, tool_call_id=f"call_{at}", expires_at=until, **_ASKED[kind])
            for at, kind in enumerate(kinds)
        ]
        await wait_or_queue(edit, moment)
        await edit.save()
    return [encode(AGENT_STEP.prefix, step["id"]) for step in steps]


async def call(org: Org, job: str, **columns: Any) -> None:
    """Add a call of the model that has ended to the steps of a job, with what it took."""
    ctx = context_of(org.runtime, org.id, new_uuid())
    async with ctx.transaction():
        edit = await begin_edit(ctx, AGENT_JOBS, Key(job))
        await add_step(edit, _K.MODEL, messages="[]", finished_at=now(), **columns)
        await edit.save()


async def do(org: Org, verb: str, job: str, **given: Any) -> httpx.Response:
    """The answer to a mutation of a job, such as ``cancel``."""
    text = f"mutation($i: {verb.title()}AgentJobInput!) {{ {verb}AgentJob(input: $i) {{ agentJob {{ id status }} }} }}"
    return await org.graphql(text, i={"id": job} | given)


async def shown(org: Org, job: str) -> dict[str, Any]:
    """A job as REST shows it."""
    found: dict[str, Any] = (await org.http.get(f"/api/v1/agent-jobs/{job}")).json()["data"]
    return found


async def steps(org: Org, job: str) -> list[dict[str, Any]]:
    """What became of the steps of a job, oldest first."""
    text = "query($id: ID!) { agentJob(id: $id) { steps(first: 50) { nodes { kind decision reason answer } } } }"
    found: list[dict[str, Any]] = (await org.data(text, id=job))["agentJob"]["steps"]["nodes"]
    return found[::-1]


async def runs(org: Org, job: str) -> list[str]:
    """The states of what workers run of a job, oldest first."""
    sql = "select state from jobs where org_id = $1 and subject_id = $2 and function = 'AGENT' order by id"
    return [row["state"] for row in await org.rows(sql, org.id, decode(AGENT_JOB.prefix, job))]


async def happened(org: Org, job: str) -> list[str]:
    """The types of the events of a job, oldest first, without what they begin with."""
    sql = "select type from events where resource_id = $1 and type <> 'agent_job.step' order by id"
    return [row["type"].removeprefix("agent_job.") for row in await org.rows(sql, decode(AGENT_JOB.prefix, job))]
