"""The entries of the audit log: what they can be filtered by, and what is loaded beside their rows."""

from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.actors import Source
from models.audit import AUDIT, audit_changes, audit_entries, audit_seals
from resolvers.changes.recorded_changes import target_id
from resolvers.collections.collection import CREATED, Collection
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement
from resolvers.lists.conditions import enum, ids, moment, text

AUDIT_ENTRIES = Collection(
    AUDIT,
    audit_entries,
    sort_fields={"CREATED_AT": CREATED},
    filters={
        "id": ids("id", AUDIT, "ID"),
        "target_id": ids("target_id", None, "the ID of the object that was changed"),
        "actor_id": text("actor_id", "the actor's ID"),
        "action": text("action", "action"),
        "source": enum("source", Source),
        "occurred_at": moment("occurred_at", "time of the change"),
    },
)
# Longer ones exist, so each is measured when it is loaded.
_MEASURED = sa.String(64 * 1024)


def target_of(row: Row) -> str:
    """Return the ID of the object that an entry is about, whose type its action names."""
    return target_id(row["action"], row["target_id"])


@statement
def _of_entries(table: sa.Table, *columns: str) -> sa.Select[Any]:
    shown = [sa.type_coerce(table.c[name], _MEASURED) if name == "changes" else table.c[name] for name in columns]
    wanted = table.c.entry_id == sa.any_(sa.bindparam("entries", type_=pg.ARRAY(sa.Uuid)))
    return owned(table, table.c.entry_id, *shown).where(wanted)


async def changes(ctx: Context, parents: list[Row], args: Args) -> list[dict[str, Any] | None]:
    """Return the changes of each entry; None for those that are erased."""
    rows = await ctx.fetch(_of_entries(audit_changes, "changes"), entries=[row["id"] for row in parents])
    found = {row["entry_id"]: orjson.loads(row["changes"]) for row in rows}
    return [found.get(row["id"]) for row in parents]


async def sequences(ctx: Context, parents: list[Row], args: Args) -> list[int | None]:
    """Return the number of each entry in the log; None for those that are not sealed yet."""
    return [None if seal is None else seal["sequence"] for seal in await _seals(ctx, parents)]


async def seals(ctx: Context, parents: list[Row], args: Args) -> list[str | None]:
    """Return the seal of each entry in hexadecimal digits; None for those that are not sealed yet."""
    return [None if seal is None else seal["seal"].hex() for seal in await _seals(ctx, parents)]


async def _seals(ctx: Context, entries: list[Row]) -> list[Row | None]:
    """Return the row of each entry's seal, None without one; each is read once, whichever fields ask for it."""
    known: dict[UUID, Row | None] = ctx.loaders.setdefault("audit_seals", {})
    unknown = list({row["id"]: None for row in entries if row["id"] not in known})
    if unknown:
        rows = await ctx.fetch(_of_entries(audit_seals, "sequence", "seal"), entries=unknown)
        known |= dict.fromkeys(unknown) | {row["entry_id"]: row for row in rows}
    return [known[row["id"]] for row in entries]
