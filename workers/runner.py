"""The runner: takes jobs that it is offered, a bounded number at once, and holds their leases while they run."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from models.jobs import JobKind, JobState
from resolvers import jobs
from resolvers.context import Context
from resolvers.errors import Refusal
from resolvers.jobs import Claim, Due
from resolvers.runtime import AWAY, Runtime

PER_LANE = 2
BACKLOG = 1_000
EXHAUSTED = "ATTEMPTS_EXHAUSTED"
FAILED = "INTERNAL"
TROUBLE = (Refusal, asyncpg.PostgresError, *AWAY)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Handler:
    """One kind of job. ``run`` ends its job itself, in the transaction of its last effect.

    ``delay`` gives the seconds to wait after so many tries, None when there is no further one. ``ended`` is called in
    the transaction in which the runner ends the job (QUEUED again or DEAD) because ``run`` did not.
    """

    run: Callable[[Runtime, Claim], Awaitable[None]]
    delay: Callable[[int], float | None]
    ended: Callable[[Context, Claim, JobState, float | None], Awaitable[None]]


@dataclass(slots=True)
class _Running:
    claim: Claim
    task: "asyncio.Task[None]"
    until: float
    lost: bool = False


class Runner:
    """One worker's slots, by queue; at most two jobs of a lane run at once. Ids may be offered any number of times."""

    def __init__(
        self,
        runtime: Runtime,
        handlers: Mapping[JobKind, Handler],
        slots: Mapping[str, int],
        *,
        lease_seconds: float,
        heartbeat_seconds: float,
    ) -> None:
        self.runtime = runtime
        self.hungry = asyncio.Event()
        self._handlers = handlers
        self._lease, self._pause = lease_seconds, heartbeat_seconds
        self._free = dict(slots)
        self._waiting: dict[str, dict[UUID, deque[Due]]] = {queue: {} for queue in slots}
        self._lanes: Counter[UUID] = Counter()
        self._known: set[UUID] = set()
        self._running: dict[UUID, _Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken: dict[UUID, UUID] = {}
        self._woke = asyncio.Event()
        self._more = False
        self._stopping = False

    def wake(self, org_id: UUID, job_id: UUID) -> None:
        """Offer a job by its id alone; what is beyond the backlog is left to the sweep."""
        if len(self._woken) < BACKLOG and job_id not in self._known:
            self._woken[job_id] = org_id
            self._woke.set()

    async def look_up(self) -> None:
        """Find lane and queue of the jobs that were woken, many at a time, for ever."""
        while True:
            await self._woke.wait()
            self._woke.clear()
            woken, self._woken = self._woken, {}
            try:
                self.offer(await jobs.seen(self.runtime, [(org, job) for job, org in woken.items()]))
            except TROUBLE as error:
                log.warning("jobs.look_up_failed", error=str(error))

    async def refill(self, most: int = BACKLOG // 2) -> None:
        """Offer what is due, outside the lanes that have enough already."""
        found = await jobs.due(self.runtime, most, self._full_lanes())
        self._more = len(found) == most
        self.offer(found)

    def _full_lanes(self) -> list[UUID]:
        waiting = {lane for lanes in self._waiting.values() for lane in lanes}
        return list(waiting | {lane for lane, number in self._lanes.items() if number >= PER_LANE})

    def offer(self, found: Iterable[Due]) -> None:
        """Take jobs to be run as slots come free."""
        for due in found:
            lanes = self._waiting.get(due.queue)
            if self._stopping or lanes is None or due.id in self._known or len(self._known) >= BACKLOG:
                continue
            self._known.add(due.id)
            lanes.setdefault(due.lane, deque()).append(due)
        for queue in self._waiting:
            self._start(queue)

    def _start(self, queue: str) -> None:
        """Fill the free slots of a queue, lane by lane in turn."""
        lanes = self._waiting[queue]
        started = True
        while started and self._free[queue]:
            started = False
            for lane in list(lanes):
                if not self._free[queue]:
                    return
                if self._lanes[lane] >= PER_LANE:
                    continue
                waiting = lanes.pop(lane)
                due = waiting.popleft()
                if waiting:
                    lanes[lane] = waiting
                self._free[queue] -= 1
                self._lanes[lane] += 1
                task = asyncio.get_running_loop().create_task(self._work(due))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                started = True

    async def _work(self, due: Due) -> None:
        try:
            claim = await jobs.claim(self.runtime, due.org_id, due.id, self._lease)
            if claim is not None:
                await self._hold(claim)
        except TROUBLE as error:
            # The database is away: the job is still queued, or its lease will expire.
            log.warning("job.left", job=str(due.id), error=str(error))
        except Exception:
            log.exception("job.left", job=str(due.id))
        finally:
            self._known.discard(due.id)
            self._free[due.queue] += 1
            self._lanes[due.lane] -= 1
            if not self._lanes[due.lane]:
                del self._lanes[due.lane]
            self._start(due.queue)
            if self._more and not any(self._waiting.values()):
                self.hungry.set()

    async def _hold(self, claim: Claim) -> None:
        task = asyncio.current_task()
        assert task is not None
        running = _Running(claim, task, asyncio.get_running_loop().time() + self._lease)
        self._running[claim.id] = running
        try:
            await self._handle(claim, self._handlers[claim.kind])
        except jobs.Lost:
            log.info("job.lost", job=str(claim.id), kind=claim.kind.value)
        except asyncio.CancelledError:
            if running.lost:
                log.info("job.lost", job=str(claim.id), kind=claim.kind.value)
                return
            with suppress(jobs.Lost):
                await self._end(claim, JobState.QUEUED, 0, None)
            raise
        finally:
            del self._running[claim.id]

    async def _handle(self, claim: Claim, handler: Handler) -> None:
        if claim.attempt > 1 and handler.delay(claim.attempt - 1) is None:
            # Workers that died counted as tries: the last of them used up what there was.
            await self._end(claim, JobState.DEAD, None, EXHAUSTED)
            return
        try:
            await handler.run(self.runtime, claim)
        except jobs.Lost:
            raise
        except Exception:
            log.exception("job.failed", job=str(claim.id), kind=claim.kind.value, attempt=claim.attempt)
            delay = handler.delay(claim.attempt)
            state = JobState.DEAD if delay is None else JobState.QUEUED
            await self._end(claim, state, delay, FAILED)

    async def _end(self, claim: Claim, state: JobState, delay: float | None, error_code: str | None) -> None:
        """End a job that its handler did not: without a code it is given back, the attempt uncounted."""
        async with jobs.held(self.runtime, claim) as ctx:
            await self._handlers[claim.kind].ended(ctx, claim, state, delay)
            if error_code is None:
                await jobs.give_back(ctx, claim)
            else:
                await jobs.finish(ctx, claim, state, delay=delay, error_code=error_code)

    async def beat(self) -> None:
        """Extend the leases of what runs, for ever; what is no longer ours is stopped."""
        while True:
            await asyncio.sleep(self._pause)
            by_org: dict[UUID, list[_Running]] = {}
            for running in self._running.values():
                by_org.setdefault(running.claim.org_id, []).append(running)
            for org_id, listed in by_org.items():
                await self._beat(org_id, listed)

    async def _beat(self, org_id: UUID, listed: list[_Running]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._lease
        try:
            ours = await jobs.beat(self.runtime, org_id, [running.claim for running in listed], self._lease)
        except TROUBLE as error:
            log.warning("jobs.beat_failed", error=str(error))
            ours = {running.claim.id for running in listed if running.until > loop.time()}
            until = 0.0
        for running in listed:
            if running.claim.id in ours:
                running.until = max(running.until, until)
            elif self._running.get(running.claim.id) is running:
                running.lost = True
                running.task.cancel()

    async def stop(self, grace_seconds: float) -> None:
        """Start nothing more, let what runs end for a while, and give the rest back."""
        self._stopping = True
        for lanes in self._waiting.values():
            lanes.clear()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
