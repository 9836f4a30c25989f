"""What each field of the root of subscriptions passes on, and who hears it."""

import asyncio

import pytest

from models.orders import OrderStatus
from models.typeid import encode, new_uuid
from resolvers.api_keys import verification
from resolvers.api_keys.verification import key_id_of
from resolvers.live.events import LiveEvent
from schema.live.shared import Shared
from tests.support import agents, reports
from tests.support.api import Org, new_client, new_order
from tests.support.live import Followed, following, refused
from tests.support.orders import transition
from tests.support.sockets import socket
from tests.support.tickets import new_ticket, reply
from tests.support.tokens import new_member, token_of

ORDERS = "subscription($id: ID) { orderUpdated(id: $id) { id status notes } }"
MESSAGES = "subscription($order: ID) { messageCreated(orderId: $order) { body visibility } }"
TICKETS = "subscription { ticketUpdated { id version } }"
JOBS = "subscription($id: ID) { agentJobUpdated(id: $id) { id status steps { nodes { index kind } } } }"
REPORTS = "subscription { reportUpdated { id status progress } }"
ALL = "subscription { events { type } }"
SAY = "mutation($i: CreateMessageInput!) { createMessage(input: $i) { message { id } } }"


async def types(stream: Followed, count: int) -> list[str]:
    """The types of the events of the next messages."""
    return [(await stream.next()).data["extensions"]["event"]["type"] for _ in range(count)]


async def test_orders(acme: Org) -> None:
    first = (await new_order(acme))["publicId"]
    async with following(acme, ORDERS) as every, following(acme, ORDERS, id=first) as one:
        second = (await new_order(acme))["publicId"]
        await acme.http.put(f"/api/v1/orders/{first}", json={"notes": "n"})
        await transition(acme, first, OrderStatus.SUBMITTED)
        assert (await every.result())["orderUpdated"] == {"id": second, "status": "PENDING", "notes": None}
        assert (await every.result())["orderUpdated"]["id"] == first
        sent = await one.next()
        assert sent.data["data"]["orderUpdated"]["notes"] == "n"
        assert sent.data["extensions"]["event"] | {"occurredAt": ""} == {
            "id": sent.id, "type": "order.updated", "occurredAt": "",
        }  # fmt: skip
        assert await types(one, 1) == ["order.status_changed"]


async def test_messages_are_heard_by_who_may_see_them(acme: Org) -> None:
    order, other_order = [(await new_order(acme))["publicId"] for _ in range(2)]
    outside = acme.holding(await acme.new_key("messages:read", "orders:read"))
    async with (
        following(outside, MESSAGES) as some,
        following(acme, MESSAGES, order=order) as mine,
        following(outside, ALL) as events,
    ):
        for of, body, visibility in ((other_order, "1", "PUBLIC"), (order, "2", "INTERNAL"), (order, "3", "PUBLIC")):
            await acme.data(SAY, i={"orderId": of, "body": body, "visibility": visibility})
        await new_client(acme)
        await acme.http.put(f"/api/v1/orders/{order}", json={"notes": "n"})
        assert [(await some.result())["messageCreated"]["body"] for _ in range(2)] == ["1", "3"]
        assert [(await mine.result())["messageCreated"]["body"] for _ in range(2)] == ["2", "3"]
        assert await types(events, 3) == ["message.created", "message.created", "order.updated"]


async def test_tickets(acme: Org) -> None:
    async with following(acme, TICKETS) as stream:
        ticket = (await new_ticket(acme))["publicId"]
        # Of each version, also of one that only a reply made.
        for author in ("CLIENT", "CLIENT", "STAFF", "STAFF"):
            await reply(acme, ticket, author)
        heard = [(await stream.result())["ticketUpdated"] for _ in range(5)]
        assert heard == [{"id": ticket, "version": version} for version in range(1, 6)]


async def test_agent_jobs_with_their_steps(acme: Org) -> None:
    definition = await agents.new_definition(acme)
    async with following(acme, JOBS) as stream, following(acme, ALL) as events:
        job = await agents.new_job(acme, definition)
        assert (await stream.result())["agentJobUpdated"] == {"id": job, "status": "QUEUED", "steps": {"nodes": []}}
        await agents.call(acme, job)
        sent = await stream.next()
        assert sent.data["extensions"]["event"]["type"] == "agent_job.step"
        assert sent.data["data"]["agentJobUpdated"]["steps"]["nodes"] == [{"index": 0, "kind": "MODEL"}]
        await new_client(acme)
        # Steps are for those who watch the job.
        assert await types(events, 2) == ["agent_job.queued", "client.created"]


