"""Events that were restored from another cluster, which had counted further: until `migrate`, and after it.

A row that is written anew with a number ahead of the cluster's counter is what a restored dump has.
"""

import asyncio
import logging
from collections.abc import AsyncIterator

import psycopg
import pytest
import structlog

from models.typeid import encode
from resolvers import organizations
from resolvers.live import events, places
from resolvers.live.events import Snapshot, tell_of_restore
from server.wiring import running
from tests.support.api import Org, make_org, new_client, serving, settings_of
from tests.support.live import following, refused
from tests.support.restored import IN_ORDER, migrate, more_than_numbers, restore
from tests.support.servers import Backends

EVENTS = 'subscription($after: ID) { events(types: ["client.created"], after: $after) { id resourceId } }'
RESTORED = [200, ("EVENT_EXPIRED", "after")]

pytestmark = pytest.mark.usefixtures("logging_restored")


@pytest.fixture
async def org(own_backends: Backends) -> AsyncIterator[Org]:
    """An organization of a database of its own."""
    tell_of_restore.cache_clear()
    settings = settings_of(own_backends)
    async with serving(settings) as base, running(settings) as runtime:
        made = await make_org(runtime, base)
        yield made
        await made.close()


def count_on(backends: Backends, transactions: int) -> None:
    """Let the cluster's counter go on."""
    with psycopg.connect(backends.migration_database_url, autocommit=True) as owner:
        for _ in range(transactions):
            owner.execute("select pg_current_xact_id()")


async def in_order(org: Org) -> list[str]:
    """The ids of the organization's events in the order of feeds."""
    return [encode("event", row["id"]) for row in await org.rows(IN_ORDER)]


async def test_after_migrate_a_stream_goes_on_as_if_nothing_had_been(org: Org, own_backends: Backends) -> None:
    for _ in range(4):
        await new_client(org)
    old = await in_order(org)
    restore(own_backends, 1_000_000)
    migrate(own_backends)
    assert await in_order(org) == old
    new = [await new_client(org) for _ in range(2)]
    async with following(org, EVENTS, after=old[1]) as resumed, following(org, EVENTS, after=old[-1]) as last:
        assert [(await resumed.result())["events"]["id"] for _ in range(2)] == old[2:]
        for stream in (resumed, last):
            assert [(await stream.result())["events"]["resourceId"] for _ in new] == [each["publicId"] for each in new]
    kept = await org.rows("select id, xact::text from events order by id")
    migrate(own_backends)
    assert await org.rows("select id, xact::text from events order by id") == kept


async def test_where_there_are_not_enough_numbers_a_place_whose_order_is_lost_is_expired(
    org: Org, own_backends: Backends
) -> None:
    await new_client(org)
    # In threads: the server's own statements wait for the table meanwhile.
    await asyncio.to_thread(more_than_numbers, own_backends)
    await asyncio.to_thread(restore, own_backends, 1_000_000, "true", "3 * (place % 2)")
    order = await in_order(org)
    await asyncio.to_thread(migrate, own_backends)
    lost = [encode("event", row["id"]) for row in await org.rows("select id from events where xact = '0' order by id")]
    kept = order[len(lost) :]
    assert len(lost) > 100
    assert len(kept) > 100
    assert lost == sorted(order[: len(lost)])
    assert (await in_order(org))[len(lost) :] == kept
    for each in (lost[0], lost[-1]):
        assert await refused(org, EVENTS, after=each) == RESTORED
    async with following(org, EVENTS, after=kept[0]) as stream:
        assert [(await stream.result())["events"]["id"] for _ in range(3)] == kept[1:4]
    # What was lost is not found again by another restore.
    await asyncio.to_thread(restore, own_backends, 2_000_000, "events.xact > '0'")
    await asyncio.to_thread(migrate, own_backends)
    assert await refused(org, EVENTS, after=lost[-1]) == RESTORED


async def test_without_migrate_it_says_so_and_leaves_nothing_out(
    org: Org, own_backends: Backends, caplog: pytest.LogCaptureFixture
) -> None:
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
    for _ in range(4):
        await new_client(org)
    began = (await org.rows("select id from events order by id limit 1"))[0]["id"]
    restore(own_backends, 200, f"events.id <> '{began}'")
    old = await in_order(org)
    with caplog.at_level(logging.WARNING):
        async with following(org, EVENTS) as fresh:
            new = await new_client(org)
            assert (await fresh.result())["events"]["resourceId"] == new["publicId"]
            # An event of this cluster is a place in its order; one of the other is none, nor is one before them.
            (after,) = set(await in_order(org)) - set(old)
            for wrong in old[1:]:
                assert await refused(org, EVENTS, after=wrong) == RESTORED
            async with following(org, EVENTS, after=old[0]) as before:
                assert [error["extensions"]["code"] for error in (await before.next()).data["errors"]] == [
                    "EVENT_EXPIRED"
                ]
            async with following(org, EVENTS, after=after) as resumed:
                count_on(own_backends, 400)
                late = await new_client(org)
                for stream in (fresh, resumed):
                    assert (await stream.result())["events"]["resourceId"] == late["publicId"]
    assert await refused(org, EVENTS, after=old[-1]) == RESTORED
    said = [record.getMessage() for record in caplog.records if "counterfoil migrate" in record.getMessage()]
    assert len(said) == 1, said


async def test_a_place_of_a_cluster_that_had_counted_further_is_expired(org: Org) -> None:
    ctx = organizations.command_line(org.runtime, org.id)
    async with ctx.snapshot():
        top = (await events.snapshot(ctx)).xmax
    ahead = places.place_of(ctx, Snapshot(top + 1_000_000, top + 1_000_000, frozenset()))
    assert await refused(org, EVENTS, after=ahead) == RESTORED
