"""Requests of reports: what each kind takes, and the job that computes one."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from execution import Effort
from models.jobs import JobFunction
from models.reports import (
    MAX_PERIODS,
    MAX_YEARS,
    REPORT,
    SUMMED,
    Report,
    ReportInterval,
    ReportKind,
    reports,
)
from resolvers import organizations
from resolvers.changes.advisory_lock import lock_objects
from resolvers.changes.edits import InputValues, insert, new_row
from resolvers.context import Context, Row, now
from resolvers.database.sql import ORG, owned, statement
from resolvers.errors import Conflict, Refusal, Refusals, bad_input
from resolvers.jobs.queueing import queue_job
from resolvers.reports.catalogue import DEFINITIONS
from resolvers.reports.collections import GOES_ON, NEEDED, REPORTS
from resolvers.reports.definitions import ReportDefinition
from resolvers.reports.periods import days_of
from resolvers.settings import settings_of

TOO_MANY_REPORTS = Conflict(
    "TOO_MANY_REPORTS",
    "The organization has as many reports that are `QUEUED` or `RUNNING` as it may: wait until one has ended.",
)
# How many an organization may have that have not ended: each reads all rows of what it sums.
MAX_WAITING = 20
# How many an organization keeps: with another one, those that ended and are the oldest are deleted.
MAX_KEPT = 200


def scopes_of(arguments: Mapping[str, Any], _effort: Effort) -> list[str]:
    """Return the scopes that the arguments of a request need: those of what its kind sums."""
    given = arguments.get("input")
    kind = given.get("kind") if isinstance(given, dict) else None
    return list(NEEDED[ReportKind(kind)]) if isinstance(kind, str) and kind in SUMMED else []


def wrong(_ctx: Context, values: InputValues) -> Iterator[Refusal]:
    """Return what is wrong with the parameters of a request for its kind."""
    if values.keys() >= {"kind", "parameters"}:
        kind: ReportKind = values["kind"]
        yield from _wrong(DEFINITIONS[kind], values["parameters"])


def _wrong(definition: ReportDefinition, given: Mapping[str, Any]) -> Iterator[Refusal]:
    taken = (("from", "start_date", definition.ranges), ("interval", "interval", definition.periodic))
    for name, key, takes in (*taken, ("currency", "currency", definition.priced)):
        if not takes and given.get(key) is not None:
            yield bad_input(
                f"parameters.{name}", f"A report of the kind {definition.kind} does not take it.", "NOT_ALLOWED"
            )
    if not definition.ranges:
        return
    start, end = given.get("start_date"), given.get("end_date")
    if start is None:
        yield bad_input("parameters.from", "It is required for this kind.", "REQUIRED")
    elif end is not None and end <= start:
        yield bad_input("parameters.to", "It must be after from: it is the day after the last one.", "NOT_ALLOWED")
    elif end is not None and end > _latest(start):
        yield bad_input("parameters.to", f"It must be at most {MAX_YEARS} years after from.", "NOT_ALLOWED")
    elif end is not None and definition.periodic:
        interval = given.get("interval") or ReportInterval.MONTH
        if len(days_of(start, end, interval)) > MAX_PERIODS + 1:
            message = f"A report has at most {MAX_PERIODS} periods: ask for longer ones, or for fewer days."
            yield bad_input("parameters.interval", message, "NOT_ALLOWED")


def _latest(start: date) -> date:
    """Return the last day on which a report from a day may end."""
    day = min(start.day, 28) if start.month == 2 else start.day
    return start.replace(year=start.year + MAX_YEARS, day=day)


@statement
def _waiting() -> sa.Select[Any]:
    return owned(reports, sa.func.count().label("number")).where(GOES_ON)


@statement
def _delete_oldest() -> sa.Delete:
    # What has not ended is never deleted: of that there is less than is kept.
    kept = sa.bindparam("kept", type_=sa.Integer)
    older = sa.select(reports.c.id).where(reports.c.org_id == ORG).order_by(reports.c.id.desc()).offset(kept)
    return reports.delete().where(reports.c.org_id == ORG, reports.c.id.in_(older), ~GOES_ON)


async def _currency(ctx: Context, definition: ReportDefinition) -> str:
    """Return the currency of a report that names none."""
    found: str = (
        (await settings_of(ctx))["agents.currency"]
        if definition.metered
        else await organizations.value_of(ctx, "default_currency")
    )
    return found


async def create(ctx: Context, values: InputValues) -> Row:
    """Request a report. Raises Refusals BAD_INPUT for parameters that its kind does not take, or that contradict each
    other, Refusal CONFLICT (TOO_MANY_REPORTS) where as many wait as may."""
    problems = list(wrong(ctx, values))
    if problems:
        raise Refusals(problems)
    definition, given = DEFINITIONS[values["kind"]], values["parameters"]
    row = new_row(Report, {"kind": definition.kind, **given})
    row.setdefault("timezone", await organizations.value_of(ctx, "timezone"))
    if definition.priced and row["currency"] is None:
        row["currency"] = await _currency(ctx, definition)
    if definition.periodic and row["interval"] is None:
        row["interval"] = ReportInterval.MONTH
    await must_have_room(ctx)
    await ctx.fetch(_delete_oldest(), kept=MAX_KEPT - 1)
    made = await insert(ctx, REPORTS, row)
    await queue_job(ctx, JobFunction.REPORT, row["id"], key=row["id"], run_at=now())
    return made


async def must_have_room(ctx: Context) -> None:
    """Raise Refusal CONFLICT (TOO_MANY_REPORTS) where as many reports of the organization wait as may."""
    await lock_objects(ctx, REPORT)
    waiting = await ctx.row(_waiting())
    if waiting is not None and waiting["number"] >= MAX_WAITING:
        message = f"{MAX_WAITING} reports are `QUEUED` or `RUNNING`, the maximum: wait until one has ended."
        raise TOO_MANY_REPORTS.refusal(None, message)
