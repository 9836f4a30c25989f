"""The parts of a row that changes: they are written after it, in its transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.parts import Parts
from models.typeid import new_uuid
from resolvers.context import Context
from resolvers.database.sql import ORG, statement

_OWNER = sa.bindparam("owner", type_=sa.Uuid)


@statement
def _add(part: Parts) -> sa.Insert:
    table = part.table
    # The members of each object, beside them its key: its place, or an id of its own.
    names = {"key": part.order, **part.written}
    given = sa.func.jsonb_to_recordset(sa.bindparam("parts", type_=pg.JSONB)).table_valued(
        *(sa.column(name, table.c[column].type) for name, column in names.items()), name="given"
    )
    rows = given.render_derived(name="given", with_types=True)
    listed = ["org_id", part.owner, *names.values()]
    return table.insert().from_select(listed, sa.select(ORG, _OWNER, *(rows.c[name] for name in names)))


@statement
def _remove(part: Parts) -> sa.Delete:
    return part.table.delete().where(part.table.c.org_id == ORG, part.table.c[part.owner] == _OWNER)


async def add_parts(ctx: Context, part: Parts, owner: UUID, added: Sequence[dict[str, Any]], start: int = 0) -> None:
    """Write further parts of a row, of which it has so many already; nothing for none."""
    if added:
        keyed = "id" in part.table.c
        parts = [{"key": str(new_uuid()) if keyed else place, **each} for place, each in enumerate(added, start)]
        await ctx.fetch(_add(part), owner=owner, parts=parts)


async def change_parts(
    ctx: Context, part: Parts, owner: UUID, old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]
) -> None:
    """Write what differs of a row's parts: what follows the old ones is added, anything else replaces them."""
    kept = len(old) if new[: len(old)] == old else 0
    if old and not kept:
        await ctx.fetch(_remove(part), owner=owner)
    await add_parts(ctx, part, owner, new[kept:], kept)
