"""Jobs in a worker's queue, and what of them may start."""

from uuid import UUID, uuid4

from resolvers.jobs.due import Due
from workers.jobs.fair_queue import FairQueue

# Keys of organizations and of endpoints.
NAMES = [UUID(int=number) for number in range(1, 30)]


def fill(queue: FairQueue, org: UUID, keys: list[UUID], each: int = 4) -> list[Due]:
    """So many jobs in each key, a key at a time."""
    jobs = [Due(org, uuid4(), key, "webhooks") for key in keys for _ in range(each)]
    for job in jobs:
        queue.offer(job)
    return jobs


def taken(queue: FairQueue) -> list[Due]:
    """All that may start now."""
    found = []
    while (job := queue.take()) is not None:
        found.append(job)
    return found
