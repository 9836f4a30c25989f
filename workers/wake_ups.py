"""Ids of jobs on their way to a worker: bounded for each organization, so that none takes another's place."""

from uuid import UUID

EACH = 200
ALL = 2_000


class Woken:
    """Jobs that were woken and not yet passed on. What does not fit is left to the sweep."""

    def __init__(self) -> None:
        self._jobs: dict[UUID, dict[UUID, None]] = {}
        self._number = 0

    def __bool__(self) -> bool:
        return self._number > 0

    def add(self, org_id: UUID, job_id: UUID) -> bool:
        """Keep a job until it is taken. False when the organization's share is full.

        A share may be as large as what is free beside it, so that another organization always has room.
        """
        mine = self._jobs.setdefault(org_id, {})
        if job_id in mine:
            return True
        if len(mine) >= EACH or (mine and len(mine) > ALL - self._number):
            return False
        mine[job_id] = None
        self._number += 1
        return True

    def take(self) -> list[tuple[UUID, UUID]]:
        """All jobs, each with its organization; none is kept."""
        jobs, self._jobs, self._number = self._jobs, {}, 0
        return [(org_id, job_id) for org_id, listed in jobs.items() for job_id in listed]
