"""A change is one statement: the row, its search words and list items, audit entries, events, deliveries and jobs.

The parts are common table expressions of this statement, so that a change takes one round trip and is atomic.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from models.audit import audit_entries
from models.lookups import LISTED_ITEMS
from models.typeid import encode, new_uuid
from resolvers.audit.entries import NewAuditEntry, mac_of
from resolvers.changes.write_sql import LISTS, change_sql
from resolvers.collections.collection import Collection
from resolvers.context import Context, now
from resolvers.database.sql import referred
from resolvers.errors import IN_USE, Conflict, Refusal, bad_input
from resolvers.lists.search_words import words_of


@dataclass(frozen=True, slots=True)
class Restrict:
    """What keeps an object from being deleted: rows that refer to it by a column, the conflict that they are, and what
    is said of it where that is more than its meaning."""

    rows: Collection
    column: str
    conflict: Conflict
    message: str | None = None

    def refusal(self) -> Refusal:
        """Return the refusal of the deletion."""
        return self.conflict.refusal("id", self.message)


async def apply(
    ctx: Context,
    collection: Collection,
    verb: str | None,
    row: Mapping[str, Any],
    columns: Iterable[str],
    entries: list[NewAuditEntry],
    events: Sequence[str] = (),
    restricts: Iterable[Restrict] = (),
) -> None:
    """Write one change. ``row`` is the row after it (for a delete, before it); ``columns`` are those to write.

    ``verb`` is insert, update or delete; None writes no row, but only audit entries and events. ``events`` are the
    types of events, ``restricts`` is what keeps the row from being deleted. Raises Refusal for a value that another row
    has, for a reference to an object that no longer exists, or for a deletion of one that others refer to.
    """
    written = tuple(columns)
    lookups = _lookups(collection, verb, written)
    values: dict[str, Any] = {f"row_{name}": row[name] for name in written}
    values["row_id"] = row["id"]
    for item in lookups:
        found = words_of(row[name] for name in collection.searched) if item == "word" else row[LISTED_ITEMS[item][1]]
        values[f"all_{item}"] = [] if verb == "delete" else list(found)
    values |= _audit_values(ctx, [(entry, row["id"]) for entry in entries])
    prefix, scope_sets, through = collection.resource.prefix, -1, None
    if events:
        ctx.announces = True
        scopes = collection.scopes_of(row)
        scope_sets = len(scopes)
        values["event_ids"] = [new_uuid() for _ in events]
        values["event_types"] = list(events)
        values["resource_id"], values["resource_version"] = row["id"], row["version"]
        values["data"] = ctx.runtime.renderers[prefix](row)
        path, hidden = collection.client_path, collection.hidden
        values["event_client"] = row[path[0]] if path else None
        values["event_visibility"] = None if hidden is None else str(row[hidden.column])
        through = referred(collection.table, path[0]) if len(path) > 1 else None
        values |= {f"scopes_{index}": sorted(each) for index, each in enumerate(scopes)}
    if ctx.recorded is not None:
        ctx.recorded.events += events
        ctx.recorded.note_row(verb, encode(prefix, row["id"]), row)
    one = len(entries) == 1 and len(events) <= 1
    sql = change_sql(verb, prefix, collection.table, written, lookups, scope_sets, through, one=one)
    try:
        done = await ctx.row(sql, **_single(values) if one else values)
    except asyncpg.UniqueViolationError as error:
        raise _conflict(collection, error) from error
    except asyncpg.ForeignKeyViolationError as error:
        raise _broken_reference(collection, error, restricts) from error
    ctx.jobs_to_wake.extend((done and done["jobs"]) or ())


def _conflict(collection: Collection, error: asyncpg.UniqueViolationError) -> Exception:
    conflict = collection.unique_conflicts.get(str(error.constraint_name))
    if conflict is None:
        return error
    field, violated = conflict
    # Of an object that is referred to the conflict's own words say more.
    refers = field.endswith("_id")
    return violated.refusal(field, None if refers else f"Another {collection.resource.label} has this {field}.")


def _broken_reference(
    collection: Collection, error: asyncpg.ForeignKeyViolationError, restricts: Iterable[Restrict]
) -> Refusal:
    """Return the refusal for a reference to an object that was deleted after it was looked up, or for the deletion of
    an object that others refer to."""
    for key in collection.table.foreign_key_constraints:
        if key.name == error.constraint_name:
            # The first is the object's ID: an agent definition is referred to by its version too.
            column = next(column.name for column in key.columns if column.name != "org_id")
            return bad_input(column, "It no longer exists.", "NOT_FOUND")
    for each in restricts:
        # Such as a job that was queued since nothing was found that refers to the object.
        if each.rows.table.name == error.table_name:
            return each.refusal()
    return IN_USE.refusal("id", f"The {collection.resource.label} cannot be deleted: other objects refer to it.")


def _lookups(collection: Collection, verb: str | None, columns: tuple[str, ...]) -> tuple[str, ...]:
    if verb is None:
        return ()
    sources = {"word": tuple(collection.searched)} | {item: (column,) for item, column in collection.listed.items()}
    changed = set(columns)
    return tuple(item for item, of in sources.items() if of and (verb != "update" or changed & set(of)))


async def write_entries(ctx: Context, entries: list[tuple[NewAuditEntry, UUID]]) -> None:
    """Write audit entries alone, each with the id of its target."""
    values, one = _audit_values(ctx, entries), len(entries) == 1
    sql = change_sql(None, "audit", audit_entries, (), (), -1, one=one)
    await ctx.fetch(sql, **_single(values) if one else values)


def _single(values: dict[str, Any]) -> dict[str, Any]:
    """Return a change's values with the one value of each list in its place."""
    return values | {name: values[name][0] for name in LISTS if name in values}


def _audit_values(ctx: Context, entries: list[tuple[NewAuditEntry, UUID]]) -> dict[str, Any]:
    if ctx.recorded is not None:
        ctx.recorded.note_entries(entries)
    moment: datetime = now()
    actor = {
        "actor_kind": ctx.actor.kind.value,
        "actor_id": ctx.actor.id,
        "actor_name": ctx.actor.name,
        "request_id": ctx.request_id,
        "source": ctx.source.value,
    }
    keys = ctx.runtime.seal_keys
    macs = [
        mac_of(
            keys,
            ctx.org_id,
            actor
            | {
                "id": entry.id,
                "action": entry.action,
                "digest": entry.digest,
                "target_id": target,
                "occurred_at": moment,
            },
        )
        for entry, target in entries
    ]
    return actor | {
        "entry_ids": [entry.id for entry, _ in entries],
        "actions": [entry.action for entry, _ in entries],
        "digests": [entry.digest for entry, _ in entries],
        "macs": macs,
        "targets": [target for _, target in entries],
        "salts": [entry.salt for entry, _ in entries],
        "changes": [entry.changes for entry, _ in entries],
        "moment": moment,
        "seal_job": new_uuid(),
        "seal_at": moment,
    }
