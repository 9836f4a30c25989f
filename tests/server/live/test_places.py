"""Streams that have heard nothing: what they go on after when they were lost."""

from datetime import timedelta

import pytest

from models.typeid import encode
from resolvers import clients, organizations
from resolvers.context import now
from resolvers.live import events, places
from resolvers.live.events import Snapshot
from tests.support.api import Org, new_client
from tests.support.live import following, refused
from tests.support.sockets import socket

EVENTS = 'subscription($after: ID) { events(types: ["client.created"], after: $after) { id resourceId } }'


async def place(org: Org) -> str:
    """What a stream begins with that is lost at once."""
    async with following(org, EVENTS) as stream:
        found = await stream.opened()
    assert found is not None
    return found


async def test_a_stream_that_heard_nothing_goes_on_where_it_began(
    acme: Org, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PAGE", 2)
    await new_client(acme)
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with ctx.transaction():
        # What is open when it begins is missed, and what was committed after that had begun is not.
        early = await clients.create(ctx, {"name": "Early", "email": "early@example.com"})
        await new_client(acme)
        began = await place(acme)
    late = [await new_client(acme) for _ in range(3)]
    expected = [encode("client", early["id"]), *(each["publicId"] for each in late)]
    async with following(acme, EVENTS, {"Last-Event-ID": began}) as stream:
        assert [(await stream.result())["events"]["resourceId"] for _ in expected] == expected
        last = await new_client(acme)
        assert (await stream.result())["events"]["resourceId"] == last["publicId"]
    async with socket(api) as connection:
        await connection.init(acme.key)
        await connection.subscribe("1", EVENTS, after=began)
        found = [(await connection.next())["payload"]["data"]["events"]["resourceId"] for _ in range(5)]
        assert found == [*expected, last["publicId"]]


async def test_what_an_event_is_named_to_begin_after_has_no_place(acme: Org) -> None:
    await new_client(acme)
    (row,) = await acme.rows("select id from events")
    async with following(acme, EVENTS, after=encode("event", row["id"])) as stream:
        assert await stream.opened() is None


async def test_of_too_many_open_transactions_what_is_uncertain_is_sent_again(acme: Org) -> None:
    ctx = organizations.command_line(acme.runtime, acme.id)
    known, least = Snapshot(5, 900, frozenset(range(5, 55))), timedelta(days=1)
    many = Snapshot(5, 900, frozenset(range(5, 56)))
    found = places.place_of(ctx, many)
    async with ctx.snapshot():
        assert await places.snapshot_of(ctx, places.place_of(ctx, known), least) == known
        assert await places.snapshot_of(ctx, found, least) == Snapshot(5, 5, frozenset())
    assert len(found) < 200


async def test_a_place_of_others_or_of_nobody_is_refused(acme: Org, other: Org) -> None:
    foreign, own = await place(other), await place(acme)
    for wrong in (foreign, "place_", "place_x", "place_é", own[:-8] + "AAAAAAAA", own[:20]):
        assert await refused(acme, EVENTS, after=wrong) == [200, ("BAD_INPUT", "after")]


async def test_a_place_past_retention_is_expired(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as then:
        then.setattr(places, "now", lambda: now() - timedelta(days=2))
        ctx = organizations.command_line(acme.runtime, acme.id)
        old = places.place_of(ctx, Snapshot(5, 5, frozenset()))
    async with following(acme, EVENTS, after=old) as stream:
        client = await new_client(acme)
        assert (await stream.result())["events"]["resourceId"] == client["publicId"]
    await acme.set_setting("retention.events", 1)
    assert await refused(acme, EVENTS, after=old) == [200, ("EVENT_EXPIRED", "after")]
