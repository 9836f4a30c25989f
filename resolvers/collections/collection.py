"""Collections: the rows of a resource, what they can be filtered and sorted by, and who sees which of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.actors import allows, granting
from models.base import IndexKey
from models.lookups import LISTED_ITEMS
from models.resources import Resource
from models.resources import scopes as known_scopes
from resolvers.errors import Conflict
from resolvers.lists.conditions import Condition, created, ids, moment
from resolvers.lists.infinities import EARLIEST, LATEST, or_infinity

# Of the keys of an order.
Types = tuple[type, ...]
NEWEST_FIRST = (("", True),)
# Of the keys of a process, few have scopes that no other has.
RESTRICTIONS_KEPT = 256


@dataclass(frozen=True, slots=True)
class SortField:
    """A column that rows can be sorted by; a nullable one has its nulls last, both ways.

    Rows lie in their table as they were written: in an order that ``grows`` with the time, neighbours share a page, and
    in another each row is on a page of its own.
    """

    column: str
    type: type
    meaning: str
    nullable: bool = False
    grows: bool = False

    def indexed(self, *, descending: bool) -> IndexKey:
        """Return the key of the indexes that serve it: as ``models.base.keys_of`` has it."""
        return (self.column, EARLIEST if descending else LATEST) if self.nullable else self.column

    def expression(self, table: sa.Table, *, descending: bool) -> Any:
        """Return what is compared and indexed: an infinity stands for a null."""
        column = table.c[self.column]
        if not self.nullable:
            return column
        return or_infinity(column, EARLIEST if descending else LATEST)

    @property
    def types(self) -> Types:
        """Return the types of its keys, which a cursor holds."""
        return (self.type,)


@dataclass(frozen=True, slots=True)
class ReferredSortField(SortField):
    """A column ``by`` of the rows of the collection named ``to``, which rows refer to by their ``column``; then the
    referred rows' ids, so that the rows of each stay together."""

    to: str = ""
    by: str = ""

    @property
    def types(self) -> Types:
        """Return the types of its keys: of the column, and of the referred row's id."""
        return (self.type, UUID)


CREATED = SortField("id", UUID, "Time of creation.", grows=True)
COMMON_SORT_FIELDS = {
    "CREATED_AT": CREATED,
    "UPDATED_AT": SortField("updated_at", datetime, "Time of the last change.", grows=True),
}
# Of rows that each have a client.
CLIENT_NAME = ReferredSortField(
    "client_id",
    str,
    "Name of the client, without regard to case. Requires the scope `clients:read`. Only `CREATED_AT` can follow it,"
    " and a list below another object does not have it.",
    to="clients",
    by="name_key",
)


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


@dataclass(frozen=True, slots=True, eq=False)
class RowScopes:
    """Further scopes that rows are seen with: all that ``needed`` has for the value of their ``column``, an enum."""

    column: str
    needed: Mapping[Any, Sequence[str]]

    @property
    def scopes(self) -> frozenset[str]:
        """Return every scope that some rows need."""
        return frozenset(scope for each in self.needed.values() for scope in each)

    def restriction(self, scopes: frozenset[str]) -> Mapping[str, Any]:
        """Return the filter of the rows that somebody with these scopes sees; empty where that is all rows."""
        return _restriction(self, scopes)

    def sees(self, scopes: frozenset[str], row: Mapping[str, Any]) -> bool:
        """Return whether somebody with these scopes sees a row."""
        return all(allows(scopes, scope) for scope in self.needed.get(row[self.column], ()))


@lru_cache(RESTRICTIONS_KEPT)
def _restriction(rows: RowScopes, scopes: frozenset[str]) -> Mapping[str, Any]:
    values: Any = type(next(iter(rows.needed)))
    members = list(values)
    seen = [member for member in members if rows.sees(scopes, {rows.column: member})]
    if len(seen) == len(members):
        return {}
    return {rows.column: {"eq": seen[0]} if len(seen) == 1 else {"in_": seen}}


# The filter of the rows that a client sees, by the client's ID.
ClientRows = Callable[[str], Mapping[str, Any]]


def of_nobody(_client: str) -> Mapping[str, Any]:
    """Return the filter of a collection that is the staff's."""
    return {"or_": []}


def of_client(client: str) -> Mapping[str, Any]:
    """Return the filter of rows that have a ``client_id``."""
    return {"client_id": {"eq": client}}


@dataclass(frozen=True, eq=False)
class Collection:
    """The rows of a resource, as everybody reaches them.

    ``searched`` are the columns whose words find a row, ``sort_fields`` and ``filters`` what a list can be sorted and
    filtered by. ``hidden`` are rows that not everybody sees: every page, count, look-up, joined row, filter and event
    of the collection follows it. ``clients`` is which rows a client sees, with an access token of its own that has the
    collection's scope (``CLIENT_SCOPES``): none where it is not said. Rows with a ``deleted_at`` are seen by nobody,
    and where ``only`` is a column and its value, neither are those that have another. ``unique_conflicts`` says what
    violated unique constraints mean, by their names: the input's field whose value another row has, and the conflict.
    ``default_order`` is that of a list without another one, as of a page's window, and ``ordered`` the words for it.
    """

    resource: Resource
    table: sa.Table
    sort_fields: Mapping[str, SortField]
    filters: Mapping[str, Condition | Relation]
    searched: Sequence[str] = ()
    hidden: RowScopes | None = None
    clients: ClientRows = of_nobody
    only: tuple[str, StrEnum] | None = None
    unique_conflicts: Mapping[str, tuple[str, Conflict]] = field(default_factory=dict)
    default_order: tuple[tuple[str, bool], ...] = NEWEST_FIRST
    ordered: str = "newest first"

    def __post_init__(self) -> None:
        """Add it to ``COLLECTIONS``. Raises ValueError where its name is taken, or a hidden row has no known scope."""
        if self.name in COLLECTIONS:
            raise ValueError(f"there are two collections {self.name}")
        if self.hidden is not None and not self.hidden.scopes <= known_scopes():
            raise ValueError(f"rows of {self.resource.singular} need a scope that no resource declares")
        COLLECTIONS[self.name] = self

    @property
    def name(self) -> str:
        """Return the plural of its resource."""
        return self.resource.plural

    @cached_property
    def columns(self) -> frozenset[str]:
        """Return the names of its table's columns."""
        return frozenset(self.table.c.keys())

    @cached_property
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

    @cached_property
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

    def restriction(self, scopes: frozenset[str], client: str | None = None) -> Mapping[str, Any]:
        """Return the filter of what somebody with these scopes sees, where a client is named that client; empty where
        that is all rows."""
        of_scopes = {} if self.hidden is None else self.hidden.restriction(scopes)
        return of_scopes if client is None else {"and_": [of_scopes, self.clients(client)]}

    def scopes_of(self, row: Mapping[str, Any]) -> list[frozenset[str]]:
        """Return sets of scopes of each of which somebody who sees a row has one."""
        hidden = self.hidden
        needed = () if hidden is None else hidden.needed.get(row[hidden.column], ())
        return [granting(scope) for scope in (self.resource.read_scope, *needed)]


# By their names, so that related ones find each other without an import.
COLLECTIONS: dict[str, Collection] = {}
