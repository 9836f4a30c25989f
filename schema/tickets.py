"""Tickets and their replies in the graph."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from execution import ColumnReader
from models.clients import CLIENT
from models.members import MEMBER
from models.orders import ORDER
from models.threads import AuthorKind, Visibility
from models.tickets import MACHINE, REPLY, TICKET, TicketPriority, TicketStatus, is_breached
from models.tickets import Reply as ReplyTable
from models.tickets import Ticket as Table
from resolvers import threads
from resolvers.agent_jobs.collections import AGENT_JOBS
from resolvers.clients import CLIENTS
from resolvers.context import now
from resolvers.members import MEMBERS
from resolvers.orders import ORDERS
from resolvers.tickets import mutations
from resolvers.tickets.collections import REPLIES, TICKETS
from schema.declaration.client_inputs import ClientInput
from schema.declaration.collections import TagUse, many, one, tags_field, to_many, to_one
from schema.declaration.fields import computed, creation, object_type, public_id, related_id
from schema.declaration.inputs import UpdateInput, input_type
from schema.declaration.lists import Connection
from schema.declaration.mutations import creates, updates
from schema.declaration.nodes import Node
from schema.declaration.scalars import StringMap
from schema.declaration.transitions import Transition, available_transitions
from schema.threads import (
    AUTHOR_KIND,
    AUTHOR_NAME,
    Attachment,
    AttachmentInput,
    Author,
    author_field,
    client_entry,
    thread_field,
)

if TYPE_CHECKING:
    from schema.agent_jobs.types import AgentJob
    from schema.clients import Client
    from schema.members import Member
    from schema.orders import Order

_CLIENT = "Defaults to the client of the order, or of the access token. With an order, it must be the order's client."
_SNOOZED = f"Required for the status `SNOOZED`: in the future, at most {mutations.LONGEST_SNOOZE.days} days ahead."


@object_type(ReplyTable, REPLY)
class Reply(Node):
    """A reply to a ticket. Replies cannot be changed or deleted."""

    id: strawberry.ID = public_id(REPLY)
    ticket_id: strawberry.ID = related_id(TICKET, "ticket_id", "ID of the ticket that the reply belongs to.")
    ticket: "Ticket" = to_one(TICKETS, "ticket_id", "The ticket that the reply belongs to.")
    author: Author = author_field("The author of the reply.")
    body: str
    visibility: Visibility
    attachments: list[Attachment]
    created_at: datetime = creation()
    updated_at: datetime
    version: int


@object_type(Table, TICKET, machine=MACHINE)
class Ticket(Node):
    """A ticket: a client's question, the replies to it, and a clock that says since when the client waits."""

    id: strawberry.ID = public_id(TICKET)
    number: int
    subject: str
    client_id: strawberry.ID | None = related_id(CLIENT, "client_id", "ID of the client that asks.", null=True)
    client: Annotated["Client", strawberry.lazy("schema.clients")] | None = to_one(
        CLIENTS, "client_id", "The client that asks.", null=True
    )
    order_id: strawberry.ID | None = related_id(ORDER, "order_id", "ID of the order that it is about.", null=True)
    order: Annotated["Order", strawberry.lazy("schema.orders")] | None = to_one(
        ORDERS, "order_id", "The order that it is about.", null=True
    )
    assignee_id: strawberry.ID | None = related_id(
        MEMBER, "assignee_id", "ID of the member who takes care of it.", null=True
    )
    assignee: Annotated["Member", strawberry.lazy("schema.members")] | None = to_one(
        MEMBERS, "assignee_id", "The member who takes care of it.", null=True
    )
    status: TicketStatus
    priority: TicketPriority
    first_response_due_at: datetime
    first_response_at: datetime | None
    breached: bool = computed(
        lambda row: is_breached(row, now()),
        description="Whether the first response came after `firstResponseDueAt`, or is missing at the time of the"
        " answer though it was due.",
        reader=ColumnReader(
            convert=lambda row: is_breached(row, now()), needs=("first_response_at", "first_response_due_at")
        ),
    )
    waiting_since: datetime | None
    resolved_at: datetime | None
    snoozed_until: datetime | None
    tags: list[str]
    metadata: StringMap
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    available_transitions: list[Transition[TicketStatus]] = available_transitions(MACHINE)
    replies: Connection[Reply] = to_many(REPLIES, "ticket_id", "Replies to the ticket")
    agent_jobs: Connection[Annotated["AgentJob", strawberry.lazy("schema.agent_jobs.types")]] = to_many(
        AGENT_JOBS, "ticket_id", "Agent jobs about the ticket"
    )


