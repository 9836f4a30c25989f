"""A connection to the tests' Valkey."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.support.servers import Backends


@pytest.fixture
async def redis(backends: Backends) -> AsyncIterator[Redis]:
    made = Redis.from_url(backends.redis_url)
    yield made
    await made.aclose()
