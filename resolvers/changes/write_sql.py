"""The SQL of changes: one statement, whose common table expressions write the row and all that follows from it."""

from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.audit import audit_changes, audit_entries
from models.base import TIMESTAMP
from models.jobs import QUEUED_SEAL, JobFunction, JobQueue, JobState, jobs
from models.lookups import LISTED_ITEMS, search_words
from models.webhooks import DeliveryStatus, EndpointStatus, deliveries, events, webhook_endpoints
from resolvers.database.fragments import Fragment, open_parameters, quoted
from resolvers.database.sql import ORG, STATEMENTS_KEPT, Sql, statement

# The parameters that are lists, of a value for each audit entry or each event, unless each of them is one value.
LISTS = ("entry_ids", "actions", "digests", "macs", "targets", "salts", "changes", "event_ids", "event_types")
# Stands for the columns that an update sets, until these are known.
_OPEN = "\x01"


def _bind(name: str, type_: Any) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=type_)


def _many(name: str, type_: Any) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=pg.ARRAY(type_))


def _rows(alias: str, *, one: bool, **columns: Any) -> Any:
    """Return the rows that several arrays make side by side, or ``one`` row of values, which takes less time."""
    if one:
        return sa.select(*(_bind(name, type_).label(name) for name, type_ in columns.items())).subquery(alias)
    arrays = [_many(name, type_) for name, type_ in columns.items()]
    listed = [sa.column(name, type_) for name, type_ in columns.items()]
    return sa.func.unnest(*arrays).table_valued(*listed, name=alias, joins_implicitly=True).render_derived()


def _write(verb: str, table: sa.Table, columns: tuple[str, ...]) -> sa.CTE:
    if verb == "insert":
        values = {name: _bind(f"row_{name}", table.c[name].type) for name in columns}
        return table.insert().values(org_id=ORG, **values).returning(table.c.id).cte("written")
    this = sa.and_(table.c.org_id == ORG, table.c.id == _bind("row_id", sa.Uuid))
    if verb == "update":
        return table.update().where(this).values(version=sa.literal_column(_OPEN)).returning(table.c.id).cte("written")
    return table.delete().where(this).returning(table.c.id).cte("written")


def _lookup_parts(table: sa.Table, prefix: str, column: str, verb: str | None) -> list[sa.CTE]:
    """Return the parts that delete a row's old words (or tags, …) from a lookup table, and insert the new ones."""
    subject, wanted = _bind("row_id", sa.Uuid), _many(f"all_{column}", table.c[column].type)
    mine = sa.and_(table.c.org_id == ORG, table.c.resource == prefix, table.c.subject_id == subject)
    old = table.delete().where(mine, table.c[column] != sa.func.all(wanted)).returning(table.c.subject_id)
    parts = [] if verb == "insert" else [old.cte(f"old_{column}")]
    if verb == "delete":
        return parts
    one = sa.func.unnest(wanted).column_valued("one")
    rows = sa.select(ORG, sa.literal(prefix), one, subject)
    new = pg.insert(table).from_select(["org_id", "resource", column, "subject_id"], rows).on_conflict_do_nothing()
    return [*parts, new.returning(table.c.subject_id).cte(f"new_{column}")]


def _audit_parts(*, one: bool) -> list[sa.CTE]:
    kinds = {"entry_ids": sa.Uuid, "actions": sa.Text, "digests": pg.BYTEA, "macs": pg.BYTEA, "targets": sa.Uuid}
    entry = _rows("entry", one=one, **kinds)
    who = [_bind(name, sa.Text) for name in ("actor_kind", "actor_id", "actor_name", "request_id", "source")]
    moment = _bind("moment", TIMESTAMP)
    names = ["org_id", "id", "action", "digest", "mac", "target_id", "actor_kind", "actor_id", "actor_name"]
    names += ["request_id", "source", "occurred_at"]
    columns = (entry.c.entry_ids, entry.c.actions, entry.c.digests, entry.c.macs, entry.c.targets)
    rows = sa.select(ORG, *columns, *who, moment)
    entries = audit_entries.insert().from_select(names, rows).returning(audit_entries.c.id).cte("entries")
    part = _rows("part", one=one, entry_ids=sa.Uuid, salts=pg.BYTEA, changes=sa.Text)
    parts = sa.select(ORG, part.c.entry_ids, part.c.salts, part.c.changes)
    kept = audit_changes.insert().from_select(["org_id", "entry_id", "salt", "changes"], parts)
    seals = JobFunction.AUDIT_SEAL
    waiting = sa.select(jobs.c.id).where(jobs.c.org_id == ORG, *QUEUED_SEAL)
    seal = sa.select(
        ORG, _bind("seal_job", sa.Uuid), sa.literal(seals.value), ORG, ORG, sa.literal(seals.queue.value),
        _bind("seal_at", TIMESTAMP), sa.literal(JobState.QUEUED.value), sa.literal(0), sa.literal(0),
    ).where(~sa.exists(waiting))  # fmt: skip
    sealing = jobs.insert().from_select(_JOB_COLUMNS, seal).returning(jobs.c.id)
    return [entries, kept.returning(audit_changes.c.entry_id).cte("kept"), sealing.cte("sealing")]


_JOB_COLUMNS = [
    "org_id",
    "id",
    "function",
    "subject_id",
    "concurrency_key",
    "queue",
    "run_at",
    "state",
    "attempt",
    "claim_no",
]


