"""The runner: takes jobs that it is offered, a bounded number at once, and holds their leases while they run."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import structlog

from models.jobs import JobKind, JobState
from resolvers.database.connection_errors import CONNECTION_ERRORS, first_line
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from resolvers.jobs import claims as jobs
from resolvers.jobs import due
from resolvers.jobs.claims import Claim
from resolvers.jobs.due import Due, Lane
from workers.handler import Handler
from workers.insist import passes, until_done
from workers.rest import Rest
from workers.slot import Slot
from workers.turns import WAITING_LANE, Turns
from workers.woken import Woken

# How much of what is due one look at the database brings; when there is more, it goes from lane to lane.
WINDOW = 500
LANES = 250
EACH = 8
PORTIONS = 20
# How long a job is let be after an error of the database's moment.
AGAIN_S = 1.0
EXHAUSTED = "ATTEMPTS_EXHAUSTED"
FAILED = "INTERNAL"
TROUBLE = (Refusal, asyncpg.PostgresError, *CONNECTION_ERRORS)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Running:
    claim: Claim
    task: "asyncio.Task[None]"
    lost: bool = False


class Runner:
    """One worker's slots, by queue; whose turn it is, ``Turns`` decides. Ids may be offered any number of times."""

    def __init__(
        self, runtime: Runtime, handlers: Mapping[JobKind, Handler], slots: Mapping[str, int],
        *, lease_seconds: float, heartbeat_seconds: float,
    ) -> None:  # fmt: skip
        self.runtime = runtime
        self.hungry = asyncio.Event()
        clock = asyncio.get_running_loop().time
        self.turns = {queue: Turns(number, clock) for queue, number in slots.items()}
        self._handlers = handlers
        self._lease, self._pause = lease_seconds, heartbeat_seconds
        self._running: dict[UUID, _Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = Woken()
        self._woke = asyncio.Event()
        self._visited = due.START
        self._stopping = False
        self._rest = Rest(self._start_all)

    def wake(self, org_id: UUID, job_id: UUID) -> None:
        """Offer a job by its id alone; what is beyond its organization's share is left to the sweep."""
        if self._woken.add(org_id, job_id):
            self._woke.set()

    async def look_up(self) -> None:
        """Find lane and queue of the jobs that were woken, many at a time, for ever."""
        while True:
            await self._woke.wait()
            self._woke.clear()
            try:
                self.offer(await due.seen(self.runtime, self._woken.take()))
            except TROUBLE as error:
                log.warning("jobs.look_up_failed", error=str(error))

    async def refill(self) -> bool:
        """Offer what is due: the oldest, and when there is much, some of each lane. Whether lanes are left to visit."""
        for turns in self.turns.values():
            turns.forget_pauses()
        found, more = await due.due(self.runtime, WINDOW)
        self.offer(found)
        for _ in range(PORTIONS if more else 0):
            found, self._visited = await due.due_by_lane(self.runtime, self._visited, LANES, EACH)
            self.offer(found, EACH)
            if self._visited == due.START:
                return False
        return more

    async def top_up(self) -> None:
        """Offer more of the lanes that have little left here and more in the database."""
        low = [lane for turns in self.turns.values() for lane in turns.low()]
        for start in range(0, len(low), LANES):
            found = await due.due_of(self.runtime, low[start : start + LANES], WAITING_LANE)
            self.offer(found, WAITING_LANE)

    def offer(self, found: Iterable[Due], each: int | None = None) -> None:
        """Take jobs to be run as slots come free. ``each``: a lane with so many has more of them."""
        of_lane: Counter[Lane] = Counter()
        for job in found:
            turns = self.turns.get(job.queue)
            if turns is None or self._stopping:
                continue
            turns.offer(job)
            lane = (job.org_id, job.lane)
            of_lane[lane] += 1
            if of_lane[lane] == each:
                turns.note_more(lane)
        self._start_all()

    def _start_all(self) -> None:
        for queue in self.turns:
            self.start(queue)

    def start(self, queue: str) -> None:
        """Give the free slots of a queue to those whose turn it is."""
        turns = self.turns[queue]
        while not self._rest and (job := turns.take()) is not None:
            task = asyncio.get_running_loop().create_task(self._work(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, job: Due) -> None:
        slot = Slot(self.turns[job.queue], job, partial(self.start, job.queue))
        try:
            claim = await self._claim(job)
            if claim is not None:
                await self._hold(claim, slot)
        except TROUBLE as error:
            # Its lease will expire.
            log.warning("job.left", job=str(job.id), error=str(error))
        except Exception:
            log.exception("job.left", job=str(job.id))
        finally:
            if self.turns[job.queue].done(job, in_slot=slot.held):
                self.hungry.set()
            self.start(job.queue)

    async def _claim(self, job: Due) -> Claim | None:
        take = partial(jobs.claim, self.runtime, job.org_id, job.id, self._lease, uuid4(), self._pause)
        try:
            claim = await until_done(take)
        except asyncpg.PostgresError as error:
            # The job is due as before: without a pause it would be taken again at once, for ever.
            self._rest.begin(error)
            return None
        self._rest.claimed()
        return claim

    async def _hold(self, claim: Claim, slot: Slot) -> None:
        task = asyncio.current_task()
        assert task is not None
        running = _Running(claim, task)
        self._running[claim.id] = running
        try:
            await self._handle(claim, self._handlers[claim.kind], slot)
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

    async def _handle(self, claim: Claim, handler: Handler, slot: Slot) -> None:
        if claim.attempt > 1 and handler.delay(claim.attempt - 1) is None:
            # Workers that died counted as tries: the last of them used up what there was.
            await self._end(claim, JobState.DEAD, None, EXHAUSTED)
            return
        try:
            await handler.run(self.runtime, claim, slot)
        except jobs.Lost:
            raise
        except Exception as error:
            # An error of the database's moment says nothing about the job, and is no try.
            passing = passes(error)
            delay = AGAIN_S if passing else handler.delay(claim.attempt)
            state = JobState.DEAD if delay is None else JobState.QUEUED
            if not passing:
                log.exception("job.failed", job=str(claim.id), kind=claim.kind.value, attempt=claim.attempt)
            # A job that is left as it is waits until its lease expires, which is longer than the database is busy.
            await until_done(partial(self._end, claim, state, delay, None if passing else FAILED))

    async def _end(self, claim: Claim, state: JobState, delay: float | None, error_code: str | None) -> None:
        """End a job that its handler did not: without a code it is given back, the attempt uncounted."""
        async with jobs.held(self.runtime, claim) as ctx:
            await self._handlers[claim.kind].ended(ctx, claim, state, delay)
            if error_code is None:
                await jobs.give_back(ctx, claim, delay or 0)
            else:
                await jobs.finish(ctx, claim, state, delay=delay, error_code=error_code)

    async def beat(self) -> None:
        """Extend the leases of what runs, for ever; what is no longer ours is stopped.

        While the database is away all goes on, and is held again when it is back, if nobody else has taken it.
        """
        pause = self._pause
        while True:
            await asyncio.sleep(pause)
            try:
                await self._beat_all()
                pause = self._pause
            except (Refusal, *CONNECTION_ERRORS) as error:
                if not isinstance(error, Refusal):
                    self.runtime.outages.note(error)
                pause = min(AGAIN_S, self._pause)
            except asyncpg.PostgresError as error:
                log.warning("jobs.beat_failed", error=first_line(error))

    async def _beat_all(self) -> None:
        by_org: dict[UUID, list[_Running]] = {}
        for running in self._running.values():
            by_org.setdefault(running.claim.org_id, []).append(running)
        for org_id, listed in by_org.items():
            ours = await jobs.beat(self.runtime, org_id, [running.claim for running in listed], self._lease)
            for running in listed:
                if running.claim.id not in ours and self._running.get(running.claim.id) is running:
                    running.lost = True
                    running.task.cancel()

    async def stop(self, grace_seconds: float) -> None:
        """Start nothing more, let what runs end for a while, and give the rest back."""
        self._stopping = True
        self._rest.stop()
        for turns in self.turns.values():
            turns.clear()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
