"""The snapshot that a report's figures are of, and the rows that its statement finds in it, portion by portion."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from resolvers.context import Row
from resolvers.database.connection_errors import CONNECTION_ERRORS
from resolvers.database.runtime import Connection, Runtime
from resolvers.database.sql import Sql
from resolvers.database.transaction_settings import BEGIN_READ
from resolvers.database.watch import BEYOND_S
from resolvers.reports.scans import NOTHING_READ

# How long the statement of a report may take, and the memory that PostgreSQL gives each step of it.
TIMEOUT_MS, WORK_MEMORY = 120_000, "32MB"
PORTION = 1_000


@asynccontextmanager
async def snapshot(runtime: Runtime, org_id: UUID) -> AsyncIterator[Connection]:
    """Open a snapshot of an organization's rows for a block, on a connection of the side pool. It locks nothing.

    Raises Refusal UNAVAILABLE when the database is not available, and asyncpg.QueryCanceledError for a statement that
    takes too long.
    """
    config = f"set_config('statement_timeout','{TIMEOUT_MS}',true),set_config('work_mem','{WORK_MEMORY}',true)"
    begin = f"{BEGIN_READ};{runtime.tenant(org_id)},{config},set_config('jit','off',true),{NOTHING_READ}"
    try:
        async with runtime.connection(runtime.side, begin) as connection:
            with connection.patient(TIMEOUT_MS / 1000 + BEYOND_S):
                yield connection
    except asyncpg.QueryCanceledError:
        # The statement took too long: the database is there.
        raise
    except CONNECTION_ERRORS as error:
        raise runtime.unavailable(error) from error


async def portions(connection: Connection, sql: Sql, arguments: list[object]) -> AsyncIterator[list[Row]]:
    """Yield the rows of a statement, so many at a time, without reading the others before they are asked for."""
    rows, ended = await connection.rows(sql.text, arguments, PORTION)
    yield rows
    while not ended:
        rows, ended = await connection.more(PORTION)
        yield rows
