"""What tests of pipelines need: statements, a connection on which they are prepared, and their rows."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from resolvers.database.connection import PooledConnection
from resolvers.database.runtime import Runtime
from resolvers.database.transaction_settings import BEGIN_READ
from tests.support.pool import count_as, names

Asked = Sequence[tuple[str, Sequence[Any], int]]
NUMBERS = "select * from generate_series(1, $1::int4) as number"
TEXTS = "select $1::text as text, array['a', null] as listed, '{\"k\": [1]}'::jsonb as json"
ID = "select $1::uuid as id, now() as moment"
NAMES = "select name from counters order by name"
DIVIDED = "select 1 / $1::int4 as divided"
SLEPT = "select 'slept' as slept from pg_sleep($1)"
HERE = uuid4()
USUAL: Asked = ((NUMBERS, [3], 0), (TEXTS, ["ä" * 300], 10), (ID, [HERE], 10), (NAMES, [], 10))


async def prepared(runtime: Runtime, org: UUID, asked: Asked) -> PooledConnection:
    """A connection whose transaction has not begun, on which statements are prepared."""
    connection = await runtime.begin(BEGIN_READ, org)
    for sql, arguments, _ in asked:
        # One that fails is prepared too; the transaction has to begin anew.
        try:
            await connection.rows(sql, arguments)
        except asyncpg.PostgresError:
            await runtime.pool.reset(connection)
            connection = await runtime.begin(BEGIN_READ, org)
    runtime.pool.release(connection, pending_commit=True)
    return await runtime.begin(BEGIN_READ, org)


@pytest.fixture
async def org(single: Runtime) -> AsyncIterator[UUID]:
    """An organization with a row; at the end one connection is open, and an organization sees its own rows."""
    made = uuid4()
    await count_as(single, made, "mine")
    yield made
    assert (await names(single, made), await names(single, uuid4())) == (["mine"], [])
    assert (single.pool.size, single.pool.held(made)) == (1, 0)


def values(outcome: Any) -> list[Any]:
    """The rows of an outcome, as tuples."""
    assert isinstance(outcome, list), outcome
    return [tuple(row) for row in outcome]
