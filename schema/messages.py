"""Messages of an order's thread in the graph."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import SQLModel

from execution import ColumnReader
from models.messages import MESSAGE, AuthorKind, Visibility
from models.messages import Message as Table
from models.orders import ORDER
from models.types import Link, Name
from resolvers import messages
from resolvers.messages import MESSAGES
from resolvers.orders import ORDERS
from schema.declaration.collections import one, pages_of, to_one
from schema.declaration.fields import argument, computed, creation, member, object_type, public_id, related_id, same_row
from schema.declaration.inputs import input_type
from schema.declaration.lists import Connection
from schema.declaration.mutations import creates
from schema.declaration.nodes import Node

if TYPE_CHECKING:
    from schema.orders import Order


class AttachmentRow(SQLModel):
    """The bounds of an attachment."""

    name: Name
    url: Link


@object_type()
class Attachment:
    """A file attached to a message."""

    name: str = member("name", "Name of the file.")
    url: str = member("url", "URL of the file.")


@object_type()
class Author:
    """The author of a message."""

    kind: AuthorKind = computed(
        lambda row: AuthorKind(row["author_kind"]),
        description="Kind of author.",
        reader=ColumnReader("author_kind"),
    )
    name: str = computed(
        lambda row: row["author_name"], description="Name of the author.", reader=ColumnReader("author_name")
    )


@object_type(Table, MESSAGE)
class Message(Node):
    """A message of an order's thread. Messages cannot be changed or deleted."""

    id: strawberry.ID = public_id(MESSAGE)
    order_id: strawberry.ID = related_id(ORDER, "order_id", "ID of the order that the message belongs to.")
    order: Annotated["Order", strawberry.lazy("schema.orders")] = to_one(
        ORDERS, "order_id", "The order that the message belongs to."
    )
    author: Author = same_row("The author of the message.", ColumnReader(same_row=True))
    body: str
    visibility: Visibility
    attachments: list[Attachment]
    created_at: datetime = creation()
    updated_at: datetime
    version: int


@input_type(AttachmentRow)
class AttachmentInput:
    """A file attached to a message."""

    name: str = strawberry.field(description="Name of the file: 1 to 200 characters.")
    url: str = strawberry.field(description="URL of the file: `http` or `https`, at most 2,000 characters.")


@input_type(Table)
class CreateMessageInput:
    """Fields of the new message."""

    order_id: strawberry.ID
    body: str
    author_kind: strawberry.Maybe[AuthorKind] = strawberry.field(description="Kind of author: `STAFF` or `CLIENT`.")
    author_name: strawberry.Maybe[str] = strawberry.field(
        description="Name of the author. Defaults to the name of the API key."
    )
    visibility: strawberry.Maybe[Visibility]
    attachments: strawberry.Maybe[list[AttachmentInput]]


@strawberry.type
class MessageQuery:
    """Queries of messages."""

    message: Message | None = one(MESSAGES)
    messages: Connection[Message] | None = pages_of(
        MESSAGES,
        messages.of_order,
        description="The messages of an order, newest first by default.",
        also=[argument("order_id", strawberry.ID, "ID of the order.", "orderId")],
    )


@strawberry.type
class MessageMutation:
    """Mutations of messages."""

    create_message = creates(Message, CreateMessageInput, messages.create, "Add a message to an order's thread.")
