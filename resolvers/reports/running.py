"""A report while a worker computes it: begun, written row by row, ended. Its transactions hold the worker's job."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import TIMESTAMP
from models.reports import REPORT, ReportError, ReportStatus, report_rows, reports
from models.typeid import new_uuid
from resolvers.changes.edits import begin_edit_of
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, owned, statement
from resolvers.live.notes import note
from resolvers.reports.collections import GOES_ON, REPORTS

_ID = sa.bindparam("report_id", type_=sa.Uuid)


@statement
def _locked() -> sa.Select[Any]:
    return owned(reports).where(reports.c.id == _ID, GOES_ON).with_for_update(key_share=True)


@statement
def _run() -> sa.Update:
    new = {
        "status": sa.literal_column(f"'{ReportStatus.RUNNING}'"),
        "progress": sa.bindparam("done", type_=sa.Integer),
        "version": reports.c.version + 1,
        "updated_at": sa.bindparam("moment", type_=TIMESTAMP),
    }
    return reports.update().where(reports.c.org_id == ORG, reports.c.id == _ID).values(new)


@statement
def _forget_rows() -> sa.Delete:
    return report_rows.delete().where(report_rows.c.org_id == ORG, report_rows.c.report_id == _ID)


@statement
def _write() -> sa.Insert:
    arrays = [sa.bindparam(f"all_{name}", type_=pg.ARRAY(report_rows.c[name].type)) for name in ("id", "data")]
    listed = [sa.column("id", sa.Uuid), sa.column("data", sa.Text)]
    rows = sa.func.unnest(*arrays).table_valued(*listed, with_ordinality="place", joins_implicitly=True)
    given = rows.render_derived(name="given")
    number = sa.bindparam("before", type_=sa.Integer) + sa.cast(given.c.place, sa.Integer)
    chosen = sa.select(ORG, _ID, given.c.id, given.c.data, number)
    return report_rows.insert().from_select(["org_id", "report_id", "id", "data", "number"], chosen)


async def begin(ctx: Context, report_id: UUID) -> Row | None:
    """Let a report be RUNNING, without what an earlier attempt wrote. Return it; None if it is gone or has ended."""
    row = await ctx.row(_locked(), report_id=report_id)
    if row is not None:
        await ctx.fetch(_forget_rows(), report_id=report_id)
        await ctx.fetch(_run(), report_id=report_id, done=0, moment=now())
    return row


async def write(ctx: Context, report_id: UUID, before: int, rows: Sequence[str], progress: int) -> None:
    """Write rows, which are JSON, after so many others; and how many percent of the report are done."""
    ids = [new_uuid() for _ in rows]
    await ctx.fetch(_write(), report_id=report_id, before=before, all_id=ids, all_data=list(rows))
    await note_progress(ctx, report_id, progress)


async def note_progress(ctx: Context, report_id: UUID, progress: int) -> None:
    """Write how many percent of a report are done."""
    await ctx.fetch(_run(), report_id=report_id, done=progress, moment=now())
    await note(ctx, REPORT, reports, report_id, "progress")


async def finish(ctx: Context, report_id: UUID, totals: dict[str, Any], chart: bytes, snapshot_at: datetime) -> None:
    """Let a report be READY."""
    edit = await begin_edit_of(ctx, REPORTS, report_id)
    done = {"totals": totals, "chart": chart, "snapshot_at": snapshot_at, "progress": 100}
    edit.set({"status": ReportStatus.READY, **done}, "finish", "ready")
    await edit.save()


async def fail(ctx: Context, report_id: UUID, error: ReportError) -> None:
    """Let a report be FAILED, without what was written of it, unless it has ended."""
    if await ctx.row(_locked(), report_id=report_id) is None:
        return
    await ctx.fetch(_forget_rows(), report_id=report_id)
    edit = await begin_edit_of(ctx, REPORTS, report_id)
    edit.set({"status": ReportStatus.FAILED, "error": error}, "fail", "failed")
    await edit.save()
