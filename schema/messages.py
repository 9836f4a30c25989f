"""Messages of an order's thread in the graph."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from models.messages import MESSAGE
from models.messages import Message as Table
from models.orders import ORDER
from models.resources import ToolFor
from models.threads import AuthorKind, Visibility
from resolvers import messages, threads, unread_messages
from resolvers.messages import MESSAGES
from resolvers.orders import ORDERS
from schema.declaration.client_inputs import ClientInput
from schema.declaration.collections import one, to_one
from schema.declaration.fields import creation, object_type, public_id, related_id
from schema.declaration.inputs import input_type
from schema.declaration.lists import Connection
from schema.declaration.mutations import creates, tool_for, updates
from schema.declaration.nodes import Node
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
    from schema.orders import Order


@object_type(Table, MESSAGE)
class Message(Node):
    """A message of an order's thread. Messages cannot be changed or deleted."""

    id: strawberry.ID = public_id(MESSAGE)
    order_id: strawberry.ID = related_id(ORDER, "order_id", "ID of the order that the message belongs to.")
    order: Annotated["Order", strawberry.lazy("schema.orders")] = to_one(
        ORDERS, "order_id", "The order that the message belongs to."
    )
    author: Author = author_field("The author of the message.")
    body: str
    visibility: Visibility
    attachments: list[Attachment]
    created_at: datetime = creation()
    updated_at: datetime
    version: int


@input_type(Table)
class CreateMessageInput:
    """Fields of the new message."""

    order_id: strawberry.ID
    body: str
    author_kind: strawberry.Maybe[AuthorKind] = strawberry.field(description=AUTHOR_KIND)
    author_name: strawberry.Maybe[str] = strawberry.field(description=AUTHOR_NAME)
    visibility: strawberry.Maybe[Visibility]
    attachments: strawberry.Maybe[list[AttachmentInput]]


@input_type()
class MarkMessagesReadInput:
    """How far an order's messages were read."""

    id: strawberry.ID = strawberry.field(
        description="ID of the last message that was read: those of its order that are older were read too."
    )


@strawberry.type
class MessageQuery:
    """Queries of messages."""

    message: Message | None = one(MESSAGES)
    messages: Connection[Message] | None = thread_field(
        MESSAGES, ORDER, "The messages of an order, newest first by default."
    )


@strawberry.type
class MessageMutation:
    """Mutations of messages."""

    create_message = creates(
        Message,
        CreateMessageInput,
        messages.create,
        "Add a message to an order's thread.",
        check=threads.check,
        clients=client_entry(ORDER),
    )
    # An agent reads as nobody.
    mark_messages_read = tool_for(
        ToolFor.MCP,
        updates(
            Message,
            MarkMessagesReadInput,
            unread_messages.mark,
            "Mark the messages of an order as read, up to one, for the caller: the member or client that the access"
            " token is for, or the API key. What was read stays read. It is no change of the order: it has no event and"
            " no entry in the audit log.",
            returns="The message up to which they were read.",
            clients=ClientInput(("id",)),
        ),
    )
