"""What somebody who has the application's database role, and none of its secrets, may try with the audit log.

Either the database refuses it, or `verify` sees it. Three entries are sealed and two are not.
"""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from resolvers.audit.verify import Verification, verify
from resolvers.database.runtime import Runtime
from tests.support.audit import entry_of, erased, run, sealed
from tests.support.audit_attacks import BORDERS, COPY, FORGED, REFUSED, REPLACED, SECOND, SEEN, THIRD, YOUNG, moved
from tests.support.jobs import emit, rows, runtime_of
from tests.support.servers import Backends


@pytest.fixture(scope="module", name="runtime")
async def shared(backends: Backends) -> AsyncIterator[Runtime]:
    """A runtime over the session's database: each test has an organization of its own."""
    async with runtime_of(backends) as made:
        yield made


async def prepared(runtime: Runtime, org: UUID) -> Verification:
    """Three sealed entries, two that are not."""
    before = await sealed(runtime, org, 3)
    assert (before.sealed, before.failure) == (3, None)
    await emit(runtime, org, 2)
    return before


@pytest.mark.parametrize(("sql", "error"), REFUSED.values(), ids=REFUSED)
async def test_the_database_refuses(runtime: Runtime, org: UUID, sql: str, error: str) -> None:
    before = await prepared(runtime, org)
    untouched = await verify(runtime, org, before.head)
    values = (org,) if "$1" in sql else ()
    with pytest.raises(getattr(asyncpg, f"{error}Error")):
        await rows(runtime, org, sql, *values)
    assert await verify(runtime, org, before.head) == untouched
    assert untouched.failure is None
    # What comes later is sealed as ever.
    await run(runtime, org)
    assert (await verify(runtime, org, before.head)).sealed == 5


@pytest.mark.parametrize(("salt", "changes"), BORDERS.values(), ids=BORDERS)
async def test_a_salt_keeps_its_length(runtime: Runtime, org: UUID, salt: str, changes: str) -> None:
    before = await prepared(runtime, org)
    sql = moved(salt, changes)
    with pytest.raises(asyncpg.CheckViolationError):
        await replaced(runtime, org, sql)
    assert (await verify(runtime, org, before.head)).failure is None


@pytest.mark.parametrize(("salt", "changes"), list(BORDERS.values())[::2], ids=list(BORDERS)[::2])
async def test_a_border_that_was_moved_before_there_was_a_check_is_seen(
    own_backends: Backends, org: UUID, salt: str, changes: str
) -> None:
    connection = await asyncpg.connect(own_backends.migration_database_url)
    await connection.execute("alter table audit_changes drop constraint audit_changes_salt_check")
    await connection.close()
    async with runtime_of(own_backends) as runtime:
        before = await prepared(runtime, org)
        await replaced(runtime, org, moved(salt, changes))
        failure = (await verify(runtime, org, before.head)).failure
    assert failure is not None
    assert failure.startswith("the changes of entry 2 have a salt of ")


async def test_a_seal_below_the_first_from_before_there_was_a_check_is_seen(own_backends: Backends, org: UUID) -> None:
    connection = await asyncpg.connect(own_backends.migration_database_url)
    await connection.execute("alter table audit_seals drop constraint audit_seals_sequence_check")
    await connection.close()
    async with runtime_of(own_backends) as runtime:
        before = await prepared(runtime, org)
        await rows(runtime, org, REFUSED["a seal far below"][0], org)
        assert (await verify(runtime, org, before.head)).failure == "there is a seal -9"


async def replaced(runtime: Runtime, org: UUID, sql: str) -> None:
    """Delete an entry's changes and insert what a statement made of them, in one transaction."""
    async with runtime.bound(org) as connection:
        made = await connection.fetch(sql, org)
        assert len(made) == 1
        values = (org, made[0]["entry_id"], made[0]["salt"], made[0]["changes"])
        await connection.fetch("insert into audit_changes values ($1, $2, $3, $4)", *values)


