"""The figures of a report, while its rows are found: the rows as they are shown, the totals, and how far this is."""

from collections.abc import Sequence
from typing import Any

from models.reports import ReportKind
from resolvers.context import Row
from resolvers.reports.catalogue import DEFINITIONS
from resolvers.reports.columns import ColumnTotals
from resolvers.reports.definitions import days_in

# The percentage that is done when the statement has read its rows: to write what it found is the rest.
READ = 80


class Figures:
    """The figures of one report. ``number`` is how many rows there have been, ``progress`` the percentage of all."""

    def __init__(self, report: Row) -> None:
        self.definition = DEFINITIONS[ReportKind(report["kind"])]
        self.number = self.progress = 0
        self._days = days_in(report)
        self._totals = ColumnTotals(self.definition.columns)

    @property
    def periods(self) -> int:
        """Return how many periods the report has."""
        return len(self._days) - 1

    def take(self, found: Sequence[Row]) -> list[dict[str, Any]]:
        """Return the next rows as they are shown. Raises TooLarge for a figure that the API cannot show."""
        columns, shown = self.definition.columns, []
        for row in map(self._dated, found):
            if row.get("overall"):
                self._totals.overall(row)
                continue
            self._totals.add(row)
            shown.append({each.key: each.shown(row[each.name]) for each in columns})
        self.number += len(shown)
        if shown:
            # Whoever finds no number of rows has one for each period.
            expected = found[-1].get("found") or self.periods
            self.progress = max(self.progress, min(99, READ + (100 - READ) * self.number // expected))
        return shown

    def read(self, rows: int, total: int) -> bool:
        """Note how many rows the statement has read of how many; return whether this is progress."""
        before, self.progress = self.progress, max(self.progress, min(READ, READ * rows // max(total, 1)))
        return self.progress > before

    def totals(self) -> dict[str, Any]:
        """Return the totals of all rows as they are shown. Raises TooLarge for one that the API cannot show."""
        return self._totals.shown()

    def _dated(self, row: Row) -> dict[str, Any]:
        if not self.definition.periodic:
            return dict(row)
        return {**row, "from": self._days[row["n"] - 1], "to": self._days[row["n"]]}
