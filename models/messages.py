"""Messages: an order's thread. Append-only."""

from uuid import UUID

import sqlalchemy as sa

from models.base import column, one_of, table_args, table_of
from models.resources import Resource
from models.threads import INTERNAL_SCOPE, AuthorKind, ThreadEntry, Visibility

MESSAGE = Resource(
    "message",
    row_scope=INTERNAL_SCOPE,
    description="The messages of orders' threads.",
    events={"created": "A message was added to an order's thread."},
)


class Message(ThreadEntry, table=True):
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


messages = table_of(Message)
