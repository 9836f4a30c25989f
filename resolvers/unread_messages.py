"""Messages that somebody has not read yet: how far a member, a client or an API key has read an order's thread."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.messages import MESSAGE, message_reads, messages
from models.threads import AuthorKind, Visibility
from models.typeid import decode
from resolvers.changes.edits import InputValues
from resolvers.collections.rows import Key, by_ids
from resolvers.context import Context, Row
from resolvers.database.sql import ORG, Sql, statement
from resolvers.errors import Refusal, not_found
from resolvers.lists.conditions import NOBODY
from resolvers.messages import MESSAGES

# So many are counted of an order: a page shows no larger number, and none is read for one.
MOST = 100
_COLUMNS = tuple(column.name for column in messages.c if column.name != "org_id")
# Each order's messages are read by the index of its thread, from the last one that was read on.
_UNREAD = Sql(
    f"""SELECT asked.id, (SELECT count(*) FROM (SELECT 1 FROM messages AS one WHERE one.org_id = $1::UUID
 AND one.order_id = asked.id AND one.id > coalesce((SELECT mark.read_to FROM message_reads AS mark
 WHERE mark.org_id = $1::UUID AND mark.reader_id = $2::UUID AND mark.order_id = asked.id), '{NOBODY}'::UUID)
 AND one.visibility = ANY ($3::TEXT[]) AND one.writer_id IS DISTINCT FROM $2::UUID
 AND one.author_kind <> ALL ($4::TEXT[]) ORDER BY one.id LIMIT {MOST}) AS unread) AS count
FROM unnest($5::UUID[]) AS asked(id)""",
    ("org_id", "reader", "seen", "own", "orders"),
    {},
)


async def of_orders(ctx: Context, parents: list[Row], args: Args) -> list[int]:
    """Return the number of messages of each order that the caller sees, did not write and has not read: ``MOST`` at
    most. What clients wrote is a client's own."""
    hidden = MESSAGES.hidden
    assert hidden is not None, "messages can be internal"
    seen = [each.value for each in Visibility if hidden.sees(ctx.actor.scopes, {hidden.column: each})]
    own = [] if ctx.actor.client is None else [AuthorKind.CLIENT.value]
    orders = list({row["id"] for row in parents})
    rows = await ctx.fetch(_UNREAD, reader=ctx.actor.caller, seen=seen, own=own, orders=orders)
    counts = {row["id"]: row["count"] for row in rows}
    return [counts[row["id"]] for row in parents]


@statement
def _mark() -> pg.dml.Insert:
    made = pg.insert(message_reads).values(
        org_id=ORG,
        reader_id=sa.bindparam("reader", type_=sa.Uuid),
        order_id=sa.bindparam("order", type_=sa.Uuid),
        read_to=sa.bindparam("message", type_=sa.Uuid),
    )
    latest = sa.func.greatest(message_reads.c.read_to, made.excluded.read_to)
    return made.on_conflict_do_update(index_elements=message_reads.primary_key, set_={"read_to": latest})


async def mark(ctx: Context, key: Key, _values: InputValues) -> Any:
    """Note that the caller has read an order's messages up to one, and return that. What was read stays read.

    Raises Refusal NOT_FOUND, or FORBIDDEN where nobody calls who reads: a job, or the command line.
    """
    if ctx.actor.caller is None:
        raise Refusal("FORBIDDEN", "Only a member, a client or an API key reads messages.")
    (row,) = await by_ids(ctx, MESSAGES, [decode(MESSAGE.prefix, key.id)], _COLUMNS)
    if row is None:
        raise not_found(MESSAGE.label)
    await ctx.fetch(_mark(), reader=ctx.actor.caller, order=row["order_id"], message=row["id"])
    return row
