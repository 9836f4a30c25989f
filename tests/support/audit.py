"""What tests of the audit log need: sealed entries, the owner who can do anything, bundles as lines."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg

from resolvers import organizations
from resolvers.audit import bundle_writer
from resolvers.audit.erase import erase
from resolvers.audit.verify import Verification, verify
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from resolvers.keyring import Keyring
from tests.support.jobs import emit, one, rows, slot_of
from tests.support.servers import Backends
from workers.audit.seals import HANDLER

JOB = "select * from jobs where org_id = $1 and function = 'AUDIT_SEAL'"
SIGNING = Keyring({1: bytes(range(32)), 3: bytes(range(32, 64))})


async def sealed(runtime: Runtime, org: UUID, number: int) -> Verification:
    """So many entries, sealed as a job does it; what a walk finds then."""
    await emit(runtime, org, number)
    await run(runtime, org)
    return await verify(runtime, org)


async def run(runtime: Runtime, org: UUID) -> None:
    """Run the organization's queued seal job now."""
    await rows(runtime, org, "update jobs set run_at = now() where org_id = $1 and state = 'QUEUED'", org)
    job = await one(runtime, org, JOB + " and state = 'QUEUED'", org)
    claim = await jobs.claim(runtime, org, job["id"], 45)
    assert claim is not None
    await HANDLER.run(runtime, claim, slot_of(claim))


async def entry_of(runtime: Runtime, org: UUID, sequence: int) -> UUID:
    """The id of a sealed entry."""
    sql = "select entry_id from audit_seals where org_id = $1 and sequence = $2"
    found: UUID = (await one(runtime, org, sql, org, sequence))["entry_id"]
    return found


async def erased(runtime: Runtime, org: UUID, target: UUID) -> int:
    """Erase what the log holds of a resource, or of one entry, as a person does."""
    ctx = organizations.command_line(runtime, org)
    async with ctx.transaction():
        return await erase(ctx, target)


async def bundle(runtime: Runtime, org: UUID, first: int = 1, last: int | None = None) -> list[bytes]:
    """The lines of a bundle, signed by the highest of SIGNING."""
    lines: list[bytes] = []
    found = await bundle_writer.write_bundle(runtime, org, SIGNING.current, lines.append, first, last)
    assert found.failure is None
    return lines


@asynccontextmanager
async def owner(backends: Backends) -> AsyncIterator[Any]:
    """The owner, who can take the policies away and then do anything."""
    connection = await asyncpg.connect(backends.migration_database_url)
    for table in ("audit_entries", "audit_changes", "audit_seals"):
        await connection.execute(f"alter table {table} no force row level security")
    yield connection
    await connection.close()
