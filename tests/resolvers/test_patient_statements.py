"""Statements that may take longer than an answer is waited for elsewhere: of reports, and over all organizations."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any
from uuid import UUID

import psycopg
import pytest

from resolvers.database.connection_errors import NoAnswerError
from resolvers.database.runtime import Runtime
from resolvers.jobs.retention import organizations
from resolvers.reports.snapshots import portions, snapshot
from server.wiring import running
from tests.support.api import make_org, settings_of
from tests.support.jobs import eventually, runtime_of
from tests.support.pool import LONG, said
from tests.support.servers import Backends

WAITING = "select from pg_locks where not granted and relation = to_regclass(%s)"


@pytest.fixture
async def impatient(own_backends: Backends) -> AsyncIterator[Runtime]:
    """A runtime that waits for an answer for a second where nothing else is said."""
    async with runtime_of(own_backends, patience_s=1.0) as made:
        yield made


async def _late(backends: Backends, runtime: Runtime, table: str, wanted: Coroutine[Any, Any, list[Any]]) -> list[Any]:
    """What is returned once a table is free: not before another statement of the same pool was waited for in vain."""
    async with asyncio.timeout(LONG):
        with psycopg.connect(backends.migration_database_url) as owner:
            owner.execute(f"lock table {table} in access exclusive mode".encode())
            asked = asyncio.ensure_future(wanted)

            async def waits() -> bool:
                return owner.execute(WAITING, [table]).rowcount == 1

            await eventually(waits)
            async with runtime.connection(runtime.side) as other:
                with pytest.raises(NoAnswerError):
                    await other.fetch(f"select from {table}")
        return await asked


async def test_the_rows_of_a_report_are_waited_for(impatient: Runtime, own_backends: Backends, org: UUID) -> None:
    async def read() -> list[Any]:
        async with snapshot(impatient, org) as connection:
            sql = said("select count(*) as n from invoices")
            return [row["n"] async for rows in portions(connection, sql, []) for row in rows]

    assert await _late(own_backends, impatient, "invoices", read()) == [0]


async def test_all_organizations_are_waited_for(impatient: Runtime, own_backends: Backends) -> None:
    async with running(settings_of(own_backends), max_size=2) as runtime:
        made = [(await make_org(runtime, "http://unused")).id for _ in range(2)]
    found = await _late(own_backends, impatient, "directory", organizations(impatient))
    assert sorted(found) == sorted(made)
