"""What becomes of the subject of a job that somebody queues again or cancels, by the function of the job."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from models.jobs import JobFunction
from resolvers.agent_jobs import job_subject as agent_jobs
from resolvers.audit import exports
from resolvers.context import Context
from resolvers.reports import job_subject as reports
from resolvers.webhooks import job_subject as deliveries


@dataclass(frozen=True, slots=True)
class JobSubject:
    """What becomes of a job's subject, the object that it is for, when somebody queues the job again or cancels it.

    ``queue_again`` returns whether the subject still needs the job. One that has no ``cancel`` cannot be cancelled.
    """

    queue_again: Callable[[Context, UUID], Awaitable[bool]]
    cancel: Callable[[Context, UUID], Awaitable[None]] | None


async def _needed(_ctx: Context, _subject: UUID) -> bool:
    """Return True: the job itself finds out whether there is something to do."""
    return True


async def _as_it_is(_ctx: Context, _subject: UUID) -> None:
    """Change nothing: a later change of the log queues another seal."""


_TIMER = JobSubject(_needed, None)
JOB_SUBJECTS: Mapping[JobFunction, JobSubject] = {
    JobFunction.WEBHOOK_DELIVERY: JobSubject(deliveries.queue_again, deliveries.cancel),
    JobFunction.AUDIT_SEAL: JobSubject(_needed, _as_it_is),
    JobFunction.TICKET_WAKE: _TIMER,
    JobFunction.AUDIT_EXPORT: JobSubject(exports.queue_again, exports.cancel),
    JobFunction.SUBSCRIPTION: _TIMER,
    JobFunction.AGENT: JobSubject(agent_jobs.queue_again, agent_jobs.cancel),
    JobFunction.AGENT_EXPIRY: _TIMER,
    JobFunction.REPORT: JobSubject(reports.queue_again, reports.cancel),
}
