"""The audit log's seals: each links an entry to all before it, so that what was recorded can be proven."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.audit import audit_changes, audit_entries, audit_seals
from models.jobs import jobs
from models.typeid import created_at, uuid_at
from resolvers.audit import digest_of
from resolvers.context import Context, Row
from resolvers.runtime import Connection, Runtime
from resolvers.sql import ORG, owned, statement

BATCH = 500
FIRST = bytes(32)
# How long after newer ones an entry may come; retention looks at everything, and finds what came later still.
LATE = timedelta(minutes=10)
_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk along the chain found. ``head`` is the last seal's number and hash, to be kept elsewhere."""

    sealed: int
    unsealed: int
    erased: int
    head: tuple[int, str] | None
    failure: str | None


@statement
def _lock() -> sa.Select[Any]:
    name = sa.literal("audit:").concat(sa.cast(ORG, sa.Text))
    return sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0)))


@statement
def _last() -> sa.Select[Any]:
    return owned(audit_seals).order_by(audit_seals.c.sequence.desc()).limit(1)


@statement
def _unsealed() -> sa.Select[Any]:
    there = sa.exists().where(audit_seals.c.org_id == ORG, audit_seals.c.entry_id == audit_entries.c.id)
    since = audit_entries.c.id >= sa.bindparam("since", type_=sa.Uuid)
    return owned(audit_entries).where(since, ~there).order_by(audit_entries.c.id).limit(BATCH)


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
    queued = (jobs.c.kind == sa.literal_column("'AUDIT_SEAL'"), jobs.c.state == sa.literal_column("'QUEUED'"))
    return owned(jobs, jobs.c.id).where(jobs.c.lane == ORG, *queued).limit(1)


@statement
def _chain() -> sa.Select[Any]:
    entry, change = audit_entries, audit_changes
    of_entry = sa.and_(entry.c.org_id == audit_seals.c.org_id, entry.c.id == audit_seals.c.entry_id)
    of_change = sa.and_(change.c.org_id == audit_seals.c.org_id, change.c.entry_id == audit_seals.c.entry_id)
    shown = (audit_seals, *(column for column in entry.c if column.name != "org_id"), change.c.salt, change.c.changes)
    joined = audit_seals.outerjoin(entry, of_entry).outerjoin(change, of_change)
    after = audit_seals.c.sequence > sa.bindparam("after", type_=sa.BigInteger)
    return owned(audit_seals, *shown).select_from(joined).where(after).order_by(audit_seals.c.sequence).limit(BATCH)


@statement
def _count() -> sa.Select[Any]:
    there = sa.exists().where(audit_seals.c.org_id == ORG, audit_seals.c.entry_id == audit_entries.c.id)
    return owned(audit_entries, sa.func.count().label("number")).where(~there)


def canonical(org_id: UUID, sequence: int, entry: Row) -> bytes:
    """What is sealed of an entry: all but its changes, for which the digest stands."""
    fields = {
        "action": entry["action"],
        "actorId": entry["actor_id"],
        "actorKind": entry["actor_kind"],
        "actorName": entry["actor_name"],
        "digest": entry["digest"].hex(),
        "id": str(entry["id"]),
        "occurredAt": entry["occurred_at"].isoformat(timespec="milliseconds"),
        "orgId": str(org_id),
        "requestId": entry["request_id"],
        "sequence": sequence,
        "source": entry["source"],
        "targetId": str(entry["target_id"]),
    }
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


def link(key: bytes, previous: bytes, text: bytes) -> bytes:
    """One seal: HMAC-SHA256 over the previous one and an entry's canonical text."""
    return hmac.digest(key, previous + text, hashlib.sha256)


