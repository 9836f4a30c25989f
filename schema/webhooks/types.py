"""Webhook endpoints and their deliveries in the graph: what can be read of them."""

from datetime import datetime

import strawberry

from models.webhooks import DELIVERY, EVENT, WEBHOOK, DeliveryStatus, EndpointCircuit, EndpointStatus
from models.webhooks import Delivery as DeliveryTable
from models.webhooks import WebhookEndpoint as Table
from resolvers.webhooks.attempts import attempts
from resolvers.webhooks.collections import DELIVERIES, WEBHOOKS
from schema.declaration.collections import many, one, to_many
from schema.declaration.fields import batched, computed, creation, object_type, public_id, related_id
from schema.declaration.json_times import json_time
from schema.declaration.lists import Connection
from schema.declaration.nodes import Node


@object_type(resource=WEBHOOK)
class DeliveryAttempt:
    """An attempt to deliver an event."""

    at: datetime = json_time("at", "Time at which the attempt started.")
    response_code: int | None = computed(
        lambda attempt: attempt["responseCode"],
        description="HTTP status of the response; null if there was no complete response.",
    )
    duration_ms: int = computed(lambda attempt: attempt["durationMs"], description="Duration in milliseconds.")
    error: str | None = strawberry.field(description="Error code; null if the response was complete.")
    body: str | None = strawberry.field(
        description=(
            "The first 1 KiB of the response's body. Null if nothing was received, and for an API key that may not read"
            " the event's object, which the response may repeat."
        )
    )


@object_type(DeliveryTable, DELIVERY)
class Delivery:
    """The delivery of one event to one endpoint."""

    id: strawberry.ID = public_id(DELIVERY)
    event_id: strawberry.ID = related_id(
        EVENT, "event_id", "ID of the event: the `webhook-id` header of every attempt."
    )
    event_type: str
    status: DeliveryStatus
    attempts: list[DeliveryAttempt] = batched(
        attempts, "attempts", "event_id", "event_type", description="The last 20 attempts, oldest first.", cost=0
    )
    next_attempt_at: datetime | None
    created_at: datetime = creation()
    updated_at: datetime


@object_type(Table, WEBHOOK)
class WebhookEndpoint(Node):
    """An endpoint that signed events are sent to (Standard Webhooks)."""

    id: strawberry.ID = public_id(WEBHOOK)
    url: str
    events: list[str]
    description: str | None
    api_version: str
    status: EndpointStatus
    disabled_reason: str | None
    failing_since: datetime | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    circuit: EndpointCircuit
    paused_until: datetime | None
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    deliveries: Connection[Delivery] = to_many(DELIVERIES, "endpoint_id", "Deliveries to the endpoint")


@strawberry.type
class WebhookQuery:
    """Queries of webhook endpoints."""

    webhook: WebhookEndpoint | None = one(WEBHOOKS)
    webhooks: Connection[WebhookEndpoint] | None = many(WEBHOOKS)
