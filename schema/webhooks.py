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


@object_type(description="One try to deliver an event.", scope="webhooks:read")
class DeliveryAttempt:
    """One try to deliver an event."""

    at: datetime = computed(_at, description="When it began.")
    response_code: int | None = computed(
        lambda attempt: attempt["responseCode"], description="The receiver's status; null without a whole answer."
    )
    duration_ms: int = computed(lambda attempt: attempt["durationMs"], description="How long it took, in milliseconds.")
    error: str | None = strawberry.field(description="Why there was no whole answer, as a code.")
    body: str | None = strawberry.field(description="The first 1 KiB of the answer.")


@object_type(DeliveryTable, description="One event on its way to one endpoint.", scope="webhooks:read")
class Delivery:
    """One event on its way to one endpoint."""

    id: strawberry.ID = public_id(DELIVERY_PREFIX)
    event_id: strawberry.ID = related_id(EVENT_PREFIX, "event_id", "The event: the header webhook-id of each try.")
    event_type: str
    status: DeliveryStatus
    attempts: list[DeliveryAttempt] = strawberry.field(description="The last 20 tries, the oldest of them first.")
    next_attempt_at: datetime | None
    created_at: datetime = creation()
    updated_at: datetime


@object_type(description="A delivery and where it stands in its list.", scope="webhooks:read")
class DeliveryEdge:
    """A row and where it stands in its list."""

    node: Delivery = edge_node()
    cursor: str = edge_cursor()


@object_type(description="A page of deliveries.", scope="webhooks:read")
class DeliveryConnection:
    """A page of deliveries."""

    edges: list[DeliveryEdge] = edges()
    nodes: list[Delivery] = nodes()
    page_info: PageInfo = page_info()
    total_count: int = total_count()


@strawberry.input(description="Conditions on a delivery's status.")
class DeliveryStatusFilter:
    """Conditions on a status."""

    eq: strawberry.Maybe[DeliveryStatus] = strawberry.field(description="Is this.")
    in_: strawberry.Maybe[list[DeliveryStatus]] = strawberry.field(name="in", description="Is one of these.")
    not_in: strawberry.Maybe[list[DeliveryStatus]] = strawberry.field(description="Is none of these.")


@strawberry.input(description="Which deliveries; every condition given must hold.")
class DeliveryFilter:
    """Which deliveries."""

    and_: strawberry.Maybe[list["DeliveryFilter"]] = strawberry.field(name="and", description=AND)
    or_: strawberry.Maybe[list["DeliveryFilter"]] = strawberry.field(name="or", description=OR)
    not_: strawberry.Maybe["DeliveryFilter"] = strawberry.field(name="not", description=NOT)
    id: strawberry.Maybe[IdFilter] = strawberry.field(description="By id.")
    status: strawberry.Maybe[DeliveryStatusFilter] = strawberry.field(description="By status.")
    created_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="By when it was made.")


class DeliveryOrderField(StrEnum):
    """What deliveries can be ordered by."""

    CREATED_AT = "CREATED_AT"


words(DeliveryOrderField, CREATED_AT="When it was made.")


@strawberry.input(description="An order of deliveries.")
class DeliveryOrder:
    """An order of deliveries."""

    kept_whole = True
    field: DeliveryOrderField = strawberry.field(description="By what.")
    direction: Direction | None = strawberry.field(description="Which way.", default=Direction.ASC)


@object_type(Table, description="An address that is told of events, signed (Standard Webhooks).", scope="webhooks:read")
class WebhookEndpoint(Node):
    """An address that is told of events."""

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
        description="What was sent to it, newest first.",
        arguments=page_arguments(DeliveryFilter, DeliveryOrder),
    )


@object_type(description="A webhook endpoint and where it stands in its list.", scope="webhooks:read")
class WebhookEndpointEdge:
    """A row and where it stands in its list."""

    node: WebhookEndpoint = edge_node()
    cursor: str = edge_cursor()


@object_type(description="A page of webhook endpoints.", scope="webhooks:read")
class WebhookEndpointConnection:
    """A page of webhook endpoints."""

    edges: list[WebhookEndpointEdge] = edges()
    nodes: list[WebhookEndpoint] = nodes()
    page_info: PageInfo = page_info()
    total_count: int = total_count()


@strawberry.input(description="Conditions on a webhook endpoint's status.")
class EndpointStatusFilter:
    """Conditions on a status."""

    eq: strawberry.Maybe[EndpointStatus] = strawberry.field(description="Is this.")
    in_: strawberry.Maybe[list[EndpointStatus]] = strawberry.field(name="in", description="Is one of these.")
    not_in: strawberry.Maybe[list[EndpointStatus]] = strawberry.field(description="Is none of these.")


@strawberry.input(description="Which webhook endpoints; every condition given must hold.")
class WebhookEndpointFilter:
    """Which webhook endpoints."""

    and_: strawberry.Maybe[list["WebhookEndpointFilter"]] = strawberry.field(name="and", description=AND)
    or_: strawberry.Maybe[list["WebhookEndpointFilter"]] = strawberry.field(name="or", description=OR)
    not_: strawberry.Maybe["WebhookEndpointFilter"] = strawberry.field(name="not", description=NOT)
    id: strawberry.Maybe[IdFilter] = strawberry.field(description="By id.")
    status: strawberry.Maybe[EndpointStatusFilter] = strawberry.field(description="By status.")
    created_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="By when it was made.")
    updated_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="By when it last changed.")


class WebhookEndpointOrderField(StrEnum):
    """What webhook endpoints can be ordered by."""

    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"


words(WebhookEndpointOrderField, CREATED_AT="When it was made.", UPDATED_AT="When it last changed.")


@strawberry.input(description="An order of webhook endpoints.")
class WebhookEndpointOrder:
    """An order of webhook endpoints."""

    kept_whole = True
    field: WebhookEndpointOrderField = strawberry.field(description="By what.")
    direction: Direction | None = strawberry.field(description="Which way.", default=Direction.ASC)


@strawberry.type
class WebhookQuery:
    """What can be asked of webhooks."""

    webhook: WebhookEndpoint | None = batched(
        webhooks.one,
        description="The webhook endpoint of an id; null when it is missing.",
        arguments=[argument("id", strawberry.ID, "The webhook endpoint's id.", required=True)],
        cost=1,
    )
    webhooks: WebhookEndpointConnection | None = batched(
        webhooks.listed,
        description="The organization's webhook endpoints, newest first.",
        arguments=page_arguments(WebhookEndpointFilter, WebhookEndpointOrder),
    )
