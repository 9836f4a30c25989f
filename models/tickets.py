"""Tickets: a client's question, the replies to it, and the clock that says who waits since when."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa

from models.base import STAFF, TIMESTAMP, Tagged, column, nullable_time, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.machines import Machine, Requirement, Row, SettingValues, Transition
from models.resources import Resource
from models.threads import INTERNAL_SCOPE, AuthorKind, ThreadEntry, thread_args
from models.types import Moment, Name, SchemaExtra

# What a schema gives as an example is what the test model of agents writes.
TicketSubject = Annotated[Name, SchemaExtra(examples=["Question about the order"])]

TICKET = Resource(
    "ticket",
    actions=("transition",),
    description="The tickets of the help desk, with their status and clock.",
    events={
        "created": "A ticket was created.",
        "updated": "A ticket was updated, also by a PUBLIC reply, or when it woke.",
    },
)
REPLY = Resource(
    "reply",
    scope=TICKET.scope,
    row_scope=INTERNAL_SCOPE,
    emits=TICKET.singular,
    events={"replied": "A reply was added to a ticket; `data` is the reply."},
)


class TicketStatus(DescribedEnum):
    """Status of a ticket."""

    OPEN = "OPEN", "Waits for the organization's staff."
    PENDING = "PENDING", "Waits for the client."
    SNOOZED = "SNOOZED", "Set aside until `snoozedUntil`; it is `OPEN` then."
    RESOLVED = "RESOLVED", "Resolved. A reply of the client opens it again."
    CLOSED = "CLOSED", "Closed for good: nobody can reply any more."
    SPAM = "SPAM", "Not a client's question."


class TicketPriority(DescribedEnum):
    """Priority of a ticket. It decides when the first response is due."""

    LOW = "LOW", "First response within the setting `tickets.firstResponse.low`."
    NORMAL = "NORMAL", "First response within the setting `tickets.firstResponse.normal`."
    HIGH = "HIGH", "First response within the setting `tickets.firstResponse.high`."
    URGENT = "URGENT", "First response within the setting `tickets.firstResponse.urgent`."


_S = TicketStatus
_ACTIVE = (_S.OPEN, _S.PENDING, _S.SNOOZED)
_MEANINGS = {
    _S.OPEN: "It waits for the staff: set by hand, by a reply of the client, or when it wakes.",
    _S.PENDING: "It waits for the client: set by hand or by a reply of the staff.",
    _S.SNOOZED: "It is set aside until `snoozedUntil`.",
    _S.RESOLVED: "It is resolved. Sets `resolvedAt`.",
    _S.SPAM: "It is not a client's question.",
}


def _effects(ticket: Row, made: Transition[TicketStatus], moment: datetime, reason: str | None) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if made.origin is _S.SNOOZED:
        changes["snoozed_until"] = None
    if made.target is _S.RESOLVED:
        changes["resolved_at"] = moment
    elif made.target is _S.OPEN:
        changes["resolved_at"] = None
    return changes


MACHINE = Machine(
    TicketStatus,
    *(
        Transition(origin, target, meaning, requires=(Requirement.SNOOZED_UNTIL,) if target is _S.SNOOZED else ())
        for origin in _ACTIVE
        for target, meaning in _MEANINGS.items()
        if origin is not target
    ),
    Transition(_S.RESOLVED, _S.OPEN, "It is opened again, by hand or by a reply of the client. Clears `resolvedAt`."),
    Transition(_S.RESOLVED, _S.CLOSED, "It is closed for good."),
    Transition(_S.SPAM, _S.OPEN, "It was a client's question after all."),
    effects=_effects,
)

# Who speaks for the organization.
RESPONDERS = frozenset({AuthorKind.STAFF, AuthorKind.AGENT})


def moved_by_reply(status: TicketStatus, author: AuthorKind) -> TicketStatus:
    """Return the status that a PUBLIC reply leaves a ticket in."""
    if author is AuthorKind.CLIENT and status in (_S.PENDING, _S.SNOOZED, _S.RESOLVED):
        return _S.OPEN
    if author in RESPONDERS and status in (_S.OPEN, _S.SNOOZED):
        return _S.PENDING
    return status


def clock_after_reply(ticket: Row, author: AuthorKind, moment: datetime) -> dict[str, Any]:
    """Return the columns of the clock as a PUBLIC reply leaves them: a client's starts it where it does not run."""
    if author is AuthorKind.CLIENT:
        return {"waiting_since": ticket["waiting_since"] or moment}
    if author in RESPONDERS:
        return {"waiting_since": None, "first_response_at": ticket["first_response_at"] or moment}
    return {}


