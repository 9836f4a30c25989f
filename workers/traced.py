"""The spans of what a worker does. Their attributes are IDs, names of ours, codes and numbers, and nobody's data."""

from models.jobs import TASK, JobQueue, JobState
from models.typeid import encode
from models.webhooks import DELIVERY, WEBHOOK
from resolvers.jobs.claims import Claim
from resolvers.tracing import Attributes, Span, Tracing
from resolvers.webhooks.deliveries import PreparedDelivery
from workers.http import Response

SYSTEM = "counterfoil"
# What is due later, or queues itself again: within the trace that queued it a trace would have no end.
_APART = (JobQueue.TIMERS, JobQueue.AUDIT)


def begin_job(tracing: Tracing, claim: Claim) -> Span:
    """Begin the span of an attempt of a job, in the trace that queued it; that of a timer or a seal is linked to it."""
    queue = claim.function.queue
    attributes: Attributes = {
        "messaging.system": SYSTEM,
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": queue.value,
        "messaging.message.id": encode(TASK.prefix, claim.id),
        "counterfoil.job.function": claim.function.value,
        "counterfoil.job.attempt": claim.attempt,
    }
    origin = None if claim.traceparent is None else {"traceparent": claim.traceparent}
    linked = queue in _APART
    return tracing.begin(f"process {queue.value}", "consumer", attributes, origin=origin, linked=linked)


def end_job(span: Span, claim: Claim) -> None:
    """End the span of an attempt with the state that its job has now, LOST where another worker has it."""
    outcome = claim.ended[-1].value if claim.ended else "LOST"
    span.note({"counterfoil.job.outcome": outcome})
    if outcome in (JobState.DEAD, "LOST"):
        span.fail(outcome)
    span.end()


def begin_delivery(tracing: Tracing, claim: Claim, prepared: PreparedDelivery, headers: dict[str, str]) -> Span:
    """Begin the span of an attempt of a delivery, and add to its headers what carries the trace to the receiver.

    Its URL is its owner's, and may hold a secret: the span has the endpoint's ID.
    """
    attributes: dict[str, str | int] = {
        "http.request.method": "POST",
        "counterfoil.webhook.endpoint": encode(WEBHOOK.prefix, prepared.endpoint_id),
        "counterfoil.webhook.delivery": encode(DELIVERY.prefix, claim.subject_id),
    }
    if claim.attempt > 1:
        attributes["http.request.resend_count"] = claim.attempt - 1
    span = tracing.begin("POST", "client", attributes)
    headers |= tracing.headers(prepared.tracestate)
    return span


def end_delivery(span: Span, response: Response | None) -> None:
    """End the span of an attempt with the receiver's status, or the code of why there is none; without a response
    nothing was sent."""
    if response is None:
        span.fail("NOT_SENT")
    elif response.status is None:
        span.fail(response.error or "NO_RESPONSE")
    else:
        span.note({"http.response.status_code": response.status})
        if not 200 <= response.status < 300:
            span.fail(str(response.status))
    span.end()
