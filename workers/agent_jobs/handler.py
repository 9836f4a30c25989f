"""The handler of agent jobs: begins a run, and ends it where it did not end itself."""

import asyncio
from importlib import import_module

import structlog

from models.agent_jobs_errors import AgentErrorCode
from models.jobs import JobState
from resolvers.agent_jobs import runs
from resolvers.agent_jobs.budgets import JobStopped
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from workers.agent_jobs.later import Later
from workers.agent_jobs.leased_run import LeasedRun
from workers.agent_jobs.providers import Providers
from workers.agent_jobs.texts import clean
from workers.jobs.backoff import backoff
from workers.jobs.handler import Handler
from workers.jobs.slot import Slot

# What imports the library of models, which takes a second and 24 MiB.
LOOP = "workers.agent_jobs.loop"
# The definition's maxAttempts, at most 10, ends a job before this does.
delay_after = backoff(10, attempts=11, longest=600)
# No provider is waited for longer, whatever it asks.
_AFTER_S = 3_600
_CUT_SHORT = "The last attempt was cut short: its worker stopped or failed."

log = structlog.get_logger(__name__)


def handler(providers: Providers) -> Handler:
    """Return the handler of agent jobs."""

    async def run(runtime: Runtime, claim: Claim, slot: Slot) -> None:
        async with jobs.held(runtime, claim) as ctx:
            begun = await runs.begin(ctx, claim.subject_id, again=claim.attempt > 1)
            if begun is None:
                await jobs.finish(ctx, claim, JobState.CANCELLED)
                return
            if begun.exhausted:
                await _fail(ctx, claim, AgentErrorCode.INTERNAL, _CUT_SHORT)
                return
        try:
            await _run_in_time(LeasedRun(runtime, claim, slot, begun), providers)
        except JobStopped as stopped:
            async with jobs.held(runtime, claim) as ctx:
                await _fail(ctx, claim, stopped.code, stopped.message)
        except Later as later:
            await _later(runtime, claim, begun, later)

    return Handler(run, delay_after, _ended, _given_back)


async def _run_in_time(leased: LeasedRun, providers: Providers) -> None:
    limits = leased.run.definition
    provider = providers.of(limits["model"])
    loop = await asyncio.to_thread(import_module, LOOP)
    limit = asyncio.timeout(leased.run.seconds_left)
    try:
        async with limit:
            await loop.run_agent(leased, provider)
    except TimeoutError:
        if not limit.expired():
            raise
        message = f"It ran for longer than {limits['timeout_seconds']} seconds: timeoutSeconds."
        raise JobStopped(AgentErrorCode.TIMED_OUT, message) from None


async def _fail(ctx: Context, claim: Claim, code: AgentErrorCode, message: str) -> None:
    """End a job that cannot go on. Its run is DONE, since that is all that was left to do; unless the workers failed,
    which is for an operator to see."""
    state = JobState.FAILED if code is AgentErrorCode.INTERNAL else JobState.DONE
    log.info("agent.failed", job=str(claim.subject_id), code=code.value)
    await runs.fail(ctx, claim.subject_id, code, clean(message))
    await jobs.finish(ctx, claim, state, error_code=code.value)


async def _later(runtime: Runtime, claim: Claim, run: runs.Run, later: Later) -> None:
    """Queue another attempt, or end the job when this was the last."""
    delay = delay_after(run.job["attempt"])
    if run.job["attempt"] >= run.definition["max_attempts"] or delay is None:
        async with jobs.held(runtime, claim) as ctx:
            await _fail(ctx, claim, AgentErrorCode.PROVIDER_FAILED, later.message)
        return
    log.info("agent.later", job=str(claim.subject_id), reason=later.message)
    async with jobs.held(runtime, claim) as ctx:
        wait = max(delay, min(later.after or 0, _AFTER_S))
        await runs.retry_later(ctx, claim.subject_id, wait)
        await jobs.finish(ctx, claim, JobState.QUEUED, delay=wait)


async def _ended(ctx: Context, claim: Claim, state: JobState, delay: float | None) -> None:
    if state is JobState.FAILED:
        await runs.fail(ctx, claim.subject_id, AgentErrorCode.INTERNAL, "The server failed.")
    else:
        await runs.retry_later(ctx, claim.subject_id, delay)


async def _given_back(ctx: Context, claim: Claim, delay: float) -> None:
    # `begin` has counted one that is not the first of its claims.
    await runs.retry_later(ctx, claim.subject_id, delay, counted=claim.attempt == 1)
