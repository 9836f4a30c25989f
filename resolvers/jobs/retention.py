"""Retention: expired idempotency records, finished jobs and deliveries, events, submissions that are spam, and reports
are deleted in batches."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.sql import ClauseElement

from models.audit_exports import audit_exports
from models.base import TIMESTAMP
from models.forms import submissions
from models.jobs import jobs
from models.lookups import idempotency_records
from models.organizations import directory
from models.reports import reports
from models.typeid import new_uuid, uuid_at
from models.webhooks import deliveries, events
from resolvers.audit import erase, seals
from resolvers.context import Context, now
from resolvers.database.runtime import Runtime
from resolvers.database.sql import ORG, Sql, statement
from resolvers.jobs.claims import context_of
from resolvers.settings import settings_of

BATCH = 500
# How long it may take to find all organizations.
ALL_S = 120.0
_ENDED = deliveries.c.status.in_([sa.literal_column(f"'{status}'") for status in ("SUCCEEDED", "FAILED", "CANCELLED")])


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows are kept."""

    idempotency: timedelta = timedelta(hours=24)
    jobs: timedelta = timedelta(days=30)
    events: timedelta = timedelta(days=30)
    spam: timedelta = timedelta(days=90)
    reports: timedelta = timedelta(days=365)


_BEFORE = sa.bindparam("before", type_=TIMESTAMP)
# Ids contain their time, so the primary key finds old rows.
_OLD_ID = sa.bindparam("old_id", type_=sa.Uuid)


@statement
def _batch(name: str) -> ClauseElement:
    table, old = {
        "idempotency": (idempotency_records, (idempotency_records.c.created_at < _BEFORE,)),
        "jobs": (jobs, (jobs.c.finished_at < _BEFORE,)),
        "deliveries": (
            deliveries,
            (deliveries.c.id < _OLD_ID, _ENDED, deliveries.c.updated_at < _BEFORE),
        ),
        "events": (
            events,
            (
                events.c.id < _OLD_ID,
                ~sa.exists().where(deliveries.c.org_id == ORG, deliveries.c.event_id == events.c.id),
            ),
        ),
        "spam": (submissions, (submissions.c.spam, submissions.c.id < _OLD_ID)),
        "reports": (reports, (reports.c.id < _OLD_ID,)),
        "exports": (audit_exports, (audit_exports.c.expires_at < _BEFORE,)),
    }[name]
    key = [column for column in table.primary_key.columns if column.name != "org_id"]
    chosen = sa.select(*key).where(table.c.org_id == ORG, *old).limit(BATCH)
    return table.delete().where(table.c.org_id == ORG, sa.tuple_(*key).in_(chosen)).returning(key[0])


@statement
def _organizations() -> sa.Select[Any]:
    return sa.select(directory.c.org_id).distinct()


async def organizations(runtime: Runtime) -> list[UUID]:
    """Return the ids of all organizations."""
    sql = _organizations()
    async with runtime.connection(runtime.side) as connection:
        with connection.patient(ALL_S):
            return [row["org_id"] for row in await connection.fetch(sql.text)]


async def purge(runtime: Runtime, org_id: UUID, keep: Retention) -> dict[str, int]:
    """Delete the expired rows of an organization, a batch in each transaction. Return how many of each type there were.

    Its settings may shorten how long they are kept. The audit log forgets what changed as its own entries allow it:
    it also seals audit entries that a failed job or a very long transaction left unsealed.
    """
    moment = now()
    ctx = context_of(runtime, org_id, new_uuid())
    async with ctx.snapshot():
        wanted = await settings_of(ctx)

    def shorter(age: timedelta, name: str) -> timedelta:
        days: int | None = wanted[f"retention.{name}"]
        return age if days is None else min(age, timedelta(days=days))

    ages = {
        "idempotency": keep.idempotency,
        "jobs": shorter(keep.jobs, "jobs"),
        "deliveries": shorter(keep.jobs, "deliveries"),
        "events": shorter(keep.events, "events"),
        "spam": shorter(keep.spam, "submissionsSpam"),
        "reports": shorter(keep.reports, "reports"),
        # They say themselves when they expire.
        "exports": timedelta(0),
    }
    deleted = {
        name: await _purge_all(context_of(runtime, org_id, new_uuid()), name, moment - age)
        for name, age in ages.items()
    }
    await _seal_all(runtime, org_id)
    deleted["audit_changes"] = await _erase_all(runtime, org_id, moment)
    return deleted


async def _seal_all(runtime: Runtime, org_id: UUID) -> None:
    while True:
        ctx = context_of(runtime, org_id, new_uuid())
        async with ctx.transaction():
            sealed = await seals.seal(ctx, everything=True)
        if sealed < seals.BATCH:
            return


async def _erase_all(runtime: Runtime, org_id: UUID, moment: datetime) -> int:
    total = 0
    while True:
        ctx = context_of(runtime, org_id, new_uuid())
        async with ctx.transaction():
            erased = await erase.erase_older(ctx, moment)
        total += erased
        if erased < erase.BATCH:
            return total


async def _purge_all(ctx: Context, name: str, before: datetime) -> int:
    sql: Sql = _batch(name)
    values = {"before": before, "old_id": uuid_at(before)}
    total = 0
    while True:
        async with ctx.transaction():
            deleted = len(await ctx.fetch(sql, **values))
        total += deleted
        if deleted < BATCH:
            return total
