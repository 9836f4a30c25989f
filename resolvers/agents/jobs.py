"""Agent jobs: how they are queued, cancelled and retried. A worker runs them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.actors import reduced
from models.agent_jobs import AGENT_JOB, MACHINE, AgentJob, AgentJobStatus, event_of
from models.agents import AgentStatus
from models.jobs import JobFunction, JobState, jobs
from models.typeid import decode
from resolvers.agents.collections import AGENT_JOBS, AGENTS
from resolvers.agents.open_calls import close_calls
from resolvers.agents.schemas import problems_of
from resolvers.api_keys.acting import must_hold
from resolvers.changes.edits import InputValues, begin_edit, insert, new_row
from resolvers.changes.references import Reference, references
from resolvers.changes.transitions import TransitionRequest
from resolvers.collections.collection import COLLECTIONS
from resolvers.collections.rows import Key
from resolvers.context import Context, Row
from resolvers.database.sql import ORG, statement
from resolvers.errors import Refusals, bad_input
from resolvers.jobs.queueing import queue_job
from resolvers.lists.conditions import NOBODY
from resolvers.settings import settings_of

_S = AgentJobStatus


def _refuse_definition(definition: Mapping[str, Any]) -> str | None:
    status = definition["status"]
    return None if status == AgentStatus.ACTIVE else f"The definition is {status}: only an ACTIVE one can be run."


async def queue(ctx: Context, values: InputValues) -> Row:
    """Queue a job of an ACTIVE definition, in its present version.

    Raises Refusals naming each reference that is wrong, or each part of the input that the definition does not allow,
    and Refusal FORBIDDEN for a tool whose scope the key lacks.
    """
    found = await references(
        ctx, values,
        definition_id=Reference(AGENTS, ("status", "version", "tools", "input_schema"), _refuse_definition),
        order_id=Reference(COLLECTIONS["orders"], ("client_id",)),
        ticket_id=Reference(COLLECTIONS["tickets"], ("client_id", "order_id")),
    )  # fmt: skip
    definition = found["definition_id"]
    row = new_row(AgentJob, {"input": {}, **values} | {name: each["id"] for name, each in found.items()})
    row["client_id"] = _client_of(found)
    row["scopes"] = _scopes_of(ctx, definition["tools"])
    must_hold(ctx, row["scopes"], "definition_id")
    if definition["input_schema"] is not None:
        problems = problems_of(definition["input_schema"], row["input"], "input")
        if problems:
            raise Refusals(problems)
    row["definition_version"] = definition["version"]
    row["created_by_key"] = ctx.actor.key_id
    row["currency"] = (await settings_of(ctx))["agents.currency"]
    row["queued_at"] = row["updated_at"]
    await insert(ctx, AGENT_JOBS, row, event_of(_S.QUEUED))
    await queue_run(ctx, row["id"], row["queued_at"])
    return row


def _client_of(found: Mapping[str, Row]) -> UUID | None:
    """Return the client of a job's order or ticket. Raises Refusal BAD_INPUT for a ticket of another order or
    client."""
    order, ticket = found.get("order_id"), found.get("ticket_id")
    if order is None:
        return None if ticket is None else ticket["client_id"]
    if ticket is not None and ticket["order_id"] not in (None, order["id"]):
        raise bad_input("ticket_id", "The ticket is about another order.", "NOT_ALLOWED")
    if ticket is not None and ticket["client_id"] not in (None, order["client_id"]):
        raise bad_input("ticket_id", "The ticket is another client's.", "NOT_ALLOWED")
    client: UUID = order["client_id"]
    return client


def _scopes_of(ctx: Context, tools: list[Mapping[str, Any]]) -> list[str]:
    """Return the scopes that tools need. Raises Refusal BAD_INPUT for one that is not available."""
    needed: set[str] = set()
    for operation in (tool["operation"] for tool in tools):
        if operation not in ctx.runtime.tools:
            message = f"Its tool {operation} is not available any more: change the definition."
            raise bad_input("definition_id", message, "NOT_ALLOWED")
        needed |= ctx.runtime.tools[operation]
    return sorted(reduced(needed))


async def queue_run(ctx: Context, job_id: UUID, moment: datetime) -> None:
    """Queue the run of an agent job."""
    await queue_job(ctx, JobFunction.AGENT, job_id, key=job_id, run_at=moment)


@statement
def _cancel_runs() -> sa.Update:
    mine = (jobs.c.subject_id == sa.bindparam("id", type_=sa.Uuid), jobs.c.function == JobFunction.AGENT.value)
    live = jobs.c.state.in_([sa.literal_column(f"'{state}'") for state in (JobState.QUEUED, JobState.RUNNING)])
    ended = {
        "state": JobState.CANCELLED.value,
        "finished_at": sa.func.now(),
        "lease_token": sa.null(),
        "lease_until": sa.null(),
    }
    return jobs.update().where(jobs.c.org_id == ORG, *mine, live).values(ended)


@statement
def _settle_dead_runs() -> sa.Update:
    mine = (jobs.c.subject_id == sa.bindparam("id", type_=sa.Uuid), jobs.c.function == JobFunction.AGENT.value)
    dead = jobs.c.state == JobState.DEAD.value
    return jobs.update().where(jobs.c.org_id == ORG, *mine, dead).values(state=JobState.DONE.value)


async def cancel_runs(ctx: Context, key: Key) -> None:
    """Cancel the runs of a job that are queued or under way."""
    await ctx.fetch(_cancel_runs(), id=decode(AGENT_JOB.prefix, key.id) or NOBODY)


async def cancel(ctx: Context, key: Key) -> Row:
    """Cancel a job that has not ended; one that is cancelled stays as it is. A worker that runs it changes nothing any
    more, and a call of the model that is under way counts as what was reserved for it.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH or INVALID_TRANSITION.
    """
    # Before the job's own row: a worker locks them in this order.
    await cancel_runs(ctx, key)
    edit = await begin_edit(ctx, AGENT_JOBS, key)
    await edit.transition(MACHINE, _to(_S.CANCELLED), event_of(_S.CANCELLED))
    await close_calls(edit)
    return await edit.save()


async def retry(ctx: Context, key: Key) -> Row:
    """Queue a job again that has FAILED: it goes on from its steps, and counts its attempts anew.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH or INVALID_TRANSITION.
    """
    edit = await begin_edit(ctx, AGENT_JOBS, key)
    await edit.transition(MACHINE, _to(_S.QUEUED), event_of(_S.QUEUED), columns={"attempt": 0, "ran_ms": 0})
    row = await edit.save()
    if row["version"] != edit.old["version"]:
        # A run that the workers failed is no failed job any more: another one follows.
        await ctx.fetch(_settle_dead_runs(), id=row["id"])
        await queue_run(ctx, row["id"], row["queued_at"])
    return row


def _to(status: AgentJobStatus) -> TransitionRequest:
    """Return the request for a status that a mutation stands for: what is wrong with it is wrong with the object."""
    return TransitionRequest(status, None, "id", "id")
