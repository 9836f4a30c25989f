"""Endpoints that keep timing out: spared for a while, tried with one delivery, and every failed try is one log line."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from models.typeid import encode
from models.webhooks import DeliveryStatus, EndpointCircuit
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from resolvers.webhooks import circuits, deliveries
from resolvers.webhooks.deliveries import Attempt
from tests.support.jobs import (
    OK,
    Receiver,
    emit,
    eventually,
    listen_at,
    one,
    receiver,
    rows,
    sender,
    settled,
    slot_of,
    working,
)  # fmt: skip
from workers.webhooks import deliver
from workers.webhooks.deliver import PROBE_S, timeout_for
from workers.webhooks.http import TOTAL_S

ENDPOINT = "select * from webhook_endpoints where org_id = $1"
JOB = "select * from jobs where org_id = $1 and id = $2"
DELIVERY = "select * from deliveries where org_id = $1 and id = $2"
OVER = "update webhook_endpoints set paused_until = now() - interval '1 second' where org_id = $1"
FAILED = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"


async def claimed(runtime: Runtime, org: UUID, job: UUID) -> Claim:
    """A job, claimed."""
    claim = await jobs.claim(runtime, org, job, 45)
    assert claim is not None
    return claim


async def run(runtime: Runtime, org: UUID, job: UUID) -> Claim:
    """Try a delivery, for a fifth of a second at most."""
    claim = await claimed(runtime, org, job)
    await deliver.handler(sender(total_seconds=0.2)).run(runtime, claim, slot_of(claim))
    return claim


async def opened(runtime: Runtime, org: UUID, there: Receiver, number: int = 3) -> list[UUID]:
    """Let an endpoint time out until its circuit is open; as many jobs that nobody tried yet."""
    there.drip = 60
    await listen_at(runtime, org, there.url)
    tried = await emit(runtime, org, circuits.OPENS_AFTER)
    for job in tried:
        await run(runtime, org, job)
    return await emit(runtime, org, number)


async def test_three_timeouts_open_the_circuit(runtime: Runtime, org: UUID) -> None:
    async with receiver(b"") as there:
        there.drip = 60
        await listen_at(runtime, org, there.url)
        seen = []
        for job in await emit(runtime, org, 3):
            await run(runtime, org, job)
            row = await one(runtime, org, ENDPOINT, org)
            seen.append((row["timeouts"], row["circuit"], row["paused_until"] is None))
    assert seen == [(1, "CLOSED", True), (2, "CLOSED", True), (3, "OPEN", False)]
    row = await one(runtime, org, ENDPOINT, org)
    assert row["version"] == 1
    pause = (row["paused_until"] - row["last_failure_at"]).total_seconds()
    assert circuits.FIRST_PAUSE_S * 0.8 - 5 <= pause <= circuits.FIRST_PAUSE_S * 1.2 + 5


async def test_while_it_is_open_nothing_is_sent_and_no_try_is_used_up(runtime: Runtime, org: UUID) -> None:
    async with receiver(b"") as there:
        [job] = await opened(runtime, org, there, 1)
        before = await one(runtime, org, ENDPOINT, org)
        sent = len(there.requests)
        claim = await run(runtime, org, job)
        assert len(there.requests) == sent
    row = await one(runtime, org, JOB, org, job)
    assert (row["state"], row["attempt"], row["error_code"]) == ("QUEUED", 0, None)
    assert abs((row["run_at"] - before["paused_until"]).total_seconds()) < 5
    delivery = await one(runtime, org, DELIVERY, org, claim.subject_id)
    assert (delivery["status"], delivery["attempts"]) == ("PENDING", [])
    assert abs((delivery["next_attempt_at"] - before["paused_until"]).total_seconds()) < 5
    assert await one(runtime, org, ENDPOINT, org) == before


async def test_one_delivery_at_a_time_tries_it_again(runtime: Runtime, org: UUID) -> None:
    async with receiver(b"") as there:
        first, second = await opened(runtime, org, there, 2)
        await rows(runtime, org, OVER, org)
        sent = len(there.requests)
        await asyncio.gather(run(runtime, org, first), run(runtime, org, second))
        assert len(there.requests) == sent + 1
        endpoint = await one(runtime, org, ENDPOINT, org)
        assert (endpoint["timeouts"], endpoint["circuit"]) == (4, "OPEN")
        pause = (endpoint["paused_until"] - endpoint["last_failure_at"]).total_seconds()
        assert circuits.FIRST_PAUSE_S * 1.6 - 5 <= pause <= circuits.FIRST_PAUSE_S * 2.4 + 5
    tries = [(await one(runtime, org, JOB, org, job))["attempt"] for job in (first, second)]
    assert sorted(tries) == [0, 1]


@pytest.mark.parametrize(("answer", "failing"), [(OK, False), (FAILED, True)])
async def test_any_answer_closes_it(runtime: Runtime, org: UUID, answer: bytes, failing: bool) -> None:
    async with receiver(b"") as there:
        [job] = await opened(runtime, org, there, 1)
        await rows(runtime, org, OVER, org)
        there.drip = None

        async def answers(_request: Any) -> bytes:
            return answer

        there.answer = answers
        await run(runtime, org, job)
    row = await one(runtime, org, ENDPOINT, org)
    assert (row["timeouts"], row["circuit"], row["paused_until"]) == (0, "CLOSED", None)
    assert (row["failing_since"] is not None) is failing


async def test_a_worker_that_died_while_trying_does_not_keep_it_shut(runtime: Runtime, org: UUID) -> None:
    async with receiver(b"") as there:
        first, second = await opened(runtime, org, there, 2)
        await rows(runtime, org, OVER, org)
        claim = await claimed(runtime, org, first)
        async with jobs.held(runtime, claim) as ctx:
            parcel = await deliveries.load(ctx, claim.subject_id)
            assert parcel is not None
            assert await deliveries.must_wait(ctx, parcel) is None
        half = await one(runtime, org, ENDPOINT, org)
        assert half["circuit"] == "HALF_OPEN"
        assert TOTAL_S < (half["paused_until"] - datetime.now(UTC)).total_seconds() <= circuits.PROBE_S
        sent = len(there.requests)
        await rows(runtime, org, OVER, org)
        await run(runtime, org, second)
        assert len(there.requests) == sent + 1


async def test_a_late_timeout_of_an_earlier_try_makes_the_pause_no_longer(runtime: Runtime, org: UUID) -> None:
    async with receiver(b"") as there:
        [job] = await opened(runtime, org, there, 1)
    before = await one(runtime, org, ENDPOINT, org)
    claim = await claimed(runtime, org, job)
    async with jobs.held(runtime, claim) as ctx:
        parcel = await deliveries.load(ctx, claim.subject_id)
        assert parcel is not None
        late = Attempt("2026-01-01T00:00:00.000Z", None, 15_000, "TIMEOUT", None)
        await deliveries.record(ctx, claim.subject_id, parcel, late, DeliveryStatus.PENDING, 5)
    after = await one(runtime, org, ENDPOINT, org)
    assert [after[name] for name in ("timeouts", "circuit", "paused_until")] == [3, "OPEN", before["paused_until"]]


async def test_a_worker_spares_it_and_comes_back(runtime: Runtime, org: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    # What comes while the probe is under way waits so long.
    monkeypatch.setattr(circuits, "PROBE_S", 0.5)
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(receiver(b"", drip=60))
        await listen_at(runtime, org, there.url)
        await emit(runtime, org, 12)
        quick = sender(total_seconds=0.2)
        async with working(runtime, sender=quick):

            async def spared() -> bool:
                return bool((await one(runtime, org, ENDPOINT, org))["circuit"] == "OPEN")

            await eventually(spared)
            # Two ran at once: at most one more was under way when the third time-out opened the circuit.
            assert len(there.requests) <= circuits.OPENS_AFTER + 1
        tried = await rows(runtime, org, "select 1 from jobs where org_id = $1 and attempt > 0", org)
        assert len(tried) <= circuits.OPENS_AFTER + 1
        there.drip = None

        async def healed(_request: Any) -> bytes:
            return OK

        there.answer = healed
        await rows(runtime, org, OVER, org)
        await rows(runtime, org, "update jobs set run_at = now() where org_id = $1 and state = 'QUEUED'", org)
        async with working(runtime):
            await settled(runtime, org, number=12)
    assert (await one(runtime, org, ENDPOINT, org))["circuit"] == "CLOSED"


def test_an_endpoint_that_keeps_timing_out_has_shorter_attempts() -> None:
    def timeout(timeouts: int, circuit: str) -> float | None:
        state = (timeouts, EndpointCircuit(circuit), None)
        return timeout_for(deliveries.PreparedDelivery(UUID(int=1), 1, "", (), "", "", *state))

    assert timeout(2, "CLOSED") is None
    probes = [timeout(timeouts, "HALF_OPEN") for timeouts in range(3, 11)]
    assert probes == [PROBE_S, PROBE_S, PROBE_S, None] * 2


async def test_a_shorter_patience_cuts_a_try() -> None:
    async with receiver(b"", drip=60) as there, asyncio.timeout(60):
        answer = await sender(total_seconds=3_600).post(there.url, {}, b"{}", total_seconds=0.2)
    assert (answer.status, answer.error) == (None, "TIMEOUT")


async def test_each_failed_try_is_one_log_line(runtime: Runtime, org: UUID) -> None:
    async with receiver(FAILED, OK) as there:
        key, _ = await listen_at(runtime, org, there.url)
        [job, fine] = await emit(runtime, org, 2)
        with capture_logs() as logs:
            claim = await run(runtime, org, job)
            await run(runtime, org, fine)
    [line] = [entry for entry in logs if entry["event"] == "delivery.failed"]
    delivery = await one(runtime, org, DELIVERY, org, claim.subject_id)
    apart = datetime.fromisoformat(line.pop("next")) - delivery["next_attempt_at"]
    assert abs(apart.total_seconds()) < 5
    assert line == {
        "event": "delivery.failed",
        "log_level": "warning",
        "org": encode("org", org),
        "endpoint": encode("webhook", key),
        "delivery": encode("delivery", claim.subject_id),
        "attempt": 1,
        "code": 500,
        "paused_until": None,
    }


async def test_the_log_line_of_the_last_try_and_of_an_opened_circuit(runtime: Runtime, org: UUID) -> None:
    async with receiver(b"", drip=60) as there:
        await listen_at(runtime, org, there.url, timeouts=2)
        [job] = await emit(runtime, org)
        await rows(runtime, org, "update jobs set attempt = 9 where org_id = $1 and id = $2", org, job)
        with capture_logs() as logs:
            await run(runtime, org, job)
    [line] = [entry for entry in logs if entry["event"] == "delivery.failed"]
    until = (await one(runtime, org, ENDPOINT, org))["paused_until"]
    assert (line["attempt"], line["code"], line["next"]) == (10, "TIMEOUT", None)
    assert datetime.fromisoformat(line["paused_until"]) == until
