"""What is shown of a report beside its own columns: its first rows, its columns, its totals."""

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.reports import ReportKind, report_rows
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement
from resolvers.reports.catalogue import DEFINITIONS

# What the REST API shows of a report.
FIRST_ROWS = 1_000


@statement
def _first() -> sa.Select[Any]:
    reports = report_rows.c.report_id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid)))
    found = owned(report_rows, report_rows.c.report_id, report_rows.c.data)
    first = found.where(reports, report_rows.c.number <= FIRST_ROWS)
    return first.order_by(report_rows.c.report_id, report_rows.c.number)


async def first_rows(ctx: Context, parents: list[Row], args: Args) -> list[list[dict[str, Any]]]:
    """Return the first rows of each report, as objects."""
    found: dict[Any, list[dict[str, Any]]] = {row["id"]: [] for row in parents}
    for row in await ctx.fetch(_first(), ids=list(found)):
        found[row["report_id"]].append(orjson.loads(row["data"]))
    return [found[row["id"]] for row in parents]


def columns_of(kind: str) -> list[dict[str, Any]]:
    """Return the columns of a kind's reports as they are shown."""
    return [
        {"name": each.key, "title": each.title, "type": each.type.value, "description": each.description}
        for each in DEFINITIONS[ReportKind(kind)].columns
    ]


def totals_of(row: Row) -> dict[str, Any] | None:
    """Return the totals of a report in the order of its columns, which the database does not keep."""
    totals, columns = row["totals"], DEFINITIONS[ReportKind(row["kind"])].columns
    return None if totals is None else {each.key: totals[each.key] for each in columns if each.key in totals}
