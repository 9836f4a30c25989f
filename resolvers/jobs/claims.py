"""Claims of jobs, and every change of one. The database holds the state; its clock decides what is due or expired."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.actors import ActorKind, Source
from models.jobs import TASK, JobFunction, JobState, jobs
from models.typeid import encode
from resolvers.context import Actor, Context
from resolvers.database.runtime import Runtime
from resolvers.database.sql import ORG, statement

_QUEUED: sa.ColumnClause[str] = sa.literal_column("'QUEUED'")
_RUNNING: sa.ColumnClause[str] = sa.literal_column("'RUNNING'")
_SECOND = sa.literal_column("interval '1 second'", sa.Interval)
# `run_at` comes from the clock of an API, which may be ahead: a job may be claimed so much earlier.
_CLOCKS_DIFFER = _SECOND
_THIS = sa.and_(jobs.c.org_id == ORG, jobs.c.id == sa.bindparam("job_id", type_=sa.Uuid))
_OURS = sa.and_(_THIS, jobs.c.lease_token == sa.bindparam("token", type_=sa.Uuid), jobs.c.state == _RUNNING)


class LeaseLost(Exception):
    """The lease is lost: another worker has claimed the job, or it has ended. Nothing may be changed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed job. It is ours as long as the job has this token. ``ended`` has the states that it was given."""

    org_id: UUID
    id: UUID
    function: JobFunction
    subject_id: UUID
    concurrency_key: UUID
    attempt: int
    claim_no: int
    token: UUID
    ended: list[JobState] = field(default_factory=list, compare=False)


def _after(name: str) -> Any:
    """Return the SQL of the time so many seconds from now; null if the parameter is null."""
    return sa.func.now() + sa.bindparam(name, type_=sa.Double) * _SECOND


@statement
def _claim() -> sa.Update:
    token = sa.bindparam("token", type_=sa.Uuid)
    runs = jobs.c.state == _RUNNING
    grace = sa.bindparam("grace", type_=sa.Double) * _SECOND
    # The claim of this very call, which was committed although its response was lost.
    mine = sa.and_(runs, jobs.c.lease_token == token)
    free = sa.or_(
        sa.and_(jobs.c.state == _QUEUED, jobs.c.run_at <= sa.func.now() + _CLOCKS_DIFFER),
        sa.and_(runs, jobs.c.lease_until < sa.func.now() - grace),
        mine,
    )
    again = sa.or_(mine, sa.and_(runs, sa.bindparam("outage", type_=sa.Boolean)))
    taken = {
        "state": _RUNNING,
        "attempt": jobs.c.attempt + sa.case((again, 0), else_=1),
        "claim_no": jobs.c.claim_no + sa.case((mine, 0), else_=1),
        "lease_token": token,
        "lease_until": _after("lease"),
    }
    what = (jobs.c.function, jobs.c.subject_id, jobs.c.concurrency_key, jobs.c.attempt, jobs.c.claim_no)
    # A worker that is frozen in a transaction holds the row: to wait for it would keep a slot and a connection.
    unlocked = sa.select(jobs.c.id).where(_THIS, free).with_for_update(skip_locked=True).cte("unlocked")
    return jobs.update().where(_THIS, jobs.c.id == unlocked.c.id).values(taken).returning(*what)


@statement
def _extend() -> sa.Update:
    ids, tokens = (sa.bindparam(name, type_=pg.ARRAY(sa.Uuid)) for name in ("ids", "tokens"))
    mine = (jobs.c.id == sa.any_(ids), jobs.c.lease_token == sa.any_(tokens), jobs.c.state == _RUNNING)
    return jobs.update().where(jobs.c.org_id == ORG, *mine).values(lease_until=_after("lease")).returning(jobs.c.id)


@statement
def _lock() -> sa.Select[Any]:
    return sa.select(jobs.c.id).where(_OURS).with_for_update()


@statement
def _set_key() -> sa.Update:
    return jobs.update().where(_OURS).values(concurrency_key=sa.bindparam("new_key", type_=sa.Uuid))


@statement
def _finish() -> sa.Update:
    state = sa.bindparam("new_state", type_=sa.Text)
    ended = {
        "state": state,
        "run_at": sa.func.coalesce(_after("delay"), jobs.c.run_at),
        "attempt": sa.bindparam("counted", type_=sa.Integer),
        "lease_token": sa.null(),
        "lease_until": sa.null(),
        "error_code": sa.bindparam("why", type_=sa.Text),
        "finished_at": sa.case((state == _QUEUED, sa.null()), else_=sa.func.now()),
    }
    return jobs.update().where(_OURS).values(ended)


def context_of(runtime: Runtime, org_id: UUID, job_id: UUID) -> Context:
    """Return the context of a job, in its organization."""
    name = encode(TASK.prefix, job_id)
    actor = Actor(ActorKind.JOB, name, "worker", frozenset({"*"}), org_id)
    return Context(runtime, actor, request_id=name, source=Source.WORKER)


async def claim(
    runtime: Runtime, org_id: UUID, job_id: UUID, lease_seconds: float, token: UUID | None = None, grace: float = 0
) -> Claim | None:
    """Claim a job that is due or whose lease has expired. Return None if it is not, or if a transaction has it locked.

    When the outcome of a call is unknown, another call with its ``token`` returns the job that it may have claimed;
    if that is still being committed, its lease expires and counts as no attempt.

    An expired lease counts as an attempt, as the worker has died. But if the database was not available within the time
    of a lease, its worker may be alive: it then has ``grace`` more seconds, and the attempt does not count.
    """
    token = token or uuid4()
    outage = runtime.outages.within(lease_seconds + grace)
    values = {"token": token, "lease": lease_seconds, "outage": outage, "grace": float(grace if outage else 0)}
    ctx = context_of(runtime, org_id, job_id)
    async with ctx.transaction():
        row = await ctx.row(_claim(), job_id=job_id, **values)
    if row is None:
        return None
    function = JobFunction(row["function"])
    return Claim(
        org_id, job_id, function, row["subject_id"], row["concurrency_key"], row["attempt"], row["claim_no"], token
    )


async def extend(runtime: Runtime, org_id: UUID, claims: Collection[Claim], lease_seconds: float) -> set[UUID]:
    """Extend the leases of one organization's claims, on the side pool. Return the ids of those that are still ours."""
    sql = _extend()
    values = {"ids": [c.id for c in claims], "tokens": [c.token for c in claims]}
    arguments = sql.arguments(values | {"lease": lease_seconds, "org_id": org_id})
    async with runtime.bound(org_id) as connection:
        return {row["id"] for row in await connection.fetch(sql.text, *arguments)}


