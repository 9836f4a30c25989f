"""Reports of the demo, which its worker computes: of the last year, one of each kind."""

from datetime import datetime

from models.reports import ReportKind
from resolvers.context import Context
from resolvers.reports import mutations
from resolvers.reports.catalogue import DEFINITIONS
from resolvers.subscriptions.calendar import local_day

TIMEZONE = "Europe/Berlin"


async def request_reports(ctx: Context, end: datetime) -> None:
    """Request a report of each kind, of the twelve months until the end of a moment's month."""
    today = local_day(end, TIMEZONE)
    years, month = divmod(today.year * 12 + today.month, 12)
    last = today.replace(year=years, month=month + 1, day=1)
    for kind in ReportKind:
        given = {"start_date": last.replace(year=last.year - 1)} if DEFINITIONS[kind].ranges else {}
        await mutations.create(ctx, {"kind": kind, "parameters": given | {"end_date": last, "timezone": TIMEZONE}})
