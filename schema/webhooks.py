"""Webhook endpoints and their deliveries in the graph: what can be read of them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry

from models.webhooks import DELIVERY_PREFIX, EVENT_PREFIX, PREFIX, DeliveryStatus, EndpointCircuit, EndpointStatus
from models.webhooks import Delivery as DeliveryTable
from models.webhooks import WebhookEndpoint as Table
from resolvers import webhook_deliveries, webhooks
from schema.enums import words
from schema.fields import argument, batched, computed, creation, object_type, page_arguments, public_id, related_id
from schema.lists import (
    AND,
    NOT,
    OR,
    DateTimeFilter,
    Direction,
    IdFilter,
    PageInfo,
    edge_cursor,
    edge_node,
    edges,
    nodes,
    page_info,
    total_count,
)
from schema.nodes import Node


def _at(attempt: Any) -> datetime:
    return datetime.fromisoformat(attempt["at"])


@object_type(description="An attempt to deliver an event.", scope="webhooks:read")
class DeliveryAttempt:
    """One try to deliver an event."""

    at: datetime = computed(_at, description="Time at which the attempt started.")
    response_code: int | None = computed(
        lambda attempt: attempt["responseCode"],
        description="HTTP status of the answer; null without a complete answer.",
    )
    duration_ms: int = computed(lambda attempt: attempt["durationMs"], description="Duration in milliseconds.")
    error: str | None = strawberry.field(description="Error code; null when the answer was complete.")
    body: str | None = strawberry.field(description="The first 1 KiB of the answer's body.")


@object_type(DeliveryTable, description="The delivery of one event to one endpoint.", scope="webhooks:read")
class Delivery:
    """One event on its way to one endpoint."""

    id: strawberry.ID = public_id(DELIVERY_PREFIX)
    event_id: strawberry.ID = related_id(
        EVENT_PREFIX, "event_id", "ID of the event: the `webhook-id` header of every attempt."
    )
    event_type: str
    status: DeliveryStatus
    attempts: list[DeliveryAttempt] = strawberry.field(description="The last 20 attempts, oldest first.")
    next_attempt_at: datetime | None
    created_at: datetime = creation()
    updated_at: datetime


@object_type(description="An edge of a list of deliveries: a delivery and its cursor.", scope="webhooks:read")
class DeliveryEdge:
    """A row and where it stands in its list."""

    node: Delivery = edge_node()
    cursor: str = edge_cursor()


@object_type(description="A page of a list of deliveries.", scope="webhooks:read")
class DeliveryConnection:
    """A page of deliveries."""

    edges: list[DeliveryEdge] = edges()
    nodes: list[Delivery] = nodes()
    page_info: PageInfo = page_info()
    total_count: int = total_count()


@strawberry.input(description="Conditions on a delivery's status.")
class DeliveryStatusFilter:
    """Conditions on a status."""

    eq: strawberry.Maybe[DeliveryStatus] = strawberry.field(description="Equals this value.")
    in_: strawberry.Maybe[list[DeliveryStatus]] = strawberry.field(name="in", description="Equals one of these values.")
    not_in: strawberry.Maybe[list[DeliveryStatus]] = strawberry.field(description="Equals none of these values.")


@strawberry.input(description="Filter conditions for deliveries. All given conditions must match.")
class DeliveryFilter:
    """Which deliveries."""

    and_: strawberry.Maybe[list["DeliveryFilter"]] = strawberry.field(name="and", description=AND)
    or_: strawberry.Maybe[list["DeliveryFilter"]] = strawberry.field(name="or", description=OR)
    not_: strawberry.Maybe["DeliveryFilter"] = strawberry.field(name="not", description=NOT)
    id: strawberry.Maybe[IdFilter] = strawberry.field(description="Filter by ID.")
    status: strawberry.Maybe[DeliveryStatusFilter] = strawberry.field(description="Filter by status.")
    created_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="Filter by time of creation.")


class DeliveryOrderField(StrEnum):
    """Fields that deliveries can be sorted by."""

    CREATED_AT = "CREATED_AT"


words(DeliveryOrderField, CREATED_AT="Time of creation.")


@strawberry.input(description="Ordering options for deliveries.")
class DeliveryOrder:
    """An order of deliveries."""

    kept_whole = True
    field: DeliveryOrderField = strawberry.field(description="Field to sort by.")
    direction: Direction | None = strawberry.field(description="Sort direction.", default=Direction.ASC)


@object_type(
    Table, description="An endpoint that signed events are sent to (Standard Webhooks).", scope="webhooks:read"
)
class WebhookEndpoint(Node):
    """An address that events are sent to."""

    prefix = PREFIX
    id: strawberry.ID = public_id(PREFIX)
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
    deliveries: DeliveryConnection = batched(
        webhook_deliveries.of_endpoints,
        "id",
        description="Deliveries to the endpoint, newest first by default.",
        arguments=page_arguments(DeliveryFilter, DeliveryOrder),
    )


@object_type(description="An edge of a list of webhook endpoints: an endpoint and its cursor.", scope="webhooks:read")
class WebhookEndpointEdge:
    """A row and where it stands in its list."""

    node: WebhookEndpoint = edge_node()
    cursor: str = edge_cursor()


@object_type(description="A page of a list of webhook endpoints.", scope="webhooks:read")
class WebhookEndpointConnection:
    """A page of webhook endpoints."""

    edges: list[WebhookEndpointEdge] = edges()
    nodes: list[WebhookEndpoint] = nodes()
    page_info: PageInfo = page_info()
    total_count: int = total_count()


@strawberry.input(description="Conditions on a webhook endpoint's status.")
class EndpointStatusFilter:
    """Conditions on a status."""

    eq: strawberry.Maybe[EndpointStatus] = strawberry.field(description="Equals this value.")
    in_: strawberry.Maybe[list[EndpointStatus]] = strawberry.field(name="in", description="Equals one of these values.")
    not_in: strawberry.Maybe[list[EndpointStatus]] = strawberry.field(description="Equals none of these values.")


@strawberry.input(description="Filter conditions for webhook endpoints. All given conditions must match.")
class WebhookEndpointFilter:
    """Which webhook endpoints."""

    and_: strawberry.Maybe[list["WebhookEndpointFilter"]] = strawberry.field(name="and", description=AND)
    or_: strawberry.Maybe[list["WebhookEndpointFilter"]] = strawberry.field(name="or", description=OR)
    not_: strawberry.Maybe["WebhookEndpointFilter"] = strawberry.field(name="not", description=NOT)
    id: strawberry.Maybe[IdFilter] = strawberry.field(description="Filter by ID.")
    status: strawberry.Maybe[EndpointStatusFilter] = strawberry.field(description="Filter by status.")
    created_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="Filter by time of creation.")
    updated_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="Filter by time of the last change.")


class WebhookEndpointOrderField(StrEnum):
    """Fields that webhook endpoints can be sorted by."""

    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"


words(WebhookEndpointOrderField, CREATED_AT="Time of creation.", UPDATED_AT="Time of the last change.")


@strawberry.input(description="Ordering options for webhook endpoints.")
class WebhookEndpointOrder:
    """An order of webhook endpoints."""

    kept_whole = True
    field: WebhookEndpointOrderField = strawberry.field(description="Field to sort by.")
    direction: Direction | None = strawberry.field(description="Sort direction.", default=Direction.ASC)


@strawberry.type
class WebhookQuery:
    """What can be asked of webhooks."""

    webhook: WebhookEndpoint | None = batched(
        webhooks.one,
        description="Look up a webhook endpoint by ID. Null when it does not exist.",
        arguments=[argument("id", strawberry.ID, "ID of the webhook endpoint.")],
        cost=1,
    )
    webhooks: WebhookEndpointConnection | None = batched(
        webhooks.listed,
        description="The organization's webhook endpoints, newest first by default.",
        arguments=page_arguments(WebhookEndpointFilter, WebhookEndpointOrder),
    )
