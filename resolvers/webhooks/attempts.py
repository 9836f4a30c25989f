"""Attempts of deliveries, as callers see them: the body of a response may repeat what was sent."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.names import camel
from models.resources import events as events_of_api
from models.webhooks import events
from resolvers.collections.collection import COLLECTIONS, Collection
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement


async def attempts(ctx: Context, parents: list[Row], args: Args) -> list[list[dict[str, Any]]]:
    """Return the attempts of each delivery, without the bodies of the responses if the caller may not read the event's
    object."""
    if "body" not in args.columns:
        return [row["attempts"] for row in parents]
    readable = await _readable(ctx, parents)
    return [
        row["attempts"] if row["event_id"] in readable else [each | {"body": None} for each in row["attempts"]]
        for row in parents
    ]


@statement
def _sent(name: str) -> sa.Select[Any]:
    """Return the select of a member of what was sent with each event."""
    value = sa.func.jsonb_extract_path_text(sa.cast(events.c.data, pg.JSONB), sa.literal(name, sa.Text))
    these = events.c.id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid)))
    return owned(events, events.c.id, value.label("value")).where(these)


async def _readable(ctx: Context, deliveries: Sequence[Row]) -> set[UUID]:
    """Return the events whose objects the caller may read; at most one statement for each collection that hides
    rows."""
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
