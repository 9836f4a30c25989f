"""The wake-up of workers through arq. It is best effort: without Redis the sweep finds every job, only later."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import structlog
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from models.jobs import JobQueue
from resolvers.jobs.due import Due
from workers.jobs.runner import Runner
from workers.jobs.wake_ups import PendingWakeUps

QUEUE = "counterfoil:jobs"
FUNCTION = "run_jobs"
# No request waits for it, and a late message still comes before the sweep.
TIMEOUT_S = 1.0
# How long jobs are collected before one message is sent.
COLLECT_S = 0.02
POLL_S = 0.1
# Under a steady load a worker would find several messages at once: the next one waits for its next look.
NEXT_S = POLL_S
# What a worker passes on to others comes rarely.
PASSED_ON_POLL_S = 0.5
# The pause after a failure of Redis.
RETRY_S = 1.0

# What arq keeps of a wake-up that a killed worker had begun has an exception in it.
_dumps = partial(orjson.dumps, default=str)

log = structlog.get_logger(__name__)


class Waker:
    """Wakes the workers; ``Runtime.wake`` of an API process. After a failure it sends nothing for a while.

    One message has the jobs of many requests, as arq needs several round trips for each message and polls for them.
    """

    def __init__(self, redis_url: str, *, queue: str = QUEUE, pause_seconds: float = RETRY_S) -> None:
        self._pool = ConnectionPool.from_url(redis_url, socket_connect_timeout=TIMEOUT_S)
        self._redis = ArqRedis(self._pool, job_serializer=orjson.dumps, job_deserializer=orjson.loads)
        self._pending = PendingWakeUps()
        self._task: asyncio.Task[None] | None = None
        self._queue = queue
        self._pause, self._not_before = pause_seconds, 0.0

    def wake(self, org_id: UUID, job_ids: list[UUID]) -> None:
        """Wake the workers for new jobs, in the background. It never raises: what fails is left to the sweep."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._not_before:
            for job_id in job_ids:
                self._pending.add(org_id, job_id)
            if self._task is None:
                self._task = loop.create_task(self._send())

    async def _send(self) -> None:
        pause = COLLECT_S
        try:
            while self._pending:
                await asyncio.sleep(pause)
                pause = NEXT_S
                due = [(str(org_id), str(job_id)) for org_id, job_id in self._pending.take()]
                async with asyncio.timeout(TIMEOUT_S):
                    await self._redis.enqueue_job(FUNCTION, due, _queue_name=self._queue)
        except (TimeoutError, OSError, RedisError) as error:
            self._not_before = asyncio.get_running_loop().time() + self._pause
            log.warning("wake.failed", error=str(error) or type(error).__name__)
        finally:
            self._task = None

    async def close(self) -> None:
        """Send what is pending, and disconnect."""
        if self._task is not None:
            await asyncio.wait([self._task])
        await self._pool.disconnect()


def passed_on(queue: str) -> str:
    """Return arq's queue of the jobs of a queue that workers without it were woken for."""
    return f"{QUEUE}:{queue}"


@asynccontextmanager
async def passing_on(runner: Runner, redis_url: str) -> AsyncIterator[None]:
    """Pass on what the runner is woken for and does not run, in a block, to workers that do."""
    missing = [queue for queue in JobQueue if queue not in runner.queues]
    others: dict[str, Waker] = {queue: Waker(redis_url, queue=passed_on(queue)) for queue in missing}

    def pass_on(job: Due) -> None:
        if (other := others.get(job.queue)) is not None:
            other.wake(job.org_id, [job.id])

    runner.pass_on = pass_on
    try:
        yield
    finally:
        for waker in others.values():
            await waker.close()


async def listen(runner: Runner, redis_url: str, queue: str = QUEUE) -> None:
    """Run arq's worker for ever, and start it again when Redis is available again."""
    # arq logs two lines for each wake-up, and the runner logs what happens to the job.
    logging.getLogger("arq.worker").setLevel(logging.WARNING)
    settings = RedisSettings.from_dsn(redis_url)
    settings.conn_retries = 0
    unavailable = False

    async def run_jobs(_ctx: dict[Any, Any], due: list[tuple[str, str]]) -> None:
        for org_id, job_id in due:
            runner.wake(UUID(org_id), UUID(job_id))

    async def started(_ctx: dict[Any, Any]) -> None:
        nonlocal unavailable
        unavailable = False
        if queue == QUEUE:
            log.info("redis.connected")

    while True:
        try:
            await _serve(settings, queue, run_jobs, started)
        except (TimeoutError, OSError, RedisError) as error:
            if not unavailable and queue == QUEUE:
                log.warning("redis.unavailable", error=str(error) or type(error).__name__)
            unavailable = True
        await asyncio.sleep(RETRY_S)


class ArqWorker(Worker):
    """arq's worker, whose wake-ups end with the connection without an exception that nobody takes: the next poll has
    the same one, and ends the worker."""

    async def run_job(self, job_id: str, score: int) -> None:
        """Take one wake-up."""
        with suppress(OSError, RedisError):
            await super().run_job(job_id, score)


async def _serve(settings: RedisSettings, queue: str, run_jobs: Any, started: Any) -> None:
    redis = await create_pool(
        settings, job_serializer=orjson.dumps, job_deserializer=orjson.loads, default_queue_name=queue
    )
    worker = ArqWorker(
        functions=[func(run_jobs, name=FUNCTION, keep_result=0, max_tries=1)],
        queue_name=queue,
        redis_pool=redis,
        on_startup=started,
        handle_signals=False,
        retry_jobs=False,
        max_jobs=100,
        job_timeout=5,
        poll_delay=POLL_S if queue == QUEUE else PASSED_ON_POLL_S,
        log_results=False,
        keep_result=0,
        job_serializer=_dumps,
        job_deserializer=orjson.loads,
    )
    try:
        await worker.async_run()
    finally:
        # Not arq's close(): it writes to Redis first, and fails if Redis is not available.
        for task in worker.tasks.values():
            task.cancel()
        await asyncio.gather(*worker.tasks.values(), *filter(None, [worker.main_task]), return_exceptions=True)
        await redis.connection_pool.disconnect()
