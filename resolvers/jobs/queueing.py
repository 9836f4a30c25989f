"""Jobs that a change queues, in its own transaction."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from models.base import TIMESTAMP
from models.jobs import JobFunction, JobState, jobs
from models.typeid import new_uuid
from resolvers.context import Context, now
from resolvers.database.sql import ORG, statement


@statement
def _insert() -> sa.Insert:
    return jobs.insert().values(
        org_id=ORG,
        id=sa.bindparam("job_id", type_=sa.Uuid),
        function=sa.bindparam("function", type_=sa.Text),
        subject_id=sa.bindparam("subject_id", type_=sa.Uuid),
        concurrency_key=sa.bindparam("key", type_=sa.Uuid),
        queue=sa.bindparam("queue", type_=sa.Text),
        run_at=sa.bindparam("run_at", type_=TIMESTAMP),
        state=JobState.QUEUED.value,
        attempt=0,
        claim_no=0,
    )


async def queue_job(ctx: Context, function: JobFunction, subject_id: UUID, *, key: UUID, run_at: datetime) -> None:
    """Queue a job that is due at a time. For one that is due already a worker is woken; the sweep finds the others."""
    job = new_uuid()
    about = {"function": function.value, "queue": function.queue.value, "subject_id": subject_id}
    await ctx.fetch(_insert(), job_id=job, key=key, run_at=run_at, **about)
    if run_at <= now():
        ctx.jobs_to_wake.append(job)
