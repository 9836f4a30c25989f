"""Which events a caller may read, by the objects that were sent with them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.names import camel
from models.resources import events as events_of_api
from models.webhooks import TEST_EVENT, events
from resolvers.collections.collection import COLLECTIONS, Collection
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement
from resolvers.errors import Refusal


@statement
def _sent(name: str) -> sa.Select[Any]:
    """Return the select of a member of what was sent with each event."""
    value = sa.func.jsonb_extract_path_text(sa.cast(events.c.data, pg.JSONB), sa.literal(name, sa.Text))
    these = events.c.id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid)))
    return owned(events, events.c.id, value.label("value")).where(these)


async def readable(ctx: Context, deliveries: Sequence[Row]) -> set[UUID]:
    """Return the events of deliveries whose objects the caller may read; at most one statement for each collection that
    hides rows."""
    found: set[UUID] = set()
    in_part: dict[Collection, list[UUID]] = {}
    resources = {name: resource for name, resource, _ in events_of_api()}
    for row in deliveries:
        resource = resources.get(row["event_type"])
        if resource is None or not ctx.actor.may(resource.read_scope):
            continue
        collection = COLLECTIONS.get(resource.plural)
        if collection is None or not collection.restriction(ctx.actor.scopes):
            found.add(row["event_id"])
        else:
            in_part.setdefault(collection, []).append(row["event_id"])
    for collection, ids in in_part.items():
        hidden = collection.hidden
        assert hidden is not None, "a collection with a restriction hides rows"
        # The object as it was sent decides: it may have changed, or be gone.
        for row in await ctx.fetch(_sent(camel(hidden.column)), ids=ids):
            if row["value"] is not None and hidden.sees(ctx.actor.scopes, {hidden.column: row["value"]}):
                found.add(row["id"])
    return found


async def must_be_readable(ctx: Context, delivery: Row) -> None:
    """Raise Refusal FORBIDDEN for a delivery whose event the caller may not read. Test events need no scope."""
    if delivery["event_type"] == TEST_EVENT or await readable(ctx, [delivery]):
        return
    resource = next(resource for name, resource, _ in events_of_api() if name == delivery["event_type"])
    scope = resource.row_scope if ctx.actor.may(resource.read_scope) else resource.read_scope
    message = f"The event needs the scope {scope}, which the {ctx.actor.credential} lacks."
    raise Refusal("FORBIDDEN", message, field="id", scope=scope)
