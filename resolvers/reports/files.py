"""The files of a report that is READY: its rows as CSV, and its chart."""

import csv
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from models.currencies import MICRO_DIGITS, minor_digits
from models.reports import REPORT, ReportKind, ReportStatus, report_rows, reports
from models.typeid import encode
from resolvers.collections.rows import by_ids
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement
from resolvers.downloads import Download, File, not_ready
from resolvers.reports.catalogue import DEFINITIONS
from resolvers.reports.collections import REPORTS
from resolvers.reports.columns import ReportColumn, ReportColumnType

# What a file costs beside its bytes: rows are read a thousand at a time.
COST = 50
PORTION = 1_000
_T = ReportColumnType
# Rows that are read, decoded and written for one unit of cost.
ROWS_OF_COST = 10
# What a spreadsheet takes for the beginning of a formula: at the beginning of a cell, and of what becomes one where the
# file is read with a semicolon or a tab as separator. Quotes around the cell do not help then.
_FORMULA = re.compile('^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))[ "]*(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])')
_ID = sa.bindparam("report_id", type_=sa.Uuid)


@statement
def _rows() -> sa.Select[Any]:
    after = report_rows.c.number > sa.bindparam("after", type_=sa.Integer)
    found = owned(report_rows, report_rows.c.number, report_rows.c.data).where(report_rows.c.report_id == _ID, after)
    return found.order_by(report_rows.c.number).limit(sa.bindparam("most", type_=sa.Integer))


@statement
def _chart() -> sa.Select[Any]:
    return owned(reports, reports.c.chart).where(reports.c.id == _ID)


async def rows_after(ctx: Context, report_id: UUID, number: int, most: int = PORTION) -> list[Row]:
    """Return the rows of a report after one, by its number; at most so many."""
    return await ctx.fetch(_rows(), report_id=report_id, after=number, most=most)


def title_of(column: ReportColumn, currency: str | None) -> str:
    """Return the heading of a column, with the unit of its values."""
    units = {_T.AMOUNT: currency, _T.COST: currency, _T.SECONDS: "s", _T.PERCENT: "%"}
    unit = units.get(column.type)
    return column.title if unit is None else f"{column.title} ({unit})"


def cell_of(column: ReportColumn, digits: int, value: Any) -> str:
    """Return a value as CSV has it: money in the currency itself, and a text so that no spreadsheet runs it."""
    if value is None:
        return ""
    if column.type in (_T.AMOUNT, _T.COST):
        return f"{Decimal(value).scaleb(-digits if column.type is _T.AMOUNT else -MICRO_DIGITS):f}"
    text = str(value)
    return _FORMULA.sub(_defused, text) if column.type is _T.TEXT else text


def _defused(found: re.Match[str]) -> str:
    """Return the beginning of a formula, or of a cell that is none yet, with an apostrophe: what follows is text."""
    return f"'{found[0]}" if found.start() == 0 else f"{found[0]}'"


def _lines(rows: list[list[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()


async def _csv(ctx: Context, report: Row) -> AsyncIterator[bytes]:
    """Yield the rows, each portion from a snapshot of its own: a slow reader holds no connection."""
    columns, currency = DEFINITIONS[ReportKind(report["kind"])].columns, report["currency"]
    digits = 0 if currency is None else minor_digits(currency)
    yield _lines([[title_of(column, currency) for column in columns]])
    number = 0
    while True:
        async with ctx.snapshot():
            found = await rows_after(ctx, report["id"], number)
        if not found:
            return
        values = [orjson.loads(row["data"]) for row in found]
        yield _lines([[cell_of(column, digits, row[column.key]) for column in columns] for row in values])
        number = found[-1]["number"]


async def _svg(ctx: Context, report: Row) -> AsyncIterator[bytes]:
    async with ctx.snapshot():
        row = await ctx.row(_chart(), report_id=report["id"])
    # It may have been deleted since it was found.
    yield b"" if row is None else row["chart"]


@statement
def _last() -> sa.Select[Any]:
    return owned(report_rows, sa.func.max(report_rows.c.number).label("number")).where(report_rows.c.report_id == _ID)


async def _cost_of_rows(ctx: Context, report_id: UUID) -> int:
    """Return what the rows of a report cost: as many as there are."""
    row = await ctx.row(_last(), report_id=report_id)
    return ((row and row["number"]) or 0) // ROWS_OF_COST


async def _no_cost(_ctx: Context, _report_id: UUID) -> int:
    """Return nothing: a chart is drawn already, and has a bound."""
    return 0


def _found(
    extension: str,
    chunks: Callable[[Context, Row], AsyncIterator[bytes]],
    cost: Callable[[Context, UUID], Awaitable[int]] = _no_cost,
) -> Any:
    async def find(ctx: Context, report_id: UUID) -> File | None:
        (row,) = await by_ids(ctx, REPORTS, [report_id], ("id", "kind", "currency", "status", "version"))
        if row is None:
            return None
        status = row["status"]
        if status != ReportStatus.READY:
            raise not_ready(REPORT, status, failed=status == ReportStatus.FAILED)
        key = encode(REPORT.prefix, report_id)
        name = f"{row['kind'].lower().replace('_', '-')}-{key}.{extension}"
        return File(name, f"{key}-{row['version']}", partial(chunks, ctx, row), await cost(ctx, report_id))

    return find


REPORT_CSV = Download(
    REPORT, "csv", "text/csv; charset=utf-8; header=present", REPORT.read_scope, COST, "GetReportCsv",
    "Get the rows of a report as CSV", _found("csv", _csv, _cost_of_rows), made_later=True,
)  # fmt: skip
REPORT_SVG = Download(
    REPORT, "svg", "image/svg+xml", REPORT.read_scope, COST, "GetReportChart", "Get a report as a chart",
    _found("svg", _svg), made_later=True,
)  # fmt: skip


def path_of(download: Download) -> Callable[[Row], str | None]:
    """Return a function from a report to the path of its file: None until it is READY."""

    def path(row: Row) -> str | None:
        return download.path_of(row["id"]) if row["status"] == ReportStatus.READY else None

    return path
