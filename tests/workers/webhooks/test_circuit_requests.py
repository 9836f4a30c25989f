"""What a person asks for while an endpoint is spared: one try at once, whatever the pause, and never two at a time."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.typeid import decode
from models.webhooks import EndpointCircuit
from resolvers.database.runtime import Runtime
from resolvers.webhooks import circuits
from resolvers.webhooks.deliveries import PreparedDelivery
from tests.support.api import Org, new_client
from tests.support.concurrency import Concurrency
from tests.support.jobs import eventually, receiver, sender, working
from tests.support.tarpit import came, tarpit
from tests.support.webhooks import SEND, new_webhook
from workers.webhooks.deliver import PROBE_S, timeout_for

AGAIN = """mutation($input: RedeliverInput!) {
  redeliver(input: $input) { delivery { id status nextAttemptAt } } }"""
DELIVERIES = """query($id: ID!) { webhook(id: $id) { circuit pausedUntil deliveries(first: 50) { nodes {
  id eventId eventType status nextAttemptAt attempts { responseCode error } } } } }"""
OPENED = """update webhook_endpoints set circuit = 'OPEN', timeouts = 3, paused_until = now() + interval '5 minutes'
  where id = $1 returning paused_until"""
ENDPOINT = "select circuit, timeouts, paused_until from webhook_endpoints where id = $1"
SOON = timedelta(minutes=1)


async def spared(org: Org, url: str) -> tuple[dict[str, Any], datetime]:
    """An endpoint whose circuit is open for five minutes, and until when."""
    made = await new_webhook(org, url)
    [row] = await org.rows(OPENED, decode("webhook", made["publicId"]))
    return made, row["paused_until"]


async def shown(org: Org, made: dict[str, Any]) -> dict[str, Any]:
    """The endpoint and its deliveries, the oldest first."""
    found: dict[str, Any] = (await org.data(DELIVERIES, id=made["publicId"]))["webhook"]
    return found | {"deliveries": found["deliveries"]["nodes"][::-1]}


def at(moment: str) -> datetime:
    """A time of an answer."""
    return datetime.fromisoformat(moment)


async def ended(org: Org, made: dict[str, Any], *ids: str) -> list[str]:
    """The statuses of some deliveries, once none of them is on its way."""
    left: list[str] = []

    async def over() -> bool:
        left[:] = [each["status"] for each in (await shown(org, made))["deliveries"] if each["id"] in ids]
        return not {"PENDING", "SENDING"} & {*left}

    await eventually(over)
    return left


async def test_a_test_event_is_tried_at_once(local: Org, open_runtime: Runtime) -> None:
    async with receiver() as there:
        made, until = await spared(local, there.url)
        async with working(open_runtime):
            # The worker has learnt that the endpoint is spared, and lets its deliveries be.
            await new_client(local)

            async def paused() -> bool:
                [waits] = (await shown(local, made))["deliveries"]
                return at(waits["nextAttemptAt"]) > until - SOON

            await eventually(paused)
            sent = (await local.data(SEND, input={"id": made["publicId"]}))["sendTestEvent"]["delivery"]
            assert at(sent["nextAttemptAt"]) < until - SOON
            assert (await shown(local, made))["circuit"] in ("HALF_OPEN", "CLOSED")
            assert await ended(local, made, sent["id"]) == ["SUCCEEDED"]
        assert [request.headers["webhook-id"] for request in there.requests] == [sent["eventId"]]
    after = await shown(local, made)
    assert (after["circuit"], after["pausedUntil"]) == ("CLOSED", None)
    [row] = await local.rows("select concurrency_key from jobs where subject_id = $1", decode("delivery", sent["id"]))
    assert row["concurrency_key"] == decode("webhook", made["publicId"])


@pytest.mark.parametrize("status", ["PENDING", "FAILED"])
async def test_a_redelivery_is_tried_at_once(local: Org, open_runtime: Runtime, status: str) -> None:
    async with receiver() as there:
        made, until = await spared(local, there.url)
        await new_client(local)
        await local.rows("update jobs set run_at = $1 where subject_id in (select id from deliveries)", until)
        if status == "FAILED":
            await local.rows("update deliveries set status = 'FAILED'")
            await local.rows("update jobs set state = 'FAILED' where subject_id in (select id from deliveries)")
        [delivery] = (await shown(local, made))["deliveries"]
        again = (await local.data(AGAIN, input={"id": delivery["id"]}))["redeliver"]["delivery"]
        assert at(again["nextAttemptAt"]) < until - SOON
        async with working(open_runtime):
            assert await ended(local, made, delivery["id"]) == ["SUCCEEDED"]
        assert len(there.requests) == 1


async def test_one_is_tried_at_a_time_however_many_are_asked_for(local: Org, open_runtime: Runtime) -> None:
    async with receiver(b"", drip=60) as there:
        made, _ = await spared(local, there.url)
        for _ in range(4):
            await new_client(local)
        waiting = [each["id"] for each in (await shown(local, made))["deliveries"]]
        asked = [local.data(SEND, input={"id": made["publicId"]}) for _ in range(4)]
        asked += [local.data(AGAIN, input={"id": each}) for each in waiting]
        answers = [next(iter(answer.values()))["delivery"] for answer in await asyncio.gather(*asked)]
        [row] = await local.rows(ENDPOINT, decode("webhook", made["publicId"]))
        assert row["circuit"] == "HALF_OPEN"
        first = [answer for answer in answers if at(answer["nextAttemptAt"]) < row["paused_until"]]
        # The others are due when that one has surely ended, and their answers say so.
        assert len(first) == 1
        later = {at(answer["nextAttemptAt"]) for answer in answers if answer is not first[0]}
        assert later == {row["paused_until"]}
        assert row["paused_until"] - at(first[0]["nextAttemptAt"]) == timedelta(seconds=circuits.PROBE_S)
        async with working(open_runtime, sender=sender(total_seconds=0.3)):

            async def timed_out() -> bool:
                [row] = await local.rows(ENDPOINT, decode("webhook", made["publicId"]))
                return (row["circuit"], row["timeouts"]) == ("OPEN", 4)

            await eventually(timed_out)
        assert len(there.requests) == 1
        tried = [each for each in (await shown(local, made))["deliveries"] if each["attempts"]]
        assert [(each["id"], each["attempts"]) for each in tried] == [
            (first[0]["id"], [{"responseCode": None, "error": "TIMEOUT"}])
        ]


async def test_a_promise_that_no_worker_kept_is_a_try_as_any_other(local: Org, open_runtime: Runtime) -> None:
    concurrency = Concurrency(0.05, b"")
    async with receiver() as there:
        there.answer, there.drip = concurrency, 60
        made, _ = await spared(local, there.url)
        for _ in range(3):
            await new_client(local)
        await local.data(SEND, input={"id": made["publicId"]})
        # No worker ran for so long that the pause that was promised is over: all are due, and one may try.
        over = "update webhook_endpoints set paused_until = now() - interval '1 second' where id = $1"
        await local.rows(over, decode("webhook", made["publicId"]))
        async with working(open_runtime, sender=sender(total_seconds=0.3)):

            async def timed_out() -> bool:
                [row] = await local.rows(ENDPOINT, decode("webhook", made["publicId"]))
                return (row["circuit"], row["timeouts"]) == ("OPEN", 4)

            await eventually(timed_out)
        assert (len(there.requests), concurrency.most) == (1, 1)


async def test_while_a_worker_tries_it_another_request_waits(local: Org, open_runtime: Runtime) -> None:
    async with tarpit() as (there, release):
        made, _ = await spared(local, there.url)
        first = (await local.data(SEND, input={"id": made["publicId"]}))["sendTestEvent"]["delivery"]
        async with working(open_runtime, sender=sender(total_seconds=3_600)):
            await came(there, 1)
            second = (await local.data(SEND, input={"id": made["publicId"]}))["sendTestEvent"]["delivery"]
            [row] = await local.rows(ENDPOINT, decode("webhook", made["publicId"]))
            assert at(second["nextAttemptAt"]) == row["paused_until"]
            release.set()
            assert await ended(local, made, first["id"]) == ["SUCCEEDED"]
            assert len(there.requests) == 1


def test_what_is_asked_for_has_the_whole_time() -> None:
    state = (circuits.OPENS_AFTER, EndpointCircuit.HALF_OPEN, 10.0)
    prepared = PreparedDelivery(UUID(int=1), 1, "", (), "", "", *state)
    assert (timeout_for(prepared), timeout_for(replace(prepared, asked=True))) == (PROBE_S, None)
