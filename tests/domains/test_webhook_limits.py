"""What an organization may have of webhooks: endpoints, test events, attempts that are kept."""

import asyncio
from datetime import timedelta
from math import ceil
from typing import Any
from uuid import UUID

import pytest

from resolvers.database.runtime import Runtime
from resolvers.webhooks import requests as webhook_requests
from resolvers.webhooks.deliveries import ATTEMPTS_KEPT
from resolvers.webhooks.requests import TEST_EVENTS, TEST_EVENTS_WITHIN
from server.settings import Settings
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.clock import Clock
from tests.support.jobs import emit, listen_at, make_due, one, receiver, rows, settled, working
from tests.support.servers import Backends
from tests.support.webhooks import CREATE, DELETE, HOOKS, PUBLIC, SEND, UPDATE, new_webhook

BODY = {"url": PUBLIC, "events": ["*"]}
FULL = "The organization has 20 webhook endpoints and may have 20: delete one first."
LIVE = "webhook_endpoints where deleted_at is null"
FAILED = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"


async def _filled(org: Org, number: int) -> list[dict[str, Any]]:
    return [await new_webhook(org) for _ in range(number)]


async def test_an_organization_has_at_most_20_endpoints(acme: Org, other: Org) -> None:
    first, *_ = await _filled(acme, 20)
    written = await acme.count("audit_entries")
    answer = await acme.http.post(HOOKS, json=BODY)
    problem = answer.json()
    assert answer.status_code == 409
    assert (problem["code"], problem["reason"], problem["limit"], problem["detail"]) == (
        "CONFLICT",
        "TOO_MANY_WEBHOOKS",
        20,
        FULL,
    )
    error = (await acme.graphql(CREATE, input=BODY)).json()["errors"][0]
    assert error["message"] == FULL
    assert {name: error["extensions"][name] for name in ("code", "status", "reason", "limit")} == {
        "code": "CONFLICT",
        "status": 409,
        "reason": "TOO_MANY_WEBHOOKS",
        "limit": 20,
    }
    assert (await acme.count(LIVE), await acme.count("audit_entries")) == (20, written)
    # A disabled one counts, a deleted one does not, and another organization has its own.
    await acme.data(UPDATE, input={"id": first["publicId"], "status": "DISABLED"})
    assert (await acme.http.post(HOOKS, json=BODY)).status_code == 409
    await new_webhook(other)
    await acme.data(DELETE, input={"id": first["publicId"]})
    await new_webhook(acme)
    assert await acme.count(LIVE) == 20


