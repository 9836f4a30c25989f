"""Events that were restored from another cluster, which had counted further: what `migrate` makes of them."""

from migrations.runner import downgrade, upgrade
from resolvers.database.runtime import Runtime
from server.database.databases import role_of
from tests.support.api import make_org
from tests.support.jobs import emit, rows
from tests.support.restored import IN_ORDER, migrate, restore
from tests.support.servers import Backends

NUMBERS = "select id, xact::text from events order by id"


async def test_the_order_of_commits_and_what_came_since_are_kept(runtime: Runtime, own_backends: Backends) -> None:
    """Ids do not tell it, and a part of the old numbers may be one that this cluster had reached."""
    org = (await make_org(runtime, "http://unused")).id
    await emit(runtime, org, 8)
    reached = (await rows(runtime, org, NUMBERS))[0]["id"]
    # 1 3 2 5 4 7 6 8 by ids.
    restore(own_backends, 1_000_000, f"events.id <> '{reached}'", "3 * (place % 2)")
    mixed = [row["id"] for row in await rows(runtime, org, IN_ORDER) if row["id"] != reached]
    assert mixed != sorted(mixed)
    await emit(runtime, org, 2)
    known = (await rows(runtime, org, NUMBERS))[-2:]
    migrate(own_backends)
    found = [row["id"] for row in await rows(runtime, org, IN_ORDER)]
    assert found[:8] == [reached, *mixed]
    assert (len(found), (await rows(runtime, org, NUMBERS))[-2:]) == (10, known)


async def test_it_returns_for_how_many_organizations_and_does_so_at_the_newest_revision_alone(
    runtime: Runtime, own_backends: Backends
) -> None:
    owner, role = own_backends.migration_database_url, role_of(own_backends.database_url)
    first, second, other = [(await make_org(runtime, "http://unused")).id for _ in range(3)]
    for org in (first, second, other):
        await emit(runtime, org, 2)
    kept = await rows(runtime, other, NUMBERS)
    restore(own_backends, 1_000_000, f"events.org_id in ('{first}', '{second}')")
    restored = await rows(runtime, first, NUMBERS)
    downgrade(owner, role, "-2")
    assert upgrade(owner, role, "+1") == 0
    assert await rows(runtime, first, NUMBERS) == restored
    assert [upgrade(owner, role) for _ in range(2)] == [2, 0]
    assert await rows(runtime, first, NUMBERS) != restored
    assert await rows(runtime, other, NUMBERS) == kept
