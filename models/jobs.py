"""Jobs: queued work. Ids, states and times only, since the sweep reads them across organizations."""

from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from models.agent_jobs import AGENT_JOB
from models.audit_exports import EXPORT
from models.base import TIMESTAMP, TRACEPARENT, Owned, column, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.organizations import ORGANIZATION
from models.reports import REPORT
from models.resources import Resource
from models.subscriptions import SUBSCRIPTION
from models.tickets import TICKET
from models.types import Moment
from models.webhooks import DELIVERY

# Of these jobs the API has those that failed; the jobs of agents are objects of their own.
JOB = Resource("failed_job", actions=("retry", "cancel"), prefix="task")


class JobQueue(DescribedEnum):
    """Queue of jobs, which has slots of its own in a worker."""

    # Beside its meaning: how many slots it has for each of WORKER_SLOTS.
    WEBHOOKS = "webhooks", "Deliveries of events to webhook endpoints.", 1
    AUDIT = "audit", "Seals of the audit log.", 1 / 8
    TIMERS = "timers", "Work that is due at a certain time, such as a renewal.", 1 / 8
    # An export reads a whole log, on a connection of the side pool: one at a time.
    EXPORTS = "exports", "Exports of the audit log.", 0
    AGENTS = "agents", "Runs of agent jobs.", 1 / 4
    # A report reads many rows, as an export does.
    REPORTS = "reports", "Reports.", 0

    def slots(self, worker_slots: int) -> int:
        """Return how many slots it has in a worker with so many, at least one."""
        return max(1, int(self.facts[0] * worker_slots))


class JobFunction(DescribedEnum):
    """Function of a job."""

    # Beside its meaning: its queue, and the resource of the object that it is for. It has a handler in ``workers``.
    WEBHOOK_DELIVERY = "WEBHOOK_DELIVERY", "Delivers an event to a webhook endpoint.", JobQueue.WEBHOOKS, DELIVERY
    AUDIT_SEAL = "AUDIT_SEAL", "Seals the audit log.", JobQueue.AUDIT, ORGANIZATION
    TICKET_WAKE = "TICKET_WAKE", "Wakes a snoozed ticket.", JobQueue.TIMERS, TICKET
    AUDIT_EXPORT = "AUDIT_EXPORT", "Writes an export of the audit log.", JobQueue.EXPORTS, EXPORT
    SUBSCRIPTION = "SUBSCRIPTION", "Renews, bills or ends a subscription.", JobQueue.TIMERS, SUBSCRIPTION
    AGENT = "AGENT", "Runs an agent job.", JobQueue.AGENTS, AGENT_JOB
    AGENT_EXPIRY = "AGENT_EXPIRY", "Ends the wait of an agent job for a person.", JobQueue.TIMERS, AGENT_JOB
    REPORT = "REPORT", "Computes a report.", JobQueue.REPORTS, REPORT

    @property
    def queue(self) -> JobQueue:
        """Return the queue of its jobs."""
        queue: JobQueue = self.facts[0]
        return queue

    @property
    def subject(self) -> Resource:
        """Return the resource of the object that its jobs are about."""
        subject: Resource = self.facts[1]
        return subject


class JobState(StrEnum):
    """The state of a job. One that FAILED can be retried by hand."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


_IS_QUEUED = sa.text("state = 'QUEUED'")


class Job(Owned, table=True):
    """A queued job."""

    __tablename__ = "jobs"
    __table_args__ = table_args(
        one_of("function", JobFunction),
        one_of("state", JobState),
        # Both by queue: a worker of few queues does not read what is due in others.
        sa.Index("jobs_due_idx", "queue", "run_at", postgresql_where=_IS_QUEUED),
        # By this one the sweep goes from key to key, to take some jobs of each.
        sa.Index("jobs_concurrency_idx", "queue", "org_id", "concurrency_key", "run_at", postgresql_where=_IS_QUEUED),
        # Each change looks whether its organization's seal is queued: no other index may seem as good for that.
        sa.Index("jobs_seals_idx", "org_id", postgresql_where=sa.text("state = 'QUEUED' and function = 'AUDIT_SEAL'")),
        sa.Index("jobs_lease_idx", "lease_until", postgresql_where=sa.text("state = 'RUNNING'")),
        sa.Index("jobs_finished_idx", "org_id", "finished_at", postgresql_where=sa.text("finished_at is not null")),
        sa.Index("jobs_subject_idx", "org_id", "subject_id"),
        sa.Index("jobs_failed_idx", "org_id", "id", postgresql_where=sa.text("state = 'FAILED'")),
        # Ids and nothing else, as all organizations' jobs are read together: a caller chooses what `traceparent` is.
        sa.CheckConstraint("traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'", name="traceparent"),
        read_all=True,
    )

    id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    function: JobFunction = column(sa.Text, description="Function of the job.")
    subject_id: UUID = column(
        sa.Uuid,
        description="The object of the job: a delivery, a ticket, an export, a report, a subscription, an agent job,"
        " or the organization of a seal.",
    )
    concurrency_key: UUID = column(
        sa.Uuid,
        description="Jobs of one key run at most two at once in a worker: a delivery's endpoint, an export, a report,"
        " an agent job, or the organization of a seal or a timer. A delivery that is requested while its endpoint's"
        " circuit is open has its own until it is attempted.",
    )
    queue: str = column(sa.Text, description="The queue, which has its own slots in a worker.")
    run_at: Moment = column(TIMESTAMP, description="The earliest time to run.")
    state: JobState = column(sa.Text, default=JobState.QUEUED)
    attempt: int = column(sa.Integer, default=0, description="Number of attempts that were counted.")
    claim_no: int = column(sa.Integer, default=0, description="The number of claims, counted or not.")
    lease_token: UUID | None = column(sa.Uuid, nullable=True, description="The token of the claim while it runs.")
    lease_until: Moment | None = column(TIMESTAMP, nullable=True, description="The end of the lease, if not extended.")
    error_code: str | None = column(sa.Text, nullable=True, description="Code of the reason for which it failed.")
    finished_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time at which it ended.")
    traceparent: str | None = column(
        sa.Text,
        nullable=True,
        server_default=TRACEPARENT,
        description="`traceparent` of the operation that queued it, if traced.",
    )


jobs = table_of(Job)


def _are(**known: StrEnum) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions of jobs with these values, written out, as partial indexes need them."""
    return tuple(jobs.c[name] == sa.literal_column(f"'{value}'") for name, value in known.items())


def queued(function: JobFunction) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions of the queued jobs of a function, with that of its queue, by which their indexes begin."""
    return _are(queue=function.queue, function=function, state=JobState.QUEUED)


# An organization's queued seal, by its own index.
QUEUED_SEAL = _are(function=JobFunction.AUDIT_SEAL, state=JobState.QUEUED)
