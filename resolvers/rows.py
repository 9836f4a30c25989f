"""Single rows: by their ids for many parents at once, or locked for a change."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.typeid import decode
from resolvers.changes import Subject
from resolvers.context import Context, Row
from resolvers.errors import Refusal, not_found
from resolvers.sql import owned, selected, statement


@statement
def _by_ids(table: sa.Table, columns: tuple[str, ...], live: bool, many: bool) -> sa.Select[Any]:
    # One id is not a list of one: PostgreSQL keeps the plan of a single key, and would plan a list anew each time.
    ids = sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))) if many else sa.bindparam("one", type_=sa.Uuid)
    wanted = table.c.id == ids
    query = selected(table, columns).add_columns(table.c.id.label("key")).where(wanted)
    return query.where(table.c.deleted_at.is_(None)) if live else query


async def by_ids(
    ctx: Context, table: sa.Table, keys: Sequence[UUID | None], columns: tuple[str, ...]
) -> list[Row | None]:
    """The rows of some ids in their order, None where one is missing or deleted; no statement when there is no id.

    A row has the columns in their order, then its id as ``key``.
    """
    wanted = list({key for key in keys if key is not None})
    if not wanted:
        return [None for _ in keys]
    sql = _by_ids(table, columns, "deleted_at" in table.c, len(wanted) > 1)
    rows = await ctx.fetch(sql, ids=wanted, one=wanted[0])
    found = {row["key"]: row for row in rows}
    return [found.get(key) for key in keys]


@statement
def _locked(table: sa.Table) -> sa.Select[Any]:
    query = owned(table).where(table.c.id == sa.bindparam("id", type_=sa.Uuid)).with_for_update()
    return query.where(table.c.deleted_at.is_(None)) if "deleted_at" in table.c else query


async def locked(ctx: Context, subject: Subject, public_id: str, expected_version: int | None = None) -> Row:
    """The row to change, locked. Raises Refusal NOT_FOUND, or VERSION_MISMATCH with the current version."""
    key = decode(subject.kind, public_id)
    row = None if key is None else await ctx.row(_locked(subject.table), id=key)
    if row is None:
        raise not_found(subject.kind, "input.id")
    if expected_version is not None and expected_version != row["version"]:
        message = f"The {subject.kind} has version {row['version']} now: no version that was given is the current one."
        raise Refusal("VERSION_MISMATCH", message, field="input.expectedVersion", currentVersion=row["version"])
    return row
