"""The audit log's seals: each links an entry to all before it, so that what was recorded can be proven."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.audit import audit_changes, audit_entries, audit_seals
from models.jobs import QUEUED_SEAL, jobs
from models.typeid import created_at, uuid_at
from resolvers.audit.entries import FIRST, canonical, is_authentic, sealed_fields
from resolvers.context import Context, Row
from resolvers.database.sql import ORG, owned, statement
from resolvers.keyring import Keyring

BATCH = 500
# How long after newer ones an entry may come; retention looks at everything, and finds what came later still.
LATE = timedelta(minutes=10)
ALL = UUID(int=0)
_LAST_ID = (1 << 128) - 1


class BrokenChain(Exception):
    """The last seal was not made with a seal key. Nothing is sealed after it until an operator has looked into it."""


@statement
def _lock() -> sa.Select[Any]:
    name = sa.literal("audit:").concat(sa.cast(ORG, sa.Text))
    return sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0)))


@statement
def _last() -> sa.Select[Any]:
    """Return the last seal with its entry, and the one before it."""
    of_entry = sa.and_(audit_entries.c.org_id == ORG, audit_entries.c.id == audit_seals.c.entry_id)
    joined = audit_seals.join(audit_entries, of_entry)
    shown = (audit_seals, *(column for column in audit_entries.c if column.name != "org_id"))
    return owned(audit_seals, *shown).select_from(joined).order_by(audit_seals.c.sequence.desc()).limit(2)


@statement
def unsealed(with_changes: bool) -> sa.Select[Any]:
    """Unsealed entries in the order of their ids, from ``since`` on, up to ``BATCH``."""
    there = sa.exists().where(audit_seals.c.org_id == ORG, audit_seals.c.entry_id == audit_entries.c.id)
    since = audit_entries.c.id >= sa.bindparam("since", type_=sa.Uuid)
    found = owned(audit_entries).where(since, ~there).order_by(audit_entries.c.id).limit(BATCH)
    if not with_changes:
        return found
    page = found.cte("page")
    change = changes_of(page.c.id)
    return sa.select(page, *change.c).select_from(page.outerjoin(change, sa.true())).order_by(page.c.id)


def changes_of(entry_id: Any) -> Any:
    """Return the salt and changes of another row's entry, to be joined."""
    parts = owned(audit_changes, audit_changes.c.salt, audit_changes.c.changes)
    return one_of(parts.where(audit_changes.c.entry_id == entry_id), "change")


def one_of(found: sa.Select[Any], name: str) -> Any:
    """Return what is found for each row by its key. The limit keeps the planner, whatever it knows, from reading a
    table."""
    return found.limit(1).lateral(name)


def following(entries: list[Row]) -> UUID | None:
    """Return where the next batch of unsealed entries begins; None after the last one."""
    if len(entries) < BATCH or entries[-1]["id"].int == _LAST_ID:
        return None
    return UUID(int=entries[-1]["id"].int + 1)


@statement
def _insert() -> sa.Insert:
    columns = {"sequences": sa.BigInteger, "entry_ids": sa.Uuid, "seals": pg.BYTEA}
    arrays: list[Any] = [sa.bindparam(name, type_=pg.ARRAY(type_)) for name, type_ in columns.items()]
    listed = [sa.column(name, type_()) for name, type_ in columns.items()]
    new = sa.func.unnest(*arrays).table_valued(*listed, name="new", joins_implicitly=True).render_derived()
    rows = sa.select(ORG, *new.c, sa.bindparam("version", type_=sa.Integer))
    return audit_seals.insert().from_select(["org_id", "sequence", "entry_id", "seal", "key_version"], rows)


@statement
def _another() -> sa.Select[Any]:
    return owned(jobs, jobs.c.id).where(*QUEUED_SEAL).limit(1)


def link(key: bytes, previous: bytes, text: bytes) -> bytes:
    """Return one seal: HMAC-SHA256 over the previous one and an entry's canonical text."""
    return hmac.digest(key, previous + text, hashlib.sha256)


def wrong_seal(keys: Keyring, org_id: UUID, previous: bytes, row: Row) -> str | None:
    """Return what is wrong with a seal, whose row has its entry's columns too; None when it fits."""
    number: int = row["sequence"]
    key = keys.keys.get(row["key_version"])
    if key is None:
        return f"seal {number} needs the seal key of version {row['key_version']}"
    made = link(key, previous, canonical(sealed_fields(org_id, number, row)))
    if hmac.compare_digest(row["seal"], made):
        return None
    return f"seal {number} does not fit its entry and the seal before it"


async def hold(ctx: Context) -> None:
    """Let nobody else seal the organization's entries, or erase old ones, until the open transaction has ended."""
    await ctx.fetch(_lock())


async def seal_all(ctx: Context) -> None:
    """Seal every unsealed entry in the open transaction, as ``seal``."""
    while await seal(ctx, everything=True) == BATCH:
        continue


async def seal(ctx: Context, *, everything: bool = False) -> int:
    """Seal up to ``BATCH`` of the organization's unsealed entries in the open transaction; how many there were.

    It looks at entries about as young as the last sealed one; with ``everything``, at all of them. What was
    not written with a seal key stays unsealed. Raises BrokenChain when the last seal was not made with one.
    """
    await hold(ctx)
    sequence, previous, last = await _end(ctx)
    since: UUID | None = uuid_at(created_at(last) - LATE) if last and not everything else ALL
    entries: list[Row] = []
    while since is not None and len(entries) < BATCH:
        found = await ctx.fetch(unsealed(False), since=since)
        entries += [entry for entry in found if is_authentic(ctx.runtime.seal_keys, ctx.org_id, entry)]
        since = following(found)
    if not entries:
        return 0
    version, key = ctx.runtime.seal_keys.current
    made: dict[str, list[Any]] = {"sequences": [], "entry_ids": [], "seals": []}
    for entry in entries[:BATCH]:
        sequence += 1
        previous = link(key, previous, canonical(sealed_fields(ctx.org_id, sequence, entry)))
        made["sequences"].append(sequence)
        made["entry_ids"].append(entry["id"])
        made["seals"].append(previous)
    await ctx.fetch(_insert(), version=version, **made)
    return len(made["seals"])


async def _end(ctx: Context) -> tuple[int, bytes, UUID | None]:
    """Return the number, seal and entry of the chain's end."""
    rows = await ctx.fetch(_last())
    if not rows:
        return 0, FIRST, None
    last = rows[0]
    number, previous = (rows[1]["sequence"], rows[1]["seal"]) if len(rows) > 1 else (0, FIRST)
    wrong = f"seal {number + 1} is missing" if last["sequence"] != number + 1 else None
    wrong = wrong or wrong_seal(ctx.runtime.seal_keys, ctx.org_id, previous, last)
    if wrong:
        raise BrokenChain(wrong)
    return last["sequence"], last["seal"], last["entry_id"]


async def another_is_queued(ctx: Context) -> bool:
    """Return whether a seal of the organization is queued already, so that one more need not be."""
    return await ctx.row(_another()) is not None
