"""What the messages of an order and the replies of a ticket have in common in the graph: authors and attachments."""

import strawberry
from sqlmodel import SQLModel

from execution import ColumnReader
from models.threads import AuthorKind
from models.types import Link, Name
from schema.declaration.fields import computed, member, object_type, same_row
from schema.declaration.inputs import input_type


class AttachmentRow(SQLModel):
    """The bounds of an attachment."""

    name: Name
    url: Link


@object_type()
class Attachment:
    """A file attached to a message or a reply."""

    name: str = member("name", "Name of the file.")
    url: str = member("url", "URL of the file.")


@object_type()
class Author:
    """The author of a message or a reply."""

    kind: AuthorKind = computed(
        lambda row: AuthorKind(row["author_kind"]),
        description="Kind of author.",
        reader=ColumnReader("author_kind"),
    )
    name: str = computed(
        lambda row: row["author_name"], description="Name of the author.", reader=ColumnReader("author_name")
    )


def author_field(description: str) -> Author:
    """Return a field: the author of an entry, who is in its own row."""
    made: Author = same_row(description, ColumnReader(same_row=True))
    return made


@input_type(AttachmentRow)
class AttachmentInput:
    """A file attached to a message or a reply."""

    name: str = strawberry.field(description="Name of the file: 1 to 200 characters.")
    url: str = strawberry.field(description="URL of the file: `http` or `https`, at most 2,000 characters.")


AUTHOR_KIND = "Kind of author: `STAFF` or `CLIENT`."
AUTHOR_NAME = "Name of the author. Defaults to the name of the API key."
