"""Resuming: from any event, without a gap or a double, in the order of commits."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.typeid import encode, new_uuid, uuid_at
from resolvers import clients, organizations
from resolvers.context import now
from resolvers.errors import Refusal
from resolvers.live import events
from schema.live import shared
from schema.live.shared import EVENTS as EVENTS_FOR_ONE
from schema.live.shared import PAGE, Shared
from tests.support.api import Org, new_client, new_order
from tests.support.live import Followed, following, refused
from tests.support.sockets import socket
from web.dependencies import Dependencies

ORDERS = "subscription($after: ID) { orderUpdated(after: $after) { number } }"
EVENTS = 'subscription($after: ID) { events(types: ["client.created"], after: $after) { id resourceId } }'


async def event_ids(org: Org) -> list[str]:
    """The ids of the organization's events in the order in which they were made."""
    return [encode("event", row["id"]) for row in await org.rows("select id from events order by id")]


async def ids(stream: Followed, count: int) -> list[str]:
    """The ids of the next messages, which are those of their events."""
    found = [await stream.next() for _ in range(count)]
    assert [sent.id for sent in found] == [sent.data["data"]["events"]["id"] for sent in found]
    return [sent.id or "" for sent in found]


def _first_refused(once: Any, refusals: Iterator[Refusal]) -> Any:
    """What raises a refusal first, where there is one left, and is as it was after that."""
    mine = [*itertools.islice(refusals, 1)]

    async def refused(self: Shared, place: Any) -> Any:
        for refusal in mine:
            mine.clear()
            raise refusal
        return await once(self, place)

    return refused


async def test_a_stream_goes_on_after_an_event(acme: Org, api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PAGE", 2)
    for _ in range(5):
        await new_client(acme)
    made = await event_ids(acme)
    async with following(acme, EVENTS, after=made[0]) as stream:
        assert await ids(stream, 4) == made[1:]
        await new_client(acme)
        made = await event_ids(acme)
        assert await ids(stream, 1) == made[5:]
    # EventSource says where it was by a header, which goes before its address.
    async with following(acme, EVENTS, {"Last-Event-ID": made[2]}, after=made[0]) as stream:
        assert await ids(stream, 3) == made[3:]
    async with socket(api) as connection:
        await connection.init(acme.key)
        await connection.subscribe("1", EVENTS, after=made[3])
        found = [await connection.next() for _ in range(2)]
        assert [each["payload"]["extensions"]["event"]["id"] for each in found] == made[4:]


async def test_what_commits_late_is_heard_in_its_place(acme: Org) -> None:
    await new_client(acme)
    (first,) = await event_ids(acme)
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with following(acme, EVENTS) as followed, following(acme, EVENTS, after=first) as resumed:
        async with ctx.transaction():
            early = await clients.create(ctx, {"name": "Early", "email": "early@example.com"})
            late = await new_client(acme)
        expected = [encode("client", early["id"]), late["publicId"]]
        for stream in (followed, resumed):
            assert [(await stream.result())["events"]["resourceId"] for _ in expected] == expected
        made = {row["resource_id"]: row["id"] for row in await acme.rows("select id, resource_id from events")}
    async with following(acme, EVENTS, after=encode("event", made[early["id"]])) as between:
        assert (await between.result())["events"]["resourceId"] == late["publicId"]


async def test_an_event_that_there_is_not_is_refused(acme: Org, other: Org) -> None:
    await new_client(other)
    (foreign,) = await event_ids(other)
    # Also one whose time is beyond the year 9999.
    last = "event_7" + "z" * 25
    for wrong in (foreign, encode("event", new_uuid()), "event_x", "client_01kaxq7v1rf3k8m5q2w7e9t4ya", last):
        assert await refused(acme, EVENTS, after=wrong) == [200, ("BAD_INPUT", "after")]
    assert await refused(acme, EVENTS, {"Last-Event-ID": foreign}) == [200, ("BAD_INPUT", "after")]


async def test_an_event_past_retention_is_an_error_of_its_own(acme: Org) -> None:
    await new_client(acme)
    (only,) = await event_ids(acme)
    old = encode("event", uuid_at(now() - timedelta(days=30, minutes=1)))
    assert await refused(acme, EVENTS, after=old) == [200, ("EVENT_EXPIRED", "after")]
    recent = encode("event", uuid_at(now() - timedelta(days=2)))
    assert await refused(acme, EVENTS, after=recent) == [200, ("BAD_INPUT", "after")]
    await acme.set_setting("retention.events", 1)
    assert await refused(acme, EVENTS, after=recent) == [200, ("EVENT_EXPIRED", "after")]
    async with following(acme, EVENTS, after=only) as stream:
        client = await new_client(acme)
        assert (await stream.result())["events"]["resourceId"] == client["publicId"]


async def test_what_is_read_again_is_paid_for(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what nobody asked for among it, page by page."""
    monkeypatch.setattr(events, "PAGE", 10)
    await new_order(acme)
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with ctx.transaction():
        for number in range(40):
            await clients.create(ctx, {"name": f"C{number}", "email": f"c{number}@example.com"})
    first = (await event_ids(acme))[0]
    spent: list[int] = []
    monkeypatch.setattr(Dependencies, "give_back", lambda _self, _actor, cost: spent.append(shared.PAGE_AT_MOST - cost))
    async with following(acme, ORDERS, after=first) as stream:
        assert (await stream.next()).data["extensions"]["event"]["type"] == "order.created"
        await new_order(acme)
        await stream.next()
    # Of 42 others each page of ten is 2, and 1 for ten events; the order's events are queries of their own.
    assert spent.count(PAGE + 10 // EVENTS_FOR_ONE) == 4


async def test_what_was_missed_waits_while_something_is_owed(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [await new_client(acme) for _ in range(3)]
    found = await event_ids(acme)
    owing = iter([Refusal("RATE_LIMITED", "Owed.", retryAfter=0.01) for _ in range(2)])
    for name in ("missed", "result"):
        monkeypatch.setattr(Shared, name, _first_refused(getattr(Shared, name), owing))
    async with following(acme, EVENTS, after=found[0]) as stream:
        assert await ids(stream, 2) == found[1:]
    assert (len(made), next(owing, None)) == (3, None)


def test_a_snapshot_tells_what_was_committed() -> None:
    found = events.Snapshot.parsed("10:20:12,15")
    assert [xact for xact in range(8, 22) if not found.has(xact)] == [12, 15, 20, 21]
    assert events.Snapshot.parsed("10:10:").position == events.EventPosition(10, UUID(int=0))
