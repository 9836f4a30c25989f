"""Webhook deliveries: signed, the same at each try, tried again, given up in time."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from models.typeid import encode
from resolvers.database.runtime import Runtime
from resolvers.keyring import Keyring
from resolvers.webhooks import secrets
from tests.support.jobs import (
    DELIVERY,
    JOB,
    OK,
    RING,
    Request,
    emit,
    eventually,
    leads_to,
    listen_at,
    make_due,
    one,
    receiver,
    rows,
    settled,
    working,
)
from workers.webhooks.addresses import Addresses
from workers.webhooks.deliver import SCHEDULE, delay_after
from workers.webhooks.http import Sender

ENDPOINT = "select * from webhook_endpoints where org_id = $1"
EVENT = "select * from events where org_id = $1"
FAILED = b"HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nno\x00no"


async def test_a_delivery_is_signed_and_whole(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        key, secret = await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        async with working(runtime):
            await settled(runtime, org)
    [request] = there.requests
    event = await one(runtime, org, EVENT, org)
    assert request.path == "/hooks?a=1"
    assert request.headers["webhook-id"] == encode("event", event["id"])
    assert request.headers["content-type"] == "application/json"
    at = event["occurred_at"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert Webhook(secret).verify(request.body, request.headers) == {
        "type": "client.updated",
        "timestamp": at,
        "apiVersion": "2026-11-01",
        "data": json.loads(event["data"]),
    }
    assert request.body.endswith(b'"data":' + event["data"].encode() + b"}")
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets.new_secret()).verify(request.body, request.headers)
    delivery = await one(runtime, org, DELIVERY, org)
    [attempt] = delivery["attempts"]
    assert set(attempt) == {"at", "responseCode", "durationMs", "error", "body"}
    assert (attempt["responseCode"], attempt["error"], attempt["body"]) == (200, None, "ok")
    assert (delivery["status"], delivery["next_attempt_at"]) == ("SUCCEEDED", None)
    endpoint = await one(runtime, org, ENDPOINT, org)
    assert (endpoint["id"], endpoint["version"], endpoint["failing_since"]) == (key, 1, None)
    assert endpoint["last_success_at"] is not None


async def test_a_rotated_secret_signs_beside_the_new_one(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        key, new = await listen_at(runtime, org, there.url)
        old = secrets.new_secret()
        sql = "update webhook_endpoints set previous_secret = $2, previous_until = $3 where org_id = $1"
        stored = secrets.encrypt(RING, org, key, old)
        await rows(runtime, org, sql, org, stored, datetime.now(UTC) + timedelta(hours=1))
        await emit(runtime, org)
        async with working(runtime):
            await settled(runtime, org)
            await rows(runtime, org, sql, org, stored, datetime.now(UTC) - timedelta(seconds=1))
            await emit(runtime, org)
            await settled(runtime, org, number=2)
    during, after = there.requests
    for secret in (new, old):
        Webhook(secret).verify(during.body, during.headers)
    Webhook(new).verify(after.body, after.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(after.body, after.headers)


async def test_a_retry_is_the_same_delivery(runtime: Runtime, org: UUID) -> None:
    async with receiver(FAILED, OK) as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        async with working(runtime):
            await _retried(runtime, org)
            delivery = await one(runtime, org, DELIVERY, org)
            assert delivery["status"] == "PENDING"
            assert delivery["next_attempt_at"] > delivery["updated_at"]
            assert (await one(runtime, org, ENDPOINT, org))["failing_since"] is not None
            await make_due(runtime, org)
            await settled(runtime, org)
    first, second = there.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    delivery = await one(runtime, org, DELIVERY, org)
    assert [attempt["responseCode"] for attempt in delivery["attempts"]] == [500, 200]
    assert delivery["attempts"][0]["body"] == "no\ufffdno"
    assert (await one(runtime, org, ENDPOINT, org))["failing_since"] is None


async def _retried(runtime: Runtime, org: UUID) -> None:
    """Wait until the first try is recorded."""

    async def recorded() -> bool:
        row = await one(runtime, org, JOB, org)
        return (row["attempt"], row["state"]) == (1, "QUEUED")

    await eventually(recorded)


async def test_the_last_try_fails(runtime: Runtime, org: UUID) -> None:
    async with receiver(FAILED) as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        await rows(runtime, org, "update jobs set attempt = 9 where org_id = $1", org)
        async with working(runtime):
            await settled(runtime, org, state="FAILED")
        assert len(there.requests) == 1
    assert (await one(runtime, org, JOB, org))["error_code"] == "ATTEMPTS_EXHAUSTED"
    delivery = await one(runtime, org, DELIVERY, org)
    assert (delivery["status"], delivery["next_attempt_at"]) == ("FAILED", None)


async def test_a_redirect_is_not_followed(runtime: Runtime, org: UUID) -> None:
    async with receiver() as elsewhere:
        moved = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode()
        async with receiver(moved) as there:
            await listen_at(runtime, org, there.url)
            await emit(runtime, org)
            async with working(runtime):
                await _retried(runtime, org)
            assert len(there.requests) == 1
        assert elsewhere.requests == []
    [attempt] = (await one(runtime, org, DELIVERY, org))["attempts"]
    assert (attempt["responseCode"], attempt["error"], attempt["body"]) == (302, None, "")


async def test_gone_disables_at_once(runtime: Runtime, org: UUID) -> None:
    async with receiver(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n") as there:
        key, _ = await listen_at(runtime, org, there.url)
        await emit(runtime, org, 2)
        later = "update jobs set run_at = now() + interval '1 hour' where org_id = $1 and id = $2"
        [first, second] = await rows(runtime, org, JOB + " order by id", org)
        await rows(runtime, org, later, org, second["id"])
        async with working(runtime):
            await settled(runtime, org, state="FAILED")
            await make_due(runtime, org)
            await settled(runtime, org, state="CANCELLED")
        assert len(there.requests) == 1
    endpoint = await one(runtime, org, ENDPOINT, org)
    assert (endpoint["status"], endpoint["version"]) == ("DISABLED", 2)
    assert endpoint["disabled_reason"] == "The receiver answered 410 Gone."
    entry = await one(runtime, org, "select * from audit_entries where org_id = $1 and action = 'webhook:disable'", org)
    assert (entry["actor_kind"], entry["actor_id"]) == ("JOB", encode("task", first["id"]))
    assert (entry["source"], entry["target_id"]) == ("WORKER", key)
    states = await rows(runtime, org, DELIVERY + " order by id", org)
    assert sorted(row["status"] for row in states) == ["CANCELLED", "FAILED"]


async def test_gone_spares_an_endpoint_that_was_changed_meanwhile(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:

        async def change(_request: Request) -> bytes:
            await rows(runtime, org, "update webhook_endpoints set version = version + 1 where org_id = $1", org)
            return b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"

        there.answer = change
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        async with working(runtime):
            await settled(runtime, org, state="FAILED")
    endpoint = await one(runtime, org, ENDPOINT, org)
    assert (endpoint["status"], endpoint["version"], endpoint["failing_since"]) == ("ENABLED", 2, None)


@pytest.mark.parametrize(("days", "status"), [(5, "DISABLED"), (4, "ENABLED")])
async def test_days_of_only_failures_disable(runtime: Runtime, org: UUID, days: int, status: str) -> None:
    async with receiver(FAILED) as there:
        await listen_at(runtime, org, there.url, failing_since=datetime.now(UTC) - timedelta(days=days))
        await emit(runtime, org)
        async with working(runtime):
            await (settled(runtime, org, state="CANCELLED") if status == "DISABLED" else _retried(runtime, org))
    assert (await one(runtime, org, ENDPOINT, org))["status"] == status


async def test_a_private_literal_address_fails_at_once(runtime: Runtime, org: UUID) -> None:
    runtime.webhook_allow_private = False
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        async with working(runtime):
            await settled(runtime, org, state="FAILED")
        assert there.requests == []
    assert (await one(runtime, org, JOB, org))["error_code"] == "URL_REFUSED"
    delivery = await one(runtime, org, DELIVERY, org)
    [attempt] = delivery["attempts"]
    assert (delivery["status"], attempt["responseCode"], attempt["error"]) == ("FAILED", None, "URL_REFUSED")


async def test_a_name_that_leads_to_a_private_address_is_tried_again(runtime: Runtime, org: UUID) -> None:
    rebound = Addresses(False, leads_to("127.0.0.1"))
    async with receiver() as there:
        await listen_at(runtime, org, there.url.replace("127.0.0.1", "rebound.example"))
        await emit(runtime, org)
        async with working(runtime, sender=Sender(rebound, False)):
            await _retried(runtime, org)
        assert there.requests == []
    delivery = await one(runtime, org, DELIVERY, org)
    [attempt] = delivery["attempts"]
    assert (delivery["status"], attempt["responseCode"], attempt["error"]) == ("PENDING", None, "ADDRESS_REFUSED")


async def test_a_disabled_or_deleted_endpoint_hears_nothing_more(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        for change in ("status = 'DISABLED'", "deleted_at = now()"):
            key, _ = await listen_at(runtime, org, there.url)
            await emit(runtime, org)
            sql = f"update webhook_endpoints set {change} where org_id = $1 and id = $2"
            await rows(runtime, org, sql, org, key)
        async with working(runtime):
            await settled(runtime, org, state="CANCELLED", number=2)
        assert there.requests == []
    assert {row["status"] for row in await rows(runtime, org, DELIVERY, org)} == {"CANCELLED"}


def test_the_schedule() -> None:
    for tries in range(1, 10):
        for _ in range(20):
            delay = delay_after(tries)
            assert delay is not None
            assert SCHEDULE[tries] * 0.8 <= delay <= SCHEDULE[tries] * 1.2
    assert delay_after(10) is None


def test_secrets_rest_encrypted_and_bound_to_their_endpoint() -> None:
    org, key, secret = uuid4(), uuid4(), secrets.new_secret()
    stored = secrets.encrypt(RING, org, key, secret)
    assert stored[:2] == b"\x00\x02"
    assert secret.encode() not in stored
    assert secrets.decrypt(RING, org, key, stored) == secret
    old = secrets.encrypt(Keyring({1: RING.keys[1]}), org, key, secret)
    assert secrets.decrypt(RING, org, key, old) == secret
    for wrong in ((uuid4(), key, stored), (org, uuid4(), stored), (org, key, stored[:-1] + bytes([stored[-1] ^ 1]))):
        with pytest.raises(secrets.UnreadableSecret):
            secrets.decrypt(RING, *wrong)
    with pytest.raises(secrets.UnreadableSecret):
        secrets.decrypt(Keyring({1: RING.keys[1]}), org, key, stored)