@asynccontextmanager
async def held(runtime: Runtime, claim: Claim) -> AsyncIterator[Context]:
    """Run a block in a transaction that begins by locking the job, so that a worker without the lease changes nothing.

    Raises LeaseLost when the lease is no longer ours.
    """
    ctx = context_of(runtime, claim.org_id, claim.id)
    async with ctx.transaction():
        if await ctx.row(_lock(), job_id=claim.id, token=claim.token) is None:
            raise LeaseLost(encode(TASK.prefix, claim.id))
        yield ctx


async def finish(
    ctx: Context,
    claim: Claim,
    state: JobState,
    *,
    delay: float | None = None,
    error_code: str | None = None,
    attempt: int | None = None,
) -> None:
    """End a held job, or queue it again after ``delay`` seconds. ``attempt`` replaces the number of counted
    attempts."""
    counted = claim.attempt if attempt is None else attempt
    values = {"new_state": state.value, "delay": delay, "counted": counted, "why": error_code}
    await ctx.fetch(_finish(), job_id=claim.id, token=claim.token, **values)
    claim.ended.append(state)


async def set_concurrency_key(ctx: Context, claim: Claim, key: UUID) -> None:
    """Set the concurrency key of a held job, for its next attempts."""
    await ctx.fetch(_set_key(), job_id=claim.id, token=claim.token, new_key=key)


async def give_back(ctx: Context, claim: Claim, delay: float = 0) -> None:
    """Queue a held job again, at once or after a delay, without counting the attempt."""
    await finish(ctx, claim, JobState.QUEUED, delay=delay, attempt=claim.attempt - 1)
