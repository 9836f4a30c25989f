"""What a kind of report is: its columns, the parameters that it takes, and the statement of its figures."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import TIMESTAMP
from models.reports import ReportInterval, ReportKind
from models.typeid import uuid_at
from resolvers.context import Row
from resolvers.database.sql import ORG, Sql, compile_sql
from resolvers.reports.columns import ReportColumn, ReportColumnType
from resolvers.reports.periods import days_of
from resolvers.reports.scans import Scan, total_of
from resolvers.subscriptions.calendar import midnight

_TYPES: Mapping[str, Any] = {
    "bounds": pg.ARRAY(TIMESTAMP),
    "ids": pg.ARRAY(sa.Uuid),
    "start": TIMESTAMP,
    "end": TIMESTAMP,
    "first_id": sa.Uuid,
    "end_id": sa.Uuid,
    "periods": sa.Integer,
    "currency": sa.Text,
    "timezone": sa.Text,
    "day": sa.Date,
}


def _names(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"(?<!:):(\w+)", text))


def _compiled(text: str) -> Sql:
    given = [ORG, *(sa.bindparam(name, type_=_TYPES[name]) for name in _names(text) - {"org_id"})]
    return compile_sql(sa.text(text).bindparams(*given))


@dataclass(frozen=True)
class ReportDefinition:
    """A kind of report. ``text`` is the SQL of its rows, in their order, and ``scans`` what it counts of what it reads.

    A row of periods has the number ``n`` of its period; another may have ``found``, the number of rows there are, and
    one that is ``overall`` is no row, but holds totals.
    """

    kind: ReportKind
    columns: tuple[ReportColumn, ...]
    scans: tuple[Scan, ...]
    text: str

    @cached_property
    def named(self) -> frozenset[str]:
        """Return the names of the parameters of its statement."""
        return _names(self.text)

    @property
    def ranges(self) -> bool:
        """Return whether it takes a first day: another one looks at one moment."""
        return bool(self.named & {"start", "bounds", "first_id"})

    @property
    def periodic(self) -> bool:
        """Return whether it has a row for each period."""
        return "periods" in self.named

    @property
    def priced(self) -> bool:
        """Return whether its amounts are in one currency."""
        return "currency" in self.named

    @property
    def metered(self) -> bool:
        """Return whether it has what agents cost, whose currency is a setting of its own."""
        return any(each.type is ReportColumnType.COST for each in self.columns)

    @cached_property
    def sql(self) -> Sql:
        """Return the statement of its rows."""
        return _compiled(self.text)

    @cached_property
    def total(self) -> Sql:
        """Return the statement of how many rows that one reads, about."""
        return _compiled(total_of(self.scans))

    def values(self, report: Row) -> Mapping[str, Any]:
        """Return the values of the parameters of both for a report."""
        timezone = report["timezone"]
        bounds = [midnight(day, timezone) for day in days_in(report)]
        return {
            "org_id": report["org_id"],
            "bounds": bounds,
            "ids": [uuid_at(bound) for bound in bounds],
            "start": bounds[0],
            "end": bounds[-1],
            "first_id": uuid_at(bounds[0]),
            "end_id": uuid_at(bounds[-1]),
            "periods": len(bounds) - 1,
            "currency": report["currency"],
            "timezone": timezone,
            "day": report["end_date"],
        }


def days_in(report: Row) -> Sequence[date]:
    """Return the days on which the periods of a report begin, and the day on which the last one ends."""
    end: date = report["end_date"]
    interval = report["interval"]
    return days_of(report["start_date"] or end, end, None if interval is None else ReportInterval(interval))
