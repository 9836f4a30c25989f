"""Events that were restored from another cluster, which had counted further: what `migrate` makes of them."""

from resolvers.database.runtime import Runtime
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
