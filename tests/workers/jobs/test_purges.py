"""The regular purge: what keeps the rows of one organization does not keep those of the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
import pytest

from models.typeid import new_uuid
from resolvers.database.runtime import Runtime
from resolvers.jobs.retention import Retention
from server.wiring import running
from tests.support.api import make_org, settings_of
from tests.support.away import lines_with, log_lines
from tests.support.jobs import eventually, rows
from tests.support.servers import Backends
from workers.jobs import sweep
from workers.jobs.sweep import purge_expired

__all__ = ["log_lines"]

OLD = """insert into idempotency_records (org_id, actor_id, key, root_field, position, fingerprint, result, created_at)
values ($1, $2, 'old', 'createClient', 0, '', '{}', now() - interval '2 days')"""


@pytest.fixture
async def impatient(own_backends: Backends) -> AsyncIterator[Runtime]:
    """A process that waits for a lock no longer than a moment, with a database of its own."""
    async with running(settings_of(own_backends, statement_timeout_ms=200), max_size=4) as made:
        yield made


@asynccontextmanager
async def purging(runtime: Runtime) -> AsyncIterator[None]:
    house = asyncio.create_task(purge_expired(runtime, Retention(), 3_600, 0.01))
    try:
        yield
    finally:
        house.cancel()
        await asyncio.wait([house])


async def left(runtime: Runtime, org_id: UUID) -> int:
    return len(await rows(runtime, org_id, "select from idempotency_records"))


async def test_rows_that_are_locked_keep_no_other_organization_from_being_purged(
    impatient: Runtime, own_backends: Backends, log_lines: pytest.LogCaptureFixture
) -> None:
    made = [await make_org(impatient, "http://unused") for _ in range(3)]
    for org in made:
        await rows(impatient, org.id, OLD, org.id, new_uuid())
    locked, *others = made
    with psycopg.connect(own_backends.migration_database_url) as owner:
        # Forced, the policies would hide the rows from their owner too.
        owner.execute("alter table idempotency_records no force row level security")
        owner.commit()
        owner.execute("select from idempotency_records where org_id = %s for update", [locked.id])

        async def done() -> bool:
            return sum([await left(impatient, org.id) for org in others]) == 0 and bool(
                lines_with(log_lines, "retention.failed")
            )

        async with purging(impatient):
            await eventually(done)
        assert await left(impatient, locked.id) == 1
    assert [str(locked.id) in line for line in lines_with(log_lines, "retention.failed")] == [True]


async def test_where_it_fails_for_several_in_a_row_it_ends_and_comes_again_soon(
    impatient: Runtime,
    own_backends: Backends,
    log_lines: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []

    def at_once(pause: float) -> float:
        pauses.append(pause)
        return 0.01

    async def came_again() -> bool:
        return len(pauses) > 1

    monkeypatch.setattr(sweep, "jittered", at_once)
    made = [await make_org(impatient, "http://unused") for _ in range(sweep.MOST_IN_A_ROW + 2)]
    with psycopg.connect(own_backends.migration_database_url) as owner:
        owner.execute("lock table org_settings in access exclusive mode")
        async with purging(impatient):
            await eventually(came_again)
    assert pauses[:2] == [0.01, 360]
    assert len(made) > len(lines_with(log_lines, "retention.failed")) >= sweep.MOST_IN_A_ROW
