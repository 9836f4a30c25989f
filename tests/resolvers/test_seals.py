"""The audit log's chain: it proves what was recorded, finds what was changed, and forgets what must be forgotten."""

import asyncio
from uuid import UUID, uuid4

import pytest

from models.typeid import new_uuid
from resolvers.audit import seals
from resolvers.audit.entries import NewAuditEntry, digest_of, new_entry
from resolvers.audit.verify import Verification, verify
from resolvers.changes import write as changes
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import context_of
from resolvers.jobs.retention import Retention
from resolvers.keyring import Keyring
from tests.support.audit import JOB, owner, run, sealed
from tests.support.jobs import RING, emit, eventually, one, rows, slot_of, working
from tests.support.servers import Backends
from workers.audit.seals import HANDLER
from workers.jobs.sweep import purge_expired

UNFIT = "seal {} does not fit its entry and the seal before it"
SECOND = "(select entry_id from audit_seals where sequence = 2)"


async def test_an_empty_log_verifies(runtime: Runtime, org: UUID) -> None:
    assert await verify(runtime, org) == Verification(0, 0, 0, None, None)
    assert (await verify(runtime, org, (1, "00"))).failure == "the chain ends at 0, before the kept head 1"


async def test_a_sealed_log_verifies(runtime: Runtime, org: UUID) -> None:
    await emit(runtime, org, 2)
    assert await verify(runtime, org) == Verification(0, 2, 0, None, None)
    await run(runtime, org)
    found = await verify(runtime, org)
    last = await one(runtime, org, "select * from audit_seals where org_id = $1 and sequence = 2", org)
    assert found.head is not None
    assert found == Verification(2, 0, 0, (2, found.head[1]), None)
    # Heads that an earlier version printed were seals.
    assert (await verify(runtime, org, (2, last["seal"].hex()))).failure is None
    await emit(runtime, org)
    await run(runtime, org)
    assert (await verify(runtime, org, found.head)).failure is None
    assert (await verify(runtime, org, (2, "00" * 32))).failure == "entry 2 is not the kept head"


async def test_the_job_comes_again_and_then_rests(runtime: Runtime, org: UUID) -> None:
    await emit(runtime, org, 3)
    first = await one(runtime, org, JOB, org)
    await run(runtime, org)
    again = await one(runtime, org, JOB, org)
    assert (again["id"], again["state"], again["attempt"]) == (first["id"], "QUEUED", 0)
    assert (again["run_at"] - first["run_at"]).total_seconds() >= 15
    await run(runtime, org)
    assert (await one(runtime, org, JOB, org))["state"] == "DONE"


async def test_seals_do_not_pile_up(runtime: Runtime, org: UUID) -> None:
    await emit(runtime, org)
    job = await one(runtime, org, JOB, org)
    claim = await jobs.claim(runtime, org, job["id"], 45)
    assert claim is not None
    # While one runs, a change queues another: then the first need not come again.
    await emit(runtime, org)
    await HANDLER.run(runtime, claim, slot_of(claim))
    states = await rows(runtime, org, JOB + " order by id", org)
    assert [row["state"] for row in states] == ["DONE", "QUEUED"]


async def test_more_than_a_batch(runtime: Runtime, org: UUID) -> None:
    ctx = context_of(runtime, org, org)
    async with ctx.transaction():
        await changes.write_entries(ctx, [(new_entry("client:update", {}, {"name": "Zoë"}), org) for _ in range(1200)])
    found = await sealed(runtime, org, 1)
    assert (found.sealed, found.unsealed, found.erased, found.failure) == (1201, 0, 0, None)


async def test_a_latecomer_is_found_by_a_full_look(runtime: Runtime, org: UUID) -> None:
    await sealed(runtime, org, 1)
    ctx = context_of(runtime, org, org)
    made = NewAuditEntry(
        UUID("00000000-0000-7000-8000-000000000000"), "client:update", bytes(16), "{}", digest_of(bytes(16), "{}")
    )
    async with ctx.transaction():
        await changes.write_entries(ctx, [(made, org)])
    for everything, number in ((False, 0), (True, 1)):
        ctx = context_of(runtime, org, org)
        async with ctx.transaction():
            assert await seals.seal(ctx, everything=everything) == number
    assert (await verify(runtime, org)).failure is None


async def test_the_worker_seals(runtime: Runtime, org: UUID) -> None:
    await emit(runtime, org, 5)

    async def done() -> bool:
        return (await verify(runtime, org)).sealed == 5

    async with working(runtime):
        await eventually(done)


