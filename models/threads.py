"""Threads: what the messages of an order and the replies of a ticket have in common. Append-only."""

from typing import Annotated, Any

import sqlalchemy as sa
from annotated_types import MaxLen
from sqlalchemy.dialects import postgresql as pg

from models.base import Versioned, column
from models.enums import DescribedEnum
from models.types import Body, Name

INTERNAL_SCOPE = "messages:internal"
MAX_ATTACHMENTS = 20
Attachments = Annotated[list[Any], MaxLen(MAX_ATTACHMENTS)]


class AuthorKind(DescribedEnum):
    """Kind of author of a message or a reply."""

    STAFF = "STAFF", "The organization's staff."
    CLIENT = "CLIENT", "The client."
    AGENT = "AGENT", "An AI agent."
    SYSTEM = "SYSTEM", "The system."


class Visibility(DescribedEnum):
    """Visibility of a message or a reply. `INTERNAL` ones need the scope `messages:internal`."""

    PUBLIC = "PUBLIC", "Visible to the client."
    INTERNAL = "INTERNAL", "Visible only with the scope `messages:internal`."


class ThreadEntry(Versioned):
    """An entry of a thread: who wrote what, and who may see it."""

    author_kind: AuthorKind = column(sa.Text, default=AuthorKind.STAFF, description="Kind of author.")
    author_name: Name = column(sa.Text, description="Name of the author.")
    body: Body = column(sa.Text, description="Text: 1 to 20,000 characters.")
    visibility: Visibility = column(sa.Text, default=Visibility.PUBLIC, description="Visibility: who can see it.")
    attachments: Attachments = column(
        pg.JSONB, info={"most": MAX_ATTACHMENTS * (200 + 2_000)}, description="Attached files: at most 20."
    )
