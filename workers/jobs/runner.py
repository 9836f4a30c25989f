"""The runner: finds jobs that are due, and runs a limited number of those that it is offered at once."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextvars import copy_context
from functools import partial
from uuid import UUID

import asyncpg
import structlog

from models.jobs import JobFunction
from resolvers.database.connection_errors import CONNECTION_ERRORS
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from resolvers.jobs import due
from resolvers.jobs.claims import Claim
from resolvers.jobs.due import Due, OrgKey
from resolvers.repeated_warnings import RepeatedWarning
from workers.jobs.cooldown import Cooldown
from workers.jobs.fair_queue import MAX_WAITING_OF_KEY, FairQueue
from workers.jobs.handler import Handler
from workers.jobs.leases import Leases, Note, unnoted
from workers.jobs.slot import Slot
from workers.jobs.wake_ups import PendingWakeUps

# How many of the oldest due jobs of a queue one sweep reads. If there are more, it reads EACH of every key,
# KEYS_AT_ONCE keys by one statement and at most PORTIONS statements.
WINDOW = 500
KEYS_AT_ONCE = 250
EACH = 8
PORTIONS = 20
DATABASE_ERRORS = (Refusal, asyncpg.PostgresError, *CONNECTION_ERRORS)

log = structlog.get_logger(__name__)


def _leave_to_others(_job: Due) -> None:
    """Do nothing: the sweep of a worker that runs the job's queue finds it."""


class Runner:
    """Runs the jobs of a worker: ``queues`` choose the next ones. A job may be offered any number of times."""

    def __init__(
        self, runtime: Runtime, handlers: Mapping[JobFunction, Handler], slots: Mapping[str, int],
        *, lease_seconds: float, heartbeat_seconds: float, note: Note = unnoted,
    ) -> None:  # fmt: skip
        self.runtime = runtime
        self.leases = Leases(runtime, handlers, lease_seconds, heartbeat_seconds, note)
        self.has_capacity = asyncio.Event()
        clock = asyncio.get_running_loop().time
        self.queues = {name: FairQueue(number, clock) for name, number in slots.items()}
        self.pass_on: Callable[[Due], None] = _leave_to_others
        self._tasks: set[asyncio.Task[None]] = set()
        # A job is often started by another one, as it ends: it is not within that one's span.
        self._context = copy_context()
        self._wake_ups = PendingWakeUps()
        self._woken = asyncio.Event()
        # How far the sweep is in the keys of each queue.
        self._visited = dict.fromkeys(slots, due.START)
        self._stopping = False
        self._cooldown = Cooldown(self._start_all)

    def wake(self, org_id: UUID, job_id: UUID) -> None:
        """Offer a job by its id. Beyond its organization's limit it is left to the sweep."""
        if self._wake_ups.add(org_id, job_id):
            self._woken.set()

    async def look_up(self) -> None:
        """Look up the queues and keys of the jobs that workers are woken for, many at a time, for ever."""
        failed = RepeatedWarning("jobs.look_up_failed")
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                found = await due.find_queued(self.runtime, self._wake_ups.take())
                self.offer(found, newest=True)
                for job in found:
                    if job.queue not in self.queues:
                        self.pass_on(job)
            except DATABASE_ERRORS as error:
                failed.note(error=str(error))

    async def refill(self) -> bool:
        """Offer the oldest due jobs of each queue; if it has many, also some of each key. Return whether keys are left
        to visit."""
        for queue in self.queues.values():
            queue.forget_pauses()
        found, full = await due.due(self.runtime, self.queues.keys(), WINDOW)
        self.offer(found)
        return any([await self._visit(name) for name in full])

    async def _visit(self, name: str) -> bool:
        """Offer some jobs of each key of a queue. Return whether keys are left to visit."""
        for _ in range(PORTIONS):
            visit = due.due_by_key(self.runtime, name, self._visited[name], KEYS_AT_ONCE, EACH)
            found, self._visited[name] = await visit
            self.offer(found, EACH)
            if self._visited[name] == due.START:
                return False
        return True

    async def top_up(self) -> None:
        """Offer more jobs of the keys that have few left here and more in the database."""
        for name, queue in self.queues.items():
            low = list(queue.low())
            for start in range(0, len(low), KEYS_AT_ONCE):
                keys = low[start : start + KEYS_AT_ONCE]
                found = await due.due_of_keys(self.runtime, name, keys, MAX_WAITING_OF_KEY)
                self.offer(found, MAX_WAITING_OF_KEY)

    def offer(self, found: Iterable[Due], each: int | None = None, *, newest: bool = False) -> None:
        """Take jobs, to run them when slots are free. A key with ``each`` jobs has more in the database; of such a key
        the ``newest`` are left there, as what is older would wait while new ones come."""
        of_key: Counter[OrgKey] = Counter()
        for job in found:
            queue = self.queues.get(job.queue)
            if queue is None or self._stopping:
                continue
            queue.offer(job, newest=newest)
            key = (job.org_id, job.concurrency_key)
            of_key[key] += 1
            if of_key[key] == each:
                queue.note_more(key)
        self._start_all()

    def _start_all(self) -> None:
        for name in self.queues:
            self.start(name)

    def start(self, name: str) -> None:
        """Start the next jobs of a queue in its free slots."""
        queue = self.queues[name]
        while not self._cooldown and (job := queue.take()) is not None:
            task = asyncio.get_running_loop().create_task(self._work(job), context=self._context.copy())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, job: Due) -> None:
        slot = Slot(self.queues[job.queue], job, partial(self.start, job.queue))
        try:
            claim = await self._claim(job)
            if claim is not None:
                await self.leases.hold(claim, slot)
        except DATABASE_ERRORS as error:
            # Its lease will expire, and the sweep finds it again.
            log.warning("job.left", job=str(job.id), error=str(error))
        except Exception:
            log.exception("job.left", job=str(job.id))
        finally:
            if self.queues[job.queue].done(job, in_slot=slot.held):
                self.has_capacity.set()
            self.start(job.queue)

    async def _claim(self, job: Due) -> Claim | None:
        try:
            claim = await self.leases.claim(job)
        except asyncpg.PostgresError as error:
            # The job is still due: without a pause it would be claimed again at once, for ever.
            self._cooldown.start(error)
            return None
        self._cooldown.claimed()
        return claim

    async def stop(self, grace_seconds: float) -> None:
        """Start no more jobs, let running ones end within the grace, and give the others back."""
        self._stopping = True
        self._cooldown.stop()
        for queue in self.queues.values():
            queue.clear()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace_seconds)
            self.runtime.hurry()
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
