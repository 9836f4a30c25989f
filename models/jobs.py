"""Jobs: queued work. Ids, states and times only, since the sweep reads them across organizations."""

from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from models.base import TIMESTAMP, Owned, column, one_of, table_args, table_of
from models.resources import Resource
from models.types import Moment

# These jobs are internal; the jobs of agents are resources of the API.
TASK = Resource("task", label="job", scope=None)


class JobFunction(StrEnum):
    """What a job runs; each function has one handler in ``workers``."""

    WEBHOOK_DELIVERY = "WEBHOOK_DELIVERY"
    AUDIT_SEAL = "AUDIT_SEAL"
    TICKET_WAKE = "TICKET_WAKE"
    AUDIT_EXPORT = "AUDIT_EXPORT"
    SUBSCRIPTION = "SUBSCRIPTION"
    AGENT = "AGENT"
    AGENT_EXPIRY = "AGENT_EXPIRY"


class JobState(StrEnum):
    """The state of a job. A DEAD one can be retried by hand."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    DEAD = "DEAD"
    CANCELLED = "CANCELLED"


_IS_QUEUED = sa.text("state = 'QUEUED'")


class Job(Owned, table=True):
    """A queued job."""

    __tablename__ = "jobs"
    __table_args__ = table_args(
        one_of("function", JobFunction),
        one_of("state", JobState),
        sa.Index("jobs_due_idx", "run_at", postgresql_where=_IS_QUEUED),
        # By this one the sweep goes from key to key, to take some jobs of each.
        sa.Index("jobs_concurrency_idx", "org_id", "concurrency_key", "run_at", postgresql_where=_IS_QUEUED),
        sa.Index("jobs_lease_idx", "lease_until", postgresql_where=sa.text("state = 'RUNNING'")),
        sa.Index("jobs_finished_idx", "org_id", "finished_at", postgresql_where=sa.text("finished_at is not null")),
        sa.Index("jobs_subject_idx", "org_id", "subject_id"),
        read_all=True,
    )

    id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    function: JobFunction = column(sa.Text)
    subject_id: UUID = column(
        sa.Uuid,
        description="The object of the job: a delivery, a ticket, an export, a subscription, an agent job, or the"
        " organization of a seal.",
    )
    concurrency_key: UUID = column(
        sa.Uuid,
        description="Jobs of one key run at most two at once in a worker: a delivery's endpoint, an export, an agent"
        " job, or the organization of a seal or a timer. A delivery that is requested while its endpoint's circuit is"
        " open has its own until it is attempted.",
    )
    queue: str = column(sa.Text, description="The queue, which has its own slots in a worker.")
    run_at: Moment = column(TIMESTAMP, description="The earliest time to run.")
    state: JobState = column(sa.Text, default=JobState.QUEUED)
    attempt: int = column(sa.Integer, default=0, description="The number of counted attempts.")
    claim_no: int = column(sa.Integer, default=0, description="The number of claims, counted or not.")
    lease_token: UUID | None = column(sa.Uuid, nullable=True, description="The token of the claim while it runs.")
    lease_until: Moment | None = column(TIMESTAMP, nullable=True, description="The end of the lease, if not extended.")
    error_code: str | None = column(sa.Text, nullable=True, description="Why it is DEAD.")
    finished_at: Moment | None = column(TIMESTAMP, nullable=True)


jobs = table_of(Job)