async def seal(ctx: Context, *, everything: bool = False) -> int:
    """Seal up to ``BATCH`` of the organization's unsealed entries in the open transaction; how many there were.

    It looks at entries about as young as the last sealed one; with ``everything``, at all of them.
    """
    await ctx.fetch(_lock())
    last = await ctx.row(_last())
    sequence, previous = (last["sequence"], last["seal"]) if last else (0, FIRST)
    since = uuid_at(created_at(last["entry_id"]) - LATE) if last and not everything else _ALL
    entries = await ctx.fetch(_unsealed(), since=since)
    if not entries:
        return 0
    version, key = ctx.runtime.seal_keys.current
    made: dict[str, list[Any]] = {"sequences": [], "entry_ids": [], "seals": []}
    for entry in entries:
        sequence += 1
        previous = link(key, previous, canonical(ctx.org_id, sequence, entry))
        made["sequences"].append(sequence)
        made["entry_ids"].append(entry["id"])
        made["seals"].append(previous)
    await ctx.fetch(_insert(), version=version, **made)
    return len(entries)


async def another_is_queued(ctx: Context) -> bool:
    """Whether a seal of the organization is queued already, so that one more need not be."""
    return await ctx.row(_another()) is not None


async def verify(runtime: Runtime, org_id: UUID, head: tuple[int, str] | None = None) -> Verification:
    """Walk an organization's chain in one snapshot. ``head`` is a number and hash that were kept elsewhere.

    A failure is the first: a missing or changed seal or entry, changes that their digest does not fit, an unknown key,
    a chain that is shorter than the kept head or has another seal in its place. Erased changes are none.
    """
    walk = _Walk(runtime, org_id, head)
    async with _snapshot(runtime, org_id) as connection:
        sql = _chain()
        while walk.failure is None:
            rows = await connection.fetch(sql.text, *sql.arguments({"org_id": org_id, "after": walk.sequence}))
            for row in rows:
                walk.step(row)
            if len(rows) < BATCH:
                break
        count = _count()
        unsealed = await connection.fetchval(count.text, *count.arguments({"org_id": org_id}))
    walk.end()
    last = (walk.sequence, walk.previous.hex()) if walk.sequence else None
    return Verification(walk.sequence, unsealed, walk.erased, last, walk.failure)


@asynccontextmanager
async def _snapshot(runtime: Runtime, org_id: UUID) -> AsyncIterator[Connection]:
    async with runtime.connection(runtime.side) as connection:
        await connection.execute(f"begin isolation level repeatable read, read only;{runtime.tenant(org_id)}")
        yield connection
        await connection.execute("commit")


class _Walk:
    """One walk: the last good seal, what was erased, and the first failure, after which nothing counts."""

    def __init__(self, runtime: Runtime, org_id: UUID, head: tuple[int, str] | None) -> None:
        self.sequence, self.previous, self.erased = 0, FIRST, 0
        self.failure: str | None = None
        self._keys, self._org_id, self._head = runtime.seal_keys.keys, org_id, head

    def step(self, row: Row) -> None:
        if self.failure is not None:
            return
        self.failure = self._wrong(row)
        if self.failure is None:
            self.sequence, self.previous = row["sequence"], row["seal"]
            self.erased += row["changes"] is None

    def end(self) -> None:
        if self.failure is None and self._head is not None and self.sequence < self._head[0]:
            self.failure = f"the chain ends at {self.sequence}, before the kept head {self._head[0]}"

    def _wrong(self, row: Row) -> str | None:
        number: int = row["sequence"]
        key = self._keys.get(row["key_version"])
        if number != self.sequence + 1:
            return f"seal {self.sequence + 1} is missing"
        if row["id"] is None:
            return f"the entry of seal {number} is missing"
        if key is None:
            return f"seal {number} needs the seal key of version {row['key_version']}"
        if not hmac.compare_digest(row["seal"], link(key, self.previous, canonical(self._org_id, number, row))):
            return f"seal {number} does not fit its entry and the seal before it"
        if row["changes"] is not None and digest_of(row["salt"], row["changes"]) != row["digest"]:
            return f"the changes of entry {number} do not fit their digest"
        if self._head is not None and number == self._head[0] and row["seal"].hex() != self._head[1].lower():
            return f"seal {number} is not the kept head"
        return None
