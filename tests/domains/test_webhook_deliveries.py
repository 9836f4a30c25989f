"""Deliveries as the graph shows and starts them: a real receiver gets orders, test events and what is sent again."""

import asyncio
import json
from datetime import datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from models.typeid import decode
from resolvers.database.runtime import Runtime
from tests.support.api import Org, new_client, new_order
from tests.support.jobs import OK, receiver, settled, working
from tests.support.refusals import error
from tests.support.webhooks import AGAIN, DELETE, ONE, ROTATE, SEND, UPDATE, actions, new_webhook

DELIVERIES = """query($id: ID!, $filter: DeliveryFilter) { webhook(id: $id) { deliveries(filter: $filter) {
  totalCount nodes { id eventId eventType status nextAttemptAt createdAt updatedAt
    attempts { at responseCode durationMs error body } } } } }"""


async def test_an_order_over_rest_is_delivered_as_it_is_read(local: Org, open_runtime: Runtime) -> None:
    async with receiver() as there:
        made = await new_webhook(local, there.url, "order.created")
        order = await new_order(local)
        async with working(open_runtime):
            await settled(open_runtime, local.id)
        [request] = there.requests
    read = await local.http.get(f"/api/v1/orders/{order['publicId']}")
    body: Any = Webhook(made["secret"]).verify(request.body, request.headers)
    assert (body["type"], body["apiVersion"]) == ("order.created", made["apiVersion"])
    assert body["data"] == order == read.json()["data"]
    found = (await local.data(DELIVERIES, id=made["publicId"], filter={"status": {"eq": "SUCCEEDED"}}))["webhook"]
    [delivery] = found["deliveries"]["nodes"]
    assert found["deliveries"]["totalCount"] == 1
    assert delivery["eventId"] == request.headers["webhook-id"]
    assert (delivery["id"][:9], delivery["eventType"], delivery["nextAttemptAt"]) == (
        "delivery_",
        "order.created",
        None,
    )
    [attempt] = delivery["attempts"]
    assert (attempt["responseCode"], attempt["error"], attempt["body"]) == (200, None, "ok")
    assert attempt["durationMs"] >= 0
    assert datetime.fromisoformat(attempt["at"]).tzinfo is not None
    none = await local.data(DELIVERIES, id=made["publicId"], filter={"status": {"in": ["FAILED"]}})
    assert none["webhook"]["deliveries"] == {"totalCount": 0, "nodes": []}
    assert (await local.data(ONE, id=made["publicId"]))["webhook"]["lastSuccessAt"] is not None


async def test_a_test_event_reaches_its_endpoint_only_with_both_secrets(local: Org, open_runtime: Runtime) -> None:
    async with receiver() as there, receiver() as elsewhere:
        made = await new_webhook(local, there.url, "client.deleted")
        await new_webhook(local, elsewhere.url)
        turned = (await local.data(ROTATE, input={"id": made["publicId"]}))["rotateWebhookSecret"]
        sent = (await local.data(SEND, input={"id": made["publicId"]}))["sendTestEvent"]["delivery"]
        assert (sent["eventType"], sent["status"]) == ("webhook.test", "PENDING")
        async with working(open_runtime):
            await settled(open_runtime, local.id)
        [request] = there.requests
        assert elsewhere.requests == []
    assert request.headers["webhook-id"] == sent["eventId"]
    data = json.loads(request.body)["data"]
    assert data == {name: value for name, value in made.items() if name != "secret"} | {
        "version": 2,
        "updatedAt": data["updatedAt"],
    }
    for secret in (made["secret"], turned["secret"]):
        Webhook(secret).verify(request.body, request.headers)
    await local.rows("update webhook_endpoints set previous_until = now() where version = 2")
    async with receiver() as later:
        moved = {"id": made["publicId"], "url": later.url}
        await local.data(UPDATE, input=moved)
        await local.data(SEND, input={"id": made["publicId"]})
        async with working(open_runtime):
            await settled(open_runtime, local.id, number=2)
        [request] = later.requests
    Webhook(turned["secret"]).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(request.body, request.headers)


async def test_another_rotation_keeps_the_old_secret_for_the_rest_of_its_time(
    local: Org, open_runtime: Runtime
) -> None:
    async with receiver() as there:
        made = await new_webhook(local, there.url)
        this = {"id": made["publicId"]}
        lost, new = [(await local.data(ROTATE, input=this))["rotateWebhookSecret"] for _ in range(2)]
        until = "select previous_until, version from webhook_endpoints"
        await local.rows("update webhook_endpoints set previous_until = previous_until - interval '23 hours'")
        [before] = await local.rows(until)
        newest = (await local.data(ROTATE, input=this))["rotateWebhookSecret"]
        assert [dict(row) for row in await local.rows(until)] == [dict(before) | {"version": before["version"] + 1}]
        assert await actions(local) == ["webhook:create", *["webhook:rotate_secret"] * 3]
        await local.data(SEND, input=this)
        async with working(open_runtime):
            await settled(open_runtime, local.id)
        # Once the old one has ended, the one that signs now is kept, for 24 hours of its own.
        await local.rows("update webhook_endpoints set previous_until = now()")
        last = (await local.data(ROTATE, input=this))["rotateWebhookSecret"]
        hours = "select round(extract(epoch from previous_until - updated_at) / 3600) as left from webhook_endpoints"
        assert [row["left"] for row in await local.rows(hours)] == [24]
        await local.data(SEND, input=this)
        async with working(open_runtime):
            await settled(open_runtime, local.id, number=2)
    first, second = there.requests
    for request, good in ((first, (made, newest)), (second, (newest, last))):
        assert len(request.headers["webhook-signature"].split()) == 2
        for each in (made, lost, new, newest, last):
            if each in good:
                Webhook(each["secret"]).verify(request.body, request.headers)
            else:
                with pytest.raises(WebhookVerificationError):
                    Webhook(each["secret"]).verify(request.body, request.headers)


