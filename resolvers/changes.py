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
from sqlalchemy.dialects import postgresql as pg

from models.audit import Action, audit_changes, audit_entries
from models.base import TIMESTAMP
from models.jobs import JobKind, JobState, jobs
from models.lookups import search_words, tag_uses
from models.typeid import new_uuid
from models.webhooks import DeliveryStatus, EndpointStatus, deliveries, events, webhook_endpoints
from resolvers.audit import Stub, stub_of
from resolvers.context import Context, Row, now
from resolvers.sql import ORG, Sql, statement
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


def _bind(name: str, type_: Any) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=type_)


def _many(name: str, type_: Any) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=pg.ARRAY(type_))


def _unnest(alias: str, **columns: Any) -> Any:
    """The rows of several arrays, side by side."""
    arrays = [_many(name, type_) for name, type_ in columns.items()]
    listed = [sa.column(name, type_) for name, type_ in columns.items()]
    return sa.func.unnest(*arrays).table_valued(*listed, name=alias, joins_implicitly=True).render_derived()


def _write(verb: str, table: sa.Table, columns: tuple[str, ...]) -> sa.CTE:
    if verb == "insert":
        values = {name: _bind(f"row_{name}", table.c[name].type) for name in columns}
        return table.insert().values(org_id=ORG, **values).returning(table.c.id).cte("written")
    this = sa.and_(table.c.org_id == ORG, table.c.id == _bind("row_id", sa.Uuid))
    if verb == "update":
        changed = {name: _bind(f"row_{name}", table.c[name].type) for name in columns}
        return table.update().where(this).values(**changed).returning(table.c.id).cte("written")
    return table.delete().where(this).returning(table.c.id).cte("written")


def _kept(table: sa.Table, kind: str, column: str, gone: bool) -> list[sa.CTE]:
    """A row's words (or tags) made what they should be: what is no more goes, what is new comes."""
    subject, wanted = _bind("row_id", sa.Uuid), _many(f"all_{column}", sa.Text)
    mine = sa.and_(table.c.org_id == ORG, table.c.kind == kind, table.c.subject_id == subject)
    old = table.delete().where(mine, table.c[column] != sa.func.all(wanted)).returning(table.c.subject_id)
    if gone:
        return [old.cte(f"old_{column}")]
    one = sa.func.unnest(wanted).column_valued("one")
    rows = sa.select(ORG, sa.literal(kind), one, subject)
    new = pg.insert(table).from_select(["org_id", "kind", column, "subject_id"], rows).on_conflict_do_nothing()
    return [old.cte(f"old_{column}"), new.returning(table.c.subject_id).cte(f"new_{column}")]


def _audit() -> list[sa.CTE]:
    entry = _unnest("entry", entry_ids=sa.Uuid, actions=sa.Text, digests=pg.BYTEA, targets=sa.Uuid)
    who = [_bind(name, sa.Text) for name in ("actor_kind", "actor_id", "actor_name", "request_id", "source")]
    moment = _bind("moment", TIMESTAMP)
    names = ["org_id", "id", "action", "digest", "target_id", "actor_kind", "actor_id", "actor_name"]
    names += ["request_id", "source", "occurred_at"]
    rows = sa.select(ORG, entry.c.entry_ids, entry.c.actions, entry.c.digests, entry.c.targets, *who, moment)
    entries = audit_entries.insert().from_select(names, rows).returning(audit_entries.c.id).cte("entries")
    part = _unnest("part", entry_ids=sa.Uuid, salts=pg.BYTEA, changes=sa.Text)
    parts = sa.select(ORG, part.c.entry_ids, part.c.salts, part.c.changes)
    kept = audit_changes.insert().from_select(["org_id", "entry_id", "salt", "changes"], parts)
    queued = sa.select(jobs.c.id).where(
        jobs.c.org_id == ORG,
        jobs.c.kind == sa.literal_column("'AUDIT_SEAL'"),
        jobs.c.state == sa.literal_column("'QUEUED'"),
    )
    seal = sa.select(
        ORG, _bind("seal_job", sa.Uuid), sa.literal(JobKind.AUDIT_SEAL.value), ORG, ORG, sa.literal("audit"),
        _bind("seal_at", TIMESTAMP), sa.literal(JobState.QUEUED.value), sa.literal(0), sa.literal(0),
    ).where(~sa.exists(queued))  # fmt: skip
    sealing = jobs.insert().from_select(_JOB_COLUMNS, seal).returning(jobs.c.id)
    return [entries, kept.returning(audit_changes.c.entry_id).cte("kept"), sealing.cte("sealing")]


_JOB_COLUMNS = ["org_id", "id", "kind", "subject_id", "lane", "queue", "run_at", "state", "attempt", "claim_no"]