@input_type(ReplyTable)
class ReplyInput:
    """A reply to add to the ticket."""

    body: str
    author_kind: strawberry.Maybe[AuthorKind] = strawberry.field(description=AUTHOR_KIND)
    author_name: strawberry.Maybe[str] = strawberry.field(description=AUTHOR_NAME)
    visibility: strawberry.Maybe[Visibility]
    attachments: strawberry.Maybe[list[AttachmentInput]]


@input_type(ReplyTable)
class CreateReplyInput(ReplyInput):
    """Fields of the new reply."""

    ticket_id: strawberry.ID


@input_type(Table)
class CreateTicketInput:
    """Fields of the new ticket, which is `OPEN`: the client waits from its creation on."""

    subject: str
    client_id: strawberry.Maybe[strawberry.ID] = strawberry.field(description=f"ID of the client that asks. {_CLIENT}")
    order_id: strawberry.Maybe[strawberry.ID]
    assignee_id: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="ID of the member who takes care of it; not a suspended one."
    )
    priority: strawberry.Maybe[TicketPriority]
    tags: strawberry.Maybe[list[str]]
    metadata: strawberry.Maybe[StringMap]


@input_type(Table, clears=True)
class UpdateTicketInput(UpdateInput):
    """Fields of the ticket to change. The reply, if any, is added after them, and the transition is made last."""

    subject: strawberry.Maybe[str]
    client_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="ID of the client that asks. With an order, it must be the order's client, and not be null."
    )
    order_id: strawberry.Maybe[strawberry.ID | None]
    assignee_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="ID of the member who takes care of it; a suspended one only if it is that already."
    )
    priority: strawberry.Maybe[TicketPriority] = strawberry.field(
        description="Priority of the ticket. Until the first response, `firstResponseDueAt` changes with it."
    )
    tags: strawberry.Maybe[list[str]]
    metadata: strawberry.Maybe[StringMap]
    reply: strawberry.Maybe[ReplyInput] = strawberry.field(
        description="A reply to add, as with `createReply`. A `CLOSED` ticket takes none."
    )
    status: strawberry.Maybe[TicketStatus] = strawberry.field(
        description="Status to move the ticket to. The status that it already has is not a transition."
    )
    snoozed_until: strawberry.Maybe[datetime | None] = strawberry.field(
        description=f"Time at which a snoozed ticket wakes. {_SNOOZED}"
    )


@strawberry.type
class TicketQuery:
    """Queries of tickets and replies."""

    ticket: Ticket | None = one(TICKETS)
    tickets: Connection[Ticket] | None = many(TICKETS)
    ticket_tags: list[TagUse] | None = tags_field(TICKETS)
    reply: Reply | None = one(REPLIES)
    replies: Connection[Reply] | None = thread_field(
        REPLIES, TICKET, "The replies to a ticket, newest first by default."
    )


@strawberry.type
class TicketMutation:
    """Mutations of tickets and replies."""

    create_ticket = creates(
        Ticket,
        CreateTicketInput,
        mutations.create,
        "Create a ticket.",
        clients=ClientInput(("subject", "clientId", "orderId", "priority")),
    )
    update_ticket = updates(
        Ticket,
        UpdateTicketInput,
        mutations.change,
        "Update a ticket, add a reply to it, and move it to another status when one is given.",
        check=threads.check,
    )
    create_reply = creates(
        Reply,
        CreateReplyInput,
        mutations.create_reply,
        "Reply to a ticket. A public reply of the client makes it `OPEN`, one of the staff `PENDING` and answers the"
        " client; an internal one changes nothing of the ticket.",
        check=threads.check,
        clients=client_entry(TICKET),
    )
