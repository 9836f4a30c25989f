"""Jobs: queued work. Ids, states and times only, since the sweep reads them across organizations."""

from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from models.base import TIMESTAMP, Owned, column, one_of, table_args, table_of
from models.resources import Resource
from models.words import Moment

# The jobs of agents are resources of the API; these are not.
TASK = Resource("task", label="job", scope=None)


class JobKind(StrEnum):
    """What a job does; each has one handler in ``workers``."""

    WEBHOOK_DELIVERY = "WEBHOOK_DELIVERY"
    AUDIT_SEAL = "AUDIT_SEAL"


class JobState(StrEnum):
    """Where a job stands; DEAD can be retried by hand."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    DEAD = "DEAD"
    CANCELLED = "CANCELLED"


class Job(Owned, table=True):
    """One piece of queued work."""

    __tablename__ = "jobs"
    __table_args__ = table_args(
        one_of("kind", JobKind),
        one_of("state", JobState),
        sa.Index("jobs_due_idx", "run_at", postgresql_where=sa.text("state = 'QUEUED'")),
        # The sweep takes some of each lane: it goes from lane to lane in this one.
        sa.Index("jobs_lane_idx", "org_id", "lane", "run_at", postgresql_where=sa.text("state = 'QUEUED'")),
        sa.Index("jobs_lease_idx", "lease_until", postgresql_where=sa.text("state = 'RUNNING'")),
        sa.Index("jobs_finished_idx", "org_id", "finished_at", postgresql_where=sa.text("finished_at is not null")),
        sa.Index("jobs_subject_idx", "org_id", "subject_id"),
        read_all=True,
    )

    id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    kind: JobKind = column(sa.Text)
    subject_id: UUID = column(sa.Uuid, description="What the job is about: a delivery; the organization for a seal.")
    lane: UUID = column(
        sa.Uuid,
        description="Few of one lane run at once: a delivery's endpoint, a seal's organization. A delivery that is"
        " tried on request while its endpoint is spared has one of its own until then.",
    )
    queue: str = column(sa.Text, description="The set of slots it runs in.")
    run_at: Moment = column(TIMESTAMP, description="Not before this.")
    state: JobState = column(sa.Text, default=JobState.QUEUED)
    attempt: int = column(sa.Integer, default=0, description="How many tries have been counted.")
    claim_no: int = column(sa.Integer, default=0, description="How often it was claimed, counted or not.")
    lease_token: UUID | None = column(sa.Uuid, nullable=True, description="Whose it is while it runs.")
    lease_until: Moment | None = column(TIMESTAMP, nullable=True, description="Until when, unless the heart beats.")
    error_code: str | None = column(sa.Text, nullable=True, description="Why it is DEAD.")
    finished_at: Moment | None = column(TIMESTAMP, nullable=True)


jobs = table_of(Job)
