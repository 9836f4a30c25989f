"""Agent jobs: how they are queued, cancelled and retried. A worker runs them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.actors import allows, reduced
from models.agent_jobs import AGENT_JOB, MACHINE, AgentJob, AgentJobStatus, event_of
from models.agents import AgentStatus
from models.jobs import JobFunction, JobState, jobs
from models.reports import REPORT
from models.typeid import decode
from resolvers.agent_jobs.collections import AGENT_JOBS
from resolvers.agent_jobs.open_model_calls import close_steps
from resolvers.agents.collections import AGENTS
from resolvers.agents.schemas import problems_of
from resolvers.api_keys.acting import must_hold
from resolvers.changes.edits import InputValues, begin_edit, insert, new_row
from resolvers.changes.references import Reference, references
from resolvers.changes.transitions import request_to
from resolvers.collections.collection import COLLECTIONS
from resolvers.collections.rows import Key
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, statement
from resolvers.errors import Refusals, bad_input
from resolvers.jobs.queueing import queue_job
from resolvers.lists.conditions import NOBODY
from resolvers.orders import ORDERS
from resolvers.reports.collections import NEEDED
from resolvers.settings import settings_of
from resolvers.tickets.collections import TICKETS

_S = AgentJobStatus
# What a job may be about, by its field.
_ABOUT = {"order_id": "orders", "ticket_id": "tickets"}


def _refuse_definition(definition: Mapping[str, Any]) -> str | None:
    status = definition["status"]
    return None if status == AgentStatus.ACTIVE else f"The definition is {status}: only an ACTIVE one can be run."


async def queue(ctx: Context, values: InputValues) -> Row:
    """Queue a job of an ACTIVE definition, in its present version.

    Raises Refusals naming each reference that is wrong, or each part of the input that the definition does not allow,
    and Refusal FORBIDDEN for a tool whose scope the key lacks, or for an order or a ticket that it may not read.
    """
    for name, about in _ABOUT.items():
        if values.get(name) is not None:
            # The job shows whose it is.
            must_hold(ctx, [COLLECTIONS[about].resource.read_scope], name)
    found = await references(
        ctx, values,
        definition_id=Reference(AGENTS, ("status", "version", "model", "tools", "input_schema"), _refuse_definition),
        order_id=Reference(ORDERS, ("client_id",)),
        ticket_id=Reference(TICKETS, ("client_id", "order_id")),
    )  # fmt: skip
    definition = found["definition_id"]
    row = new_row(AgentJob, {"input": {}, **values} | {name: each["id"] for name, each in found.items()})
    row["client_id"] = _client_of(found)
    needed = _scopes_of(ctx, definition["tools"])
    must_hold(ctx, sorted(reduced(needed)), "definition_id")
    row["scopes"] = sorted(reduced(needed | _summed_by_reports(ctx, needed)))
    if definition["input_schema"] is not None:
        problems = problems_of(definition["input_schema"], row["input"], "input", ctx)
        if problems:
            raise Refusals(problems)
    row |= {"definition_version": definition["version"], "model": definition["model"]}
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


def _scopes_of(ctx: Context, tools: list[Mapping[str, Any]]) -> frozenset[str]:
    """Return the scopes that tools need. Raises Refusal BAD_INPUT for one that is not available."""
    needed: set[str] = set()
    for operation in (tool["operation"] for tool in tools):
        if operation not in ctx.runtime.tools:
            message = f"Its tool {operation} is not available any more: change the definition."
            raise bad_input("definition_id", message, "NOT_ALLOWED")
        needed |= ctx.runtime.tools[operation]
    return frozenset(needed)


def _summed_by_reports(ctx: Context, needed: frozenset[str]) -> frozenset[str]:
    """Return the scopes to read what reports sum, as far as the key holds them, for tools of reports; but none that no
    tool needs, such as those of agents."""
    if not any(scope.startswith(f"{REPORT.scope}:") for scope in needed):
        return frozenset()
    held = frozenset[str]().union(*ctx.runtime.tools.values())
    summed = {scope for scopes in NEEDED.values() for scope in scopes}
    return frozenset(scope for scope in summed if allows(held, scope) and ctx.actor.may(scope))


def _failure_of(job: Row) -> dict[str, Any]:
    return {"code": job["error_code"], "message": job["error_message"], "failedAt": job["updated_at"].isoformat()}


async def queue_run(ctx: Context, job_id: UUID, moment: datetime) -> None:
    """Queue the run of an agent job."""
    await queue_job(ctx, JobFunction.AGENT, job_id, key=job_id, run_at=moment)


@statement
def _hasten_runs() -> sa.Update:
    moment = sa.bindparam("moment", type_=jobs.c.run_at.type)
    mine = (jobs.c.subject_id == sa.bindparam("id", type_=sa.Uuid), jobs.c.function == JobFunction.AGENT.value)
    waiting = (jobs.c.state == JobState.QUEUED.value, jobs.c.run_at > moment)
    return jobs.update().where(jobs.c.org_id == ORG, *mine, *waiting).values(run_at=moment).returning(jobs.c.id)


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
def _end_failed_runs() -> sa.Update:
    mine = (jobs.c.subject_id == sa.bindparam("id", type_=sa.Uuid), jobs.c.function == JobFunction.AGENT.value)
    failed = jobs.c.state == JobState.FAILED.value
    return jobs.update().where(jobs.c.org_id == ORG, *mine, failed).values(state=JobState.DONE.value)


async def cancel_runs(ctx: Context, key: Key) -> None:
    """Cancel the runs of a job that are queued or under way."""
    await ctx.fetch(_cancel_runs(), id=decode(AGENT_JOB.prefix, key.id) or NOBODY)


async def cancel(ctx: Context, key: Key) -> Row:
    """Cancel a job that has not ended; one that is cancelled stays as it is. A worker that runs it changes nothing any
    more, and a call of the model that is under way counts as what was reserved for it.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH or INVALID_TRANSITION. It needs none of the job's scopes: what stops an
    agent gives nobody its rights.
    """
    # Before the job's own row: a worker locks them in this order.
    await cancel_runs(ctx, key)
    edit = await begin_edit(ctx, AGENT_JOBS, key)
    await edit.transition(MACHINE, request_to(_S.CANCELLED), event_of(_S.CANCELLED))
    await close_steps(edit)
    return await edit.save()


async def retry(ctx: Context, key: Key) -> Row:
    """Queue a job again that has FAILED: it goes on from its steps, and counts its attempts anew. One that waits to be
    tried again is tried at once.

    Raises Refusal NOT_FOUND, VERSION_MISMATCH or INVALID_TRANSITION, or FORBIDDEN for a key that lacks a scope of it.
    """
    # Before the job's own row: a worker locks them in this order.
    moment = now()
    hastened = await ctx.fetch(_hasten_runs(), id=decode(AGENT_JOB.prefix, key.id) or NOBODY, moment=moment)
    edit = await begin_edit(ctx, AGENT_JOBS, key)
    must_hold(ctx, edit.row["scopes"], "id")
    columns = {"attempt": 0, "ran_ms": 0, "first_failure": edit.row["first_failure"] or _failure_of(edit.row)}
    await edit.transition(MACHINE, request_to(_S.QUEUED), event_of(_S.QUEUED), columns=columns)
    if edit.row["retry_at"] is not None:
        edit.set({"retry_at": None, "queued_at": moment}, "retry", None)
        ctx.jobs_to_wake += [each["id"] for each in hastened]
    row = await edit.save()
    if row["status"] != edit.old["status"]:
        # A run that the workers failed is no failed job any more: another one follows.
        await ctx.fetch(_end_failed_runs(), id=row["id"])
        await queue_run(ctx, row["id"], row["queued_at"])
    return row
