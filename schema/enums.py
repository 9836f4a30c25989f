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
    LEAD="Not yet a client.",
    ACTIVE="A client.",
    INACTIVE="A client without current work.",
    ARCHIVED="Out of sight; its history stays.",
)
words(ServiceStatus, DRAFT="Not offered yet.", ACTIVE="Can be ordered.", ARCHIVED="No longer offered.")
words(Billing, ONE_TIME="Paid once.", RECURRING="Paid each interval.")
words(BillingInterval, WEEK="Weekly.", MONTH="Monthly.", QUARTER="Each three months.", YEAR="Yearly.")
words(
    OrderStatus,
    PENDING="Not sent yet.",
    SUBMITTED="Sent, waiting for work to start.",
    IN_PROGRESS="In work.",
    ON_HOLD="The clock is stopped.",
    DELIVERED="With the client.",
    REVISION_REQUESTED="The client wants a change.",
    COMPLETED="Done.",
    CANCELLED="Given up, for a reason.",
)
words(
    Guard,
    REVISION_LIMIT="As many revisions as orders.revisionLimit allows were asked for.",
    REOPEN_WINDOW="It was completed longer ago than orders.reopenDays allows.",
)
words(Requirement, REASON="Why, as a text.")
words(AuthorKind, STAFF="The organization's staff.", CLIENT="The client.", AGENT="An AI agent.", SYSTEM="The system.")
words(Visibility, PUBLIC="The client sees it.", INTERNAL="Only holders of messages:internal see it.")
words(
    EndpointCircuit,
    CLOSED="Deliveries are sent as they come.",
    OPEN="Several tries in a row timed out: nothing is sent until `pausedUntil`, and no try is used up.",
    HALF_OPEN="One delivery is sent; any answer closes the circuit, another time-out opens it for longer.",
)
words(EndpointStatus, ENABLED="It gets deliveries.", DISABLED="It gets none until it is enabled.")
words(
    DeliveryStatus,
    PENDING="Waits for its next try.",
    SENDING="Is being sent.",
    SUCCEEDED="The receiver answered 2xx.",
    FAILED="Every try failed.",
    CANCELLED="Its endpoint was disabled or deleted before it arrived.",
)


def moves_described() -> str:
    """The order's state machine as text, from its table."""
    return "\n".join(f"- {move.origin} → {move.target}: {move.meaning}" for move in MOVES)
