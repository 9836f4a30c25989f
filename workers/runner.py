"""The runner: claims the jobs that it is offered, runs a limited number at once, and extends their leases."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import structlog

from models.jobs import JobFunction, JobQueue, JobState
from resolvers.database.connection_errors import CONNECTION_ERRORS, first_line
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from resolvers.jobs import claims as jobs
from resolvers.jobs import due
from resolvers.jobs.claims import Claim
from resolvers.jobs.due import Due, OrgKey
from workers.cooldown import Cooldown
from workers.fair_queue import MAX_WAITING_OF_KEY, FairQueue
from workers.handler import Handler
from workers.retry import is_transient, retry
from workers.slot import Slot
from workers.wake_ups import PendingWakeUps

# How many of the oldest due jobs one sweep reads. If there are more, it reads EACH of every key, KEYS_AT_ONCE keys by
# one statement and at most PORTIONS statements.
WINDOW = 500
KEYS_AT_ONCE = 250
EACH = 8
PORTIONS = 20
# The delay of a job after a transient error.
RETRY_S = 1.0
EXHAUSTED = "ATTEMPTS_EXHAUSTED"
FAILED = "INTERNAL"
DATABASE_ERRORS = (Refusal, asyncpg.PostgresError, *CONNECTION_ERRORS)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Running:
    claim: Claim
    task: "asyncio.Task[None]"
    lost: bool = False


def _leave_to_others(_job: Due) -> None:
    """Do nothing: the sweep of a worker that runs the job's queue finds it."""