def _event_parts(scope_sets: int, through: sa.Table | None, *, one: bool) -> tuple[list[sa.CTE], sa.CTE]:
    """Return the parts that insert events, and a delivery and a job for each endpoint that subscribes and may read
    them. The events' client is that of a row of the table ``through``, where there is one."""
    event = _rows("event", one=one, event_ids=sa.Uuid, event_types=sa.Text)
    moment = _bind("moment", TIMESTAMP)
    resource, version = _bind("resource_id", sa.Uuid), _bind("resource_version", sa.Integer)
    client: Any = _bind("event_client", sa.Uuid)
    if through is not None:
        # Not the row that is written: a statement does not see what it writes itself.
        theirs = (through.c.org_id == ORG, through.c.id == client)
        client = sa.select(through.c.client_id).where(*theirs).scalar_subquery()
    kept = (resource, version, _bind("data", sa.Text), moment, client, _bind("event_visibility", sa.Text))
    rows = sa.select(ORG, event.c.event_ids, event.c.event_types, *kept)
    names = ["org_id", "id", "type", "resource_id", "resource_version", "data", "occurred_at"]
    names += ["client_id", "visibility"]
    recorded_events = (
        events.insert().from_select(names, rows).returning(events.c.id, events.c.type).cte("recorded_events")
    )
    ends = webhook_endpoints.c
    pairs = sa.select(
        _fresh_id(recorded_events.c.id).label("id"),
        recorded_events.c.id.label("event_id"),
        recorded_events.c.type,
        ends.id.label("endpoint_id"),
    ).where(
        ends.org_id == ORG,
        ends.deleted_at.is_(None),
        ends.status == EndpointStatus.ENABLED.value,
        sa.or_(recorded_events.c.type == sa.any_(ends.events), sa.literal("*") == sa.any_(ends.events)),
        *(ends.scopes.overlap(_many(f"scopes_{index}", sa.Text)) for index in range(scope_sets)),
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
    queued_deliveries = deliveries.insert().from_select(names, sent).returning(deliveries.c.id).cte("queued_deliveries")
    work = sa.select(
        ORG, _fresh_id(pair.c.id), sa.literal(JobFunction.WEBHOOK_DELIVERY.value), pair.c.id, pair.c.endpoint_id,
        sa.literal(JobQueue.WEBHOOKS.value), moment, sa.literal(JobState.QUEUED.value), sa.literal(0), sa.literal(0),
    )  # fmt: skip
    queued_jobs = jobs.insert().from_select(_JOB_COLUMNS, work).returning(jobs.c.id).cte("queued_jobs")
    return [recorded_events, queued_deliveries], queued_jobs


def _fresh_id(like: Any) -> Any:
    """Return a new UUIDv7 of the same millisecond as another: with its first 13 digits, and random ones after them."""
    head = sa.func.left(sa.func.replace(sa.cast(like, sa.Text), "-", ""), 13)
    tail = sa.func.substr(sa.func.replace(sa.cast(sa.func.gen_random_uuid(), sa.Text), "-", ""), 14)
    return sa.cast(head.concat(tail), sa.Uuid)


@lru_cache(maxsize=STATEMENTS_KEPT)
def change_sql(
    verb: str | None,
    prefix: str,
    table: sa.Table,
    columns: tuple[str, ...],
    lookups: tuple[str, ...],
    scope_sets: int,
    through: sa.Table | None = None,
    *,
    one: bool = False,
) -> Sql:
    """Return the statement of a change. ``lookups`` names the lookup tables that change with the row; ``scope_sets`` is
    the number of scope sets of the events, -1 without events, and ``through`` the table whose row has their client.
    ``one``: it has one audit entry and at most one event, so that no parameter of ``LISTS`` is a list.

    Callers choose the columns of an update, so the rest is compiled once for all of them.
    """
    if verb != "update":
        return _change(verb, prefix, table, columns, lookups, scope_sets, through, one)
    sql = _change(verb, prefix, table, (), lookups, scope_sets, through, one)
    parts = [
        f"{quoted(name)}={_value(table, name)('', f'${number}')}"
        for number, name in enumerate(columns, len(sql.names) + 1)
    ]
    text = sql.text.replace(f"version={_OPEN}", ", ".join(parts))
    return replace(sql, text=text, names=(*sql.names, *[f"row_{name}" for name in columns]))


@cache
def _value(table: sa.Table, column: str) -> Fragment:
    return Fragment(open_parameters(table.c[column].type)[0])


@statement
def _change(
    verb: str | None, prefix: str, table: sa.Table, columns: tuple[str, ...], lookups: tuple[str, ...], scope_sets: int,
    through: sa.Table | None, one: bool,
) -> sa.Select[Any]:  # fmt: skip
    parts: list[sa.CTE] = []
    if verb is not None:
        parts.append(_write(verb, table, columns))
    for column in lookups:
        lookup_table = search_words if column == "word" else LISTED_ITEMS[column][0]
        parts += _lookup_parts(lookup_table, prefix, column, verb)
    parts += _audit_parts(one=one)
    queued_jobs = sa.select(sa.literal(None, sa.Uuid)).where(sa.false()).cte("queued_jobs")
    if scope_sets >= 0:
        event_parts, queued_jobs = _event_parts(scope_sets, through, one=one)
        parts += event_parts
    ids = sa.select(sa.func.array_agg(next(iter(queued_jobs.c)))).scalar_subquery()
    return sa.select(ids.label("jobs")).add_cte(*parts)
