"""Erasing what the audit log holds of a resource: its changes go, and a sealed entry of each erasure stays."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql import ClauseElement

from models.audit import ERASE, audit_changes, audit_entries
from models.settings import KEPT_CHANGES
from models.typeid import uuid_at
from resolvers.audit import seals
from resolvers.audit.entries import new_entry
from resolvers.audit.retention import CHANGED, retention_days
from resolvers.changes import write as changes
from resolvers.context import Context, Row
from resolvers.database.sql import ORG, statement

# How many entries are erased at once by their age.
BATCH = 200


@statement
def _erase() -> ClauseElement:
    target: sa.BindParameter[Any] = sa.bindparam("target", type_=sa.Uuid)
    # Not the erasures of an entry: there is nothing in them.
    others = audit_entries.c.action != ERASE
    about = sa.or_(sa.and_(audit_entries.c.target_id == target, others), audit_entries.c.id == target)
    entries = sa.select(audit_entries.c.id).where(audit_entries.c.org_id == ORG, about)
    these = (audit_changes.c.org_id == ORG, audit_changes.c.entry_id.in_(entries))
    return audit_changes.delete().where(*these).returning(audit_changes.c.entry_id)


@statement
def _erase_older() -> ClauseElement:
    # Not the erasures themselves: there is nothing in them, and each would make another.
    forgotten = audit_entries.c.action.not_in([sa.literal_column(f"'{name}'") for name in (ERASE, CHANGED)])
    entry = sa.exists().where(audit_entries.c.org_id == ORG, audit_entries.c.id == audit_changes.c.entry_id, forgotten)
    old = audit_changes.c.entry_id < sa.bindparam("least", type_=sa.Uuid)
    chosen = sa.select(audit_changes.c.entry_id).where(audit_changes.c.org_id == ORG, old, entry).limit(BATCH)
    these = (audit_changes.c.org_id == ORG, audit_changes.c.entry_id.in_(chosen))
    return audit_changes.delete().where(*these).returning(audit_changes.c.entry_id)


async def erase_older(ctx: Context, moment: datetime) -> int:
    """Erase the changes of up to ``BATCH`` entries, as ``erase``, that are older at a time than the days which sealed
    entries of the settings say; how many there were. Raises BrokenChain."""
    await seals.seal_all(ctx)
    days = await retention_days(ctx)
    if days is None:
        return 0
    least = uuid_at(moment - timedelta(days=days))
    return await _recorded(ctx, await ctx.fetch(_erase_older(), least=least), {KEPT_CHANGES: days})


async def erase(ctx: Context, target: UUID) -> int:
    """Erase the changes of every entry about a resource, or of one entry; how many there were.

    It seals in the same transaction, so that changes are never gone without a sealed entry that says who erased them.
    """
    return await _recorded(ctx, await ctx.fetch(_erase(), target=target), {})


async def _recorded(ctx: Context, rows: list[Row], why: dict[str, Any]) -> int:
    """Write and seal an entry for each whose changes were erased, and why; how many there are."""
    erased = sorted(row["entry_id"] for row in rows)
    if not erased:
        return 0
    await changes.write_entries(ctx, [(new_entry(ERASE, {}, why), entry) for entry in erased])
    await seals.seal_all(ctx)
    return len(erased)
