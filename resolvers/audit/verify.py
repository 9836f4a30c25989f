"""Walks along an organization's sealed audit log, in one snapshot, and says what does not hold."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.audit import AUDIT, ERASE, audit_changes, audit_entries, audit_seals
from models.typeid import encode
from resolvers.audit.chain import Chain, KeptHead, leaf_of
from resolvers.audit.entries import FIRST, is_authentic, sealed_fields, wrong_changes
from resolvers.audit.retention import RetentionCheck
from resolvers.audit.seals import ALL, BATCH, changes_of, following, one_of, unsealed, wrong_seal
from resolvers.context import Row
from resolvers.database.runtime import Connection, Runtime
from resolvers.database.sql import Sql, owned, statement


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk along the chain found. ``head`` is the last entry's number and hash, to be kept elsewhere."""

    sealed: int
    unsealed: int
    erased: int
    head: KeptHead | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class VerifiedEntry:
    """One good entry of a walk. ``before`` is the chain's hash before it; the changes are None once erased."""

    fields: dict[str, Any]
    salt: bytes | None
    changes: str | None
    before: bytes
    leaf: bytes


@statement
def _page() -> sa.Select[Any]:
    """Return the seals after one, each with its entry and changes; ``back``: its entry erased changes that are
    there."""
    number, after = audit_seals.c.sequence, sa.bindparam("after", type_=sa.BigInteger)
    page = owned(audit_seals).where(number > after, number <= after + BATCH).cte("page")
    shown = [column for column in audit_entries.c if column.name != "org_id"]
    entry = one_of(owned(audit_entries, *shown).where(audit_entries.c.id == page.c.entry_id), "entry")
    change = changes_of(page.c.entry_id)
    erased = sa.and_(entry.c.action == ERASE, audit_changes.c.entry_id == entry.c.target_id)
    back = one_of(owned(audit_changes, audit_changes.c.entry_id).where(erased), "back")
    joined = page.outerjoin(entry, sa.true()).outerjoin(change, sa.true()).outerjoin(back, sa.true())
    columns = (page, *entry.c, *change.c, back.c.entry_id.is_not(None).label("back"))
    return sa.select(*columns).select_from(joined).order_by(page.c.sequence)


@statement
def _stray() -> sa.Select[Any]:
    """Return a seal below the first, or after the last that was walked to."""
    number = audit_seals.c.sequence
    outside = sa.or_(number < 1, number > sa.bindparam("last", type_=sa.BigInteger))
    return owned(audit_seals, sa.func.min(number).label("sequence")).where(outside)


async def _go_on() -> None:
    """Do nothing between two batches."""


async def verify(
    runtime: Runtime,
    org_id: UUID,
    kept_head: KeptHead | None = None,
    each: Callable[[VerifiedEntry], None] = lambda _step: None,
    between: Callable[[], Awaitable[None]] = _go_on,
) -> Verification:
    """Walk an organization's chain in one snapshot. ``kept_head`` is a number and hash that were kept elsewhere.

    ``each`` is called with every good entry, ``between`` after each batch of them. A failure is the first: a missing or
    changed seal or entry, changes that their digest does not fit, that are gone without a sealed erasure or
    that workers erased before their time, an entry that was not written with a seal key, an unknown key, a chain that
    is shorter than the kept head or has another entry in its place.
    """
    walk = _Walk(runtime, org_id, kept_head, each)
    young = 0
    async with _snapshot(runtime, org_id) as connection:
        full = True
        while full and walk.chain.failure is None:
            rows = await _fetch(connection, _page(), org_id=org_id, after=walk.chain.sequence)
            for row in rows:
                walk.step(row)
            await between()
            full = len(rows) == BATCH
        strays = await _fetch(connection, _stray(), org_id=org_id, last=walk.chain.sequence)
        walk.stray(strays[0]["sequence"])
        since: UUID | None = ALL
        while since is not None:
            rows = await _fetch(connection, unsealed(True), org_id=org_id, since=since)
            young += len(rows)
            walk.look_at(rows)
            since = following(rows)
    return walk.end(young)


