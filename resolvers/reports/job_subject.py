"""What becomes of a report whose job an operator or a key queues again or cancels."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.reports import ReportError, ReportKind, ReportStatus, reports
from resolvers.api_keys.acting import must_hold
from resolvers.changes.edits import begin_edit_of
from resolvers.context import Context
from resolvers.database.sql import owned, statement
from resolvers.reports import running
from resolvers.reports.collections import NEEDED, REPORTS
from resolvers.reports.mutations import must_have_room


@statement
def _failed() -> sa.Select[Any]:
    failed = reports.c.status == sa.literal_column(f"'{ReportStatus.FAILED}'")
    return owned(reports, reports.c.kind).where(reports.c.id == sa.bindparam("report_id", type_=sa.Uuid), failed)


async def queue_again(ctx: Context, report_id: UUID) -> bool:
    """Let a report that failed be QUEUED. Return False for one that did not fail.

    Raises Refusal FORBIDDEN for a key that may not read what it sums, CONFLICT (TOO_MANY_REPORTS) where as many wait as
    may.
    """
    row = await ctx.row(_failed(), report_id=report_id)
    if row is None:
        return False
    must_hold(ctx, NEEDED[ReportKind(row["kind"])], "id")
    await must_have_room(ctx)
    edit = await begin_edit_of(ctx, REPORTS, report_id)
    if edit.row["status"] != ReportStatus.FAILED:
        return False
    failure = {"error": edit.row["error"], "failedAt": edit.row["updated_at"].isoformat()}
    again = {"status": ReportStatus.QUEUED, "error": None, "progress": 0}
    edit.set(again | {"first_failure": edit.row["first_failure"] or failure}, "retry", None)
    await edit.save()
    return True


async def cancel(ctx: Context, report_id: UUID) -> None:
    """Let a report be FAILED that an operator cancels."""
    await running.fail(ctx, report_id, ReportError.CANCELLED)
