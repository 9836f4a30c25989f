"""Tickets, and the replies to them, which are in the graph alone."""

from collections.abc import Mapping

from models.tickets import MACHINE, TicketPriority, TicketStatus
from tests.support.cases import Case, Filter, times, wrong
from tests.support.walks import Walk

SHAPE = {
    "publicId": "str", "number": "int", "subject": "str", "clientId": "?str", "orderId": "?str", "assigneeId": "?str",
    "status": "str", "priority": "str", "firstResponseDueAt": "str", "firstResponseAt": "?str", "waitingSince": "?str",
    "resolvedAt": "?str", "snoozedUntil": "?str", "tags": "list", "metadata": "dict",
    "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
NEW = {"subject": "Help"}
STATUSES = [*TicketStatus]
PRIORITIES = [*TicketPriority]
AUTHORS = ["STAFF", "CLIENT"]
SCRIPT = {"name": "a", "url": "javascript:alert(1)"}
LONG_LIST = [{"name": "a", "url": "https://example.com"}] * 21


class TicketWalk(Walk):
    """A ticket that nobody replies to."""

    machine = MACHINE

    def is_set(self) -> Mapping[str, bool]:
        resolved = self.status in (TicketStatus.RESOLVED, TicketStatus.CLOSED)
        return {"resolvedAt": resolved, "snoozedUntil": self.status is TicketStatus.SNOOZED}


CASES = (
    Case(
        name="ticket",
        plural="tickets",
        type="Ticket",
        scope="tickets",
        table="tickets",
        statements={"ListTickets": 2, "GetTicket": 1, "CreateTicket": 3, "UpdateTicket": 3},
        rows=(NEW, {"subject": "Where is it?", "priority": "URGENT", "tags": ["vip"]}),
        create={"subject": "When?", "priority": "HIGH", "tags": ["logo"]},
        references={"clientId": "client", "orderId": "order", "assigneeId": "member"},
        mutations={
            "updateTicket": {"subject": "Help!", "status": "RESOLVED", "reply": {"body": "Done.", "authorName": "Mia"}}
        },
        wrong={
            "createTicket": (
                wrong({}, "subject REQUIRED"),
                wrong({"subject": " ", "tags": [""]}, "subject TOO_SHORT", "tags.0 TOO_SHORT", limit=1),
                wrong(NEW | {"priority": "MOST"}, "priority NOT_ONE_OF", allowed=PRIORITIES),
                wrong(NEW | {"status": "OPEN"}, "status UNKNOWN_FIELD"),
                wrong(NEW | {"clientId": "x", "assigneeId": "y"}, "clientId NOT_FOUND", "assigneeId NOT_FOUND"),
            ),
            "updateTicket": (
                wrong({"subject": None, "priority": None}, "subject REQUIRED", "priority REQUIRED"),
                wrong({"orderId": "x"}, "orderId NOT_FOUND"),
                wrong({"status": "GONE"}, "status NOT_ONE_OF", allowed=STATUSES),
                wrong({"status": "SNOOZED"}, "snoozedUntil REQUIRED"),
                wrong({"status": "SNOOZED", "snoozedUntil": "2020-01-01T00:00:00Z"}, "snoozedUntil INVALID"),
                wrong({"snoozedUntil": "2100-01-01T00:00:00Z"}, "snoozedUntil NOT_ALLOWED"),
                wrong({"reply": {}}, "reply.body REQUIRED"),
                wrong({"reply": {"body": " "}}, "reply.body TOO_SHORT", limit=1),
                wrong({"reply": {"body": "x", "authorKind": "AGENT"}}, "reply.authorKind NOT_ONE_OF", allowed=AUTHORS),
                wrong({"reply": {"body": "x", "attachments": [SCRIPT]}}, "reply.attachments.0.url INVALID_FORMAT"),
                wrong({"reply": {"body": "x", "attachments": LONG_LIST}}, "reply.attachments TOO_LONG", limit=20),
                wrong({"reply": {"body": "x", "attachments": SCRIPT}}, "reply.attachments WRONG_TYPE", rest=True),
            ),
        },
        defaults={"priority": "NORMAL"},
        walk=TicketWalk,
        never_null=frozenset({"subject", "priority", "status", "tags", "metadata"}),
        cleared_first=frozenset({"orderId"}),
        routes={
            "GET /api/v1/tickets": "ListTickets",
            "POST /api/v1/tickets": "CreateTicket",
            "GET /api/v1/tickets/{publicId}": "GetTicket",
            "PUT /api/v1/tickets/{publicId}": "UpdateTicket",
            "PATCH /api/v1/tickets/{publicId}": "UpdateTicket",
        },
        shape=SHAPE,
        filters=(
            Filter("ids", "{ticket}", {"id": {"in": ["{ticket}"]}}, 1),
            Filter("status", "OPEN,PENDING", {"status": {"in": ["OPEN", "PENDING"]}}, 2),
            Filter("tag", "vip", {"tags": {"hasAny": ["vip"]}}, 1),
            Filter("search", "whe", {"search": "whe"}, 1),
            Filter("clientId", "{client}", {"clientId": {"eq": "{client}"}}, 2),
            Filter("orderId", "{order2}", {"orderId": {"eq": "{order2}"}}, 0),
            Filter("assigneeId", "{member}", {"assigneeId": {"eq": "{member}"}}, 2),
            Filter("priority", "LOW,URGENT", {"priority": {"in": ["LOW", "URGENT"]}}, 1),
            Filter("breached", "false", {"breached": {"eq": False}}, 2),
            *times(2),
        ),
        wrong_queries=(
            ("clientId=x", "clientId"),
            ("assigneeId=", "assigneeId"),
            ("priority=MOST", "priority"),
            ("breached=maybe", "breached"),
        ),
    ),
    Case(
        name="reply",
        plural="replies",
        type="Reply",
        scope="tickets",
        table="replies",
        statements={"ListReplies": 2, "GetReply": 1, "CreateReply": 4},
        rows=({"body": "Hello", "authorName": "Mia"},),
        create={"body": "Good news", "authorKind": "CLIENT", "authorName": "Ada"},
        references={"ticketId": "ticket"},
        mutations={},
        defaults={"authorKind": "STAFF", "visibility": "PUBLIC"},
        wrong={
            "createReply": (
                wrong({"body": " "}, "body TOO_SHORT", limit=1),
                wrong({"ticketId": "x", "body": "x"}, "ticketId NOT_FOUND"),
                wrong({"body": "x", "visibility": "SECRET"}, "visibility NOT_ONE_OF"),
                wrong({"body": "x", "attachments": [SCRIPT]}, "attachments.0.url INVALID_FORMAT"),
                wrong({"body": "x", "attachments": LONG_LIST}, "attachments TOO_LONG", limit=20),
            ),
        },
    ),
)
