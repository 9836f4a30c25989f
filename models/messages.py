"""Messages: an order's thread. Append-only."""

from uuid import UUID

import sqlalchemy as sa

from models.base import column, table_of
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


messages = table_of(Message)