async def test_reports_with_their_progress(acme: Org) -> None:
    await new_order(acme)
    async with following(acme, REPORTS) as stream:
        await reports.ask(acme, "ORDER_THROUGHPUT", **reports.YEAR)
        await reports.work(acme)
        found = []
        while "report.ready" not in found:
            found += await types(stream, 1)
        assert found[0] == "report.progress"


async def test_what_needs_another_scope_is_refused(acme: Org, other: Org) -> None:
    outside = acme.holding(await acme.new_key("clients:read"))
    assert await refused(outside, ORDERS) == [200, ("FORBIDDEN", None)]
    named = 'subscription { events(types: ["client.created", "order.created"]) { id } }'
    assert await refused(outside, named) == [200, ("FORBIDDEN", None)]
    order = (await new_order(other))["publicId"]
    for missing in (order, encode("order", new_uuid()), "client_x"):
        assert await refused(acme, ORDERS, id=missing) == [200, ("NOT_FOUND", "id")]
    assert await refused(acme, MESSAGES, order=order) == [200, ("NOT_FOUND", "orderId")]
    assert await refused(acme, "subscription { events(types: []) { id } }") == [200, ("BAD_INPUT", "types")]
    assert await refused(acme, 'subscription { events(types: ["report.progress"]) { id } }') == [
        200, ("BAD_INPUT", "types.0"),
    ]  # fmt: skip


async def test_a_revoked_key_ends_its_streams(acme: Org, api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # How long a verdict holds, which with the pause between two looks is less than five seconds.
    monkeypatch.setattr(verification, "CACHED_SECONDS", 0.1)
    raw = await acme.new_key("clients:read")
    outside = acme.holding(raw)
    async with following(outside, ALL) as stream, following(acme, ALL) as kept, socket(api) as connection:
        await connection.init(raw)
        await connection.subscribe("1", ALL)
        await connection.subscribe("2", "{ health { status } }")
        assert (await connection.next())["id"] == "2"
        assert (await connection.next())["type"] == "complete"
        await acme.rows("update api_keys set revoked_at = now() where last_four = $1", raw[-4:])
        ended = await stream.next()
        assert [error["extensions"]["code"] for error in ended.data["errors"]] == ["UNAUTHENTICATED"]
        assert (await stream.next()).event == "complete"
        failed = await connection.next()
        assert (failed["type"], failed["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
        assert (await connection.closed())[0] == 4403
        await new_client(acme)
        assert await types(kept, 1) == ["client.created"]


async def test_a_revoked_key_ends_connections_on_which_nothing_is_heard(
    acme: Org, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "CACHED_SECONDS", 0.1)
    raw = await acme.new_key("clients:read", "api_keys:write")
    own = key_id_of(raw)
    assert own is not None
    token = token_of(acme, own, await new_member(acme, "ADMIN"))
    async with socket(api) as idle, socket(api) as held, socket(api) as kept:
        await idle.init(raw)
        await held.init(token)
        await kept.init(acme.key)
        # One that has heard, and has ended, leaves the connection as it was.
        await idle.subscribe("1", ALL)
        await idle.send({"type": "complete", "id": "1"})
        await idle.send({"type": "ping"})
        assert await idle.next() == {"type": "pong"}
        await acme.rows("update api_keys set revoked_at = now() where last_four = $1", raw[-4:])
        assert await idle.closed() == (4403, "The API key is not valid: it is unknown, was revoked or has expired.")
        assert (await held.closed())[0] == 4403
        await kept.send({"type": "ping"})
        assert await kept.next() == {"type": "pong"}


async def test_equal_subscriptions_are_answered_once(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[LiveEvent] = []
    once = Shared._result

    async def counted(self: Shared, event: LiveEvent) -> bytes | None:
        answered.append(event)
        return await once(self, event)

    monkeypatch.setattr(Shared, "_result", counted)
    async with following(acme, ALL) as one, following(acme, ALL) as two, following(acme, ALL) as three:
        await new_client(acme)
        found = await asyncio.gather(*(stream.next() for stream in (one, two, three)))
    assert len({sent.id for sent in found}) == 1
    assert len(answered) == 1


async def test_subscriptions_whose_events_are_answered_by_where_they_begin_are_not_equal(acme: Org) -> None:
    text = """subscription($a: ID) { orderUpdated(after: $a) { client {
      orders(filter: {id: {eq: $a}}) { totalCount } } } }"""
    order = await new_order(acme)
    (event,) = await acme.rows("select id from events where type = 'order.created'")
    async with (
        following(acme, text, a=encode("event", event["id"])) as after,
        following(acme, text) as every,
    ):
        await acme.http.put(f"/api/v1/orders/{order['publicId']}", json={"notes": "n"})
        # An order has no event's ID; without one all orders are counted.
        assert (await after.result())["orderUpdated"]["client"]["orders"]["totalCount"] == 0
        assert (await every.result())["orderUpdated"]["client"]["orders"]["totalCount"] == 1
