"""Messages of an order's thread in the graph."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry
from sqlmodel import SQLModel

from execution.kinds import Cell
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
    through,
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


@object_type(description="A file that belongs to a message.")
class Attachment:
    """A file that belongs to a message."""

    name: str = member("name", "The file's name.")
    url: str = member("url", "Where the file is.")


@object_type(description="Who wrote a message.")
class Author:
    """Who wrote a message: columns of the message's row."""

    kind: AuthorKind = computed(
        lambda row: AuthorKind(row["author_kind"]),
        description="Which kind of author.",
        cell=Cell("author_kind"),
    )
    name: str = computed(lambda row: row["author_name"], description="The author's name.", cell=Cell("author_name"))


@object_type(Table, description="A message of an order's thread. Append-only.", scope="messages:read")
class Message(Node):
    """A message of an order's thread."""

    prefix = PREFIX
    id: strawberry.ID = public_id(PREFIX)
    order_id: strawberry.ID = related_id(ORDER, "order_id", "The order whose thread it is in.")
    order: Annotated["Order", strawberry.lazy("schema.orders")] = batched(
        orders.of_messages, fold="order_id", description="The order whose thread it is in."
    )
    author: Author = through("Who wrote it.", Cell(through=True))
    body: str
    visibility: Visibility
    attachments: list[Attachment]
    created_at: datetime = creation()
    updated_at: datetime
    version: int


@object_type(description="A message and where it stands in its list.", scope="messages:read")
class MessageEdge:
    """A message and where it stands in its list."""

    node: Message = edge_node()
    cursor: str = edge_cursor()


@object_type(description="A page of messages.", scope="messages:read")
class MessageConnection:
    """A page of messages."""

    edges: list[MessageEdge] = edges()
    nodes: list[Message] = nodes()
    page_info: PageInfo = page_info()
    total_count: int = total_count()


@strawberry.input(description="Conditions on who wrote a message.")
class AuthorKindFilter:
    """Conditions on who wrote a message."""

    eq: strawberry.Maybe[AuthorKind] = strawberry.field(description="Is this.")
    in_: strawberry.Maybe[list[AuthorKind]] = strawberry.field(name="in", description="Is one of these.")
    not_in: strawberry.Maybe[list[AuthorKind]] = strawberry.field(description="Is none of these.")


@strawberry.input(description="Conditions on who sees a message.")
class VisibilityFilter:
    """Conditions on who sees a message."""

    eq: strawberry.Maybe[Visibility] = strawberry.field(description="Is this.")
    in_: strawberry.Maybe[list[Visibility]] = strawberry.field(name="in", description="Is one of these.")
    not_in: strawberry.Maybe[list[Visibility]] = strawberry.field(description="Is none of these.")


@strawberry.input(description="Which messages; every condition given must hold.")
class MessageFilter:
    """Which messages."""

    and_: strawberry.Maybe[list["MessageFilter"]] = strawberry.field(name="and", description=AND)
    or_: strawberry.Maybe[list["MessageFilter"]] = strawberry.field(name="or", description=OR)
    not_: strawberry.Maybe["MessageFilter"] = strawberry.field(name="not", description=NOT)
    id: strawberry.Maybe[IdFilter] = strawberry.field(description="By id.")
    order_id: strawberry.Maybe[IdFilter] = strawberry.field(description="By the order's id.")
    author_kind: strawberry.Maybe[AuthorKindFilter] = strawberry.field(description="By who wrote it.")
    visibility: strawberry.Maybe[VisibilityFilter] = strawberry.field(description="By who sees it.")
    created_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="By when it was written.")
    order: strawberry.Maybe[Annotated["OrderFilter", strawberry.lazy("schema.orders")]] = strawberry.field(
        description="By its order."
    )


class MessageOrderField(StrEnum):
    """What messages can be ordered by."""

    CREATED_AT = "CREATED_AT"


words(MessageOrderField, CREATED_AT="When it was written.")


@strawberry.input(description="An order of messages.")
class MessageOrder:
    """An order of messages."""

    kept_whole = True
    field: MessageOrderField = strawberry.field(description="By what.")
    direction: Direction | None = strawberry.field(description="Which way.", default=Direction.ASC)


@input_type(AttachmentRow, description="A file that belongs to a message.")
class AttachmentInput:
    """A file that belongs to a message."""

    name: str = strawberry.field(description="The file's name: 1 to 200 characters.")
    url: str = strawberry.field(description="Where the file is: up to 2,000 characters.")


@input_type(Table, description="A new message of an order's thread.")
class CreateMessageInput:
    """A new message."""

    order_id: strawberry.ID
    body: str
    author_kind: strawberry.Maybe[AuthorKind] = strawberry.field(description="STAFF (when absent) or CLIENT.")
    author_name: strawberry.Maybe[str]
    visibility: strawberry.Maybe[Visibility]
    attachments: strawberry.Maybe[list[AttachmentInput]]


@object_type(description="What createMessage did.")
class CreateMessagePayload:
    """What createMessage did."""

    message: Message = strawberry.field(description="The new message.")


@strawberry.type
class MessageQuery:
    """What can be asked of messages."""

    message: Message | None = batched(
        messages.one,
        description="The message of an id; null when it is missing.",
        arguments=[argument("id", strawberry.ID, "The message's id.", required=True)],
        cost=1,
    )
    messages: MessageConnection | None = batched(
        messages.listed,
        description="An order's messages, newest first.",
        arguments=[
            argument("order_id", strawberry.ID, "The order's id.", "orderId", required=True),
            *page_arguments(MessageFilter, MessageOrder),
        ],
    )


@strawberry.type
class MessageMutation:
    """What can be done with messages."""

    @mutation("messages:write", "Append a message to an order's thread.")
    async def create_message(self, info: Info, input: CreateMessageInput) -> CreateMessagePayload:
        """Append a message."""
        return CreateMessagePayload(message=await messages.create(info.context, values_of(input)))
