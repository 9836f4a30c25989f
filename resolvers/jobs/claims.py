"""Claims of jobs, and every change of one. The database holds the state; its clock decides what is due or expired."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.actors import ActorKind, Source
from models.jobs import JOB, JobFunction, JobState, jobs
from models.typeid import encode
from resolvers.actor import Actor
from resolvers.context import Context, Row
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
    """A claimed job. It is ours as long as the job has this token. ``traceparent`` is the span that queued it, where
    that was traced; ``ended`` has the states that it was given."""

    org_id: UUID
    id: UUID
    function: JobFunction
    subject_id: UUID
    concurrency_key: UUID
    attempt: int
    claim_no: int
    token: UUID
    traceparent: str | None = None
    ended: list[JobState] = field(default_factory=list, compare=False)


def _after(name: str) -> Any:
    """Return the SQL of the time so many seconds from now; null if the parameter is null."""
    return sa.func.now() + sa.bindparam(name, type_=sa.Double) * _SECOND


def _given() -> Any:
    """Return the jobs of a statement with their tokens: one row for each of two arrays."""
    ids, tokens = (sa.bindparam(name, type_=pg.ARRAY(sa.Uuid)) for name in ("ids", "tokens"))
    columns = (sa.column("id", sa.Uuid), sa.column("token", sa.Uuid))
    rows = sa.func.unnest(ids, tokens).table_valued(*columns, name="given", joins_implicitly=True)
    return rows.render_derived()


@statement
def _claim() -> sa.Update:
    given, runs = _given(), jobs.c.state == _RUNNING
    grace = sa.bindparam("grace", type_=sa.Double) * _SECOND
    # The claim of this very call, which was committed although its response was lost.
    mine = sa.and_(runs, jobs.c.lease_token == given.c.token)
    free = sa.or_(
        sa.and_(jobs.c.state == _QUEUED, jobs.c.run_at <= sa.func.now() + _CLOCKS_DIFFER),
        sa.and_(runs, jobs.c.lease_until < sa.func.now() - grace),
        mine,
    )
    these = (jobs.c.org_id == ORG, jobs.c.id == given.c.id, free)
    # A worker that is frozen in a transaction holds the row: to wait for it would keep a slot and a connection.
    found = sa.select(jobs.c.id, given.c.token, mine.label("mine"))
    unlocked = found.where(*these).with_for_update(of=jobs, skip_locked=True).cte("unlocked")
    again = sa.or_(unlocked.c.mine, sa.and_(runs, sa.bindparam("outage", type_=sa.Boolean)))
    taken = {
        "state": _RUNNING,
        "attempt": jobs.c.attempt + sa.case((again, 0), else_=1),
        "claim_no": jobs.c.claim_no + sa.case((unlocked.c.mine, 0), else_=1),
        "lease_token": unlocked.c.token,
        "lease_until": _after("lease"),
    }
    what = (jobs.c.id, jobs.c.function, jobs.c.subject_id, jobs.c.concurrency_key, jobs.c.attempt, jobs.c.claim_no,
            jobs.c.traceparent)  # fmt: skip
    return jobs.update().where(jobs.c.org_id == ORG, jobs.c.id == unlocked.c.id).values(taken).returning(*what)


@statement
def _extend() -> sa.Update:
    given = _given()
    ours = (jobs.c.org_id == ORG, jobs.c.id == given.c.id, jobs.c.lease_token == given.c.token)
    found = sa.select(jobs.c.id).where(*ours, jobs.c.state == _RUNNING).order_by(jobs.c.id)
    # In the order in which a batch locks them: two that lock in different ones wait for each other.
    locked = found.with_for_update(of=jobs, key_share=True).cte("locked")
    these = (jobs.c.org_id == ORG, jobs.c.id == locked.c.id)
    return jobs.update().where(*these).values(lease_until=_after("lease")).returning(jobs.c.id)


@statement
def _lock() -> sa.Select[Any]:
    return sa.select(jobs.c.id).where(_OURS).with_for_update()


@statement
def _lock_some() -> sa.Select[Any]:
    given = _given()
    ours = (jobs.c.org_id == ORG, jobs.c.id == given.c.id, jobs.c.lease_token == given.c.token)
    found = sa.select(jobs.c.id).where(*ours, jobs.c.state == _RUNNING)
    return found.order_by(jobs.c.id).with_for_update(of=jobs)


@statement
def _finish_some() -> sa.Update:
    given = _given()
    ours = (jobs.c.org_id == ORG, jobs.c.id == given.c.id, jobs.c.lease_token == given.c.token)
    done = {"state": JobState.DONE.value, "error_code": sa.null(), "finished_at": sa.func.now()}
    free = {"lease_token": sa.null(), "lease_until": sa.null()}
    return jobs.update().where(*ours, jobs.c.state == _RUNNING).values(done | free)


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
    name = encode(JOB.prefix, job_id)
    actor = Actor(ActorKind.JOB, name, "worker", frozenset({"*"}), org_id)
    return Context(runtime, actor, request_id=name, source=Source.WORKER)


async def claim(
    runtime: Runtime, org_id: UUID, job_id: UUID, lease_seconds: float, token: UUID | None = None, grace: float = 0
) -> Claim | None:
    """Claim a job as ``claim_some`` does. Return None if it is not claimed."""
    (found,) = await claim_some(runtime, org_id, [(job_id, token or uuid4())], lease_seconds, grace)
    return found


async def claim_some(
    runtime: Runtime, org_id: UUID, wanted: Sequence[tuple[UUID, UUID]], lease_seconds: float, grace: float = 0
) -> list[Claim | None]:
    """Claim jobs of an organization, each with a token, that are due or whose leases have expired. Return None for one
    that is not, or that a transaction has locked.

    When the outcome of a call is unknown, another call with its tokens returns the jobs that it may have claimed;
    for one that is still being committed, its lease expires and counts as no attempt.

    An expired lease counts as an attempt, as the worker has died. But if the database was not available within the time
    of a lease, its worker may be alive: it then has ``grace`` more seconds, and the attempt does not count.
    """
    outage = runtime.outages.within(lease_seconds + grace)
    values = {"lease": lease_seconds, "outage": outage, "grace": float(grace if outage else 0)}
    ids, tokens = (list(part) for part in zip(*wanted, strict=True))
    ctx = context_of(runtime, org_id, ids[0])
    async with ctx.transaction():
        found = {row["id"]: row for row in await ctx.fetch(_claim(), ids=ids, tokens=tokens, **values)}
    return [_claimed(org_id, found[job_id], token) if job_id in found else None for job_id, token in wanted]


def _claimed(org_id: UUID, row: Row, token: UUID) -> Claim:
    function, about = JobFunction(row["function"]), (row["subject_id"], row["concurrency_key"])
    return Claim(org_id, row["id"], function, *about, row["attempt"], row["claim_no"], token, row["traceparent"])


async def extend(runtime: Runtime, org_id: UUID, claims: Collection[Claim], lease_seconds: float) -> set[UUID]:
    """Extend the leases of one organization's claims, on the side pool. Return the ids of those that are still ours."""
    sql = _extend()
    values = {"ids": [c.id for c in claims], "tokens": [c.token for c in claims]}
    arguments = sql.arguments(values | {"lease": lease_seconds, "org_id": org_id})
    async with runtime.bound(org_id) as connection:
        return {row["id"] for row in await connection.fetch(sql.text, *arguments)}


