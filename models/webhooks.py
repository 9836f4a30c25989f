"""Webhook endpoints, the events they hear of, and each delivery."""

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from annotated_types import MaxLen, MinLen
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from models.base import (
    C_TEXT,
    TIMESTAMP,
    TRACEPARENT,
    TRACESTATE,
    Owned,
    Versioned,
    Xid8,
    column,
    one_of,
    table_args,
    table_of,
)
from models.enums import DescribedEnum
from models.resources import EVERYTHING, Resource, ToolFor
from models.resources import events as events_of_api
from models.types import Moment, SchemaExtra, ShortText, Url

WEBHOOK = Resource(
    "webhook",
    actions=("disable", "rotate_secret", "test", "redeliver"),
    type_name="WebhookEndpoint",
    label="webhook endpoint",
    tool_for=ToolFor.NOBODY,
    description="The endpoints that events are sent to.",
    events={"test": "A test event, sent to one endpoint on request; `data` is the endpoint."},
)
DELIVERY = Resource("delivery", scope=WEBHOOK.scope)
EVENT = Resource("event", scope=None)
TEST_EVENT = WEBHOOK.event("test")
API_VERSION = "2026-11-01"


class EndpointStatus(DescribedEnum):
    """Whether events are delivered to an endpoint."""

    ENABLED = "ENABLED", "Events are delivered."
    DISABLED = "DISABLED", "Nothing is delivered until the endpoint is enabled."


class EndpointCircuit(DescribedEnum):
    """Circuit breaker of an endpoint that keeps timing out."""

    CLOSED = "CLOSED", "Events are delivered normally."
    OPEN = (
        "OPEN",
        "Several attempts in a row timed out. Nothing is sent until `pausedUntil`; no attempt is used up.",
    )
    HALF_OPEN = (
        "HALF_OPEN",
        "One delivery is sent. Any response closes the circuit; another time-out opens it for longer.",
    )


class DeliveryStatus(DescribedEnum):
    """Status of a delivery."""

    PENDING = "PENDING", "Waiting for the next attempt."
    SENDING = "SENDING", "Being sent."
    SUCCEEDED = "SUCCEEDED", "The receiver responded with a 2xx status."
    FAILED = "FAILED", "All attempts failed."
    CANCELLED = "CANCELLED", "The endpoint was disabled or deleted before the event was delivered."


def event_scope(event: str) -> str | None:
    """Return the scope that an endpoint needs for a type of event; None where it needs none."""
    return None if event == TEST_EVENT else next(each.read_scope for name, each, _ in events_of_api() if name == event)


def event_scopes() -> list[str]:
    """Return every scope that an endpoint needs for some event, of a resource or of some of its rows."""
    found: set[str] = set()
    for _, resource, _ in events_of_api():
        if resource is not WEBHOOK:
            found.add(resource.read_scope)
            if resource.row_scope is not None:
                found.add(resource.row_scope)
    return sorted(found)


def event_names() -> list[str]:
    """Return the types of events that an endpoint can subscribe to, and ``*`` for all of them."""
    return [EVERYTHING, *(name for name, _, _ in events_of_api())]


def _event_name(value: str) -> str:
    if value not in event_names():
        allowed = sorted(event_names())
        raise PydanticCustomError("NOT_ONE_OF", f"must be one of {', '.join(allowed)}", {"allowed": allowed})
    return value


def _distinct(value: list[str]) -> list[str]:
    return list(dict.fromkeys(value))


EventName = Annotated[
    str,
    AfterValidator(_event_name),
    SchemaExtra(enum=event_names, title="EventName"),
]
EventNames = Annotated[list[EventName], MinLen(1), MaxLen(100), AfterValidator(_distinct)]


class WebhookEndpoint(Versioned, table=True):
    """An address that events are sent to."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = table_args(
        one_of("status", EndpointStatus),
        one_of("circuit", EndpointCircuit),
        sa.ForeignKeyConstraint(
            ["org_id", "created_by_key"], ["api_keys.org_id", "api_keys.id"], ondelete="SET NULL (created_by_key)"
        ),
        sa.Index(None, "org_id", "created_by_key"),
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
    timeouts: int = column(
        sa.Integer,
        default=0,
        server_default=sa.text("0"),
        description="Attempts in a row that timed out.",
        info={"internal": True},
    )
    circuit: EndpointCircuit = column(
        sa.Text,
        default=EndpointCircuit.CLOSED,
        server_default=sa.text("'CLOSED'"),
        description="Whether deliveries are paused because attempts kept timing out.",
    )
    paused_until: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time until which deliveries are paused."
    )
    scopes: list[str] = column(pg.ARRAY(sa.Text), description="The scopes of the key that made it.")
    created_by_key: UUID | None = column(
        sa.Uuid, nullable=True, description="The key that made it, if one did and was not deleted."
    )
    deleted_at: Moment | None = column(TIMESTAMP, nullable=True, description="When it was deleted; history stays.")


class Event(Owned, table=True):
    """Something that happened, with the exact text that is sent. Immutable."""

    __tablename__ = "events"
    __table_args__ = table_args(sa.Index("events_order_idx", "org_id", "xact", "id"), grants="SELECT, INSERT, DELETE")

    id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    type: str = column(C_TEXT, description="One of the event types.")
    resource_id: UUID = column(sa.Uuid)
    resource_version: int = column(sa.Integer)
    data: str = column(sa.Text, description="The body's data member, as it is sent.")
    occurred_at: Moment = column(TIMESTAMP)
    # What a feed is judged and ordered by, without the object, which may be gone.
    client_id: UUID | None = column(sa.Uuid, nullable=True, description="The client that the event is about, if any.")
    visibility: str | None = column(
        sa.Text, nullable=True, description="The value by which the object is hidden from some, where one is."
    )
    traceparent: str | None = column(
        sa.Text,
        nullable=True,
        server_default=TRACEPARENT,
        description="`traceparent` of the operation that made it, if traced.",
    )
    tracestate: str | None = column(
        sa.Text,
        nullable=True,
        server_default=TRACESTATE,
        description="`tracestate` of that operation's caller, if it sent one.",
    )
    xact: int = column(
        Xid8, server_default=sa.text("pg_current_xact_id()"), description="The transaction that wrote it."
    )


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