class Runner:
    """Runs the jobs of a worker: ``queues`` choose the next ones. A job may be offered any number of times."""

    def __init__(
        self, runtime: Runtime, handlers: Mapping[JobFunction, Handler], slots: Mapping[str, int],
        *, lease_seconds: float, heartbeat_seconds: float,
    ) -> None:  # fmt: skip
        self.runtime = runtime
        self.has_capacity = asyncio.Event()
        clock = asyncio.get_running_loop().time
        self.queues = {name: FairQueue(number, clock) for name, number in slots.items()}
        # What the sweep looks for: nothing else where another worker runs the other queues.
        self._asked = None if set(JobQueue) <= self.queues.keys() else list(self.queues)
        self.pass_on: Callable[[Due], None] = _leave_to_others
        self._handlers = handlers
        self._lease, self._pause = lease_seconds, heartbeat_seconds
        self._running: dict[UUID, _Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake_ups = PendingWakeUps()
        self._woken = asyncio.Event()
        self._visited = due.START
        self._stopping = False
        self._cooldown = Cooldown(self._start_all)

    def wake(self, org_id: UUID, job_id: UUID) -> None:
        """Offer a job by its id. Beyond its organization's limit it is left to the sweep."""
        if self._wake_ups.add(org_id, job_id):
            self._woken.set()

    async def look_up(self) -> None:
        """Look up the queues and keys of the jobs that workers are woken for, many at a time, for ever."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                found = await due.find_queued(self.runtime, self._wake_ups.take())
                self.offer(found)
                for job in found:
                    if job.queue not in self.queues:
                        self.pass_on(job)
            except DATABASE_ERRORS as error:
                log.warning("jobs.look_up_failed", error=str(error))

    async def refill(self) -> bool:
        """Offer the oldest due jobs; if there are many, also some of each key. Return whether keys are left to
        visit."""
        for queue in self.queues.values():
            queue.forget_pauses()
        found, more = await due.due(self.runtime, WINDOW, self._asked)
        self.offer(found)
        for _ in range(PORTIONS if more else 0):
            visit = due.due_by_key(self.runtime, self._visited, KEYS_AT_ONCE, EACH, self._asked)
            found, self._visited = await visit
            self.offer(found, EACH)
            if self._visited == due.START:
                return False
        return more

    async def top_up(self) -> None:
        """Offer more jobs of the keys that have few left here and more in the database."""
        low = [key for queue in self.queues.values() for key in queue.low()]
        for start in range(0, len(low), KEYS_AT_ONCE):
            keys = low[start : start + KEYS_AT_ONCE]
            found = await due.due_of_keys(self.runtime, keys, MAX_WAITING_OF_KEY, self._asked)
            self.offer(found, MAX_WAITING_OF_KEY)

    def offer(self, found: Iterable[Due], each: int | None = None) -> None:
        """Take jobs, to run them when slots are free. A key with ``each`` jobs has more in the database."""
        of_key: Counter[OrgKey] = Counter()
        for job in found:
            queue = self.queues.get(job.queue)
            if queue is None or self._stopping:
                continue
            queue.offer(job)
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
            task = asyncio.get_running_loop().create_task(self._work(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, job: Due) -> None:
        slot = Slot(self.queues[job.queue], job, partial(self.start, job.queue))
        try:
            claim = await self._claim(job)
            if claim is not None:
                await self._hold(claim, slot)
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
        take = partial(jobs.claim, self.runtime, job.org_id, job.id, self._lease, uuid4(), self._pause)
        try:
            claim = await retry(take)
        except asyncpg.PostgresError as error:
            # The job is still due: without a pause it would be claimed again at once, for ever.
            self._cooldown.start(error)
            return None
        self._cooldown.claimed()
        return claim

    async def _hold(self, claim: Claim, slot: Slot) -> None:
        task = asyncio.current_task()
        assert task is not None
        running = _Running(claim, task)
        self._running[claim.id] = running
        try:
            await self._handle(claim, self._handlers[claim.function], slot)
        except jobs.LeaseLost:
            log.info("job.lost", job=str(claim.id), function=claim.function.value)
        except asyncio.CancelledError:
            if running.lost:
                log.info("job.lost", job=str(claim.id), function=claim.function.value)
                return
            with suppress(jobs.LeaseLost):
                await self._end(claim, JobState.QUEUED, 0, None)
            raise
        finally:
            del self._running[claim.id]

    async def _handle(self, claim: Claim, handler: Handler, slot: Slot) -> None:
        if claim.attempt > 1 and handler.delay(claim.attempt - 1) is None:
            # The attempts of workers that died count too: this one would be one too many.
            await self._end(claim, JobState.DEAD, None, EXHAUSTED)
            return
        try:
            await handler.run(self.runtime, claim, slot)
        except jobs.LeaseLost:
            raise
        except Exception as error:
            # A transient error says nothing about the job, and does not count as an attempt.
            transient = is_transient(error)
            delay = RETRY_S if transient else handler.delay(claim.attempt)
            state = JobState.DEAD if delay is None else JobState.QUEUED
            if not transient:
                log.exception("job.failed", job=str(claim.id), function=claim.function.value, attempt=claim.attempt)
            # Retried, as otherwise the job would wait until its lease expires.
            await retry(partial(self._end, claim, state, delay, None if transient else FAILED))

    async def _end(self, claim: Claim, state: JobState, delay: float | None, error_code: str | None) -> None:
        """End a job that its handler did not end. Without ``error_code`` it is given back, and no attempt is
        counted."""
        async with jobs.held(self.runtime, claim) as ctx:
            await self._handlers[claim.function].ended(ctx, claim, state, delay)
            if error_code is None:
                await jobs.give_back(ctx, claim, delay or 0)
            else:
                await jobs.finish(ctx, claim, state, delay=delay, error_code=error_code)

    async def heartbeat(self) -> None:
        """Extend the leases of the running jobs, for ever, and cancel those whose lease is lost.

        While the database is not available all jobs go on: afterwards each is still ours unless another worker has it.
        """
        pause = self._pause
        while True:
            await asyncio.sleep(pause)
            try:
                await self._extend_leases()
                pause = self._pause
            except Refusal:
                pause = min(RETRY_S, self._pause)
            except asyncpg.PostgresError as error:
                log.warning("jobs.heartbeat_failed", error=first_line(error))

    async def _extend_leases(self) -> None:
        by_org: dict[UUID, list[_Running]] = {}
        for running in self._running.values():
            by_org.setdefault(running.claim.org_id, []).append(running)
        for org_id, listed in by_org.items():
            ours = await jobs.extend(self.runtime, org_id, [running.claim for running in listed], self._lease)
            for running in listed:
                if running.claim.id not in ours and self._running.get(running.claim.id) is running:
                    running.lost = True
                    running.task.cancel()

    async def stop(self, grace_seconds: float) -> None:
        """Start no more jobs, let running ones end within the grace, and give the others back."""
        self._stopping = True
        self._cooldown.stop()
        for queue in self.queues.values():
            queue.clear()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
