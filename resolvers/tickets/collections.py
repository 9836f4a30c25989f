"""Tickets and their replies: what they can be filtered and sorted by, and who sees which."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from models.base import TIMESTAMP
from models.clients import CLIENT
from models.members import MEMBER
from models.orders import ORDER
from models.tickets import NEVER_BREACHED, REPLY, TICKET, TicketPriority, TicketStatus, replies, tickets
from resolvers.collections.collection import (
    COMMON_SORT_FIELDS,
    Collection,
    Relation,
    SortField,
    common_filters,
    of_client,
)
from resolvers.context import now
from resolvers.lists.conditions import Condition, Operand, enum, ids, moment, number, tags
from resolvers.lists.operators import Op, Value
from resolvers.threads import entries_of

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def _breaches(column: Any) -> Any:
    """Return the time from which the first response is too late: what is indexed."""
    ticket = column.table.c
    never = sa.literal_column(f"'{NEVER_BREACHED}'::timestamptz", TIMESTAMP)
    answered = ticket.first_response_at <= ticket.first_response_due_at
    return sa.case((answered, never), else_=ticket.first_response_due_at)


def _range(breached: bool) -> list[Value]:
    moment = now()
    start, end = (_FIRST, moment) if breached else (moment, _LAST)
    return [(start, TIMESTAMP), (end, TIMESTAMP)]


def _within(column: Any, p: list[Any]) -> Any:
    return sa.and_(_breaches(column) >= p[0], _breaches(column) < p[1])


def _breached() -> Condition:
    """Return the condition on whether the first response is too late, which time changes too: a range of an index."""
    ops = {"eq": Op(_range, _within, count=2, rank=3, key=_breaches)}
    return Condition("first_response_due_at", Operand.BOOLEAN, "whether the first response is too late", ops)


TICKETS = Collection(
    TICKET,
    tickets,
    clients=of_client,
    searched=("number", "subject"),
    sort_fields=COMMON_SORT_FIELDS
    | {
        "NUMBER": SortField("number", int, "Ticket number.", grows=True),
        "WAITING_SINCE": SortField(
            "waiting_since", datetime, "Time since which the client waits; tickets without one last.", nullable=True
        ),
    },
    filters={
        **common_filters(TICKET),
        "status": enum("status", TicketStatus),
        "priority": enum("priority", TicketPriority),
        "tags": tags(TICKET),
        "client_id": ids("client_id", CLIENT, "the client's ID", nullable=True),
        "order_id": ids("order_id", ORDER, "the order's ID", nullable=True),
        "assignee_id": ids("assignee_id", MEMBER, "the assignee's ID", nullable=True),
        "number": number("number", "ticket number"),
        "breached": _breached(),
        "waiting_since": moment("waiting_since", "the time since which the client waits", nullable=True),
        "client": Relation("clients", "the client", "client_id"),
        "order": Relation("orders", "the order", "order_id"),
        "assignee": Relation("members", "the assignee", "assignee_id"),
        "replies": Relation("replies", "the ticket's replies", remote="ticket_id"),
    },
)
REPLIES = entries_of(REPLY, replies, TICKET)
