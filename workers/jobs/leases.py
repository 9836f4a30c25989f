"""The leases of a worker: it claims jobs, extends their leases while they run, and ends what a handler did not end."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import structlog

from models.jobs import JobFunction, JobState
from resolvers.database.connection_errors import first_line
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from resolvers.jobs.due import Due
from resolvers.tracing import Span
from workers.jobs.backoff import backoff
from workers.jobs.batches import Batches
from workers.jobs.handler import Handler
from workers.jobs.retry import is_transient, retry
from workers.jobs.slot import Slot
from workers.jobs.traced import begin_job, end_job

# The delay of a job after a transient error; twice as long after each further one, which `claim_no` counts too.
RETRY_S = 1.0
_after_refusals = backoff(RETRY_S, longest=60)
EXHAUSTED = "ATTEMPTS_EXHAUSTED"
INTERNAL = "INTERNAL"
# What is noted of each attempt: its function, the state that its job has now (None: the lease was lost), its seconds.
Note = Callable[[JobFunction, JobState | None, float], None]

log = structlog.get_logger(__name__)


def unnoted(_function: JobFunction, _state: JobState | None, _seconds: float) -> None:
    """Do nothing: nobody counts the attempts."""


@dataclass(slots=True)
class _Running:
    claim: Claim
    task: "asyncio.Task[None]"
    lost: bool = False


class Leases:
    """The jobs that a worker holds, each by its lease, and what is noted of them when they end."""

    def __init__(
        self, runtime: Runtime, handlers: Mapping[JobFunction, Handler], lease_seconds: float,
        heartbeat_seconds: float, note: Note,
    ) -> None:  # fmt: skip
        self.runtime = runtime
        self._handlers, self._note = handlers, note
        self._lease, self._pause = lease_seconds, heartbeat_seconds
        self._running: dict[UUID, _Running] = {}
        self._claims = Batches(self._claim_some, apart=False)

    async def claim(self, job: Due) -> Claim | None:
        """Claim a job, again and again while the database is not available. Return None for one that is not free."""
        return await retry(partial(self._claims.do, job.org_id, (job.id, uuid4())))

    async def _claim_some(self, org_id: UUID, wanted: Sequence[tuple[UUID, UUID]]) -> list[Claim | None]:
        return await jobs.claim_some(self.runtime, org_id, wanted, self._lease, self._pause)

    async def hold(self, claim: Claim, slot: Slot) -> None:
        """Run a claimed job by its handler until it has ended, its lease is lost, or the task is cancelled."""
        task = asyncio.current_task()
        assert task is not None
        running, started = _Running(claim, task), task.get_loop().time()
        self._running[claim.id] = running
        tracing = self.runtime.tracing
        span = None if tracing is None else begin_job(tracing, claim)
        try:
            await self._handle(claim, self._handlers[claim.function], slot, span)
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
            self._note(claim.function, claim.ended[-1] if claim.ended else None, task.get_loop().time() - started)
            if span is not None:
                end_job(span, claim)

    async def _handle(self, claim: Claim, handler: Handler, slot: Slot, span: Span | None) -> None:
        if claim.attempt > 1 and handler.delay(claim.attempt - 1) is None:
            # The attempts of workers that died count too: this one would be one too many.
            await self._end(claim, JobState.FAILED, None, EXHAUSTED)
            return
        try:
            await handler.run(self.runtime, claim, slot)
        except jobs.LeaseLost:
            raise
        except Exception as error:
            # A transient error says nothing about the job, and does not count as an attempt.
            if span is not None:
                span.fail(type(error).__name__)
            transient = is_transient(error)
            delay = _after_refusals(claim.claim_no - claim.attempt) if transient else handler.delay(claim.attempt)
            state = JobState.FAILED if delay is None else JobState.QUEUED
            if not transient:
                log.exception("job.failed", job=str(claim.id), function=claim.function.value, attempt=claim.attempt)
            # Retried, as otherwise the job would wait until its lease expires.
            await retry(partial(self._end, claim, state, delay, None if transient else INTERNAL))

    async def _end(self, claim: Claim, state: JobState, delay: float | None, error_code: str | None) -> None:
        """End a job that its handler did not end. Without ``error_code`` it is given back, and no attempt is
        counted."""
        async with jobs.held(self.runtime, claim) as ctx:
            handler = self._handlers[claim.function]
            if error_code is None and handler.given_back is not None:
                await handler.given_back(ctx, claim, delay or 0)
            else:
                await handler.ended(ctx, claim, state, delay)
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