async def test_a_delivery_is_sent_again_the_same(local: Org, open_runtime: Runtime, acme: Org) -> None:
    failed = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
    async with receiver(OK, failed, OK) as there:
        made = await new_webhook(local, there.url)
        await new_client(local)
        async with working(open_runtime):
            await settled(open_runtime, local.id)
            [delivery] = await deliveries(local, made)
            this = {"input": {"id": delivery["id"]}}
            again = (await local.data(AGAIN, **this))["redeliver"]["delivery"]
            assert again == {
                "id": delivery["id"],
                "eventId": delivery["eventId"],
                "status": "PENDING",
                "attempts": [{"responseCode": 200}],
            }
            while len((await deliveries(local, made))[0]["attempts"]) < 2:
                await local.rows("select pg_sleep(0.02)")
            # It now waits for its second try, which comes at once.
            await local.data(AGAIN, **this)
            await settled(open_runtime, local.id, number=2)
        [after] = await deliveries(local, made)
        assert [attempt["responseCode"] for attempt in after["attempts"]] == [200, 500, 200]
        assert {len(bodies) for bodies in there.bodies().values()} == {1}
        assert [request.headers["webhook-id"] for request in there.requests] == [delivery["eventId"]] * 3
    assert await acme.refused(AGAIN, **this) == [("NOT_FOUND", "input.id")]
    await local.rows("update deliveries set status = 'SENDING'")
    running = error(await local.graphql(AGAIN, **this), 200, "CONFLICT")
    assert running["reason"] == "DELIVERY_RUNNING"
    await local.data(UPDATE, input={"id": made["publicId"], "status": "DISABLED"})
    disabled = error(await local.graphql(AGAIN, **this), 200, "CONFLICT")
    assert disabled["reason"] == "WEBHOOK_DISABLED"
    await local.data(DELETE, input={"id": made["publicId"]})
    assert await local.refused(AGAIN, **this) == [("NOT_FOUND", "input.id")]
    names = ["create", "redeliver", "redeliver", "disable", "delete"]
    assert await actions(local) == [f"webhook:{name}" for name in names]


async def test_a_redelivery_waits_for_no_job_whose_worker_waits_for_the_delivery(local: Org) -> None:
    hook = await new_webhook(local)
    await new_client(local)
    [delivery] = await deliveries(local, hook)
    key, asked = decode("delivery", delivery["id"]), local.graphql(AGAIN, input={"id": delivery["id"]})
    async with local.runtime.bound(local.id) as worker:
        # A worker claims the job first, and then changes the delivery.
        await worker.fetch("select id from jobs where subject_id = $1 for update", key)
        asking = asyncio.create_task(asked)
        waiting = "select count(*) from pg_locks where not granted"
        while not asking.done() and not await worker.fetchval(waiting):  # noqa: ASYNC110 - another server's state has no event
            await asyncio.sleep(0.01)
        await worker.fetch("update deliveries set status = 'SENDING' where id = $1", key)
    extensions = error(await asking, 200, "CONFLICT")
    assert (extensions["status"], extensions["reason"]) == (409, "DELIVERY_RUNNING")
    [row] = await local.rows("select status, redeliveries from deliveries where id = $1", key)
    assert tuple(row) == ("SENDING", 0)
    assert await actions(local) == ["webhook:create"]


async def test_the_deliveries_of_many_endpoints_are_one_statement(acme: Org) -> None:
    query = "{ webhooks { nodes { id deliveries(first: 1) { nodes { eventType } totalCount } } } }"
    sent: list[str] = []
    shown: list[Any] = []
    for number in (1, 4):
        for _ in range(number):
            await new_webhook(acme)
        await new_client(acme)
        answer = await acme.graphql(query)
        sent.append(answer.headers["server-timing"])
        shown = [hook["deliveries"] for hook in answer.json()["data"]["webhooks"]["nodes"]]
    assert sent[0] == sent[1]
    one = {"nodes": [{"eventType": "client.created"}], "totalCount": 1}
    assert shown == [one] * 4 + [one | {"totalCount": 2}]


async def deliveries(org: Org, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    """The deliveries of a webhook."""
    found: list[dict[str, Any]] = (await org.data(DELIVERIES, id=webhook["publicId"]))["webhook"]["deliveries"]["nodes"]
    return found
