"""Events that live feeds alone hear of: of a part of what a job does, for those who watch it."""

from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from models.base import TIMESTAMP
from models.resources import Resource
from models.typeid import encode, new_uuid
from models.webhooks import events
from resolvers.context import Context, now
from resolvers.database.sql import ORG, statement


@statement
def _insert(table: sa.Table) -> sa.Insert:
    names = ["org_id", "id", "type", "data", "occurred_at", "resource_id", "resource_version", "client_id"]
    given = [
        sa.bindparam("event_id", type_=sa.Uuid), sa.bindparam("type", type_=sa.Text),
        sa.bindparam("data", type_=sa.Text), sa.bindparam("moment", type_=TIMESTAMP),
    ]  # fmt: skip
    client: Any = table.c.client_id if "client_id" in table.c else sa.literal(None, sa.Uuid)
    row = sa.select(ORG, *given, table.c.id, table.c.version, client)
    this = row.where(table.c.org_id == ORG, table.c.id == sa.bindparam("row_id", type_=sa.Uuid))
    return events.insert().from_select(names, this)


async def note(ctx: Context, resource: Resource, table: sa.Table, row_id: UUID, verb: str) -> None:
    """Write an event of an object that no webhook is sent: one of those that the resource declares as ``live``."""
    public_id = encode(resource.prefix, row_id)
    values = {"event_id": new_uuid(), "type": resource.live_event(verb), "row_id": row_id, "moment": now()}
    await ctx.fetch(_insert(table), data=orjson.dumps({"publicId": public_id}).decode(), **values)
    ctx.announces = True
