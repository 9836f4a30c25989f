"""Mutations of jobs: what failed is retried, and what is queued is cancelled."""

from typing import Any

import sqlalchemy as sa

from models.jobs import JOB, JobFunction, JobState, jobs
from resolvers.audit.entries import new_entry
from resolvers.changes.write import write_entries
from resolvers.collections.rows import Key
from resolvers.context import Context, Row
from resolvers.database.sql import ORG, statement
from resolvers.errors import Conflict
from resolvers.jobs.loaders import find
from resolvers.jobs.subjects import JOB_SUBJECTS

JOB_NOT_FAILED = Conflict("JOB_NOT_FAILED", "The job has not failed, or was retried.")
NOTHING_TO_RETRY = Conflict(
    "NOTHING_TO_RETRY", "The object of the job has not failed, or was deleted: nothing is left to do."
)
JOB_NOT_QUEUED = Conflict("JOB_NOT_QUEUED", "Only a job that is QUEUED can be cancelled.")
IS_TIMER = Conflict("IS_TIMER", "A timer cannot be cancelled: its object would wait for it forever.")
_ID = sa.bindparam("job_id", type_=sa.Uuid)


@statement
def _change(old: JobState, new: JobState) -> sa.Update:
    anew: dict[str, Any] = {"run_at": sa.func.now(), "attempt": 0, "error_code": sa.null(), "finished_at": sa.null()}
    values = anew if new is JobState.QUEUED else {"finished_at": sa.func.now()}
    this = (jobs.c.org_id == ORG, jobs.c.id == _ID, jobs.c.state == old.value)
    # Whoever has locked it changes its state, and may be a worker that waits for its object, which is locked here.
    free = sa.select(jobs.c.id).where(*this).with_for_update(skip_locked=True).scalar_subquery()
    return (
        jobs.update()
        .where(jobs.c.org_id == ORG, jobs.c.id == free)
        .values(state=new.value, **values)
        .returning(jobs.c.id)
    )


async def _changed(ctx: Context, row: Row, verb: str, old: JobState, new: JobState) -> bool:
    """Give a job its new state, with an audit entry. Return False where it has not the old one any more."""
    if await ctx.row(_change(old, new), job_id=row["id"]) is None:
        return False
    entry = new_entry(JOB.action(verb), {"state": old.value}, {"state": new.value})
    await write_entries(ctx, [(entry, row["id"])])
    return True


async def retry(ctx: Context, key: Key) -> Row:
    """Queue a job again that failed, with all its attempts, and let its object wait for it. Return it as it failed.

    Raises Refusal NOT_FOUND, CONFLICT (JOB_NOT_FAILED, NOTHING_TO_RETRY), or what its object refuses.
    """
    row = await find(ctx, key)
    if row["state"] != JobState.FAILED:
        raise JOB_NOT_FAILED.refusal("id", f"The job is {row['state']}. Only a FAILED job can be retried.")
    # The object before the job: no worker has one that is FAILED, and `_change` waits for none.
    if not await JOB_SUBJECTS[JobFunction(row["function"])].queue_again(ctx, row["subject_id"]):
        raise NOTHING_TO_RETRY.refusal("id")
    if not await _changed(ctx, row, "retry", JobState.FAILED, JobState.QUEUED):
        raise JOB_NOT_FAILED.refusal("id")
    ctx.jobs_to_wake.append(row["id"])
    return row


async def cancel(ctx: Context, key: Key) -> Row:
    """Cancel a job that is queued, with its object. Return it as it was.

    Raises Refusal NOT_FOUND, or CONFLICT: JOB_NOT_QUEUED, or IS_TIMER, since nothing else would do what is due.
    """
    row = await find(ctx, key)
    end = JOB_SUBJECTS[JobFunction(row["function"])].cancel
    if end is None:
        raise IS_TIMER.refusal("id")
    if row["state"] == JobState.QUEUED:
        await end(ctx, row["subject_id"])
    if row["state"] != JobState.QUEUED or not await _changed(ctx, row, "cancel", JobState.QUEUED, JobState.CANCELLED):
        raise JOB_NOT_QUEUED.refusal("id")
    return row
