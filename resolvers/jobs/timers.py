"""Timers: jobs that are due later, written in the transaction of what they are for.

A timer is never moved or cancelled. Its handler looks again at what it is for, and leaves alone what has changed.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.base import TIMESTAMP
from models.jobs import JobFunction, JobState, jobs
from resolvers.context import Context
from resolvers.database.sql import owned, statement
from resolvers.jobs.queueing import queue_job

_FUNCTION = sa.bindparam("function", type_=sa.Text)
_SUBJECT = sa.bindparam("subject_id", type_=sa.Uuid)
_AT = sa.bindparam("run_at", type_=TIMESTAMP)


def timer_key(org_id: UUID) -> UUID:
    """Return the concurrency key of an organization's timers. It is not the organization's ID, which its seal has: each
    change looks for a seal among the queued jobs of that key."""
    return UUID(int=org_id.int ^ 1)


@statement
def _queued_by() -> sa.Select[Any]:
    mine = (jobs.c.subject_id == _SUBJECT, jobs.c.function == _FUNCTION, jobs.c.state == JobState.QUEUED.value)
    return owned(jobs, jobs.c.id).where(*mine, jobs.c.run_at <= _AT).limit(1)


async def set_timer(ctx: Context, function: JobFunction, subject_id: UUID, run_at: datetime) -> None:
    """Queue a job that is due at a time."""
    await queue_job(ctx, function, subject_id, key=timer_key(ctx.org_id), run_at=run_at)


async def ensure_timer(ctx: Context, function: JobFunction, subject_id: UUID, run_at: datetime) -> None:
    """Queue a job that is due at a time, unless one is queued that is due by then."""
    if await ctx.row(_queued_by(), function=function.value, subject_id=subject_id, run_at=run_at) is None:
        await set_timer(ctx, function, subject_id, run_at)
