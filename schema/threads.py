"""What the messages of an order and the replies of a ticket have in common in the graph: authors and attachments."""

from typing import Any

import strawberry
from sqlmodel import SQLModel

from execution import ColumnReader
from models.names import camel
from models.resources import Resource
from models.threads import AuthorKind, Visibility
from models.types import Link, Name
from resolvers.collections.collection import Collection
from resolvers.threads import thread_of
from schema.declaration.client_inputs import ClientInput
from schema.declaration.collections import pages_of
from schema.declaration.fields import argument, computed, member, object_type, same_row
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


AUTHOR_KIND = "Kind of author: `STAFF` or `CLIENT`. With a client's access token it is `CLIENT`."
AUTHOR_NAME = (
    "Name of the author. Defaults to the name of the API key, or of the member or client that the access token is for."
)


def client_entry(parent: Resource) -> ClientInput:
    """Return what a client may give an entry of a parent's thread: its author is the client, and it is `PUBLIC`."""
    fields = (camel(f"{parent.singular}_id"), "body", "visibility", "attachments", "authorKind")
    return ClientInput(fields, {"visibility": (Visibility.PUBLIC,), "authorKind": (AuthorKind.CLIENT,)}, "authorName")


def thread_field(entries: Collection, parent: Resource, description: str) -> Any:
    """Return a root field: a page of the entries of one thread, that of the parent whose ID is its argument."""
    column = f"{parent.singular}_id"
    return pages_of(
        entries,
        thread_of(entries, parent),
        description=description,
        arguments=[argument(column, strawberry.ID, f"ID of the {parent.label}.", camel(column))],
    )