@asynccontextmanager
async def _snapshot(runtime: Runtime, org_id: UUID) -> AsyncIterator[Connection]:
    async with runtime.connection(runtime.side) as connection:
        await connection.execute(f"begin isolation level repeatable read, read only;{runtime.tenant(org_id)}")
        yield connection
        await connection.execute("commit")


async def _fetch(connection: Connection, sql: Sql, **values: Any) -> list[Row]:
    rows: list[Row] = await connection.fetch(sql.text, *sql.arguments(values))
    return rows


class _Walk:
    """One walk: the seals one after another, and the chain that they are held against."""

    def __init__(
        self, runtime: Runtime, org_id: UUID, kept_head: KeptHead | None, each: Callable[[VerifiedEntry], None]
    ) -> None:
        self.chain = Chain(org_id, kept_head)
        self._keys, self._each, self._previous = runtime.seal_keys, each, FIRST
        self._retention = RetentionCheck()
        self._unsealed_failure: str | None = None

    def step(self, row: Row) -> None:
        """Take one seal with its entry and changes. After a failure nothing counts."""
        chain = self.chain
        if chain.failure is not None:
            return
        chain.failure = self._wrong(row)
        if chain.failure is None:
            fields, before = sealed_fields(chain.org_id, row["sequence"], row), chain.hash
            leaf = leaf_of(fields)
            chain.note(fields)
            chain.failure = chain.weigh(fields, row["salt"], row["changes"])
            chain.failure = chain.failure or self._retention.wrong(fields, row["changes"])
            # A head that an earlier version printed is a seal.
            chain.failure = chain.failure or chain.advance(leaf, row["seal"])
            self._previous = row["seal"]
            if chain.failure is None:
                self._each(VerifiedEntry(fields, row["salt"], row["changes"], before, leaf))

    def stray(self, number: int | None) -> None:
        """Take a seal that the walk did not come to: nothing hides below the first or after a gap."""
        if self.chain.failure is None and number is not None:
            due = self.chain.sequence + 1
            self.chain.failure = f"there is a seal {number}" if number < due else f"seal {due} is missing"

    def look_at(self, rows: list[Row]) -> None:
        """Entries that are not sealed yet: they too were written with a seal key, and have their changes."""
        for row in rows:
            self._unsealed_failure = self._unsealed_failure or self._wrong_unsealed(row)

    def end(self, young: int) -> Verification:
        """Return what was found."""
        chain = self.chain
        chain.end()
        head = (chain.sequence, chain.hash.hex()) if chain.sequence else None
        failure = chain.failure or self._unsealed_failure
        return Verification(chain.sequence, young, chain.erased, head, failure)

    def _wrong(self, row: Row) -> str | None:
        number, due = row["sequence"], self.chain.sequence + 1
        if number != due:
            return f"seal {due} is missing"
        if row["id"] is None:
            return f"the entry of seal {number} is missing"
        wrong = wrong_seal(self._keys, self.chain.org_id, self._previous, row)
        if wrong is None and not is_authentic(self._keys, self.chain.org_id, row):
            wrong = f"entry {number} was not written with a seal key"
        if wrong is None and row["back"]:
            wrong = f"entry {number} erased changes that are there again"
        return wrong

    def _wrong_unsealed(self, row: Row) -> str | None:
        name = f"the unsealed entry {encode(AUDIT.prefix, row['id'])} (id {row['id']})"
        if not is_authentic(self._keys, self.chain.org_id, row):
            return f"{name} was not written with a seal key"
        if row["salt"] is None:
            return f"the changes of {name} are gone"
        wrong = wrong_changes(row["salt"], row["changes"], row["digest"])
        return f"the changes of {name} {wrong}" if wrong else None
