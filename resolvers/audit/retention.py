"""How long the audit log keeps what changed, as the log itself proves it.

Whoever has the database role's password can write the settings' row, and no sealed entry of their changes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from models.actors import ActorKind
from models.audit import ERASE, audit_entries, audit_seals
from models.settings import KEPT_CHANGES, SETTINGS
from models.typeid import created_at
from resolvers.audit.entries import is_authentic, wrong_changes
from resolvers.audit.seals import changes_of
from resolvers.context import Context
from resolvers.database.sql import ORG, owned, statement

# Its entries are not forgotten by their age: they prove how long the others are kept.
CHANGED = SETTINGS.action("update")
_BATCH = 100


@statement
def _settings_entries() -> sa.Select[Any]:
    """Return the sealed entries of the settings with their changes, newest first, before a number."""
    entry = sa.and_(audit_entries.c.org_id == ORG, audit_entries.c.id == audit_seals.c.entry_id)
    change = changes_of(audit_entries.c.id)
    joined = audit_seals.join(audit_entries, entry).outerjoin(change, sa.true())
    before = audit_seals.c.sequence < sa.bindparam("before", type_=sa.BigInteger)
    shown = [column for column in audit_entries.c if column.name != "org_id"]
    found = owned(audit_seals, audit_seals.c.sequence, *shown, *change.c).select_from(joined)
    chosen = found.where(before, audit_entries.c.action == sa.literal_column(f"'{CHANGED}'"))
    return chosen.order_by(audit_seals.c.sequence.desc()).limit(_BATCH)


async def retention_days(ctx: Context) -> int | None:
    """Return the days that sealed entries of the settings say changes are kept for.

    None where nothing is forgotten: also where the newest entries are not those that were written, or are erased.
    """
    before, full = 1 << 62, True
    while full:
        rows = await ctx.fetch(_settings_entries(), before=before)
        for row in rows:
            wrong = row["changes"] is None or wrong_changes(row["salt"], row["changes"], row["digest"])
            if wrong or not is_authentic(ctx.runtime.seal_keys, ctx.org_id, row):
                return None
            changes: dict[str, list[Any]] = orjson.loads(row["changes"])
            if KEPT_CHANGES in changes:
                days: int | None = changes[KEPT_CHANGES][1]
                return days
        full = len(rows) == _BATCH
        before = rows[-1]["sequence"] if rows else 0
    return None


class RetentionCheck:
    """Follows a sealed log from its first entry: whether what workers erased was as old as the settings said."""

    def __init__(self) -> None:
        self._days: int | None = None
        # The entry of a change of settings may have been erased by hand: what it said is not known then.
        self._known = True

    def wrong(self, fields: Mapping[str, Any], changes: str | None) -> str | None:
        """Take an entry; what is wrong with it."""
        if fields["action"] == CHANGED:
            found: dict[str, list[Any]] | None = None if changes is None else orjson.loads(changes)
            if found is None or KEPT_CHANGES in found:
                self._known = found is not None
                self._days = None if found is None else found[KEPT_CHANGES][1]
        if fields["action"] != ERASE or fields["actorKind"] != ActorKind.JOB or not self._known:
            return None
        if self._days is not None:
            made = created_at(UUID(fields["targetId"]))
            if made < datetime.fromisoformat(fields["occurredAt"]) - timedelta(days=self._days):
                return None
        return f"entry {fields['sequence']} erased changes before their time: {KEPT_CHANGES} did not allow it"
