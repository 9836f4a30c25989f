"""Collections: the rows of a resource, what they can be filtered and sorted by, and who sees which of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.actors import allows
from models.enums import DescribedEnum
from models.lookups import LISTED_ITEMS
from models.resources import EVERYTHING, Resource
from resolvers.errors import Conflict
from resolvers.lists.conditions import Condition, created, ids, moment
from resolvers.lists.infinities import EARLIEST, LATEST, or_infinity


@dataclass(frozen=True, slots=True)
class SortField:
    """A column that rows can be sorted by; a nullable one has its nulls last, both ways."""

    column: str
    type: type
    meaning: str
    nullable: bool = False

    def expression(self, table: sa.Table, *, descending: bool) -> Any:
        """Return what is compared and indexed: an infinity stands for a null."""
        column = table.c[self.column]
        if not self.nullable:
            return column
        return or_infinity(column, EARLIEST if descending else LATEST)


CREATED = SortField("id", UUID, "Time of creation.")
COMMON_SORT_FIELDS = {
    "CREATED_AT": CREATED,
    "UPDATED_AT": SortField("updated_at", datetime, "Time of the last change."),
}


def common_filters(resource: Resource) -> dict[str, Condition]:
    """Return the filters that each collection of rows with a version has."""
    changed = moment("updated_at", "time of the last change")
    return {"id": ids("id", resource, "ID"), "created_at": created(), "updated_at": changed}


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """A filter on related rows: those of the collection named ``to`` whose column ``remote`` equals the row's
    ``local``."""

    to: str
    meaning: str
    local: str = "id"
    remote: str = "id"

    @property
    def many(self) -> bool:
        """Return whether a row has many of them, so that the filter takes ``some`` and ``none``."""
        return self.remote != "id"


@dataclass(frozen=True, slots=True)
class RowScope:
    """Rows whose ``column`` has a ``value`` are seen only with a further scope."""

    column: str
    value: DescribedEnum
    scope: str

    def restriction(self) -> dict[str, Any]:
        """Return the filter of the rows that are seen without the scope."""
        others = [member for member in type(self.value) if member is not self.value]
        return {self.column: {"eq": others[0]} if len(others) == 1 else {"in_": others}}

    def sees(self, scopes: frozenset[str], row: Mapping[str, Any]) -> bool:
        """Return whether somebody with these scopes sees a row."""
        return row[self.column] != self.value or allows(scopes, self.scope)


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """The rows of a resource, as everybody reaches them.

    ``searched`` are the columns whose words find a row, ``sort_fields`` and ``filters`` what a list can be sorted and
    filtered by. ``hidden`` are rows that not everybody sees: every page, count, look-up, joined row, filter and event
    of the collection follows it. Rows with a ``deleted_at`` are seen by nobody, and where ``only`` is a column and its
    value, neither are those that have another. ``unique_conflicts`` says what violated unique constraints mean, by
    their names: the input's field whose value another row has, and the conflict.
    """

    resource: Resource
    table: sa.Table
    sort_fields: Mapping[str, SortField]
    filters: Mapping[str, Condition | Relation]
    searched: Sequence[str] = ()
    hidden: RowScope | None = None
    only: tuple[str, StrEnum] | None = None
    unique_conflicts: Mapping[str, tuple[str, Conflict]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Add it to ``COLLECTIONS``. Raises ValueError where its name is taken, or a hidden row has no known scope."""
        if self.name in COLLECTIONS:
            raise ValueError(f"there are two collections {self.name}")
        if self.hidden is not None and self.hidden.scope != self.resource.row_scope:
            raise ValueError(f"{self.resource.singular} does not declare the scope {self.hidden.scope}")
        COLLECTIONS[self.name] = self

    @property
    def name(self) -> str:
        """Return the plural of its resource."""
        return self.resource.plural

    @property
    def listed(self) -> dict[str, str]:
        """Return the columns of its rows that list items which find the rows, by the column of an item."""
        return {item: column for item, (_, column) in LISTED_ITEMS.items() if column in self.table.c}

    @property
    def keeps_deleted(self) -> bool:
        """Return whether a deleted row stays in the table, where nobody sees it."""
        return "deleted_at" in self.table.c

    @property
    def partial(self) -> bool:
        """Return whether its table has rows that nobody sees."""
        return self.keeps_deleted or self.only is not None

    def seen(self, table: Any) -> Any:
        """Return the condition of the rows of its table, or of an alias of it, that somebody sees; None for all."""
        found = [table.c.deleted_at.is_(None)] if self.keeps_deleted else []
        if self.only is not None:
            name, value = self.only
            found.append(table.c[name] == sa.literal_column(f"'{value}'"))
        return sa.and_(*found) if found else None

    @property
    def joins(self) -> bool:
        """Return whether its rows may be joined to rows that refer to them: everybody sees all of them."""
        return self.hidden is None and not self.partial

    @property
    def client_path(self) -> tuple[str, ...]:
        """Return the columns that lead from a row to its client's ID: one of its own, or one that refers to a row with
        such a column; empty where a row belongs to no client."""
        if self.table.name == "clients":
            return ("id",)
        if "client_id" in self.table.c:
            return ("client_id",)
        for key in self.table.foreign_keys:
            if key.parent.name != "org_id" and "client_id" in key.column.table.c:
                return key.parent.name, "client_id"
        return ()

    def restriction(self, scopes: frozenset[str]) -> Mapping[str, Any]:
        """Return the filter of what somebody with these scopes sees; empty where that is all rows."""
        hidden = self.hidden
        if hidden is None or allows(scopes, hidden.scope):
            return {}
        return hidden.restriction()

    def scopes_of(self, row: Mapping[str, Any]) -> list[frozenset[str]]:
        """Return sets of scopes of each of which somebody who sees a row has one."""
        resource, hidden = self.resource, self.hidden
        found = [frozenset({resource.read_scope, resource.write_scope, EVERYTHING})]
        if hidden is not None and row[hidden.column] == hidden.value:
            found.append(frozenset({hidden.scope, EVERYTHING}))
        return found


# By their names, so that related ones find each other without an import.
COLLECTIONS: dict[str, Collection] = {}
