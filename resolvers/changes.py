"""One change, one statement: the row, its words and tags, the audit entry, the event, its deliveries and their jobs.

The parts are common table expressions of a single statement, so that a change costs one round trip and is whole or
nothing by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.audit import Action, audit_entries
from models.typeid import new_uuid
from resolvers.audit import Stub, mac_of, stub_of
from resolvers.change_sql import change_sql
from resolvers.context import Context, Row, now
from resolvers.sql import Sql
from resolvers.words import words_of

SEAL_DELAY_S = 15


@dataclass(frozen=True, slots=True)
class Subject:
    """What a domain's changes have in common. ``searched`` are the columns whose words find a row."""

    kind: str
    table: sa.Table
    searched: tuple[str, ...] = ()
    tagged: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """Which events a change makes, and the scopes an endpoint must have to hear of them (one of each set)."""

    types: tuple[str, ...] = ()
    scopes: tuple[frozenset[str], ...] = ()


async def apply(
    ctx: Context,
    subject: Subject,
    verb: str | None,
    row: Mapping[str, Any],
    columns: Iterable[str],
    stubs: list[Stub],
    told: Told = Told(),
) -> None:
    """Write one change. ``row`` is the row after it (before it, for a delete); ``columns`` are those to be written.

    ``verb`` None writes no row: only what is recorded and told. Raises asyncpg's constraint errors as they are.
    """
    written = tuple(columns)
    looks = _looks(subject, verb, written)
    values: dict[str, Any] = {f"row_{name}": row[name] for name in written}
    values["row_id"] = row["id"]
    if "word" in looks:
        values["all_word"] = [] if verb == "delete" else words_of(row[name] for name in subject.searched)
    if "tag" in looks:
        values["all_tag"] = [] if verb == "delete" else list(row["tags"])
    values |= _recorded(ctx, [(stub, row["id"]) for stub in stubs])
    sql = _sql(subject, verb, written, looks, told)
    if told.types:
        render = ctx.runtime.renderers[subject.kind]
        values["event_ids"] = [new_uuid() for _ in told.types]
        values["event_types"] = list(told.types)
        values["resource_id"], values["resource_version"] = row["id"], row["version"]
        values["data"] = render(row)
        values |= {f"scopes_{index}": sorted(scopes) for index, scopes in enumerate(told.scopes)}
    done = await ctx.row(sql, **values)
    ctx.wakes.extend((done and done["jobs"]) or ())


def _sql(subject: Subject, verb: str | None, written: tuple[str, ...], looks: tuple[str, ...], told: Told) -> Sql:
    return change_sql(verb, subject.kind, subject.table, written, looks, len(told.scopes) if told.types else -1)


def _looks(subject: Subject, verb: str | None, columns: tuple[str, ...]) -> tuple[str, ...]:
    if verb is None:
        return ()
    words = bool(subject.searched) and (verb != "update" or any(name in columns for name in subject.searched))
    tags = subject.tagged and (verb != "update" or "tags" in columns)
    return tuple(name for name, wanted in (("word", words), ("tag", tags)) if wanted)


async def record(ctx: Context, entries: list[tuple[Stub, UUID]]) -> None:
    """Write audit entries alone, each with the id of what it is about."""
    await ctx.fetch(change_sql(None, "audit", audit_entries, (), (), -1), **_recorded(ctx, entries))


def _recorded(ctx: Context, entries: list[tuple[Stub, UUID]]) -> dict[str, Any]:
    moment: datetime = now()
    who = {
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
            who
            | {
                "id": stub.id,
                "action": stub.action.value,
                "digest": stub.digest,
                "target_id": target,
                "occurred_at": moment,
            },
        )
        for stub, target in entries
    ]
    return who | {
        "entry_ids": [stub.id for stub, _ in entries],
        "actions": [stub.action.value for stub, _ in entries],
        "digests": [stub.digest for stub, _ in entries],
        "macs": macs,
        "targets": [target for _, target in entries],
        "salts": [stub.salt for stub, _ in entries],
        "changes": [stub.changes for stub, _ in entries],
        "moment": moment,
        "seal_job": new_uuid(),
        "seal_at": moment,
    }


async def insert(ctx: Context, subject: Subject, row: dict[str, Any], action: Action, told: Told) -> Row:
    """Insert a whole row (all but ``org_id``), with its stub and event."""
    await apply(ctx, subject, "insert", row, row, [stub_of(action, {}, row)], told)
    return row


async def update(
    ctx: Context,
    subject: Subject,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    actions: list[tuple[Action, set[str]]],
    told: Told,
) -> Row:
    """Write what differs between two states of a locked row: one stub for each action, over its part of the columns."""
    row = dict(old) | dict(new) | {"version": old["version"] + 1, "updated_at": now()}
    changed = [name for name in row if name != "org_id" and row[name] != old[name]]
    stubs = [stub_of(action, {n: old[n] for n in part}, {n: row[n] for n in part}) for action, part in actions]
    await apply(ctx, subject, "update", row, changed, stubs, told)
    return row


async def delete(ctx: Context, subject: Subject, old: Row, action: Action, told: Told) -> None:
    """Delete a locked row, with its stub and event."""
    await apply(ctx, subject, "delete", old, (), [stub_of(action, dict(old), {})], told)
