"""Enums of the graph: the models' own words, each with its meaning."""

from enum import Enum
from typing import Any, TypeVar

import strawberry

from models.clients import ClientStatus
from models.messages import AuthorKind, Visibility
from models.orders import MOVES, Guard, OrderStatus, Requirement
from models.services import Billing, BillingInterval, ServiceStatus
from models.webhooks import DeliveryStatus, EndpointCircuit, EndpointStatus

E = TypeVar("E", bound=type[Enum])


def words(cls: E, **meanings: str) -> E:
    """Make an enum part of the graph. Each member needs its meaning."""
    assert cls.__doc__ is not None, "an enum says what it is"
    made: Any = strawberry.enum(cls, description=cls.__doc__)
    for value in made.__strawberry_definition__.values:
        value.description = meanings[value.name]
    return cls


words(
    ClientStatus,
    LEAD="A prospective client.",
    ACTIVE="A current client.",
    INACTIVE="A client without current work.",
    ARCHIVED="Archived: kept for its history, without new orders.",
)
words(ServiceStatus, DRAFT="Not offered yet.", ACTIVE="Offered: it can be ordered.", ARCHIVED="No longer offered.")
words(Billing, ONE_TIME="Billed once.", RECURRING="Billed at each interval.")
words(BillingInterval, WEEK="Every week.", MONTH="Every month.", QUARTER="Every three months.", YEAR="Every year.")
words(
    OrderStatus,
    PENDING="Not submitted yet.",
    SUBMITTED="Submitted; work has not started.",
    IN_PROGRESS="Work is in progress.",
    ON_HOLD="Work is on hold.",
    DELIVERED="Delivered to the client.",
    REVISION_REQUESTED="The client has requested a revision.",
    COMPLETED="Completed.",
    CANCELLED="Cancelled, with a reason.",
)
words(
    Guard,
    REVISION_LIMIT="The order has had all revisions that the setting `orders.revisionLimit` allows.",
    REOPEN_WINDOW="The order was completed longer ago than the setting `orders.reopenDays` allows.",
)
words(Requirement, REASON="A reason.")
words(AuthorKind, STAFF="The organization's staff.", CLIENT="The client.", AGENT="An AI agent.", SYSTEM="The system.")
words(Visibility, PUBLIC="Visible to the client.", INTERNAL="Visible only with the scope `messages:internal`.")
words(
    EndpointCircuit,
    CLOSED="Events are delivered normally.",
    OPEN="Several attempts in a row timed out. Nothing is sent until `pausedUntil`; no attempt is used up.",
    HALF_OPEN="One delivery is sent. Any answer closes the circuit; another time-out opens it for longer.",
)
words(EndpointStatus, ENABLED="Events are delivered.", DISABLED="Nothing is delivered until the endpoint is enabled.")
words(
    DeliveryStatus,
    PENDING="Waiting for the next attempt.",
    SENDING="Being sent.",
    SUCCEEDED="The receiver answered with a 2xx status.",
    FAILED="All attempts failed.",
    CANCELLED="The endpoint was disabled or deleted before the event was delivered.",
)


def moves_described() -> str:
    """The order's state machine as text, from its table."""
    return "\n".join(f"- {move.origin} → {move.target}: {move.meaning}" for move in MOVES)
