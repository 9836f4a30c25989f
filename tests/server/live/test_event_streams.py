"""Subscriptions over server-sent events: what is heard, from where, and what is refused."""

from models.typeid import encode
from tests.support.api import Org, new_client, new_order
from tests.support.live import following, refused

EVENTS = "subscription($types: [String!], $after: ID) { events(types: $types, after: $after) { id type resourceId } }"


async def test_events_are_heard_with_their_ids(acme: Org, other: Org) -> None:
    async with following(acme, EVENTS) as stream:
        assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        await new_client(other)
        client = await new_client(acme)
        sent = await stream.next()
    (row,) = await acme.rows("select id from events")
    assert sent.event == "next"
    event = sent.data["data"]["events"]
    assert (event["type"], event["resourceId"]) == ("client.created", client["publicId"])
    assert sent.id == encode("event", row["id"]) == event["id"] == sent.data["extensions"]["event"]["id"]


async def test_types_are_heard_alone(acme: Org) -> None:
    async with following(acme, EVENTS, types=["order.created"]) as stream:
        order = await new_order(acme)
        assert (await stream.result())["events"]["resourceId"] == order["publicId"]


async def test_an_unknown_type_is_refused(acme: Org) -> None:
    assert await refused(acme, EVENTS, types=["order.created", "x"]) == [400, ("BAD_INPUT", "types.1")]
