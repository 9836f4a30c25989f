"""Fields of a job that are null to keys without its scopes."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.agent_jobs import AgentJobStatus
from models.jobs import JobFunction, JobState, jobs
from resolvers.agent_jobs.collections import AGENT_STEPS
from resolvers.collections.loaders import to_many
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement
from resolvers.lists.pages import Page
from resolvers.loads import BatchResolver

_steps = to_many(AGENT_STEPS, "job_id")


def sees(ctx: Context, job: Row) -> bool:
    """Return whether the caller holds the scopes of a job."""
    return all(ctx.actor.may(scope) for scope in job["scopes"])


def column(name: str) -> BatchResolver:
    """Return a batch resolver of a column of jobs; None for a job whose scopes the caller lacks."""

    async def load(ctx: Context, parents: list[Row], args: Args) -> list[Any]:
        return [row[name] if sees(ctx, row) else None for row in parents]

    return load


async def steps(ctx: Context, parents: list[Row], args: Args) -> list[Page | None]:
    """Return a page of the steps of each job; None for a job whose scopes the caller lacks."""
    seen = [row for row in parents if sees(ctx, row)]
    pages = iter(await _steps(ctx, seen, args) if seen else [])
    return [next(pages) if sees(ctx, row) else None for row in parents]


@statement
def _held() -> sa.Select[Any]:
    mine = (jobs.c.function == JobFunction.AGENT.value, jobs.c.state == JobState.RUNNING.value)
    wanted = jobs.c.subject_id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid)))
    return owned(jobs, jobs.c.subject_id).where(*mine, wanted, jobs.c.lease_until >= sa.func.now())


async def stale(ctx: Context, parents: list[Row], args: Args) -> list[bool]:
    """Return of each job whether it is RUNNING while no worker holds it."""
    running = [row["id"] for row in parents if row["status"] == AgentJobStatus.RUNNING]
    held = {row["subject_id"] for row in await ctx.fetch(_held(), ids=running)} if running else set()
    return [row["status"] == AgentJobStatus.RUNNING and row["id"] not in held for row in parents]