def first_response_due(created: datetime, priority: TicketPriority, settings: SettingValues) -> datetime:
    """Return the time until which a ticket wants a first response."""
    return created + timedelta(hours=settings[f"tickets.firstResponse.{priority.lower()}"])


# What stands for the time of a breach that never comes: the ticket was answered in time.
NEVER_BREACHED = "9999-12-31 23:59:59.999Z"
# The time from which a ticket's first response is too late, as one value that an index holds.
_BREACHES = (
    f"(case when first_response_at <= first_response_due_at then '{NEVER_BREACHED}'::timestamptz"
    " else first_response_due_at end)"
)


def is_breached(ticket: Mapping[str, Any], moment: datetime) -> bool:
    """Return whether the first response came, or comes, too late."""
    due: datetime = ticket["first_response_due_at"]
    return (ticket["first_response_at"] or moment) > due


class Ticket(Tagged, table=True):
    """A client's question and its clock."""

    __tablename__ = "tickets"
    __table_args__ = table_args(
        one_of("status", TicketStatus),
        one_of("priority", TicketPriority),
        sa.CheckConstraint("(status = 'SNOOZED') = (snoozed_until is not null)", name="snoozed"),
        sa.CheckConstraint("(status in ('RESOLVED', 'CLOSED')) = (resolved_at is not null)", name="resolved"),
        sa.UniqueConstraint("org_id", "number", name="tickets_number_key"),
        sa.ForeignKeyConstraint(["org_id", "client_id"], ["clients.org_id", "clients.id"]),
        sa.ForeignKeyConstraint(["org_id", "order_id"], ["orders.org_id", "orders.id"]),
        sa.ForeignKeyConstraint(["org_id", "assignee_id"], ["members.org_id", "members.id"]),
        sa.Index("tickets_client_idx", "org_id", "client_id", "id"),
        sa.Index("tickets_order_idx", "org_id", "order_id", "id"),
        sa.Index("tickets_assignee_idx", "org_id", "assignee_id", "id"),
        sa.Index("tickets_status_idx", "org_id", "status", "id"),
        sa.Index("tickets_priority_idx", "org_id", "priority", "id"),
        *nullable_time("tickets_waiting", "waiting_since"),
        *nullable_time("tickets_orderless_waiting", "waiting_since", where="order_id is null"),
        sa.Index("tickets_breach_idx", "org_id", sa.text(_BREACHES), "id"),
        sa.Index("tickets_updated_idx", "org_id", "updated_at", "id"),
        grants="SELECT, INSERT, UPDATE",
    )

    number: int = column(sa.BigInteger, description="Ticket number for people: unique in the organization, with gaps.")
    subject: TicketSubject = column(sa.Text, description="Subject of the ticket.")
    client_id: UUID | None = column(sa.Uuid, nullable=True, description="ID of the client that asks.")
    order_id: UUID | None = column(sa.Uuid, nullable=True, description="ID of the order that the ticket is about.")
    assignee_id: UUID | None = column(
        sa.Uuid, nullable=True, info=STAFF, description="ID of the member who takes care of it."
    )
    status: TicketStatus = column(sa.Text, default=TicketStatus.OPEN, description="Status of the ticket.")
    priority: TicketPriority = column(sa.Text, default=TicketPriority.NORMAL, description="Priority of the ticket.")
    first_response_due_at: Moment = column(
        TIMESTAMP, description="Time until which the first response is due, by the priority and its setting."
    )
    first_response_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time of the first public reply of the staff or an agent."
    )
    waiting_since: Moment | None = column(
        TIMESTAMP,
        nullable=True,
        description="Time of the client's oldest message that is not answered, the ticket itself included; null when"
        " all are.",
    )
    resolved_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time at which the ticket was resolved; null when it is open again."
    )
    snoozed_until: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time at which a snoozed ticket wakes; null when it is not snoozed."
    )


class Reply(ThreadEntry, table=True):
    """One reply of a ticket's thread."""

    __tablename__ = "replies"
    __table_args__ = thread_args("replies", "ticket")

    ticket_id: UUID = column(sa.Uuid, description="ID of the ticket that the reply belongs to.")


tickets = table_of(Ticket)
replies = table_of(Reply)
