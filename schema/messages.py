"""Messages of an order's thread in the graph."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import SQLModel

from execution import ColumnReader
from models.messages import PREFIX, AuthorKind, Visibility
from models.messages import Message as Table
from models.orders import PREFIX as ORDER
from models.words import Link, Name
from resolvers import messages, orders
from schema.enums import words
from schema.fields import (
    argument,
    batched,
    computed,
    creation,
    member,
    object_type,
    page_arguments,
    public_id,
    related_id,
    same_row,
)
from schema.inputs import input_type, values_of
from schema.lists import (
    AND,
    NOT,
    OR,
    DateTimeFilter,
    Direction,
    IdFilter,
    PageInfo,
    edge_cursor,
    edge_node,
    edges,
    nodes,
    page_info,
    total_count,
)
from schema.mutations import Info, mutation
from schema.nodes import Node

if TYPE_CHECKING:
    from schema.orders import Order, OrderFilter


class AttachmentRow(SQLModel):
    """The bounds of an attachment."""

    name: Name
    url: Link


@object_type(description="A file attached to a message.")
class Attachment:
    """A file that belongs to a message."""

    name: str = member("name", "Name of the file.")
    url: str = member("url", "URL of the file.")


@object_type(description="The author of a message.")
class Author:
    """Who wrote a message: columns of the message's row."""

    kind: AuthorKind = computed(
        lambda row: AuthorKind(row["author_kind"]),
        description="Kind of author.",
        reader=ColumnReader("author_kind"),
    )
    name: str = computed(
        lambda row: row["author_name"], description="Name of the author.", reader=ColumnReader("author_name")
    )


@object_type(
    Table, description="A message of an order's thread. Messages cannot be changed or deleted.", scope="messages:read"
)
class Message(Node):
    """A message of an order's thread."""

    prefix = PREFIX
    id: strawberry.ID = public_id(PREFIX)
    order_id: strawberry.ID = related_id(ORDER, "order_id", "ID of the order that the message belongs to.")
    order: Annotated["Order", strawberry.lazy("schema.orders")] = batched(
        orders.of_messages, joined_by="order_id", description="The order that the message belongs to."
    )
    author: Author = same_row("The author of the message.", ColumnReader(same_row=True))
    body: str
    visibility: Visibility
    attachments: list[Attachment]
    created_at: datetime = creation()
    updated_at: datetime
    version: int


@object_type(description="An edge of a list of messages: a message and its cursor.", scope="messages:read")
class MessageEdge:
    """A message and where it stands in its list."""

    node: Message = edge_node()
    cursor: str = edge_cursor()


@object_type(description="A page of a list of messages.", scope="messages:read")
class MessageConnection:
    """A page of messages."""

    edges: list[MessageEdge] = edges()
    nodes: list[Message] = nodes()
    page_info: PageInfo = page_info()
    total_count: int = total_count()


@strawberry.input(description="Conditions on the kind of a message's author.")
class AuthorKindFilter:
    """Conditions on who wrote a message."""

    eq: strawberry.Maybe[AuthorKind] = strawberry.field(description="Equals this value.")
    in_: strawberry.Maybe[list[AuthorKind]] = strawberry.field(name="in", description="Equals one of these values.")
    not_in: strawberry.Maybe[list[AuthorKind]] = strawberry.field(description="Equals none of these values.")


@strawberry.input(description="Conditions on a message's visibility.")
class VisibilityFilter:
    """Conditions on who sees a message."""

    eq: strawberry.Maybe[Visibility] = strawberry.field(description="Equals this value.")
    in_: strawberry.Maybe[list[Visibility]] = strawberry.field(name="in", description="Equals one of these values.")
    not_in: strawberry.Maybe[list[Visibility]] = strawberry.field(description="Equals none of these values.")


@strawberry.input(description="Filter conditions for messages. All given conditions must match.")
class MessageFilter:
    """Which messages."""

    and_: strawberry.Maybe[list["MessageFilter"]] = strawberry.field(name="and", description=AND)
    or_: strawberry.Maybe[list["MessageFilter"]] = strawberry.field(name="or", description=OR)
    not_: strawberry.Maybe["MessageFilter"] = strawberry.field(name="not", description=NOT)
    id: strawberry.Maybe[IdFilter] = strawberry.field(description="Filter by ID.")
    order_id: strawberry.Maybe[IdFilter] = strawberry.field(description="Filter by the order's ID.")
    author_kind: strawberry.Maybe[AuthorKindFilter] = strawberry.field(description="Filter by kind of author.")
    visibility: strawberry.Maybe[VisibilityFilter] = strawberry.field(description="Filter by visibility.")
    created_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="Filter by time of creation.")
    order: strawberry.Maybe[Annotated["OrderFilter", strawberry.lazy("schema.orders")]] = strawberry.field(
        description="Filter by the order."
    )


class MessageOrderField(StrEnum):
    """Fields that messages can be sorted by."""

    CREATED_AT = "CREATED_AT"


words(MessageOrderField, CREATED_AT="Time of creation.")


@strawberry.input(description="Ordering options for messages.")
class MessageOrder:
    """An order of messages."""

    kept_whole = True
    field: MessageOrderField = strawberry.field(description="Field to sort by.")
    direction: Direction | None = strawberry.field(description="Sort direction.", default=Direction.ASC)


@input_type(AttachmentRow, description="A file attached to a message.")
class AttachmentInput:
    """A file that belongs to a message."""

    name: str = strawberry.field(description="Name of the file: 1 to 200 characters.")
    url: str = strawberry.field(description="URL of the file: `http` or `https`, at most 2,000 characters.")


@input_type(Table, description="Fields of the new message.")
class CreateMessageInput:
    """A new message."""

    order_id: strawberry.ID
    body: str
    author_kind: strawberry.Maybe[AuthorKind] = strawberry.field(description="Kind of author: `STAFF` or `CLIENT`.")
    author_name: strawberry.Maybe[str] = strawberry.field(
        description="Name of the author. Defaults to the name of the API key."
    )
    visibility: strawberry.Maybe[Visibility]
    attachments: strawberry.Maybe[list[AttachmentInput]]


@object_type(description="Result of createMessage.")
class CreateMessagePayload:
    """Result of createMessage."""

    message: Message = strawberry.field(description="The created message.")


@strawberry.type
class MessageQuery:
    """What can be asked of messages."""

    message: Message | None = batched(
        messages.one,
        description="Look up a message by ID. Null when it does not exist.",
        arguments=[argument("id", strawberry.ID, "ID of the message.")],
        cost=1,
    )
    messages: MessageConnection | None = batched(
        messages.listed,
        description="The messages of an order, newest first by default.",
        arguments=[
            argument("order_id", strawberry.ID, "ID of the order.", "orderId"),
            *page_arguments(MessageFilter, MessageOrder),
        ],
    )


@strawberry.type
class MessageMutation:
    """What can be done with messages."""

    @mutation("messages:write", "Add a message to an order's thread.")
    async def create_message(self, info: Info, input: CreateMessageInput) -> CreateMessagePayload:
        """Append a message."""
        return CreateMessagePayload(message=await messages.create(info.context, values_of(input)))
