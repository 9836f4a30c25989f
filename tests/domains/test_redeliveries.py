"""How often a delivery is sent again: each sending counts, and none of the calls that find it on its way."""

import asyncio
from typing import Any

import pytest

from models.typeid import decode
from resolvers.database.runtime import Runtime
from resolvers.webhooks.redeliveries import REDELIVERIES
from tests.support.api import Org, new_client, new_order
from tests.support.jobs import receiver, settled, working
from tests.support.webhooks import AGAIN, PUBLIC, SEND, actions, new_webhook, with_scopes

FOUND = "query($id: ID!) { webhook(id: $id) { deliveries { nodes { id } } } }"
NEXT = """mutation($input: RedeliverInput!) {
  redeliver(input: $input) { delivery { id status nextAttemptAt } } }"""
STATE = """select d.status, d.redeliveries, d.next_attempt_at, d.updated_at, j.run_at, j.concurrency_key
  from deliveries d join jobs j on j.subject_id = d.id and j.state = 'QUEUED'"""
LATER = """with due as (update jobs set run_at = now() + interval '1 hour'
  where subject_id in (select id from deliveries))
  update deliveries set next_attempt_at = now() + interval '1 hour'"""


async def delivered(org: Org, url: str = PUBLIC, *events: str) -> dict[str, Any]:
    """The input to send the only delivery of an organization again."""
    made = await new_webhook(org, url, *events)
    await new_client(org)
    [node] = (await org.data(FOUND, id=made["publicId"]))["webhook"]["deliveries"]["nodes"]
    return {"input": {"id": node["id"]}}


async def end(org: Org, status: str = "SUCCEEDED") -> None:
    """Let the delivery have ended, as a worker does."""
    await org.rows("update deliveries set status = $1, next_attempt_at = null", status)
    await org.rows(
        "update jobs set state = 'DONE', finished_at = now()"
        " where state = 'QUEUED' and subject_id in (select id from deliveries)"
    )


async def counted(org: Org) -> int:
    """How many redeliveries were counted."""
    [row] = await org.rows("select redeliveries from deliveries")
    number: int = row["redeliveries"]
    return number


async def test_a_delivery_is_sent_again_a_bounded_number_of_times(acme: Org) -> None:
    this = await delivered(acme)
    for _ in range(REDELIVERIES):
        await end(acme)
        await acme.data(AGAIN, **this)
    jobs, entries = await acme.count("jobs"), await acme.count("audit_entries")
    # The last one is on its way, which a caller that lost the answer hears again.
    assert (await acme.data(AGAIN, **this))["redeliver"]["delivery"]["status"] == "PENDING"
    for status in ("SUCCEEDED", "FAILED", "CANCELLED"):
        await end(acme, status)
        error = (await acme.graphql(AGAIN, **this)).json()["errors"][0]
        assert error["message"] == "The delivery was sent again 10 times, which is the maximum."
        reported = error["extensions"]
        assert (reported["code"], reported["status"], reported["reason"]) == ("CONFLICT", 409, "TOO_MANY_REDELIVERIES")
        assert (reported["field"], reported["limit"]) == ("input.id", REDELIVERIES)
        assert [row["status"] for row in await acme.rows("select status from deliveries")] == [status]
    assert (await acme.count("jobs"), await acme.count("audit_entries")) == (jobs, entries)
    assert await actions(acme) == ["webhook:create", *["webhook:redeliver"] * REDELIVERIES]


async def test_calls_while_a_delivery_is_on_its_way_do_not_count(local: Org, open_runtime: Runtime) -> None:
    async with receiver() as there:
        this = await delivered(local, there.url)
        for number in range(2):
            async with working(open_runtime):
                await settled(open_runtime, local.id, number=number + 1)
            answers = [(await local.data(NEXT, **this))["redeliver"]["delivery"] for _ in range(REDELIVERIES + 1)]
            assert answers == [answers[0]] * (REDELIVERIES + 1)
            assert answers[0]["status"] == "PENDING"
            assert await counted(local) == number + 1
        async with working(open_runtime):
            await settled(open_runtime, local.id, number=3)
        assert len(there.requests) == 3
    assert await actions(local) == ["webhook:create", *["webhook:redeliver"] * 2]


async def test_calls_at_once_are_one_redelivery(acme: Org) -> None:
    this = await delivered(acme)
    await end(acme, "FAILED")
    await acme.rows("update deliveries set redeliveries = $1", REDELIVERIES - 1)
    answers = await asyncio.gather(*(acme.graphql(AGAIN, **this) for _ in range(8)))
    assert [answer.json().get("errors") for answer in answers] == [None] * 8
    assert await counted(acme) == REDELIVERIES
    assert await actions(acme) == ["webhook:create", "webhook:redeliver"]


