"""Tells the feeds of all processes through Redis that organizations have new events. Best effort: feeds look by
themselves too."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

CHANNEL = "counterfoil:events"
TIMEOUT_S = 1.0
# How long organizations are collected before one message is sent, which every process reads.
COLLECT_S = 0.02
# The same under a steady load.
NEXT_S = 0.05
# The pause after a failure of Redis.
RETRY_S = 1.0

log = structlog.get_logger(__name__)


class Announcer:
    """Announces new events; ``Runtime.announce`` of each process. ``here`` tells the feeds of this one at once."""

    def __init__(self, redis_url: str, here: Callable[[UUID], None] | None = None) -> None:
        self._redis = Redis.from_url(redis_url, socket_connect_timeout=TIMEOUT_S, socket_timeout=TIMEOUT_S)
        self._here = here
        self._pending: dict[UUID, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._not_before = 0.0

    def announce(self, org_id: UUID) -> None:
        """Announce that an organization has new events, in the background. It never raises."""
        if self._here is not None:
            self._here(org_id)
        loop = asyncio.get_running_loop()
        if loop.time() >= self._not_before:
            self._pending[org_id] = None
            if self._task is None:
                self._task = loop.create_task(self._send())

    async def _send(self) -> None:
        pause = COLLECT_S
        try:
            while self._pending:
                await asyncio.sleep(pause)
                pause = NEXT_S
                pending, self._pending = self._pending, {}
                async with asyncio.timeout(TIMEOUT_S):
                    await self._redis.publish(CHANNEL, " ".join(map(str, pending)))
        except (TimeoutError, OSError, RedisError):
            # Feeds look once a second; that Redis is away is logged by those who cannot do without it as well.
            self._not_before = asyncio.get_running_loop().time() + RETRY_S
        finally:
            self._task = None

    async def close(self) -> None:
        """Send what is pending, and disconnect."""
        if self._task is not None:
            await asyncio.wait([self._task])
        await self._redis.aclose()


async def hear(redis_url: str, announced: Callable[[UUID], None]) -> None:
    """Pass on what is announced, for ever; while Redis is away nothing is."""
    while True:
        redis = Redis.from_url(redis_url, socket_connect_timeout=TIMEOUT_S, health_check_interval=15)
        try:
            async with redis.pubsub() as channel:
                await channel.subscribe(CHANNEL)
                async for message in channel.listen():
                    if message["type"] == "message":
                        for text in message["data"].split():
                            announced(UUID(text.decode()))
        except (TimeoutError, OSError, RedisError) as error:
            log.debug("announcements unavailable", error=str(error) or type(error).__name__)
        finally:
            await redis.aclose()
        await asyncio.sleep(RETRY_S)


@asynccontextmanager
async def hearing(redis_url: str, announced: Callable[[UUID], None]) -> AsyncIterator[None]:
    """Pass on what is announced during a block."""
    task = asyncio.create_task(hear(redis_url, announced))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
