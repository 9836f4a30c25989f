"""What reports in plain Python are made of: a studio's rows, the parameters of a report, periods, shares and sums."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Studio:
    """All rows that reports are of.

    Invoices have their ``payments``, pairs of an amount and a time, and the jobs of agents their ``steps``.
    """

    clients: Rows
    services: Rows
    definitions: Rows
    invoices: Rows
    orders: Rows
    tickets: Rows
    # Monthly, each with the time at which it ``began`` and its ``states``: time, status, price.
    subscriptions: Rows
    agent_jobs: Rows


@dataclass(frozen=True)
class Asked:
    """The parameters of a report. The time zones of tests have a midnight each day."""

    start: date
    end: date
    zone: str
    interval: str
    currency: str

    def at(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.zone))

    def within(self, moment: datetime | None) -> bool:
        return moment is not None and self.at(self.start) <= moment < self.at(self.end)

    def periods(self) -> list[tuple[date, date]]:
        """The first day of each period, and the day after its last one."""
        days = [self.start + timedelta(days=n) for n in range((self.end - self.start).days)]
        begins = [day for day in days if day == self.start or _begins(day, self.interval)]
        return list(zip(begins, [*begins[1:], self.end], strict=True))


def _begins(day: date, interval: str) -> bool:
    months = {"MONTH": range(1, 13), "QUARTER": (1, 4, 7, 10), "YEAR": (1,)}
    if interval in months:
        return day.day == 1 and day.month in months[interval]
    return interval == "DAY" or day.weekday() == 0


def by_period(asked: Asked, row: Callable[[datetime, datetime], dict[str, Any]]) -> Rows:
    return [
        {"from": start.isoformat(), "to": end.isoformat()} | row(asked.at(start), asked.at(end))
        for start, end in asked.periods()
    ]


def percentile(values: Iterable[int], share: float) -> int | None:
    """The least value that so large a share of them does not exceed."""
    found = sorted(values)
    return found[max(ceil(share * len(found)), 1) - 1] if found else None


def percent(part: int, whole: int) -> str | None:
    if not whole:
        return None
    shown = (Decimal(100 * part) / whole).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{shown:f}".rstrip("0").rstrip(".")


def summed(rows: Rows, *names: str) -> dict[str, int]:
    return {name: sum(row[name] for row in rows) for name in names}