def lease_lost(claim: Claim) -> LeaseLost:
    """Return the error of a claim that is not ours any more."""
    return LeaseLost(encode(JOB.prefix, claim.id))


@asynccontextmanager
async def held(runtime: Runtime, claim: Claim) -> AsyncIterator[Context]:
    """Run a block in a transaction that begins by locking the job, so that a worker without the lease changes nothing.

    Raises LeaseLost when the lease is no longer ours.
    """
    ctx = context_of(runtime, claim.org_id, claim.id)
    async with ctx.transaction():
        if await ctx.row(_lock(), job_id=claim.id, token=claim.token) is None:
            raise lease_lost(claim)
        yield ctx


@asynccontextmanager
async def held_some(runtime: Runtime, claims: Sequence[Claim]) -> AsyncIterator[tuple[Context, set[UUID]]]:
    """Run a block in a transaction that begins by locking jobs of one organization, with the ids of those that are
    still ours: nothing may be changed for the others."""
    ctx = context_of(runtime, claims[0].org_id, claims[0].id)
    async with ctx.transaction():
        ids, tokens = [each.id for each in claims], [each.token for each in claims]
        yield ctx, {row["id"] for row in await ctx.fetch(_lock_some(), ids=ids, tokens=tokens)}


async def finish_some(ctx: Context, claims: Sequence[Claim]) -> None:
    """End held jobs as DONE."""
    ids, tokens = [each.id for each in claims], [each.token for each in claims]
    await ctx.fetch(_finish_some(), ids=ids, tokens=tokens)
    for each in claims:
        each.ended.append(JobState.DONE)


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
