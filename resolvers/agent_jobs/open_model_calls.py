"""Model calls without an answer: their reservations are released or counted."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.agent_jobs_steps import AgentDecision, AgentStepKind, agent_steps
from resolvers.agent_jobs.budgets import budget_of
from resolvers.agent_jobs.collections import AGENT_JOBS
from resolvers.changes.edits import Edit, begin_edit_of
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, owned, statement

# What ends a call of the model, or begins it again.
_CALL = ("messages", "output", "input_tokens", "output_tokens", "cost", "reserved", "started_at", "finished_at")


@statement
def _of_job() -> sa.Select[Any]:
    mine = agent_steps.c.job_id == sa.bindparam("job_id", type_=sa.Uuid)
    return owned(agent_steps).where(mine).order_by(agent_steps.c.index)


@statement
def _update() -> sa.Update:
    new = {name: sa.bindparam(f"new_{name}", type_=agent_steps.c[name].type) for name in _CALL}
    this = (agent_steps.c.org_id == ORG, agent_steps.c.id == sa.bindparam("step_id", type_=sa.Uuid))
    return agent_steps.update().where(*this).values(new)


async def steps_of(ctx: Context, job_id: UUID) -> list[Row]:
    """Return the steps of a job in their order."""
    return await ctx.fetch(_of_job(), job_id=job_id)


async def begin_job_edit(ctx: Context, job_id: UUID) -> Edit:
    """Lock an agent job to change it."""
    return await begin_edit_of(ctx, AGENT_JOBS, job_id)


async def write_model_call(edit: Edit, step: Mapping[str, Any], **columns: Any) -> dict[str, Any]:
    """Write columns of a call of the model, and return its step."""
    row = {**step, **columns}
    await edit.ctx.fetch(_update(), step_id=row["id"], **{f"new_{name}": row[name] for name in _CALL})
    edit.touch()
    return row


async def charge_lost(edit: Edit, step: Mapping[str, Any]) -> dict[str, Any]:
    """Count a call whose outcome nobody knows as what was reserved for it, since it may have been charged."""
    lost = step["reserved"]
    budget = await budget_of(edit.ctx, edit.row, step["started_at"])
    await budget.add(edit.ctx, reserved=-lost, spent=lost)
    edit.row["cost"] += lost
    return await write_model_call(edit, step, reserved=0, cost=step["cost"] + lost)


@statement
def _close() -> sa.Update:
    mine = agent_steps.c.job_id == sa.bindparam("job_id", type_=sa.Uuid)
    open_ = (agent_steps.c.finished_at.is_(None), agent_steps.c.expires_at.is_not(None))
    new = {
        "decision": AgentDecision.CANCELLED.value,
        "finished_at": sa.bindparam("moment", type_=agent_steps.c.finished_at.type),
    }
    return agent_steps.update().where(agent_steps.c.org_id == ORG, mine, *open_).values(new)


async def close_steps(edit: Edit) -> None:
    """End what is open of a job that is cancelled: its call of the model, and what it asked people."""
    await close_model_calls(edit)
    await edit.ctx.fetch(_close(), job_id=edit.row["id"], moment=now())


async def close_model_calls(edit: Edit) -> None:
    """End the call that is open, if one is: its job has ended."""
    for step in await steps_of(edit.ctx, edit.row["id"]):
        if step["kind"] == AgentStepKind.MODEL and step["finished_at"] is None:
            charged = await charge_lost(edit, step)
            await write_model_call(edit, charged, finished_at=now())