async def test_creates_at_once_do_not_pass_the_limit(acme: Org) -> None:
    await _filled(acme, 17)
    answers = await asyncio.gather(*(acme.http.post(HOOKS, json=BODY) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 9
    assert {answer.json().get("reason") for answer in answers} == {None, "TOO_MANY_WEBHOOKS"}
    assert await acme.count(LIVE) == 20
    # Root fields of one document are changes of their own: those that fit are kept.
    oldest = "select id from webhook_endpoints order by id limit 1"
    await acme.rows(f"update webhook_endpoints set deleted_at = now() where id = ({oldest})")
    twice = """mutation($input: CreateWebhookInput!) {
      a: createWebhook(input: $input) { webhook { id } } b: createWebhook(input: $input) { webhook { id } } }"""
    errors = (await acme.graphql(twice, input=BODY)).json()["errors"]
    assert [(error["path"], error["extensions"]["reason"]) for error in errors] == [(["b"], "TOO_MANY_WEBHOOKS")]
    assert await acme.count(LIVE) == 20


async def test_a_replay_at_the_limit_is_the_first_answer(acme: Org) -> None:
    keyed = {"Idempotency-Key": "the last"}
    await _filled(acme, 19)
    made = await acme.http.post(HOOKS, json=BODY, headers=keyed)
    again = await acme.http.post(HOOKS, json=BODY, headers=keyed)
    assert (again.status_code, again.json()["data"]) == (201, made.json()["data"] | {"secret": None})


@pytest.fixture(scope="module")
async def narrow(backends: Backends) -> Settings:
    """Settings of a server where an organization may have two endpoints."""
    return settings_of(backends, webhook_endpoint_limit=2)


async def test_the_limit_is_a_setting(narrow: Settings, api_runtime: Runtime) -> None:
    async with serving(narrow) as base:
        org = await make_org(api_runtime, base)
        async with org.http:
            await _filled(org, 2)
            assert (await org.http.post(HOOKS, json=BODY)).json()["limit"] == 2


WRITTEN = ("events", "deliveries", "jobs where subject_id in (select id from deliveries)", "audit_entries")


async def written(org: Org) -> dict[str, int]:
    """How many rows a test event could have added to."""
    return {table: await org.count(table) for table in WRITTEN}


async def test_an_endpoint_gets_a_bounded_number_of_test_events(acme: Org) -> None:
    made, beside = [await new_webhook(acme) for _ in range(2)]
    this = {"input": {"id": made["publicId"]}}
    for number in range(TEST_EVENTS):
        await acme.graphql(SEND, {"Idempotency-Key": str(number)}, **this)
    before = await written(acme)
    assert [before[table] for table in WRITTEN[:3]] == [TEST_EVENTS] * 3
    answer = await acme.graphql(SEND, {"Idempotency-Key": "one too many"}, **this)
    [error] = answer.json()["errors"]
    reported, seconds = error["extensions"], TEST_EVENTS_WITHIN.total_seconds()
    assert (
        error["message"] == "The endpoint was sent 10 test events within 10 minutes, which is the maximum; retry later."
    )
    assert (reported["code"], reported["status"], reported["field"], reported["limit"]) == (
        "RATE_LIMITED", 429, "input.id", 10,
    )  # fmt: skip
    assert 0 < reported["retryAfter"] <= seconds
    assert answer.headers["retry-after"] == str(reported["retryAfter"])
    assert await written(acme) == before
    # A replay is no test event, another endpoint has its own, and what is refused for another reason stays so.
    again = await acme.graphql(SEND, {"Idempotency-Key": "0"}, **this)
    assert again.headers["idempotent-replayed"] == "true"
    await acme.data(SEND, input={"id": beside["publicId"]})
    await acme.data(UPDATE, input={"id": made["publicId"], "status": "DISABLED"})
    assert await acme.refused(SEND, **this) == [("CONFLICT", "input.id")]


async def test_test_events_at_once_do_not_pass_the_bound(acme: Org) -> None:
    made = await new_webhook(acme)
    this = {"input": {"id": made["publicId"]}}
    for _ in range(TEST_EVENTS - 3):
        await acme.data(SEND, **this)
    answers = await asyncio.gather(*(acme.graphql(SEND, **this) for _ in range(12)))
    refused = [answer.json()["errors"][0]["extensions"]["code"] for answer in answers if "errors" in answer.json()]
    assert refused == ["RATE_LIMITED"] * 9
    before = await written(acme)
    assert before["deliveries"] == TEST_EVENTS
    # Aliases of one document are changes of their own.
    twice = """mutation($input: SendTestEventInput!) {
      a: sendTestEvent(input: $input) { delivery { id } } b: sendTestEvent(input: $input) { delivery { id } } }"""
    errors = (await acme.graphql(twice, **this)).json()["errors"]
    assert [(error["path"], error["extensions"]["code"]) for error in errors] == [
        (["a"], "RATE_LIMITED"),
        (["b"], "RATE_LIMITED"),
    ]
    assert await written(acme) == before


async def test_test_events_are_bounded_by_time(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await new_webhook(acme)
    this = {"input": {"id": made["publicId"]}}
    for _ in range(TEST_EVENTS):
        await acme.data(SEND, **this)
    tests = "select occurred_at from audit_entries where action = 'webhook:test' order by id limit 2"
    oldest, second = [row["occurred_at"] for row in await acme.rows(tests)]
    over = oldest + TEST_EVENTS_WITHIN
    clock = Clock(over - timedelta(milliseconds=1_500)).read_by(monkeypatch, webhook_requests)
    [error] = (await acme.graphql(SEND, **this)).json()["errors"]
    assert error["extensions"]["retryAfter"] == 2
    clock.advance(1.5)
    await acme.data(SEND, **this)
    # The next one is free when the second oldest is as old.
    [error] = (await acme.graphql(SEND, **this)).json()["errors"]
    assert error["extensions"]["retryAfter"] == max(1, ceil((second - oldest).total_seconds()))


async def test_the_last_attempts_are_kept(runtime: Runtime, org: UUID) -> None:
    kept = "select attempts, status from deliveries where org_id = $1"
    earlier = [{"at": f"2026-11-01T00:00:{n:02}.000Z", "responseCode": n} for n in range(ATTEMPTS_KEPT - 1)]
    async with receiver(FAILED) as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        await rows(runtime, org, "update deliveries set attempts = $2 where org_id = $1", org, earlier)
        async with working(runtime):
            for number in (1, 2, 3):
                await rows(runtime, org, "update jobs set attempt = 1 where org_id = $1 and state = 'QUEUED'", org)
                await make_due(runtime, org)
                while len(there.requests) < number or (await one(runtime, org, kept, org))["status"] != "PENDING":
                    await rows(runtime, org, "select pg_sleep(0.02)")
    codes = [attempt["responseCode"] for attempt in (await one(runtime, org, kept, org))["attempts"]]
    assert codes == [*range(2, ATTEMPTS_KEPT - 1), 500, 500, 500]


async def test_fewer_attempts_are_all_kept(runtime: Runtime, org: UUID) -> None:
    async with receiver() as there:
        await listen_at(runtime, org, there.url)
        await emit(runtime, org)
        async with working(runtime):
            await settled(runtime, org)
    attempts = (await one(runtime, org, "select attempts from deliveries where org_id = $1", org))["attempts"]
    assert [attempt["responseCode"] for attempt in attempts] == [200]
