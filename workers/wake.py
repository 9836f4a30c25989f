"""The wake-up through arq: best effort on both sides. Without Redis everything still happens, only later."""

import asyncio
import logging
from typing import Any
from uuid import UUID

import orjson
import structlog
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from workers.runner import Runner
from workers.woken import Woken

QUEUE = "counterfoil:jobs"
FUNCTION = "run_jobs"
# No request waits for it: a message that is late still comes before the sweep.
TIMEOUT_S = 1.0
# As long as jobs are gathered before the workers are woken.
GATHER_S = 0.02
POLL_S = 0.1
AWAY_S = 1.0

log = structlog.get_logger(__name__)


class Waker:
    """What an API gives to its runtime as ``wake``. After a failure it lets Redis be for a while.

    Jobs of many requests go in one message: arq takes several round trips for each, and looks only so often.
    """

    def __init__(self, redis_url: str, *, pause_seconds: float = AWAY_S) -> None:
        self._pool = ConnectionPool.from_url(redis_url, socket_connect_timeout=TIMEOUT_S)
        self._redis = ArqRedis(self._pool, job_serializer=orjson.dumps, job_deserializer=orjson.loads)
        self._due = Woken()
        self._task: asyncio.Task[None] | None = None
        self._pause, self._not_before = pause_seconds, 0.0

    def wake(self, org_id: UUID, job_ids: list[UUID]) -> None:
        """Tell the workers of new jobs, in the background; never raises, and whatever fails is left to the sweep."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._not_before:
            for job_id in job_ids:
                self._due.add(org_id, job_id)
            if self._task is None:
                self._task = loop.create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._due:
                await asyncio.sleep(GATHER_S)
                due = [(str(org_id), str(job_id)) for org_id, job_id in self._due.take()]
                async with asyncio.timeout(TIMEOUT_S):
                    await self._redis.enqueue_job(FUNCTION, due, _queue_name=QUEUE)
        except (TimeoutError, OSError, RedisError) as error:
            self._not_before = asyncio.get_running_loop().time() + self._pause
            log.warning("wake.failed", error=str(error) or type(error).__name__)
        finally:
            self._task = None

    async def close(self) -> None:
        """Let what is on its way end, and disconnect."""
        if self._task is not None:
            await asyncio.wait([self._task])
        await self._pool.disconnect()


async def listen(runner: Runner, redis_url: str) -> None:
    """Run arq's worker for ever, and start it again when Redis returns."""
    # arq writes two lines for each wake-up; what becomes of the job is logged by the runner.
    logging.getLogger("arq.worker").setLevel(logging.WARNING)
    settings = RedisSettings.from_dsn(redis_url)
    settings.conn_retries = 0
    away = False

    async def run_jobs(_ctx: dict[Any, Any], due: list[tuple[str, str]]) -> None:
        for org_id, job_id in due:
            runner.wake(UUID(org_id), UUID(job_id))

    async def started(_ctx: dict[Any, Any]) -> None:
        nonlocal away
        away = False
        log.info("redis.connected")

    while True:
        try:
            await _serve(settings, run_jobs, started)
        except (TimeoutError, OSError, RedisError) as error:
            if not away:
                log.warning("redis.away", error=str(error) or type(error).__name__)
            away = True
        await asyncio.sleep(AWAY_S)


async def _serve(settings: RedisSettings, run_jobs: Any, started: Any) -> None:
    redis = await create_pool(
        settings, job_serializer=orjson.dumps, job_deserializer=orjson.loads, default_queue_name=QUEUE
    )
    worker = Worker(
        functions=[func(run_jobs, name=FUNCTION, keep_result=0, max_tries=1)],
        queue_name=QUEUE,
        redis_pool=redis,
        on_startup=started,
        handle_signals=False,
        retry_jobs=False,
        max_jobs=100,
        job_timeout=5,
        poll_delay=POLL_S,
        log_results=False,
        job_serializer=orjson.dumps,
        job_deserializer=orjson.loads,
    )
    try:
        await worker.async_run()
    finally:
        # arq's own close() writes to Redis first, and fails where Redis is away.
        for task in worker.tasks.values():
            task.cancel()
        await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
        await redis.connection_pool.disconnect()
