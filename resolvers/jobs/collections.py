"""The failed jobs, which clients list."""

from models.jobs import JOB, JobFunction, JobQueue, JobState, jobs
from resolvers.collections.collection import CREATED, Collection
from resolvers.lists.conditions import created, enum, ids, moment

FAILED_JOBS = Collection(
    JOB,
    jobs,
    sort_fields={"CREATED_AT": CREATED},
    filters={
        "id": ids("id", JOB, "ID"),
        "created_at": created(),
        "function": enum("function", JobFunction),
        "queue": enum("queue", JobQueue),
        "finished_at": moment("finished_at", "time at which it failed"),
    },
    only=("state", JobState.FAILED),
)
