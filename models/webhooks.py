"""Webhook endpoints, the events they hear of, and each delivery."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from annotated_types import MaxLen, MinLen
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from models.base import C_TEXT, TIMESTAMP, Owned, Resource, column, one_of, table_args, table_of
from models.words import Moment, ShortText, Stated, Url

PREFIX = "webhook"
DELIVERY_PREFIX = "delivery"
EVENT_PREFIX = "event"
API_VERSION = "2026-11-01"


class EndpointStatus(StrEnum):
    """Whether events are delivered to an endpoint."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


class EndpointCircuit(StrEnum):
    """Circuit breaker of an endpoint that keeps timing out."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class DeliveryStatus(StrEnum):
    """Status of a delivery."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class EventType(StrEnum):
    """What happens that an endpoint can hear of: member name = type with an underscore for its dot."""

    client_created = "client.created"
    client_updated = "client.updated"
    client_deleted = "client.deleted"
    service_created = "service.created"
    service_updated = "service.updated"
    service_deleted = "service.deleted"
    order_created = "order.created"
    order_updated = "order.updated"
    order_status_changed = "order.status_changed"
    order_deleted = "order.deleted"
    message_created = "message.created"
    webhook_test = "webhook.test"


EVENT_MEANINGS: dict[EventType, str] = {
    EventType.client_created: "A client was created.",
    EventType.client_updated: "A client was updated.",
    EventType.client_deleted: "A client was deleted; `data` is its last state.",
    EventType.service_created: "A service was created.",
    EventType.service_updated: "A service was updated.",
    EventType.service_deleted: "A service was deleted; `data` is its last state.",
    EventType.order_created: "An order was created.",
    EventType.order_updated: "Fields of an order were updated, other than by a transition.",
    EventType.order_status_changed: "An order moved to another status.",
    EventType.order_deleted: "An order was deleted; `data` is its last state.",
    EventType.message_created: "A message was added to an order's thread.",
    EventType.webhook_test: "A test event, sent to one endpoint on request; `data` is the endpoint.",
}
# An endpoint hears only of what the key that made it could read.
EVENT_SCOPES: dict[str, str] = {
    event.value: event.value.partition(".")[0] + "s:read" for event in EventType if event is not EventType.webhook_test
}


def _event_name(value: str) -> str:
    if value != EVERYTHING and value not in _EVENT_NAMES:
        allowed = [EVERYTHING, *sorted(_EVENT_NAMES)]
        raise PydanticCustomError("NOT_ONE_OF", f"must be one of {', '.join(allowed)}", {"allowed": allowed})
    return value


def _distinct(value: list[str]) -> list[str]:
    return list(dict.fromkeys(value))


EVERYTHING = "*"
_EVENT_NAMES = frozenset(event.value for event in EventType)
EventName = Annotated[
    str,
    AfterValidator(_event_name),
    Stated(enum=[EVERYTHING, *(event.value for event in EventType)], title="EventName"),
]
EventNames = Annotated[list[EventName], MinLen(1), MaxLen(100), AfterValidator(_distinct)]


class WebhookEndpoint(Resource, table=True):
    """An address that events are sent to."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = table_args(
        one_of("status", EndpointStatus),
        one_of("circuit", EndpointCircuit),
        sa.Index("webhook_endpoints_live_idx", "org_id", "id", postgresql_where=sa.text("deleted_at is null")),
    )

    url: Url = column(sa.Text, description="URL that events are sent to: `http` or `https`, at a public address.")
    events: EventNames = column(
        pg.ARRAY(sa.Text),
        description="Types of events to send, or `*` for all. Those that the creating key may not read are never sent.",
    )
    description: ShortText | None = column(sa.Text, nullable=True, description="Description of the endpoint.")
    secret: bytes = column(pg.BYTEA, description="The signing secret, encrypted.")
    previous_secret: bytes | None = column(pg.BYTEA, nullable=True, description="The one before it, encrypted.")
    previous_until: Moment | None = column(
        TIMESTAMP, nullable=True, description="Until when the one before it signs too."
    )
    api_version: str = column(sa.Text, description="Version of the payload format, fixed when the endpoint is created.")
    status: EndpointStatus = column(
        sa.Text, default=EndpointStatus.ENABLED, description="Whether events are delivered."
    )
    disabled_reason: str | None = column(
        sa.Text, nullable=True, description="Reason for which the endpoint is disabled."
    )
    failing_since: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time since which all attempts have failed."
    )
    last_success_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time of the last successful attempt."
    )
    last_failure_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time of the last failed attempt.")
    timeouts: int = column(sa.Integer, server_default=sa.text("0"), description="Attempts in a row that timed out.")
    circuit: EndpointCircuit = column(
        sa.Text,
        server_default=sa.text("'CLOSED'"),
        description="Whether deliveries are paused because attempts kept timing out.",
    )
    paused_until: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time until which deliveries are paused."
    )
    scopes: list[str] = column(pg.ARRAY(sa.Text), description="The scopes of the key that made it.")
    deleted_at: Moment | None = column(TIMESTAMP, nullable=True, description="When it was deleted; history stays.")


class Event(Owned, table=True):
    """Something that happened, with the exact text that is sent. Immutable."""

    __tablename__ = "events"
    __table_args__ = table_args(grants="SELECT, INSERT, DELETE")

    id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    type: str = column(C_TEXT, description="One of the event types.")
    resource_id: UUID = column(sa.Uuid)
    resource_version: int = column(sa.Integer)
    data: str = column(sa.Text, description="The body's data member, as it is sent.")
    occurred_at: Moment = column(TIMESTAMP)


class Delivery(Owned, table=True):
    """One event on its way to one endpoint."""

    __tablename__ = "deliveries"
    __table_args__ = table_args(
        one_of("status", DeliveryStatus),
        sa.UniqueConstraint("org_id", "event_id", "endpoint_id", name="deliveries_event_endpoint_key"),
        sa.ForeignKeyConstraint(["org_id", "event_id"], ["events.org_id", "events.id"]),
        sa.ForeignKeyConstraint(["org_id", "endpoint_id"], ["webhook_endpoints.org_id", "webhook_endpoints.id"]),
        sa.Index("deliveries_endpoint_idx", "org_id", "endpoint_id", "id"),
        sa.Index("deliveries_status_idx", "org_id", "status", "id"),
    )

    id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    event_id: UUID = column(sa.Uuid)
    endpoint_id: UUID = column(sa.Uuid)
    event_type: str = column(sa.Text, description="Type of the event.")
    status: DeliveryStatus = column(sa.Text, default=DeliveryStatus.PENDING, description="Status of the delivery.")
    attempts: list[Any] = column(
        pg.JSONB, info={"most": 20 * 1_200}, description="The last 20: at, responseCode, durationMs, error, body."
    )
    redeliveries: int = column(
        sa.Integer, server_default=sa.text("0"), description="How often it was sent again by hand."
    )
    next_attempt_at: Moment | None = column(
        TIMESTAMP,
        nullable=True,
        description="Time of the next attempt. Unless requested, it waits while the endpoint's circuit is open.",
    )
    updated_at: Moment = column(TIMESTAMP, description="Time at which the delivery last changed.")


webhook_endpoints = table_of(WebhookEndpoint)
events = table_of(Event)
deliveries = table_of(Delivery)
