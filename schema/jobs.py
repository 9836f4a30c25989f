"""Jobs that failed, in the graph."""

from datetime import datetime

import strawberry

from execution import ColumnReader
from models.jobs import JOB, JobFunction, JobQueue
from models.jobs import Job as Table
from models.resources import ToolFor
from resolvers.jobs import loaders, mutations
from resolvers.jobs.collections import FAILED_JOBS
from schema.declaration.collections import many, one
from schema.declaration.fields import computed, creation, object_type, public_id
from schema.declaration.inputs import input_type
from schema.declaration.lists import Connection
from schema.declaration.mutations import acts_on, tool_for
from schema.declaration.nodes import Node


@object_type(Table, JOB)
class FailedJob(Node):
    """A job of a worker that failed: no attempt is left, or none would help. Kept as long as finished jobs are."""

    id: strawberry.ID = public_id(JOB)
    function: JobFunction
    queue: JobQueue = computed(
        lambda row: JobQueue(row["queue"]),
        description="Queue of the job.",
        reader=ColumnReader("queue", convert=lambda name: JobQueue(name).name),
    )
    subject_id: strawberry.ID = computed(
        loaders.subject_of,
        description="ID of the object that the job is for, such as a delivery. It may have been deleted since.",
        reader=ColumnReader(convert=loaders.subject_of, needs=("function", "subject_id")),
    )
    attempt: int
    error_code: str = strawberry.field(description="Code of the reason for which it failed.")
    finished_at: datetime = strawberry.field(description="Time at which it failed.")
    created_at: datetime = creation()


@input_type()
class RetryFailedJobInput:
    """The failed job to retry."""

    id: strawberry.ID = strawberry.field(description="ID of the failed job.")


@strawberry.type
class JobQuery:
    """Queries of failed jobs."""

    failed_job: FailedJob | None = one(FAILED_JOBS)
    failed_jobs: Connection[FailedJob] | None = many(FAILED_JOBS)


@strawberry.type
class JobMutation:
    """Mutations of failed jobs."""

    retry_failed_job = tool_for(
        ToolFor.MCP,
        acts_on(
            FailedJob,
            RetryFailedJobInput,
            mutations.retry,
            "Retry a failed job: it is queued again with all its attempts, and its object waits for it again."
            " A delivery is then `PENDING`, as after `redeliver`, under the same conditions.",
            returns="The job as it failed.",
        ),
    )
