"""The audit log's chain: it proves what was recorded, finds what was changed, and forgets what must be forgotten."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from resolvers import jobs, seals
from resolvers.jobs import context_of
from resolvers.runtime import Keyring, Runtime
from resolvers.seals import Verification, verify
from tests.jobs_support import eventually, one, rows, slot_of, tell, working
from tests.servers import Backends
from workers import seal

UNFIT = "seal {} does not fit its entry and the seal before it"
SECOND = "(select entry_id from audit_seals where sequence = 2)"
JOB = "select * from jobs where org_id = $1 and kind = 'AUDIT_SEAL'"


async def sealed(runtime: Runtime, org: UUID, number: int) -> Verification:
    """So many entries, sealed as a job does it; what a walk finds then."""
    await tell(runtime, org, number)
    await run(runtime, org)
    return await verify(runtime, org)


async def run(runtime: Runtime, org: UUID) -> None:
    """Run the organization's queued seal job now."""
    await rows(runtime, org, "update jobs set run_at = now() where org_id = $1 and state = 'QUEUED'", org)
    job = await one(runtime, org, JOB + " and state = 'QUEUED'", org)
    claim = await jobs.claim(runtime, org, job["id"], 45)
    assert claim is not None
    await seal.HANDLER.run(runtime, claim, slot_of(claim))


@asynccontextmanager
async def owner(backends: Backends, org: UUID) -> AsyncIterator[Any]:
    """The owner, who can take the policies away and then do anything."""
    connection = await asyncpg.connect(backends.migration_database_url)
    for table in ("audit_entries", "audit_changes", "audit_seals"):
        await connection.execute(f"alter table {table} no force row level security")
    yield connection
    await connection.close()


async def test_an_empty_log_verifies(runtime: Runtime, org: UUID) -> None:
    assert await verify(runtime, org) == Verification(0, 0, 0, None, None)
    assert (await verify(runtime, org, (1, "00"))).failure == "the chain ends at 0, before the kept head 1"


async def test_a_sealed_log_verifies(runtime: Runtime, org: UUID) -> None:
    await tell(runtime, org, 2)
    assert await verify(runtime, org) == Verification(0, 2, 0, None, None)
    await run(runtime, org)
    found = await verify(runtime, org)
    last = await one(runtime, org, "select * from audit_seals where org_id = $1 and sequence = 2", org)
    assert found == Verification(2, 0, 0, (2, last["seal"].hex()), None)
    assert found.head is not None
    await tell(runtime, org)
    await run(runtime, org)
    assert (await verify(runtime, org, found.head)).failure is None
    assert (await verify(runtime, org, (2, "00" * 32))).failure == "seal 2 is not the kept head"


async def test_the_job_comes_again_and_then_rests(runtime: Runtime, org: UUID) -> None:
    await tell(runtime, org, 3)
    first = await one(runtime, org, JOB, org)
    await run(runtime, org)
    again = await one(runtime, org, JOB, org)
    assert (again["id"], again["state"], again["attempt"]) == (first["id"], "QUEUED", 0)
    assert (again["run_at"] - first["run_at"]).total_seconds() >= 15
    await run(runtime, org)
    assert (await one(runtime, org, JOB, org))["state"] == "DONE"


async def test_seals_do_not_pile_up(runtime: Runtime, org: UUID) -> None:
    await tell(runtime, org)
    job = await one(runtime, org, JOB, org)
    claim = await jobs.claim(runtime, org, job["id"], 45)
    assert claim is not None
    # While one runs, a change queues another: then the first need not come again.
    await tell(runtime, org)
    await seal.HANDLER.run(runtime, claim, slot_of(claim))
    states = await rows(runtime, org, JOB + " order by id", org)
    assert [row["state"] for row in states] == ["DONE", "QUEUED"]


async def test_more_than_a_batch(runtime: Runtime, org: UUID) -> None:
    sql = (
        "insert into audit_entries select $1, uuidv7(), 'client:create', 'KEY', 'k', 'K', uuidv7(), 'd', 'r', 'REST',"
        " now() from generate_series(1, 1200)"
    )
    await rows(runtime, org, sql, org)
    found = await sealed(runtime, org, 1)
    assert (found.sealed, found.unsealed, found.erased, found.failure) == (1201, 0, 1200, None)


async def test_a_latecomer_is_found_by_a_full_look(runtime: Runtime, org: UUID) -> None:
    await sealed(runtime, org, 1)
    sql = (
        "insert into audit_entries select $1, $2, action, actor_kind, actor_id, actor_name, target_id, digest,"
        " request_id, source, occurred_at from audit_entries"
    )
    await rows(runtime, org, sql, org, UUID("00000000-0000-7000-8000-000000000000"))
    for everything, number in ((False, 0), (True, 1)):
        ctx = context_of(runtime, org, org)
        async with ctx.transaction():
            assert await seals.seal(ctx, everything=everything) == number
    assert (await verify(runtime, org)).failure is None


async def test_the_worker_seals(runtime: Runtime, org: UUID) -> None:
    await tell(runtime, org, 5)

    async def done() -> bool:
        return (await verify(runtime, org)).sealed == 5

    async with working(runtime):
        await eventually(done)


async def test_erased_changes_still_verify(runtime: Runtime, org: UUID) -> None:
    before = await sealed(runtime, org, 3)
    second = "(select entry_id from audit_seals where org_id = $1 and sequence = 2)"
    await rows(runtime, org, f"delete from audit_changes where org_id = $1 and entry_id = {second}", org)
    assert await verify(runtime, org, before.head) == Verification(3, 0, 1, before.head, None)


@pytest.mark.parametrize(
    ("tampering", "failure"),
    [
        (
            f"update audit_entries set actor_name = 'nobody' where id = {SECOND}",
            UNFIT.format(2),
        ),
        (
            "update audit_changes set changes = '{}' where entry_id = " + SECOND,
            "the changes of entry 2 do not fit their digest",
        ),
        ("delete from audit_seals where sequence = 2", "seal 2 is missing"),
        ("delete from audit_seals where sequence = 3", "the chain ends at 2, before the kept head 3"),
        (
            "update audit_seals set seal = 'x' where sequence = 3",
            "seal 3 does not fit its entry and the seal before it",
        ),
        ("update audit_seals set key_version = 9 where sequence = 1", "seal 1 needs the seal key of version 9"),
    ],
)
async def test_tampering_is_found(
    runtime: Runtime, own_backends: Backends, org: UUID, tampering: str, failure: str
) -> None:
    before = await sealed(runtime, org, 3)
    async with owner(own_backends, org) as connection:
        assert await connection.execute(tampering) in ("UPDATE 1", "DELETE 1")
    assert (await verify(runtime, org, before.head)).failure == failure


async def test_another_key_does_not_verify(runtime: Runtime, org: UUID) -> None:
    await sealed(runtime, org, 1)
    runtime.seal_keys = Keyring({2: bytes(32)})
    assert (await verify(runtime, org)).failure == UNFIT.format(1)


@pytest.mark.parametrize(
    "sql",
    [
        "update audit_entries set actor_name = 'x' where org_id = $1",
        "delete from audit_entries where org_id = $1",
        "update audit_seals set seal = 'x' where org_id = $1",
        "delete from audit_seals where org_id = $1",
        "update audit_changes set changes = '{}' where org_id = $1",
    ],
)
async def test_the_application_cannot_tamper(runtime: Runtime, org: UUID, sql: str) -> None:
    await sealed(runtime, org, 1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await rows(runtime, org, sql, org)
    assert (await verify(runtime, org)).failure is None
