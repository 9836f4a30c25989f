"""The spans of the attempts of deliveries. They name an endpoint by its ID, and hold nobody's data."""

from models.typeid import encode
from models.webhooks import DELIVERY, WEBHOOK
from resolvers.jobs.claims import Claim
from resolvers.tracing import Span, Tracing
from resolvers.webhooks.deliveries import PreparedDelivery
from workers.webhooks.http import Response


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
