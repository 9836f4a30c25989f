"""What tests of connections need: a pool for a block, and a runtime whose operations share one connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import psycopg
import pytest

from resolvers.context import Context
from resolvers.database.pool import Pool
from resolvers.database.pools import open_pool
from resolvers.database.runtime import Runtime
from resolvers.database.sql import Sql
from resolvers.jobs.claims import context_of
from tests.support.jobs import RING, rows
from tests.support.servers import Backends

LONG = 30.0  # longer than any test waits for what does come
PID = "select pg_backend_pid() as pid"
NAMES = Sql("select name from counters order by name", (), {})


@asynccontextmanager
async def opened(url: str, min_size: int = 0, max_size: int = 1) -> AsyncIterator[Pool]:
    """A pool for the block."""
    made = await open_pool(url, min_size=min_size, max_size=max_size)
    try:
        yield made
    finally:
        await made.close()
        assert made.size == 0


def terminate(url: str, pid: int) -> None:
    """End a backend and see it gone, while the loop stands still and notices nothing."""
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", [pid])


def said(text: str) -> Sql:
    """A statement without parameters."""
    return Sql(text, (), {})


@pytest.fixture
async def single(own_backends: Backends) -> AsyncIterator[Runtime]:
    """A runtime whose pool has one connection, and a side pool that is never left with a pending commit."""
    pool = await open_pool(own_backends.database_url, min_size=1, max_size=1)
    side = await open_pool(own_backends.database_url, min_size=1, max_size=1)
    yield Runtime(pool, side, RING, RING, RING)
    await pool.close()
    await side.close()


async def count_as(runtime: Runtime, org: UUID, name: str) -> None:
    """A row of an organization."""
    await rows(runtime, org, "insert into counters (org_id, name, next) values ($1, $2, 1)", org, name)


def of(runtime: Runtime, org: UUID) -> Context:
    """A new operation of an organization."""
    return context_of(runtime, org, uuid4())


async def names(runtime: Runtime, org: UUID) -> list[str]:
    """What an organization's snapshot sees when the statement itself names none."""
    ctx = of(runtime, org)
    async with ctx.snapshot():
        return [row["name"] for row in await ctx.fetch(NAMES)]