async def test_an_attempt_that_waits_is_made_now_and_is_no_redelivery(acme: Org) -> None:
    this = await delivered(acme)
    await acme.rows("update deliveries set redeliveries = $1", REDELIVERIES)
    await acme.rows(LATER)
    await acme.data(AGAIN, **this)
    [row] = await acme.rows(
        f"select redeliveries, run_at <= now() and next_attempt_at <= now() as due from ({STATE}) x"
    )
    assert tuple(row) == (REDELIVERIES, True)
    # Due already, nothing of it changes.
    before = await acme.rows(STATE)
    await acme.data(AGAIN, **this)
    assert await acme.rows(STATE) == before
    assert await actions(acme) == ["webhook:create", "webhook:redeliver"]


@pytest.mark.parametrize("first", [True, False], ids=["the probe", "the next one"])
async def test_who_asks_again_keeps_the_probe_of_an_open_circuit(acme: Org, first: bool) -> None:
    this = await delivered(acme)
    [end] = await acme.rows("select endpoint_id, id from deliveries")
    opened = (
        "update webhook_endpoints set circuit = $2, timeouts = 3, paused_until = now() + interval '15 s' where id = $1"
    )
    await acme.rows(opened, end["endpoint_id"], "OPEN" if first else "HALF_OPEN")
    await acme.rows(LATER)
    answers = [(await acme.data(NEXT, **this))["redeliver"]["delivery"] for _ in range(3)]
    assert answers == [answers[0]] * 3
    [row] = await acme.rows(STATE)
    assert (row["redeliveries"], row["concurrency_key"]) == (0, end["id"] if first else end["endpoint_id"])
    assert decode("delivery", answers[0]["id"]) == end["id"]
    assert await actions(acme) == ["webhook:create", "webhook:redeliver"]


async def test_a_key_sends_again_what_it_may_read(acme: Org) -> None:
    this = await delivered(acme, PUBLIC, "client.created")
    await end(acme)
    before = await acme.rows("select * from deliveries")
    async with with_scopes(acme, "webhooks:write", "orders:read") as weak:
        [error] = (await weak.graphql(AGAIN, **this)).json()["errors"]
    reported = error["extensions"]
    assert (reported["code"], reported["status"], reported["field"]) == ("FORBIDDEN", 403, "input.id")
    assert reported["scope"] == "clients:read"
    assert error["message"] == "The event needs the scope clients:read, which the API key lacks."
    assert await acme.rows("select * from deliveries") == before
    # What else the endpoint may receive is not what is sent.
    async with with_scopes(acme, "webhooks:write", "clients:read") as equal:
        assert (await equal.data(AGAIN, **this))["redeliver"]["delivery"]["status"] == "PENDING"


@pytest.mark.parametrize("visibility", ["PUBLIC", "INTERNAL"])
async def test_a_key_sends_no_internal_message_again_that_it_may_not_read(acme: Org, visibility: str) -> None:
    order = (await new_order(acme))["publicId"]
    made = await new_webhook(acme, PUBLIC, "message.created")
    text = {"orderId": order, "body": "Hello", "visibility": visibility}
    await acme.data(
        "mutation($input: CreateMessageInput!) { createMessage(input: $input) { message { id } } }", input=text
    )
    [node] = (await acme.data(FOUND, id=made["publicId"]))["webhook"]["deliveries"]["nodes"]
    await end(acme)
    async with with_scopes(acme, "webhooks:write", "messages:read") as reader:
        answer = (await reader.graphql(AGAIN, input={"id": node["id"]})).json()
        assert ("errors" in answer) == (visibility == "INTERNAL")
        for error in answer.get("errors", []):
            assert (error["extensions"]["code"], error["extensions"]["scope"]) == ("FORBIDDEN", "messages:internal")
    async with with_scopes(acme, "webhooks:write", "messages:internal") as nobody:
        [error] = (await nobody.graphql(AGAIN, input={"id": node["id"]})).json()["errors"]
        assert error["extensions"]["scope"] == "messages:read"
    async with with_scopes(acme, "webhooks:write", "messages:read", "messages:internal") as insider:
        await insider.data(AGAIN, input={"id": node["id"]})


async def test_a_test_event_is_sent_again_by_whoever_may_send_one(acme: Org) -> None:
    made = await new_webhook(acme)
    async with with_scopes(acme, "webhooks:write") as weak:
        sent = (await weak.data(SEND, input={"id": made["publicId"]}))["sendTestEvent"]["delivery"]
        await end(acme)
        await weak.data(AGAIN, input={"id": sent["id"]})
    assert await counted(acme) == 1