def _tell(needed: int) -> tuple[list[sa.CTE], sa.CTE]:
    """The event, one delivery and one job for each endpoint that listens and may hear it."""
    event = _unnest("event", event_ids=sa.Uuid, event_types=sa.Text)
    moment = _bind("moment", TIMESTAMP)
    resource, version = _bind("resource_id", sa.Uuid), _bind("resource_version", sa.Integer)
    rows = sa.select(ORG, event.c.event_ids, event.c.event_types, resource, version, _bind("data", sa.Text), moment)
    names = ["org_id", "id", "type", "resource_id", "resource_version", "data", "occurred_at"]
    told = events.insert().from_select(names, rows).returning(events.c.id, events.c.type).cte("told")
    ends = webhook_endpoints.c
    pairs = sa.select(
        _fresh_id(told.c.id).label("id"), told.c.id.label("event_id"), told.c.type, ends.id.label("endpoint_id")
    ).where(
        ends.org_id == ORG,
        ends.deleted_at.is_(None),
        ends.status == EndpointStatus.ENABLED.value,
        sa.or_(told.c.type == sa.any_(ends.events), sa.literal("*") == sa.any_(ends.events)),
        *(ends.scopes.overlap(_many(f"scopes_{index}", sa.Text)) for index in range(needed)),
    )
    pair = pairs.cte("pair")
    sent = sa.select(
        ORG, pair.c.id, pair.c.event_id, pair.c.endpoint_id, pair.c.type,
        sa.literal(DeliveryStatus.PENDING.value), sa.cast(sa.literal("[]", sa.Text), pg.JSONB), moment, moment,
    )  # fmt: skip
    names = [
        "org_id",
        "id",
        "event_id",
        "endpoint_id",
        "event_type",
        "status",
        "attempts",
        "next_attempt_at",
        "updated_at",
    ]
    sends = deliveries.insert().from_select(names, sent).returning(deliveries.c.id).cte("sends")
    work = sa.select(
        ORG, _fresh_id(pair.c.id), sa.literal(JobKind.WEBHOOK_DELIVERY.value), pair.c.id, pair.c.endpoint_id,
        sa.literal("webhooks"), moment, sa.literal(JobState.QUEUED.value), sa.literal(0), sa.literal(0),
    )  # fmt: skip
    woken = jobs.insert().from_select(_JOB_COLUMNS, work).returning(jobs.c.id).cte("woken")
    return [told, sends], woken


def _fresh_id(like: Any) -> Any:
    """A new UUIDv7 of the same millisecond as another: its first 13 digits, random ones after them."""
    head = sa.func.left(sa.func.replace(sa.cast(like, sa.Text), "-", ""), 13)
    tail = sa.func.substr(sa.func.replace(sa.cast(sa.func.gen_random_uuid(), sa.Text), "-", ""), 14)
    return sa.cast(head.concat(tail), sa.Uuid)


@statement
def _change(
    verb: str | None,
    kind: str,
    table: sa.Table,
    columns: tuple[str, ...],
    looks: tuple[str, ...],
    needed: int,
) -> sa.Select[Any]:
    """``looks``: which look-up tables change with the row; ``needed``: -1 for no event, else its scope sets."""
    parts: list[sa.CTE] = []
    if verb is not None:
        parts.append(_write(verb, table, columns))
    for column, look in (("word", search_words), ("tag", tag_uses)):
        if column in looks:
            parts += _kept(look, kind, column, gone=verb == "delete")
    parts += _audit()
    woken = sa.select(sa.literal(None, sa.Uuid)).where(sa.false()).cte("woken")
    if needed >= 0:
        told, woken = _tell(needed)
        parts += told
    ids = sa.select(sa.func.array_agg(next(iter(woken.c)))).scalar_subquery()
    return sa.select(ids.label("jobs")).add_cte(*parts)


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
    values |= _recorded(ctx, row["id"], stubs)
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
    return _change(verb, subject.kind, subject.table, written, looks, len(told.scopes) if told.types else -1)


def _looks(subject: Subject, verb: str | None, columns: tuple[str, ...]) -> tuple[str, ...]:
    if verb is None:
        return ()
    words = bool(subject.searched) and (verb != "update" or any(name in columns for name in subject.searched))
    tags = subject.tagged and (verb != "update" or "tags" in columns)
    return tuple(name for name, wanted in (("word", words), ("tag", tags)) if wanted)


def _recorded(ctx: Context, target: UUID, stubs: list[Stub]) -> dict[str, Any]:
    moment: datetime = now()
    return {
        "entry_ids": [stub.id for stub in stubs],
        "actions": [stub.action.value for stub in stubs],
        "digests": [stub.digest for stub in stubs],
        "targets": [target for _ in stubs],
        "salts": [stub.salt for stub in stubs],
        "changes": [stub.changes for stub in stubs],
        "actor_kind": ctx.actor.kind.value,
        "actor_id": ctx.actor.id,
        "actor_name": ctx.actor.name,
        "request_id": ctx.request_id,
        "source": ctx.source.value,
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
