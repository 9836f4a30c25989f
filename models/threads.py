"""Threads: what the messages of an order and the replies of a ticket have in common. Append-only."""

from typing import Annotated, Any

import sqlalchemy as sa
from annotated_types import MaxLen
from sqlalchemy.dialects import postgresql as pg

from models.base import Versioned, column, one_of, table_args
from models.enums import DescribedEnum
from models.names import plural_of
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


def thread_args(table: str, parent: str) -> tuple[Any, ...]:
    """Return the keys, checks and indexes of a table of entries, whose column ``{parent}_id`` says of which thread."""
    column_ = f"{parent}_id"
    owner = plural_of(parent)
    return table_args(
        one_of("author_kind", AuthorKind),
        one_of("visibility", Visibility),
        sa.ForeignKeyConstraint(["org_id", column_], [f"{owner}.org_id", f"{owner}.id"]),
        sa.Index(f"{table}_{parent}_idx", "org_id", column_, "id"),
        sa.Index(f"{table}_visibility_idx", "org_id", "visibility", "id"),
        sa.Index(f"{table}_author_idx", "org_id", "author_kind", "id"),
        grants="SELECT, INSERT",
    )
