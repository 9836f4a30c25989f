"""Entries of threads (an order's messages, a ticket's replies): what finds them, who sees them, who writes them."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from execution import Args
from models.actors import ActorKind
from models.resources import Resource
from models.threads import INTERNAL_SCOPE, AuthorKind, ThreadEntry, Visibility
from models.typeid import decode
from resolvers.changes.edits import InputValues, new_row
from resolvers.collections.collection import CREATED, Collection, Relation, RowScopes, of_client
from resolvers.context import Context
from resolvers.errors import Refusal, bad_input, refuse
from resolvers.lists.conditions import NOBODY, created, enum, ids
from resolvers.lists.pages import Page, pages
from resolvers.loads import BatchResolver, shared

_HIDDEN = RowScopes("visibility", {Visibility.INTERNAL: (INTERNAL_SCOPE,)})
_AUTHORS = (AuthorKind.STAFF, AuthorKind.CLIENT)


def new_thread_entry(ctx: Context, model: type[ThreadEntry], values: InputValues, at: str = "") -> dict[str, Any]:
    """Return a new entry, whose author is named as the actor unless the values say otherwise; what a job writes as
    STAFF is an AGENT's, and what a client writes is its own. ``at`` begins the fields of errors.

    Raises Refusal BAD_INPUT, or FORBIDDEN for an INTERNAL one without messages:internal.
    """
    refuse(wrong_author(values, at))
    row = new_row(model, {"author_name": ctx.actor.name, "attachments": [], **values})
    if ctx.actor.kind is ActorKind.JOB and row["author_kind"] == AuthorKind.STAFF:
        row["author_kind"] = AuthorKind.AGENT
    if ctx.actor.client is not None:
        row |= {"author_kind": AuthorKind.CLIENT, "author_name": ctx.actor.name}
    if row["visibility"] == Visibility.INTERNAL and not ctx.actor.may(INTERNAL_SCOPE):
        message = f"INTERNAL messages need the scope {INTERNAL_SCOPE}."
        raise Refusal("FORBIDDEN", message, field=f"{at}visibility", scope=INTERNAL_SCOPE)
    return row


def wrong_author(values: InputValues, at: str = "") -> Iterator[Refusal]:
    """Yield the refusal BAD_INPUT of an author that nobody may write as."""
    if values.get("author_kind", AuthorKind.STAFF) not in _AUTHORS:
        allowed = [author.value for author in _AUTHORS]
        yield bad_input(f"{at}author_kind", "It must be STAFF or CLIENT.", "NOT_ONE_OF", allowed=allowed)


def check(_ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Yield what is wrong with the author of a new entry, or of one that is among the values as a ``reply``."""
    yield from wrong_author(values)
    yield from wrong_author(values.get("reply", {}), "reply.")


def entries_of(resource: Resource, table: sa.Table, parent: Resource) -> Collection:
    """Return the collection of the entries of a parent's threads."""
    column = f"{parent.singular}_id"
    return Collection(
        resource,
        table,
        hidden=_HIDDEN,
        clients=lambda client: {parent.singular: of_client(client)},
        sort_fields={"CREATED_AT": CREATED},
        filters={
            "id": ids("id", resource, "ID"),
            column: ids(column, parent, f"the {parent.label}'s ID"),
            "author_kind": enum("author_kind", AuthorKind, "kind of author"),
            "visibility": enum("visibility", Visibility),
            "created_at": created(),
            parent.singular: Relation(parent.plural, f"the {parent.label}", column),
        },
    )


def thread_of(entries: Collection, parent: Resource) -> BatchResolver:
    """Return the batch resolver of a page of the thread whose parent an argument names: ``order_id``."""
    column = f"{parent.singular}_id"

    @shared
    async def thread(ctx: Context, args: Args) -> Page:
        key = decode(parent.prefix, args.values[column]) or NOBODY
        (page,) = await pages(ctx, entries, args, column=column, parents=[key])
        return page

    return thread
