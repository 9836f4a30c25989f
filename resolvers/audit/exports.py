"""Exports of the audit log that are asked for through the API: requested, written by a worker, downloaded."""

import math
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.audit import audit_entries
from models.audit_exports import (
    EXPORT,
    KEPT_DAYS,
    AuditExport,
    ExportError,
    ExportStatus,
    audit_export_chunks,
    audit_exports,
)
from models.base import TIMESTAMP
from models.jobs import JobFunction, JobState, jobs
from models.typeid import decode, new_uuid
from resolvers.audit.entries import new_entry
from resolvers.changes.advisory_lock import lock_objects
from resolvers.changes.edits import InputValues, new_row
from resolvers.changes.write import write_entries
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, owned, statement
from resolvers.errors import Conflict, Refusal, bad_input, refuse
from resolvers.lists.conditions import NOBODY
from resolvers.loads import shared

TOO_MANY_EXPORTS = Conflict(
    "TOO_MANY_EXPORTS", "The organization, or the API key, has the maximum number of exports: wait until one expires."
)
# What an organization may keep at once: each is as large as its log.
MAX_EXPORTS = 5
# What of these one key may have asked for, so that it leaves some to others.
MAX_OF_KEY = 3
_ID = sa.bindparam("export_id", type_=sa.Uuid)
_MOMENT = sa.bindparam("moment", type_=TIMESTAMP)


@statement
def _stored() -> sa.Select[Any]:
    # One that failed holds nothing. Who asked for one is in the audit log.
    stored = audit_exports.c.status != ExportStatus.FAILED.value
    asked = owned(audit_entries, audit_entries.c.id).where(
        audit_entries.c.target_id == audit_exports.c.id,
        audit_entries.c.actor_id == sa.bindparam("actor_id", type_=sa.Text),
        audit_entries.c.action == sa.literal_column(f"'{EXPORT.action('create')}'"),
    )
    query = owned(audit_exports, audit_exports.c.expires_at, sa.exists(asked).label("own"))
    return query.where(audit_exports.c.expires_at > _MOMENT, stored).order_by(audit_exports.c.expires_at)


@statement
def _insert() -> sa.Select[Any]:
    names = [column.name for column in audit_exports.c if column.name != "org_id"]
    values = {name: sa.bindparam(f"row_{name}", type_=audit_exports.c[name].type) for name in names}
    made = audit_exports.insert().values(org_id=ORG, **values).returning(audit_exports.c.id).cte("made")
    work = jobs.insert().values(
        org_id=ORG,
        id=sa.bindparam("job_id", type_=sa.Uuid),
        function=JobFunction.AUDIT_EXPORT.value,
        subject_id=sa.bindparam("row_id", type_=sa.Uuid),
        concurrency_key=sa.bindparam("row_id", type_=sa.Uuid),
        queue=JobFunction.AUDIT_EXPORT.queue.value,
        run_at=_MOMENT,
        state=JobState.QUEUED.value,
        attempt=0,
        claim_no=0,
    )
    return sa.select(made.c.id).add_cte(work.returning(jobs.c.id).cte("work"))


