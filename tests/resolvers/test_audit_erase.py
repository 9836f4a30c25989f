"""Erasing from the audit log: the changes go, the chain holds, and a sealed entry says who erased what."""

from uuid import UUID

from resolvers.audit.entries import new_entry
from resolvers.audit.verify import verify
from resolvers.changes import write as changes
from resolvers.database.runtime import Runtime
from resolvers.jobs.claims import context_of
from tests.support.audit import entry_of, erased, sealed
from tests.support.jobs import one, rows


async def test_erased_changes_still_verify(runtime: Runtime, org: UUID) -> None:
    before = await sealed(runtime, org, 3)
    second = await entry_of(runtime, org, 2)
    assert await erased(runtime, org, second) == 1
    after = await verify(runtime, org, before.head)
    assert (after.sealed, after.unsealed, after.erased, after.failure) == (4, 0, 1, None)
    # Who erased what, and when.
    entry = await one(runtime, org, "select * from audit_entries where org_id = $1 and action = 'audit:erase'", org)
    assert (entry["target_id"], entry["actor_kind"], entry["source"]) == (second, "CLI", "CLI")
    assert entry["id"] == await entry_of(runtime, org, 4)
    # Once more finds nothing to erase, and writes nothing.
    assert await erased(runtime, org, second) == 0
    assert await verify(runtime, org) == after


async def test_a_resource_is_erased_whole_also_where_it_was_not_sealed(runtime: Runtime, org: UUID) -> None:
    await sealed(runtime, org, 2)
    second = await entry_of(runtime, org, 2)
    client = (await one(runtime, org, "select target_id from audit_entries where id = $1", second))["target_id"]
    ctx = context_of(runtime, org, org)
    async with ctx.transaction():
        await changes.write_entries(ctx, [(new_entry("client:update", {}, {"name": "Zoë"}), client)])
    assert await erased(runtime, org, client) == 2
    found = await verify(runtime, org)
    assert (found.sealed, found.unsealed, found.erased, found.failure) == (5, 0, 2, None)
    left = await rows(runtime, org, "select changes from audit_changes where org_id = $1 order by entry_id", org)
    assert [row["changes"] for row in left] == ['{"name":["Zoe","Zoë"]}', "{}", "{}"]
