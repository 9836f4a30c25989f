"""Erasing what the audit log holds of a resource: its changes go, and a sealed entry of each erasure stays."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql import ClauseElement

from models.audit import ERASE, audit_changes, audit_entries
from resolvers.audit import seals
from resolvers.audit.entries import new_entry
from resolvers.changes import write as changes
from resolvers.context import Context
from resolvers.database.sql import ORG, statement


@statement
def _erase() -> ClauseElement:
    target: sa.BindParameter[Any] = sa.bindparam("target", type_=sa.Uuid)
    # Not the erasures of an entry: there is nothing in them.
    others = audit_entries.c.action != ERASE
    about = sa.or_(sa.and_(audit_entries.c.target_id == target, others), audit_entries.c.id == target)
    entries = sa.select(audit_entries.c.id).where(audit_entries.c.org_id == ORG, about)
    these = (audit_changes.c.org_id == ORG, audit_changes.c.entry_id.in_(entries))
    return audit_changes.delete().where(*these).returning(audit_changes.c.entry_id)


async def erase(ctx: Context, target: UUID) -> int:
    """Erase the changes of every entry about a resource, or of one entry; how many there were.

    It seals in the same transaction, so that changes are never gone without a sealed entry that says who erased them.
    """
    erased = sorted(row["entry_id"] for row in await ctx.fetch(_erase(), target=target))
    if not erased:
        return 0
    await changes.write_entries(ctx, [(new_entry(ERASE, {}, {}), entry) for entry in erased])
    while await seals.seal(ctx, everything=True) == seals.BATCH:
        continue
    return len(erased)
