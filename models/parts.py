"""Parts: rows of a table of their own that belong to one row, which is read with them as if they were its column."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import aggregate_order_by


class LargeJson(pg.JSONB):
    """A JSON value that may be longer than other ones: its text has at most so many characters."""

    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The rows of ``table`` whose ``owner`` is the id of a row of another table, in the ``order`` of a column.

    They are read as a JSON array, like a ``column`` of the owner's table that is not there: an object for each, with
    ``members``, each an expression over ``table``. ``written`` are the columns that are written of an object, by its
    members.
    """

    table: sa.Table
    owner: str
    order: str
    column: sa.Column[Any]
    members: Mapping[str, sa.ColumnElement[Any]]
    written: Mapping[str, str]

    def read(self, org_id: Any, owner: Any) -> sa.ColumnElement[Any]:
        """Return the array of the parts of one row, from the expressions of its organization and its id."""
        pairs = [part for name, value in self.members.items() for part in (sa.literal_column(f"'{name}'"), value)]
        made = aggregate_order_by(sa.func.jsonb_build_object(*pairs), self.table.c[self.order])
        found = sa.func.coalesce(sa.func.jsonb_agg(made), sa.literal_column("'[]'::jsonb"))
        mine = (self.table.c.org_id == org_id, self.table.c[self.owner] == owner)
        return sa.select(sa.type_coerce(found, self.column.type)).where(*mine).scalar_subquery()


def has_parts(table: sa.Table, *parts: Parts) -> None:
    """Let the rows of a table be read with parts, by the names of their columns."""
    table.info["parts"] = {each.column.name: each for each in parts}


def parts_of(table: sa.Table | None) -> Mapping[str, Parts]:
    """Return the parts of a table's rows, by their names; none without a table."""
    found: Mapping[str, Parts] = {} if table is None else table.info.get("parts", {})
    return found


def column_of(table: sa.Table, name: str) -> "sa.Column[Any] | None":
    """Return what is read of a table's rows by a name: a column of theirs, or the one that their parts are like."""
    part = parts_of(table).get(name)
    return table.c.get(name) if part is None else part.column
