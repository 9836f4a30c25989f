"""What becomes of an agent job whose run an operator or a key queues again or cancels."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.agent_jobs import ENDED, MACHINE, AgentJobStatus, event_of
from models.jobs import JobFunction, jobs
from resolvers.agent_jobs.open_model_calls import begin_job_edit, close_steps
from resolvers.context import Context, now
from resolvers.database.sql import owned, statement
from resolvers.errors import Conflict

AGENT_JOB_FAILED = Conflict(
    "AGENT_JOB_FAILED", "The job is a run of an agent job that failed: retry that one with `retryAgentJob`."
)


@statement
def _lock_runs() -> sa.Select[Any]:
    mine = (jobs.c.subject_id == sa.bindparam("job_id", type_=sa.Uuid), jobs.c.function == JobFunction.AGENT.value)
    return owned(jobs, jobs.c.id).where(*mine).order_by(jobs.c.id).with_for_update()


async def queue_again(ctx: Context, job_id: UUID) -> bool:
    """Return False for an agent job that did not fail.

    Raises Refusal CONFLICT (AGENT_JOB_FAILED) for one that did: it is retried itself, and counts its attempts anew.
    """
    job = (await begin_job_edit(ctx, job_id)).old
    if job["status"] != AgentJobStatus.FAILED:
        return False
    raise AGENT_JOB_FAILED.refusal("id")


async def cancel(ctx: Context, job_id: UUID) -> None:
    """Cancel an agent job that has not ended: no other run is queued of it."""
    # Before the job's own row: a worker locks them in this order.
    await ctx.fetch(_lock_runs(), job_id=job_id)
    edit = await begin_job_edit(ctx, job_id)
    if edit.row["status"] in ENDED:
        return
    await close_steps(edit)
    cancelled = MACHINE.transitioned(edit.row, AgentJobStatus.CANCELLED, now())
    edit.set(cancelled, "transition", event_of(AgentJobStatus.CANCELLED))
    await edit.save()
