"""Entries of threads, an order's messages and a ticket's replies: what holds for both of what somebody writes."""

from typing import Any

from models.threads import INTERNAL_SCOPE, AuthorKind, ThreadEntry, Visibility
from resolvers.changes.edits import InputValues, new_row
from resolvers.collections.collection import RowScope
from resolvers.context import Context
from resolvers.errors import Refusal, bad_input

HIDDEN = RowScope("visibility", Visibility.INTERNAL, INTERNAL_SCOPE)
_AUTHORS = (AuthorKind.STAFF, AuthorKind.CLIENT)


def new_thread_entry(ctx: Context, model: type[ThreadEntry], values: InputValues, at: str = "") -> dict[str, Any]:
    """Return a new entry, whose author is named as the actor unless the values say otherwise. ``at`` begins the fields
    of errors.

    Raises Refusal BAD_INPUT, or FORBIDDEN for an INTERNAL one without messages:internal.
    """
    row = new_row(model, {"author_name": ctx.actor.name, "attachments": [], **values})
    if row["author_kind"] not in _AUTHORS:
        allowed = [author.value for author in _AUTHORS]
        raise bad_input(f"{at}author_kind", "It must be STAFF or CLIENT.", "NOT_ONE_OF", allowed=allowed)
    if row["visibility"] == Visibility.INTERNAL and not ctx.actor.may(INTERNAL_SCOPE):
        message = f"INTERNAL messages need the scope {INTERNAL_SCOPE}."
        raise Refusal("FORBIDDEN", message, field=f"{at}visibility", scope=INTERNAL_SCOPE)
    return row
