"""Messages: an order's thread. Append-only."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from models.base import Owned, column, table_args, table_of
from models.resources import Resource
from models.threads import INTERNAL_SCOPE, ThreadEntry, thread_args

MESSAGE = Resource(
    "message",
    row_scope=INTERNAL_SCOPE,
    description="The messages of orders' threads.",
    events={"created": "A message was added to an order's thread."},
)


class Message(ThreadEntry, table=True):
    """One message of an order's thread."""

    __tablename__ = "messages"
    __table_args__ = thread_args("messages", "order")

    order_id: UUID = column(sa.Uuid, description="ID of the order that the message belongs to.")
    writer_id: UUID | None = column(
        sa.Uuid, nullable=True, info={"internal": True}, description="The member, client or API key that wrote it."
    )


class MessageRead(Owned, table=True):
    """How far somebody has read an order's thread: a member, a client or an API key."""

    __tablename__ = "message_reads"
    __table_args__ = table_args(
        sa.ForeignKeyConstraint(["org_id", "order_id"], ["orders.org_id", "orders.id"]),
        sa.Index("message_reads_order_idx", "org_id", "order_id"),
        grants="SELECT, INSERT, UPDATE",
    )

    reader_id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    order_id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    read_to: UUID = column(sa.Uuid, description="ID of the last message that was read.")


messages = table_of(Message)
message_reads = table_of(MessageRead)
