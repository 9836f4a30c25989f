"""Steps of agent jobs that wait for a person: approved, rejected, answered, or over their time; and what follows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.agent_jobs import MACHINE, WAITING, AgentJobStatus, event_of
from models.agent_jobs_steps import AGENT_STEP, AgentDecision, AgentStepKind, agent_steps
from models.base import TIMESTAMP
from models.jobs import JobFunction
from models.typeid import decode, encode
from resolvers.agent_jobs.collections import AGENT_JOBS
from resolvers.agent_jobs.mutations import queue_run
from resolvers.api_keys.acting import must_hold
from resolvers.changes.edits import Edit, InputValues, begin_edit, begin_edit_of
from resolvers.collections.rows import Key
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, owned, statement
from resolvers.errors import Conflict, bad_input
from resolvers.jobs.timers import ensure_timer

_S, _D, _K = AgentJobStatus, AgentDecision, AgentStepKind
NOT_WAITING = Conflict("NOT_WAITING", "The agent job does not wait for anybody.")
STEP_DECIDED = Conflict(
    "STEP_DECIDED", "The step is decided: it was approved, rejected or answered, or its time is over."
)
# The state of a job whose first open step is of a kind, and what a decision of such a step is called.
STATES: Mapping[AgentStepKind, AgentJobStatus] = {_K.APPROVAL: _S.AWAITING_APPROVAL, _K.INPUT: _S.AWAITING_INPUT}
_VERBS = {_D.APPROVED: "approve", _D.REJECTED: "reject", _D.ANSWERED: "answer"}
_ASKS = {_K.APPROVAL: "It is not a step that asks for an approval.", _K.INPUT: "It is not a step that asks a question."}
_JOB = sa.bindparam("job_id", type_=sa.Uuid)
_WRITTEN = ("decision", "reason", "answer", "finished_at")
_STEP = sa.bindparam("step_id", type_=sa.Uuid)


@statement
def _waiting() -> sa.Select[Any]:
    waits = agent_steps.c.kind.in_([sa.literal_column(f"'{kind}'") for kind in STATES])
    names = ("id", "index", "kind", "operation", "expires_at", "decision")
    columns = [agent_steps.c[name] for name in names]
    return owned(agent_steps, *columns).where(agent_steps.c.job_id == _JOB, waits).order_by(agent_steps.c.index)


@statement
def _decide() -> sa.Update:
    new = {name: sa.bindparam(f"new_{name}", type_=agent_steps.c[name].type) for name in _WRITTEN}
    return agent_steps.update().where(agent_steps.c.org_id == ORG, agent_steps.c.id == _STEP).values(new)


@statement
def _supersede() -> sa.Update:
    new = {"decision": _D.SUPERSEDED.value, "superseded_by": sa.bindparam("other_id", type_=sa.Uuid)}
    return agent_steps.update().where(agent_steps.c.org_id == ORG, agent_steps.c.id == _STEP).values(new)


@statement
def _expire() -> sa.Update:
    moment = sa.bindparam("moment", type_=TIMESTAMP)
    late = (agent_steps.c.finished_at.is_(None), agent_steps.c.expires_at <= moment)
    new = {"decision": _D.EXPIRED.value, "finished_at": moment}
    mine = (agent_steps.c.org_id == ORG, agent_steps.c.job_id == _JOB)
    return agent_steps.update().where(*mine, *late).values(new).returning(agent_steps.c.id)


async def approve(ctx: Context, key: Key, values: InputValues) -> Row:
    """Approve a step. Raises what ``_decided`` raises, and Refusal FORBIDDEN for a key that lacks a scope of the
    tool."""
    return await _decided(ctx, key, values, _K.APPROVAL, _D.APPROVED)


async def reject(ctx: Context, key: Key, values: InputValues) -> Row:
    """Reject a step: the agent gets the reason. Raises what ``approve`` raises."""
    return await _decided(ctx, key, values, _K.APPROVAL, _D.REJECTED)


async def answer(ctx: Context, key: Key, values: InputValues) -> Row:
    """Answer a question. Raises what ``_decided`` raises, and Refusal FORBIDDEN for a key that lacks a scope of the
    job."""
    return await _decided(ctx, key, values, _K.INPUT, _D.ANSWERED)


async def _decided(ctx: Context, key: Key, values: InputValues, kind: AgentStepKind, decision: AgentDecision) -> Row:
    """Decide a step that waits, and let its job go on if no other one does.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH, CONFLICT (NOT_WAITING, STEP_DECIDED), FORBIDDEN, or BAD_INPUT for a step
    that the job does not have or that asks for something else.
    """
    moment = now()
    edit = await begin_edit(ctx, AGENT_JOBS, key)
    if edit.old["status"] not in WAITING:
        raise NOT_WAITING.refusal("id")
    step_id = decode(AGENT_STEP.prefix, values["step_id"])
    steps = await ctx.fetch(_waiting(), job_id=edit.row["id"])
    step = next((each for each in steps if each["id"] == step_id), None)
    if step is None:
        raise bad_input("step_id", "The job has no such step that waits for a person.", "NOT_FOUND")
    if step["kind"] != kind:
        raise bad_input("step_id", _ASKS[kind], "NOT_ALLOWED")
    if step["decision"] is not None or step["expires_at"] <= moment:
        raise STEP_DECIDED.refusal("step_id")
    if kind is _K.APPROVAL:
        must_hold(ctx, sorted(ctx.runtime.tools.get(step["operation"], ())), "step_id")
    else:
        # What is answered says what the agent does next, with all of its scopes.
        must_hold(ctx, edit.row["scopes"], "id")
    new = {"decision": decision, "reason": values.get("reason"), "answer": values.get("answer"), "finished_at": moment}
    await ctx.fetch(_decide(), step_id=step_id, **{f"new_{name}": new[name] for name in _WRITTEN})
    said = {"step": encode(AGENT_STEP.prefix, step["id"]), "operation": step["operation"], "reason": new["reason"]}
    given = {name: value for name, value in said.items() if value is not None}
    edit.actions.append((_VERBS[decision], {}, {"decision": decision, **given}))
    await wait_or_queue(edit, moment)
    return await edit.save()


async def supersede(ctx: Context, step_id: UUID, other_id: UUID) -> None:
    """Let another step ask again for what a step was approved for, and was not run."""
    await ctx.fetch(_supersede(), step_id=step_id, other_id=other_id)


async def wait_or_queue(edit: Edit, moment: datetime) -> None:
    """Set a locked job to wait for its first open step, or queue a run when none is open. The caller saves."""
    ctx, job_id, status = edit.ctx, edit.row["id"], edit.row["status"]
    open_ = [step for step in await ctx.fetch(_waiting(), job_id=job_id) if step["decision"] is None]
    target = STATES[AgentStepKind(open_[0]["kind"])] if open_ else _S.QUEUED
    transitioned = {} if target == status else MACHINE.transitioned(edit.row, target, moment)
    if open_:
        transitioned["expires_at"] = min(step["expires_at"] for step in open_)
        await ensure_timer(ctx, JobFunction.AGENT_EXPIRY, job_id, transitioned["expires_at"])
    else:
        await queue_run(ctx, job_id, moment)
    edit.set(transitioned, "transition", None if target == status else event_of(target))
    edit.touch()


async def expire(ctx: Context, job_id: UUID) -> datetime | None:
    """Let the steps of a job be over whose time has come, and the job go on if no other one waits: what a timer does.

    Return when the next one is over; None where none waits.
    """
    moment = now()
    edit = await begin_edit_of(ctx, AGENT_JOBS, job_id)
    if edit.old["status"] not in WAITING:
        return None
    if await ctx.fetch(_expire(), job_id=job_id, moment=moment):
        edit.actions.append(("expire", {}, {"decision": _D.EXPIRED}))
        await wait_or_queue(edit, moment)
    row = await edit.save()
    until: datetime | None = row["expires_at"]
    return until
