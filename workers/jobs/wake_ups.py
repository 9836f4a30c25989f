"""The ids of jobs that workers are woken for, with a limit for each organization."""

from uuid import UUID

EACH = 200
ALL = 2_000


class PendingWakeUps:
    """Jobs that wait to be passed on, by organization. What exceeds the limits is left to the sweep."""

    def __init__(self) -> None:
        self._jobs: dict[UUID, dict[UUID, None]] = {}
        self._number = 0

    def __bool__(self) -> bool:
        return self._number > 0

    def add(self, org_id: UUID, job_id: UUID) -> bool:
        """Add a job. Return False if the organization has reached its limit.

        An organization may have no more jobs than places are still free, so that there is room for the others.
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
        """Remove all jobs, and return them with their organizations."""
        jobs, self._jobs, self._number = self._jobs, {}, 0
        return [(org_id, job_id) for org_id, listed in jobs.items() for job_id in listed]
