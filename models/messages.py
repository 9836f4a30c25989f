"""Messages: an order's thread. Append-only."""

from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import Resource, column, one_of, table_args, table_of
from models.words import Body, Name

PREFIX = "message"


class AuthorKind(StrEnum):
    """Who wrote a message."""

    STAFF = "STAFF"
    CLIENT = "CLIENT"
    AGENT = "AGENT"
    SYSTEM = "SYSTEM"


class Visibility(StrEnum):
    """Who sees a message: INTERNAL ones need the scope ``messages:internal``."""

    PUBLIC = "PUBLIC"
    INTERNAL = "INTERNAL"


class Message(Resource, table=True):
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

    order_id: UUID = column(sa.Uuid, description="The order whose thread it is in.")
    author_kind: AuthorKind = column(sa.Text, default=AuthorKind.STAFF, description="Who wrote it.")
    author_name: Name = column(sa.Text, description="The author's name; the key's name when absent.")
    body: Body = column(sa.Text, description="The text, up to 20,000 characters.")
    visibility: Visibility = column(sa.Text, default=Visibility.PUBLIC, description="Who sees it.")
    attachments: list[Any] = column(
        pg.JSONB, info={"most": 20 * (200 + 2_000)}, description="Up to 20 files: name and url."
    )


messages = table_of(Message)