async def test_changes_that_are_not_canonical_are_refused(runtime: Runtime, org: UUID) -> None:
    for text in (
        '{"name": ["a","b"]}',
        '{"b":[1,2],"a":[1,2]}',
        '{"a":[1,2],"a":[1,2]}',
        '{"a":[1]}',
        "[]",
        "name",
        "",
    ):
        made = new_entry("client:update", {}, {})
        ctx = context_of(runtime, org, org)
        written = NewAuditEntry(made.id, made.action, made.salt, text, digest_of(made.salt, text))
        async with ctx.transaction():
            await changes.write_entries(ctx, [(written, org)])
        failure = (await verify(runtime, org)).failure
        assert failure is not None
        assert failure.endswith("are not in canonical form"), text
        org = uuid4()


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
            "update audit_seals set seal = sha256('x') where sequence = 3",
            "seal 3 does not fit its entry and the seal before it",
        ),
        ("update audit_seals set key_version = 9 where sequence = 1", "seal 1 needs the seal key of version 9"),
    ],
)
async def test_tampering_is_found(
    runtime: Runtime, own_backends: Backends, org: UUID, tampering: str, failure: str
) -> None:
    before = await sealed(runtime, org, 3)
    async with owner(own_backends) as connection:
        assert await connection.execute(tampering) in ("UPDATE 1", "DELETE 1")
    assert (await verify(runtime, org, before.head)).failure == failure


async def test_another_key_does_not_verify(runtime: Runtime, org: UUID) -> None:
    await sealed(runtime, org, 1)
    runtime.seal_keys = Keyring({2: bytes(32)})
    assert (await verify(runtime, org)).failure == UNFIT.format(1)


async def test_a_newer_key_seals_and_the_older_still_verifies(runtime: Runtime, org: UUID) -> None:
    runtime.seal_keys = Keyring({1: RING.keys[1]})
    await sealed(runtime, org, 1)
    await emit(runtime, org)
    runtime.seal_keys = RING
    await run(runtime, org)
    found = await verify(runtime, org)
    assert (found.sealed, found.failure) == (2, None)
    kept = await rows(runtime, org, "select key_version from audit_seals where org_id = $1 order by sequence", org)
    assert [row["key_version"] for row in kept] == [1, 2]


FORGED = (
    "insert into audit_entries select $1, id, 'client:create', 'KEY', 'k', 'K', id, 'd', 'r', 'REST', now(), $2"
    " from unnest($3::uuid[]) id"
)


async def test_what_was_not_written_with_a_seal_key_is_not_sealed_and_keeps_nothing_else_from_it(
    runtime: Runtime, org: UUID
) -> None:
    await sealed(runtime, org, 1)
    await rows(runtime, org, FORGED, org, bytes(34), [new_uuid() for _ in range(seals.BATCH + 20)])
    found = await sealed(runtime, org, 2)
    assert (found.sealed, found.unsealed) == (3, seals.BATCH + 20)
    assert found.failure is not None
    assert found.failure.endswith("was not written with a seal key")


async def test_nothing_is_sealed_after_a_seal_that_is_not_ours(
    runtime: Runtime, own_backends: Backends, org: UUID
) -> None:
    before = await sealed(runtime, org, 2)
    await emit(runtime, org, 2)
    sql = (
        "insert into audit_seals select $1, 3, id, sha256('x'), 2 from audit_entries e where not exists"
        " (select from audit_seals s where s.entry_id = e.id) limit 1"
    )
    await rows(runtime, org, sql, org)
    await run(runtime, org)
    job = await one(runtime, org, JOB + " order by id desc limit 1", org)
    assert (job["state"], job["error_code"]) == ("FAILED", "CHAIN_BROKEN")
    found = await verify(runtime, org, before.head)
    assert (found.sealed, found.unsealed, found.failure) == (2, 1, UNFIT.format(3))

    # An operator removes it, and the log is whole again.
    async with owner(own_backends) as connection:
        assert await connection.execute("delete from audit_seals where sequence = 3") == "DELETE 1"
    await emit(runtime, org)
    await run(runtime, org)
    found = await verify(runtime, org, before.head)
    assert (found.sealed, found.unsealed, found.failure) == (5, 0, None)


async def test_a_broken_chain_keeps_no_other_organization_from_being_sealed(runtime: Runtime) -> None:
    broken, whole = sorted((uuid4(), uuid4()))
    for each in (broken, whole):
        await rows(runtime, each, "insert into directory values ('organization', $1, $2)", str(each), each)
        await emit(runtime, each, 2)
    sql = "insert into audit_seals select $1, 7, id, sha256('x'), 2 from audit_entries limit 1"
    await rows(runtime, broken, sql, broken)
    house = asyncio.create_task(purge_expired(runtime, Retention(), 0.01, 0.01))

    async def done() -> bool:
        return (await verify(runtime, whole)).unsealed == 0

    try:
        # Twice, as the broken one may be the last.
        await eventually(done)
        await emit(runtime, whole)
        await eventually(done)
    finally:
        house.cancel()
        await asyncio.wait([house])
    assert (await verify(runtime, whole)).sealed == 3
    assert (await verify(runtime, broken)).failure == "seal 1 is missing"