def check(_ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Yield the refusal BAD_INPUT of a range that ends before it begins."""
    last = values.get("last_sequence")
    if last is not None and last < values.get("first_sequence", 1):
        yield bad_input("last_sequence", "It must not be less than firstSequence.", "NOT_ALLOWED")


async def create(ctx: Context, values: InputValues) -> Row:
    """Request an export. Raises Refusal BAD_INPUT for a range that ends before it begins, CONFLICT (TOO_MANY_EXPORTS)
    where the organization keeps as many as it may."""
    refuse(check(ctx, values))
    row = new_row(AuditExport, values)
    moment = now()
    row["expires_at"] = moment + timedelta(days=KEPT_DAYS)
    await _must_have_room(ctx, moment)
    job = new_uuid()
    await ctx.fetch(_insert(), job_id=job, moment=moment, **{f"row_{name}": value for name, value in row.items()})
    asked = {"first_sequence": row["first_sequence"], "last_sequence": row["last_sequence"]}
    await write_entries(ctx, [(new_entry(EXPORT.action("create"), {}, asked), row["id"])])
    ctx.jobs_to_wake.append(job)
    return row


async def _must_have_room(ctx: Context, moment: datetime) -> None:
    """Raise Refusal CONFLICT (TOO_MANY_EXPORTS), with the seconds until another export can be requested."""
    await lock_objects(ctx, EXPORT)
    stored = await ctx.fetch(_stored(), moment=moment, actor_id=ctx.actor.id)
    own = [row for row in stored if row["own"]]
    bounds = (("The organization keeps", stored, MAX_EXPORTS), ("The API key has", own, MAX_OF_KEY))
    full = [(f"{who} {most}", rows[0]["expires_at"]) for who, rows, most in bounds if len(rows) >= most]
    if full:
        message = f"{full[0][0]} exports, which is the maximum: wait until one expires."
        wait = max(until for _, until in full) - moment
        raise TOO_MANY_EXPORTS.refusal(None, message, retryAfter=math.ceil(wait.total_seconds()))


async def queue_again(ctx: Context, export_id: UUID) -> bool:
    """Let an export that failed be QUEUED. Return False for one that did not fail, or has expired.

    Raises Refusal CONFLICT (TOO_MANY_EXPORTS) where the organization keeps as many as it may.
    """
    row, moment = await ctx.row(_locked(), export_id=export_id), now()
    if row is None or row["status"] != ExportStatus.FAILED or row["expires_at"] <= moment:
        return False
    await _must_have_room(ctx, moment)
    await change(ctx, export_id, status=ExportStatus.QUEUED, error=None)
    return True


async def cancel(ctx: Context, export_id: UUID) -> None:
    """Let an export be FAILED that an operator cancels."""
    await fail(ctx, export_id, ExportError.CANCELLED)


@statement
def _one(columns: tuple[str, ...]) -> sa.Select[Any]:
    shown = [audit_exports.c[name] for name in columns]
    # The last column is the loader's own: a plan reads the others by their order.
    query = owned(audit_exports, *shown, audit_exports.c.id.label("key"))
    return query.where(audit_exports.c.id == _ID, audit_exports.c.expires_at > _MOMENT)


@shared
async def one(ctx: Context, args: Args) -> Row | None:
    """Return the export whose id is the argument ``id``; None where there is none, or it has expired."""
    key = decode(EXPORT.prefix, args.values["id"]) or NOBODY
    return await ctx.row(_one(args.columns), export_id=key, moment=now())


async def status_of(ctx: Context, export_id: UUID) -> str | None:
    """Return the status of an export; None where there is none, or it has expired."""
    row = await ctx.row(_one(("status",)), export_id=export_id, moment=now())
    return None if row is None else row["status"]


@statement
def _chunk() -> sa.Select[Any]:
    number = audit_export_chunks.c.number == sa.bindparam("number", type_=sa.Integer)
    return owned(audit_export_chunks, audit_export_chunks.c.data).where(audit_export_chunks.c.export_id == _ID, number)


async def chunks(ctx: Context, export_id: UUID) -> AsyncIterator[bytes]:
    """Yield the bytes of an export, each chunk from a snapshot of its own: a slow reader holds no connection."""
    number = 0
    while True:
        async with ctx.snapshot():
            row = await ctx.row(_chunk(), export_id=export_id, number=number)
        if row is None:
            return
        yield row["data"]
        number += 1


@statement
def _locked() -> sa.Select[Any]:
    return owned(audit_exports).where(audit_exports.c.id == _ID).with_for_update(key_share=True)


@statement
def _forget_chunks() -> sa.Delete:
    return audit_export_chunks.delete().where(
        audit_export_chunks.c.org_id == ORG, audit_export_chunks.c.export_id == _ID
    )


@statement
def _set() -> sa.Update:
    columns = ("status", "error", "size", "head", "last_sequence", "version", "updated_at")
    new = {name: sa.bindparam(f"new_{name}", type_=audit_exports.c[name].type) for name in columns}
    return audit_exports.update().where(audit_exports.c.org_id == ORG, audit_exports.c.id == _ID).values(new)


async def begin(ctx: Context, export_id: UUID) -> Row | None:
    """Let an export be RUNNING, without what an earlier attempt wrote. Return it; None if it is gone or has ended."""
    row = await ctx.row(_locked(), export_id=export_id)
    if row is None or row["status"] not in (ExportStatus.QUEUED, ExportStatus.RUNNING):
        return None
    await ctx.fetch(_forget_chunks(), export_id=export_id)
    await change(ctx, export_id, status=ExportStatus.RUNNING, size=0)
    return row


async def change(ctx: Context, export_id: UUID, **changes: Any) -> None:
    """Change columns of an export, with a new version."""
    row = await ctx.row(_locked(), export_id=export_id)
    if row is None:
        return
    new = {**row, **changes, "version": row["version"] + 1, "updated_at": now()}
    names = ("status", "error", "size", "head", "last_sequence", "version", "updated_at")
    await ctx.fetch(_set(), export_id=export_id, **{f"new_{name}": new[name] for name in names})


async def fail(ctx: Context, export_id: UUID, error: ExportError) -> None:
    """Let an export be FAILED, without what was written of it."""
    await ctx.fetch(_forget_chunks(), export_id=export_id)
    await change(ctx, export_id, status=ExportStatus.FAILED, error=error, size=0)


@statement
def _write() -> sa.Insert:
    number, data = sa.bindparam("number", type_=sa.Integer), sa.bindparam("data", type_=pg.BYTEA)
    return audit_export_chunks.insert().values(org_id=ORG, export_id=_ID, number=number, data=data)


async def write(ctx: Context, export_id: UUID, number: int, data: bytes) -> None:
    """Write one chunk of an export."""
    await ctx.fetch(_write(), export_id=export_id, number=number, data=data)
