"""Single rows: by their ids for many parents at once, or locked for a change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.parts import parts_of
from models.typeid import decode
from resolvers.collections.collection import Collection
from resolvers.context import Context, Row
from resolvers.database.sql import owned, selected, statement
from resolvers.errors import not_found, version_mismatch
from resolvers.lists.visible import visible


@statement
def _by_ids(collection: Collection, columns: tuple[str, ...], many: bool) -> sa.Select[Any]:
    table = collection.table
    # One id is not a list of one: PostgreSQL keeps the plan of a single key, and would plan a list anew each time.
    ids = sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))) if many else sa.bindparam("one", type_=sa.Uuid)
    wanted = table.c.id == ids
    query = selected(table, columns).add_columns(table.c.id.label("key")).where(wanted)
    return query.where(collection.seen(table)) if collection.partial else query


async def by_ids(
    ctx: Context, collection: Collection, keys: Sequence[UUID | None], columns: tuple[str, ...]
) -> list[Row | None]:
    """Return the rows of some ids in their order, None where the caller sees none; no statement when there is no id.

    A row has the columns in their order, then its id as ``key``.
    """
    wanted = list({key for key in keys if key is not None})
    if ctx.actor.client is not None:
        wanted = list(await visible(ctx, collection, wanted))
    if not wanted:
        return [None for _ in keys]
    hidden, shown = collection.hidden, columns
    if hidden is not None:
        shown = tuple(dict.fromkeys((*columns, hidden.column)))
    sql = _by_ids(collection, shown, len(wanted) > 1)
    rows = await ctx.fetch(sql, ids=wanted, one=wanted[0])
    if hidden is None:
        found = {row["key"]: row for row in rows}
    else:
        # Read by name: a row may have a column more than was asked for.
        found = {row["key"]: dict(row) for row in rows if hidden.sees(ctx.actor.scopes, row)}
    return [found.get(key) for key in keys]


async def with_referred(
    ctx: Context, rows: Sequence[Row], columns: tuple[str, ...], name: str, collection: Collection
) -> list[dict[str, Any]]:
    """Return columns of rows, and one of the row that each refers to, such as ``client_id.address``.

    A row that was read with it has it; for those that were just changed it is looked up.
    """
    key, _, column = name.partition(".")
    found = await by_ids(ctx, collection, list({row[key] for row in rows if name not in row}), (column,))
    referred = {row["key"]: row[column] for row in found if row is not None}
    return [
        {each: row[each] for each in columns} | {name: row[name] if name in row else referred.get(row[key])}
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Key:
    """Which object to change, by its id, and the version that it must have."""

    id: str
    expected_version: int | None = None


@statement
def _locked(collection: Collection, deletes: bool) -> sa.Select[Any]:
    table = collection.table
    # To wait for those who refer to the row is for a deletion alone: else one frozen holder stops their inserts.
    query = owned(table).where(table.c.id == sa.bindparam("id", type_=sa.Uuid)).with_for_update(key_share=not deletes)
    return query.where(collection.seen(table)) if collection.partial else query


@statement
def _parts(table: sa.Table) -> sa.Select[Any]:
    return selected(table, parts_of(table)).where(table.c.id == sa.bindparam("id", type_=sa.Uuid))


async def locked(ctx: Context, collection: Collection, key: Key, *, deletes: bool = False) -> Row:
    """Return the row to change with its parts, locked; one that may be deleted also against new rows that refer to it.

    Raises Refusal NOT_FOUND, or VERSION_MISMATCH with the current version.
    """
    resource = collection.resource
    row_id = decode(resource.prefix, key.id)
    row = None
    # A client locks nothing that it does not see, and waits for no lock of it: that would tell that it is there.
    if row_id is not None and (ctx.actor.client is None or await visible(ctx, collection, [row_id])):
        row = await ctx.row(_locked(collection, deletes), id=row_id)
    if row is None or not (collection.hidden is None or collection.hidden.sees(ctx.actor.scopes, row)):
        raise not_found(resource.label)
    if key.expected_version is not None and key.expected_version != row["version"]:
        raise version_mismatch(resource.label, row["version"])
    if parts_of(collection.table):
        # By a statement of their own: the one that waits for the lock sees the parts from before it.
        return {**row, **(await ctx.row(_parts(collection.table), id=row_id) or {})}
    return row


@statement
def _any(table: sa.Table, column: str) -> sa.Select[Any]:
    return owned(table, table.c.id).where(table.c[column] == sa.bindparam("id", type_=sa.Uuid)).limit(1)


async def has_any(ctx: Context, collection: Collection, column: str, row: Mapping[str, Any]) -> bool:
    """Return whether rows refer to another one, also such that the caller does not see."""
    return await ctx.row(_any(collection.table, column), id=row["id"]) is not None
