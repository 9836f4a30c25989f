"""Webhook deliveries: signed by Standard Webhooks, and attempted up to ten times over about three days."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from standardwebhooks.webhooks import Webhook

from models.jobs import JobState
from models.organizations import ORGANIZATION
from models.typeid import encode
from models.webhooks import DELIVERY, WEBHOOK, DeliveryStatus, EndpointCircuit
from resolvers.context import Context, now
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from resolvers.moments import shown_time
from resolvers.tracing import Tracing
from resolvers.webhooks import batches, cancelling, circuits, deliveries
from resolvers.webhooks.deliveries import Attempt, PreparedDelivery
from workers.jobs.backoff import jittered
from workers.jobs.batches import Batches
from workers.jobs.handler import Handler
from workers.jobs.leases import EXHAUSTED
from workers.jobs.retry import retry
from workers.jobs.slot import Slot
from workers.webhooks.addresses import Postponed
from workers.webhooks.http import URL_REFUSED, Response, Sender
from workers.webhooks.traced import begin_delivery, end_delivery

log = structlog.get_logger(__name__)

# The seconds before each attempt.
SCHEDULE = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
KEPT_BYTES = 1024
POSTPONED_S = 1.0
# The time-out for an endpoint that keeps timing out; every fourth attempt has the full time-out.
PROBE_S = 5.0
FULL_PROBE_EACH = 4
USER_AGENT = "Counterfoil-Webhooks/1"


def delay_after(tries: int) -> float | None:
    """Return the seconds until the next attempt; None after the last one."""
    return jittered(SCHEDULE[tries]) if tries < len(SCHEDULE) else None


def headers_of(prepared: PreparedDelivery, moment: datetime) -> dict[str, str]:
    """Return the headers of one attempt, with a signature by each valid secret."""
    signed = [Webhook(key).sign(prepared.webhook_id, moment, prepared.body) for key in prepared.secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": prepared.webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signed),
    }


def attempt_of(at: datetime, response: Response) -> Attempt:
    """Return an attempt as it is stored: with the first 1 KiB of the response's body, as text that PostgreSQL takes."""
    body = None
    if response.status is not None:
        body = response.body[:KEPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")
    return Attempt(str(_iso(at)), response.status, response.duration_ms, response.error, body)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A delivery that was sent: its job, what was sent, and the attempt."""

    runtime: Runtime
    claim: Claim
    prepared: PreparedDelivery
    attempt: Attempt


def handler(sender: Sender, tracing: Tracing | None = None) -> Handler:
    """Return the handler of webhook deliveries. The usual steps of several of one organization are one transaction."""
    beginning = Batches(_begin_some, name="begin deliveries", tracing=tracing)
    recording = Batches(_record_some, name="record deliveries", tracing=tracing)

    async def run(runtime: Runtime, claim: Claim, slot: Slot) -> None:
        prepared = await beginning.do(claim.org_id, (runtime, claim)) or await _begin(runtime, claim, slot)
        if prepared is None:
            return
        at = now()
        async with slot.freed():
            response = await _send(sender, runtime, claim, prepared)
        if response is None:
            await _postpone(runtime, claim)
            return
        attempt = attempt_of(at, response)
        # It was sent, and would be sent again if this were not recorded.
        if attempt.succeeded:
            done = partial(recording.do, claim.org_id, _Sent(runtime, claim, prepared, attempt))
            if await retry(done):
                return
        until = await _record(runtime, claim, prepared, attempt)
        if until is not None:
            slot.pause((until - now()).total_seconds())

    return Handler(run, delay_after, _ended)


async def _send(sender: Sender, runtime: Runtime, claim: Claim, prepared: PreparedDelivery) -> Response | None:
    """Send a delivery. Return None where nothing was sent for a lack of ours: see ``Postponed``."""
    headers, response = headers_of(prepared, datetime.now(UTC)), None
    span = None if runtime.tracing is None else begin_delivery(runtime.tracing, claim, prepared, headers)
    sent = partial(sender.post, prepared.url, headers, prepared.body.encode(), org_id=claim.org_id)
    try:
        with suppress(Postponed):
            response = await sent(total_seconds=timeout_for(prepared))
    finally:
        if span is not None:
            end_delivery(span, response)
    return response


async def _begin(runtime: Runtime, claim: Claim, slot: Slot) -> PreparedDelivery | None:
    """Let a delivery be SENDING, and return what to send. Return None for one that has ended, or that waits for its
    endpoint's circuit."""
    async with jobs.held(runtime, claim) as ctx:
        prepared = await deliveries.load(ctx, claim.subject_id)
        if prepared is None:
            await deliveries.set_status(ctx, claim.subject_id, DeliveryStatus.CANCELLED)
            await jobs.finish(ctx, claim, JobState.CANCELLED)
            # The key is the endpoint: cancel what else waits for it.
            await cancelling.cancel(ctx, claim.concurrency_key)
            return None
        if claim.concurrency_key != prepared.endpoint_id:
            await jobs.set_concurrency_key(ctx, claim, prepared.endpoint_id)
        wait = await deliveries.must_wait(ctx, prepared)
        if wait is None:
            await deliveries.set_status(ctx, claim.subject_id, DeliveryStatus.SENDING)
            return prepared
        await deliveries.set_status(ctx, claim.subject_id, DeliveryStatus.PENDING, wait)
        await jobs.give_back(ctx, claim, wait)
    slot.pause(wait)
    return None


async def _begin_some(
    _org_id: UUID, given: Sequence[tuple[Runtime, Claim]]
) -> list[PreparedDelivery | Exception | None]:
    """Begin deliveries of one organization. None is what of one that ``_begin`` decides."""
    runtime, claims = given[0][0], [claim for _, claim in given]
    async with jobs.held_some(runtime, claims) as (ctx, ours):
        keys = {each.subject_id: each.concurrency_key for each in claims if each.id in ours}
        found = await batches.begin(ctx, keys) if keys else {}
    return [found.get(each.subject_id) if each.id in ours else jobs.lease_lost(each) for each in claims]


async def _record_some(_org_id: UUID, sent: Sequence[_Sent]) -> list[bool | Exception]:
    """Record deliveries of one organization that succeeded. Return for each whether it is recorded."""
    claims = [each.claim for each in sent]
    async with jobs.held_some(sent[0].runtime, claims) as (ctx, ours):
        held = [each for each in sent if each.claim.id in ours]
        done: set[UUID] = set()
        if held:
            tried = [(each.claim.subject_id, each.prepared, each.attempt) for each in held]
            done = await batches.succeed(ctx, tried)
        ended = [each.claim for each in held if each.claim.subject_id in done]
        if ended:
            await jobs.finish_some(ctx, ended)
    return [each.subject_id in done if each.id in ours else jobs.lease_lost(each) for each in claims]


async def _postpone(runtime: Runtime, claim: Claim) -> None:
    """Queue a delivery again that was not sent; no attempt is counted."""
    delay = jittered(POSTPONED_S)
    async with jobs.held(runtime, claim) as ctx:
        await deliveries.set_status(ctx, claim.subject_id, DeliveryStatus.PENDING, delay)
        await jobs.give_back(ctx, claim, delay)


def timeout_for(prepared: PreparedDelivery) -> float | None:
    """Return the time-out of an attempt: shorter for an endpoint that keeps timing out, else the sender's own (None).

    Every fourth attempt has the full time-out, for a receiver that is slow but answers; and so has a requested one.
    """
    tried = prepared.timeouts - circuits.OPENS_AFTER
    shortened = (
        prepared.circuit != EndpointCircuit.CLOSED
        and not prepared.asked
        and tried % FULL_PROBE_EACH != FULL_PROBE_EACH - 1
    )
    return PROBE_S if shortened else None


async def _record(runtime: Runtime, claim: Claim, prepared: PreparedDelivery, attempt: Attempt) -> datetime | None:
    delay, status, state, code = None, DeliveryStatus.SUCCEEDED, JobState.DONE, None
    if attempt.response_code == deliveries.GONE:
        status, state, code = DeliveryStatus.FAILED, JobState.FAILED, "GONE"
    elif attempt.error == URL_REFUSED:
        status, state, code = DeliveryStatus.FAILED, JobState.FAILED, URL_REFUSED
    elif not attempt.succeeded:
        delay = delay_after(claim.attempt)
        if delay is None:
            status, state, code = DeliveryStatus.FAILED, JobState.FAILED, EXHAUSTED
        else:
            status, state = DeliveryStatus.PENDING, JobState.QUEUED

    async def recorded() -> tuple[bool, datetime | None]:
        async with jobs.held(runtime, claim) as ctx:
            became, paused = await deliveries.record(ctx, claim.subject_id, prepared, attempt, status, delay)
            cancelled = became == DeliveryStatus.CANCELLED
            if cancelled:
                await jobs.finish(ctx, claim, JobState.CANCELLED)
            else:
                await jobs.finish(ctx, claim, state, delay=delay, error_code=code)
            return cancelled, paused

    cancelled, until = await retry(recorded)
    if not attempt.succeeded:
        _log_failed(claim, prepared, attempt, None if cancelled else delay, until)
    return until


def _log_failed(
    claim: Claim, prepared: PreparedDelivery, attempt: Attempt, delay: float | None, until: datetime | None
) -> None:
    """Log a failed attempt; ``next`` is null after the last one."""
    log.warning(
        "delivery.failed",
        org=encode(ORGANIZATION.prefix, claim.org_id),
        endpoint=encode(WEBHOOK.prefix, prepared.endpoint_id),
        delivery=encode(DELIVERY.prefix, claim.subject_id),
        attempt=claim.attempt,
        code=attempt.error or attempt.response_code,
        next=_iso(None if delay is None else now() + timedelta(seconds=delay)),
        paused_until=_iso(until),
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else shown_time(moment)


async def _ended(ctx: Context, claim: Claim, state: JobState, delay: float | None) -> None:
    status = DeliveryStatus.FAILED if state is JobState.FAILED else DeliveryStatus.PENDING
    await deliveries.set_status(ctx, claim.subject_id, status, delay)