@pytest.mark.parametrize(("salt", "changes"), REPLACED.values(), ids=REPLACED)
@pytest.mark.parametrize("entry", [SECOND, YOUNG], ids=["sealed", "unsealed"])
async def test_changes_that_were_replaced_are_seen(
    runtime: Runtime, org: UUID, entry: str, salt: str, changes: str
) -> None:
    before = await prepared(runtime, org)
    await replaced(runtime, org, moved(salt, changes, entry))
    failure = (await verify(runtime, org, before.head)).failure
    assert failure is not None
    assert failure.startswith(
        "the changes of entry 2" if entry == SECOND else "the changes of the unsealed entry audit_"
    )
    assert failure.endswith("do not fit their digest")
    await run(runtime, org)
    found = await verify(runtime, org)
    assert found.failure == f"the changes of entry {2 if entry == SECOND else 4} do not fit their digest"


async def test_the_same_salt_and_changes_written_anew_are_no_failure(runtime: Runtime, org: UUID) -> None:
    before = await prepared(runtime, org)
    await replaced(runtime, org, moved("old.salt", "old.changes"))
    assert (await verify(runtime, org, before.head)).failure is None


async def test_two_that_swapped_their_salts_are_seen(runtime: Runtime, org: UUID) -> None:
    before = await prepared(runtime, org)
    async with runtime.bound(org) as connection:
        two = await connection.fetch(f"delete from audit_changes where entry_id in ({SECOND}, {THIRD}) returning *")
        for one, other in ((two[0], two[1]), (two[1], two[0])):
            values = (org, one["entry_id"], other["salt"], one["changes"])
            await connection.fetch("insert into audit_changes values ($1, $2, $3, $4)", *values)
    assert (await verify(runtime, org, before.head)).failure == "the changes of entry 2 do not fit their digest"


@pytest.mark.parametrize(("sql", "failure"), SEEN.values(), ids=SEEN)
async def test_verify_sees(runtime: Runtime, org: UUID, sql: str, failure: str) -> None:
    before = await prepared(runtime, org)
    await rows(runtime, org, sql, org)
    found = (await verify(runtime, org, before.head)).failure
    assert found is not None
    assert failure in found
    # Nor does it vanish with the next seals.
    await run(runtime, org)
    assert (await verify(runtime, org, before.head)).failure is not None


@pytest.mark.parametrize("also", ["mac", "'\\x0002'::bytea || sha256('x')"], ids=["its own MAC", "another MAC"])
async def test_an_entry_for_another_organization_is_seen_there(runtime: Runtime, org: UUID, also: str) -> None:
    await prepared(runtime, org)
    other = uuid4()
    await sealed(runtime, other, 1)
    copied = await rows(
        runtime, org, f"select {COPY}, occurred_at, {also} as mac from audit_entries where id = {SECOND}"
    )
    values = ", ".join(f"${number}" for number in range(2, 2 + len(copied[0])))
    await rows(runtime, other, f"insert into audit_entries select $1, gen_random_uuid(), {values}", other, *copied[0])
    failure = (await verify(runtime, other)).failure
    assert failure is not None
    assert failure.endswith(FORGED)
    assert (await verify(runtime, org)).failure is None


async def test_what_was_erased_and_is_there_again_is_seen(runtime: Runtime, org: UUID) -> None:
    before = await prepared(runtime, org)
    second = await entry_of(runtime, org, 2)
    kept = (await rows(runtime, org, "select salt, changes from audit_changes where entry_id = $1", second))[0]
    assert await erased(runtime, org, second) == 1
    assert (await verify(runtime, org, before.head)).failure is None
    for salt, changes in ((kept["salt"], kept["changes"]), (bytes(16), "{}")):
        sql = "insert into audit_changes values ($1, $2, $3, $4)"
        await rows(runtime, org, sql, org, second, salt, changes)
        assert (await verify(runtime, org, before.head)).failure is not None
        await rows(runtime, org, "delete from audit_changes where entry_id = $1", second)
    assert (await verify(runtime, org, before.head)).failure is None
    await rows(runtime, org, "insert into audit_changes values ($1, $2, $3, $4)", org, second, *kept)
    assert (await verify(runtime, org)).failure == "entry 6 erased changes that are there again"


async def test_seal_jobs_that_were_taken_away_leave_the_entries_to_retention(runtime: Runtime, org: UUID) -> None:
    before = await prepared(runtime, org)
    await rows(runtime, org, "delete from jobs where org_id = $1", org)
    assert await verify(runtime, org, before.head) == Verification(3, 2, 0, before.head, None)
    # The next change queues another.
    await emit(runtime, org)
    await run(runtime, org)
    assert (await verify(runtime, org, before.head)).sealed == 6
