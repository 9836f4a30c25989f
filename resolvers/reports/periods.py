"""The periods of reports: the days on which they begin, and the instants."""

from collections.abc import Iterator
from datetime import date, timedelta

from models.reports import MAX_PERIODS, ReportInterval

_MONTHS = {ReportInterval.MONTH: 1, ReportInterval.QUARTER: 3, ReportInterval.YEAR: 12}


def next_begin(day: date, interval: ReportInterval) -> date:
    """Return the first day of the period after the one that a day is in."""
    if interval is ReportInterval.DAY:
        return day + timedelta(days=1)
    if interval is ReportInterval.WEEK:
        return day + timedelta(days=7 - day.weekday())
    months = _MONTHS[interval]
    years, month = divmod(day.year * 12 + (day.month - 1) // months * months + months, 12)
    return date(years, month + 1, 1)


def _begins(start: date, end: date, interval: ReportInterval) -> Iterator[date]:
    day = start
    while day < end:
        yield day
        day = next_begin(day, interval)


def days_of(start: date, end: date, interval: ReportInterval | None) -> list[date]:
    """Return the days on which the periods between two days begin, and the day on which the last one ends.

    Without an interval it is one period. Of more than ``MAX_PERIODS`` periods, only the first ones are there.
    """
    if interval is None:
        return [start, end]
    found = [day for day, _ in zip(_begins(start, end, interval), range(MAX_PERIODS + 1), strict=False)]
    return [*found, end]
