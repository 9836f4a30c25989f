"""Messages: an order's thread. Append-only."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import Versioned, column, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.resources import Resource
from models.types import Body, Name

INTERNAL_SCOPE = "messages:internal"
MESSAGE = Resource("message", row_scope=INTERNAL_SCOPE, events={"created": "A message was added to an order's thread."})


class AuthorKind(DescribedEnum):
    """Kind of author of a message."""

    STAFF = "STAFF", "The organization's staff."
    CLIENT = "CLIENT", "The client."
    AGENT = "AGENT", "An AI agent."
    SYSTEM = "SYSTEM", "The system."


class Visibility(DescribedEnum):
    """Visibility of a message. `INTERNAL` messages need the scope `messages:internal`."""

    PUBLIC = "PUBLIC", "Visible to the client."
    INTERNAL = "INTERNAL", "Visible only with the scope `messages:internal`."


class Message(Versioned, table=True):
    """One message of an order's thread."""

    __tablename__ = "messages"
    __table_args__ = table_args(
        one_of("author_kind", AuthorKind),
        one_of("visibility", Visibility),
        sa.ForeignKeyConstraint(["org_id", "order_id"], ["orders.org_id", "orders.id"]),
        sa.Index("messages_order_idx", "org_id", "order_id", "id"),
        sa.Index("messages_visibility_idx", "org_id", "visibility", "id"),
        sa.Index("messages_author_idx", "org_id", "author_kind", "id"),
        grants="SELECT, INSERT",
    )

    order_id: UUID = column(sa.Uuid, description="ID of the order that the message belongs to.")
    author_kind: AuthorKind = column(sa.Text, default=AuthorKind.STAFF, description="Kind of author.")
    author_name: Name = column(sa.Text, description="Name of the author.")
    body: Body = column(sa.Text, description="Text of the message: 1 to 20,000 characters.")
    visibility: Visibility = column(sa.Text, default=Visibility.PUBLIC, description="Visibility of the message.")
    attachments: list[Any] = column(
        pg.JSONB, info={"most": 20 * (200 + 2_000)}, description="Attached files: at most 20."
    )


messages = table_of(Message)
