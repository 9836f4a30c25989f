"""The demo's agents: their definitions, and jobs that have ended in one way and another, beside one for a worker."""

from typing import Any

from models.actors import ActorKind, Source
from models.agent_jobs import AGENT_JOB, MACHINE, AgentErrorCode, AgentJobStatus, event_of
from models.agent_steps import AgentStepKind
from models.agents import AGENT, TEST_MODEL, AgentStatus
from models.api_keys import API_KEY
from models.orders import ORDER
from models.typeid import encode
from resolvers.agents import definitions, jobs
from resolvers.agents.collections import AGENT_JOBS
from resolvers.agents.steps import add_step
from resolvers.api_keys import keys
from resolvers.changes.edits import begin_edit
from resolvers.collections.rows import Key
from resolvers.context import Actor, Context, now
from server.dev.demo_maker import Row

_S, _K = AgentJobStatus, AgentStepKind
# What the key may do that queues the jobs: none of them may do more.
_SCOPES = ["agents:write", "agent_jobs:write", "orders:write", "tickets:read"]
_BY_ORDER = {
    "type": "object",
    "properties": {"orderId": {"type": "string"}},
    "required": ["orderId"],
    "additionalProperties": False,
}
_DESK: dict[str, Any] = {
    "name": "Order desk",
    "description": "Looks at an order and writes what is missing into its notes.",
    "model": TEST_MODEL,
    "instructions": "Read the order. If something is missing to start work, write it into the notes.",
    "tools": [{"operation": "GetOrder"}],
    "input_schema": _BY_ORDER,
    "status": AgentStatus.ACTIVE,
}
_DEFINITIONS: tuple[dict[str, Any], ...] = (
    _DESK,
    _DESK
    | {
        "name": "Order clerk",
        "description": "As the order desk, and changes the order once somebody has approved it.",
        "model": "openai:gpt-5-mini",
        "tools": [{"operation": "GetOrder"}, {"operation": "UpdateOrder", "requires_approval": True}],
        "limits": {"max_steps": 8, "max_cost": 200_000},
    },
    {
        "name": "Ticket triage",
        "description": "Says how urgent the open tickets are.",
        "model": "anthropic:claude-sonnet-5",
        "instructions": "Read the open tickets. Say which three should be answered first, and why.",
        "tools": [{"operation": "ListTickets"}],
    },
)
_SAID = {"text": "The brief has no deadline."}


async def load_agents(ctx: Context, orders: list[Row]) -> tuple[int, int]:
    """Write definitions and jobs about the first orders, as a key of their own makes them; return how many there are of
    each."""
    key, _ = await keys.create(ctx, {"name": "Agents", "scopes": _SCOPES})
    key_id = encode(API_KEY.prefix, key["id"])
    actor = Actor(ActorKind.KEY, key_id, key["name"], frozenset(_SCOPES), ctx.org_id, key["id"])
    await ctx.become(actor, Source.CLI)
    made = [await definitions.create(ctx, each) for each in _DEFINITIONS]
    # The last one stays QUEUED.
    ends = ((0, _S.SUCCEEDED), (1, _S.FAILED), (0, _S.CANCELLED), (0, None))
    for (which, end), order in zip(ends, orders, strict=False):
        about = encode(ORDER.prefix, order["id"])
        given = {"definition_id": encode(AGENT.prefix, made[which]["id"]), "order_id": about}
        row = await jobs.queue(ctx, given | {"input": {"orderId": about}})
        if end is not None:
            await _end(ctx, Key(encode(AGENT_JOB.prefix, row["id"])), end)
    return len(made), len(ends)


async def _end(ctx: Context, key: Key, end: AgentJobStatus) -> None:
    """Lead a job to an end, without the run that is queued for it."""
    if end is _S.CANCELLED:
        await jobs.cancel(ctx, key)
        return
    await jobs.cancel_runs(ctx, key)
    edit = await begin_edit(ctx, AGENT_JOBS, key)
    moment, about = now(), edit.row["input"]["orderId"]
    ended: dict[str, Any]
    edit.set(MACHINE.moved(edit.row, _S.RUNNING, moment) | {"attempt": 1}, "transition", event_of(_S.RUNNING))
    if end is _S.FAILED:
        message = "The workers have no key for openai."
        ended = {"error_code": AgentErrorCode.PROVIDER_NOT_CONFIGURED, "error_message": message}
    else:
        call: dict[str, Any] = {"operation": "GetOrder", "input": {"id": about}}
        first = {"output": {"calls": [call]}, "input_tokens": 412, "output_tokens": 23}
        await add_step(edit, _K.MODEL, messages="[]", finished_at=moment, **first)
        tool = {"model_step": 0, "tool_call_id": "call_0", "output": {"order": {"publicId": about}}}
        await add_step(edit, _K.TOOL, finished_at=moment, **call, **tool)
        last = {"output": _SAID, "input_tokens": 655, "output_tokens": 41}
        await add_step(edit, _K.MODEL, messages="[]", finished_at=moment, **last)
        ended = {"output": _SAID}
    edit.set(MACHINE.moved(edit.row, end, moment) | ended, "transition", event_of(end))
    await edit.save()
