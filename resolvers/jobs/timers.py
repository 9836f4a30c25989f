"""Timers: jobs that are due later, written in the transaction of what they are for.

A timer is never moved or cancelled. Its handler looks again at what it is for, and leaves alone what has changed.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from models.base import TIMESTAMP
from models.jobs import JobFunction, JobState, jobs
from models.typeid import new_uuid
from resolvers.context import Context
from resolvers.database.sql import ORG, statement

QUEUE = "timers"


@statement
def _insert() -> sa.Insert:
    return jobs.insert().values(
        org_id=ORG,
        id=sa.bindparam("job_id", type_=sa.Uuid),
        function=sa.bindparam("function", type_=sa.Text),
        subject_id=sa.bindparam("subject_id", type_=sa.Uuid),
        concurrency_key=ORG,
        queue=QUEUE,
        run_at=sa.bindparam("run_at", type_=TIMESTAMP),
        state=JobState.QUEUED.value,
        attempt=0,
        claim_no=0,
    )


async def set_timer(ctx: Context, function: JobFunction, subject_id: UUID, run_at: datetime) -> None:
    """Queue a job that is due at a time. No worker is woken: the sweep finds it."""
    await ctx.fetch(_insert(), job_id=new_uuid(), function=function.value, subject_id=subject_id, run_at=run_at)
