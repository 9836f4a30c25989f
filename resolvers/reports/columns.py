"""The columns of reports: what each holds, how its values are shown, and how they are totalled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from models.agents import AGENT
from models.clients import CLIENT
from models.enums import DescribedEnum
from models.names import camel
from models.resources import Resource
from models.services import SERVICE
from models.typeid import encode
from models.types import MAX_SAFE_INTEGER, decimal_text


class ReportColumnType(DescribedEnum):
    """Type of a column's values."""

    DATE = "DATE", "A day, as a string: `2026-01-31`."
    ID = "ID", "ID of an object."
    TEXT = "TEXT", "A string."
    COUNT = "COUNT", "A number of objects, or of tokens."
    AMOUNT = "AMOUNT", "An amount in minor units of the report's currency."
    COST = "COST", "A cost in micro-units: millionths of the report's currency."
    SECONDS = "SECONDS", "A duration in whole seconds; null where nothing was measured."
    PERCENT = "PERCENT", "A share in percent, as a string with at most two decimals; null where nothing was counted."


class Total(Enum):
    """How the total of a column is made of its values."""

    NONE = "NONE"
    SUM = "SUM"
    FIRST = "FIRST"
    LAST = "LAST"
    # By the database, of all that the rows are of.
    OVERALL = "OVERALL"


class TooLarge(Exception):
    """A figure is greater than the API shows."""


_T = ReportColumnType


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """A column: ``name`` is that in the statement, from which the one that clients read follows."""

    name: str
    title: str
    type: ReportColumnType
    description: str
    total: Total = Total.NONE
    resource: Resource | None = None

    @property
    def key(self) -> str:
        """Return the name that clients read."""
        return camel(self.name)

    def shown(self, value: Any) -> Any:
        """Return a value as JSON has it. Raises TooLarge for a number that JSON's readers would round."""
        if value is None or self.type is _T.TEXT:
            return value
        if self.type is _T.PERCENT:
            return decimal_text(value)
        if self.type is _T.DATE:
            return value.isoformat()
        if self.resource is not None:
            return encode(self.resource.prefix, value)
        number = int(value)
        if abs(number) > MAX_SAFE_INTEGER:
            raise TooLarge(self.name)
        return number


PERIOD = (
    ReportColumn("from", "From", _T.DATE, "First day of the period."),
    ReportColumn("to", "To", _T.DATE, "Day after the last one of the period."),
)


def named(resource: Resource, name: str) -> tuple[ReportColumn, ReportColumn]:
    """Return the columns of the ID and the name of what a row is of."""
    label = resource.label
    return (
        ReportColumn(f"{name}_id", f"{label.capitalize()} ID", _T.ID, f"ID of the {label}.", resource=resource),
        ReportColumn(name, label.capitalize(), _T.TEXT, f"Name of the {label}."),
    )


OF_CLIENT, OF_SERVICE = named(CLIENT, "client"), named(SERVICE, "service")
OF_AGENT = named(AGENT, "definition")


def count(name: str, title: str, description: str, total: Total = Total.SUM) -> ReportColumn:
    """Return a column of numbers of objects."""
    return ReportColumn(name, title, _T.COUNT, description, total)


def amount(name: str, title: str, description: str, total: Total = Total.SUM) -> ReportColumn:
    """Return a column of amounts."""
    return ReportColumn(name, title, _T.AMOUNT, description, total)


def cost(name: str, title: str, description: str) -> ReportColumn:
    """Return a column of costs."""
    return ReportColumn(name, title, _T.COST, description, Total.SUM)


def seconds(name: str, title: str, description: str) -> ReportColumn:
    """Return a column of durations: percentiles, whose totals are those of all that was measured."""
    return ReportColumn(name, title, _T.SECONDS, description, Total.OVERALL)


def percent(name: str, title: str, description: str) -> ReportColumn:
    """Return a column of shares."""
    return ReportColumn(name, title, _T.PERCENT, description, Total.OVERALL)


class ColumnTotals:
    """The totals of a report's columns, while its rows pass."""

    def __init__(self, columns: Sequence[ReportColumn]) -> None:
        self._columns = columns
        self._found: dict[str, Any] = {each.name: 0 for each in columns if each.total is Total.SUM}

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row, by the names of its columns."""
        for each in self._columns:
            if each.total is Total.SUM:
                self._found[each.name] += int(row[each.name])
            elif each.total is Total.LAST or (each.total is Total.FIRST and each.name not in self._found):
                self._found[each.name] = row[each.name]

    def overall(self, row: Mapping[str, Any]) -> None:
        """Take the totals that the database made."""
        self._found |= {each.name: row[each.name] for each in self._columns if each.total is Total.OVERALL}

    def shown(self) -> dict[str, Any]:
        """Return the totals as JSON has them, by the names that clients read. Raises TooLarge."""
        return {each.key: each.shown(self._found.get(each.name)) for each in self._columns if each.name in self._found}
