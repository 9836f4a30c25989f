"""Webhook deliveries: signed as Standard Webhooks says, tried ten times over about three days."""

from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

from models.jobs import JobState
from models.webhooks import DeliveryStatus
from resolvers import deliveries, jobs
from resolvers.context import Context, now
from resolvers.deliveries import Attempt, Parcel
from resolvers.jobs import Claim
from resolvers.runtime import Runtime
from workers.address import Postponed
from workers.http import URL_REFUSED, Answer, Sender
from workers.runner import EXHAUSTED, Handler
from workers.sweep import jittered

# When each try comes after the one before it, in seconds.
SCHEDULE = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
KEPT_BYTES = 1024
POSTPONED_S = 1.0
USER_AGENT = "Counterfoil-Webhooks/1"


def delay_after(tries: int) -> float | None:
    """The seconds until the next try; None after the last."""
    return jittered(SCHEDULE[tries]) if tries < len(SCHEDULE) else None


def headers_of(parcel: Parcel, moment: datetime) -> dict[str, str]:
    """The headers of one try, with a signature by each secret that holds."""
    signed = [Webhook(key).sign(parcel.webhook_id, moment, parcel.body) for key in parcel.secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": parcel.webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signed),
    }


def attempt_of(at: datetime, answer: Answer) -> Attempt:
    """A try as it is kept: of the body the first 1 KiB, as text that PostgreSQL takes."""
    body = None
    if answer.status is not None:
        body = answer.body[:KEPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")
    moment = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Attempt(moment, answer.status, answer.duration_ms, answer.error, body)


def handler(sender: Sender) -> Handler:
    """The handler of webhook deliveries."""

    async def run(runtime: Runtime, claim: Claim) -> None:
        async with jobs.held(runtime, claim) as ctx:
            parcel = await deliveries.load(ctx, claim.subject_id)
            if parcel is None:
                await deliveries.move(ctx, claim.subject_id, DeliveryStatus.CANCELLED)
                await jobs.finish(ctx, claim, JobState.CANCELLED)
                return
            await deliveries.move(ctx, claim.subject_id, DeliveryStatus.SENDING)
        at = now()
        headers = headers_of(parcel, datetime.now(UTC))
        try:
            answer = await sender.post(parcel.url, headers, parcel.body.encode(), org_id=claim.org_id)
        except Postponed:
            await _postpone(runtime, claim)
            return
        await _record(runtime, claim, parcel, attempt_of(at, answer))

    return Handler(run, delay_after, _ended)


async def _postpone(runtime: Runtime, claim: Claim) -> None:
    """Queue a delivery again of which nothing was sent: neither the job nor the delivery counts an attempt."""
    delay = jittered(POSTPONED_S)
    async with jobs.held(runtime, claim) as ctx:
        await deliveries.move(ctx, claim.subject_id, DeliveryStatus.PENDING, delay)
        await jobs.finish(ctx, claim, JobState.QUEUED, delay=delay, attempt=claim.attempt - 1)


async def _record(runtime: Runtime, claim: Claim, parcel: Parcel, attempt: Attempt) -> None:
    delay, status, state, code = None, DeliveryStatus.SUCCEEDED, JobState.DONE, None
    if attempt.response_code == deliveries.GONE:
        status, state, code = DeliveryStatus.FAILED, JobState.DEAD, "GONE"
    elif attempt.error == URL_REFUSED:
        status, state, code = DeliveryStatus.FAILED, JobState.DEAD, URL_REFUSED
    elif not attempt.succeeded:
        delay = delay_after(claim.attempt)
        if delay is None:
            status, state, code = DeliveryStatus.FAILED, JobState.DEAD, EXHAUSTED
        else:
            status, state = DeliveryStatus.PENDING, JobState.QUEUED
    async with jobs.held(runtime, claim) as ctx:
        await deliveries.record(ctx, claim.subject_id, parcel, attempt, status, delay)
        await jobs.finish(ctx, claim, state, delay=delay, error_code=code)


async def _ended(ctx: Context, claim: Claim, state: JobState, delay: float | None) -> None:
    status = DeliveryStatus.FAILED if state is JobState.DEAD else DeliveryStatus.PENDING
    await deliveries.move(ctx, claim.subject_id, status, delay)
