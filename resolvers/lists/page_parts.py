"""The parts of pages' statements: what their rows meet, and how they are ordered."""

from functools import cache
from typing import NamedTuple

from resolvers.collections.collection import CREATED, Collection, SortField
from resolvers.database.fragments import ORG, Aliases, Fragment, Parameters, open_table, quoted
from resolvers.database.sql import Sql, Width
from resolvers.lists.filter_sql import ConditionTree, bind
from resolvers.lists.filters import FilterShape
from resolvers.lists.page_keys import SortKey, bounds_of, implied, key_of, order_of
from resolvers.lists.row_sql import clause
from resolvers.lists.selected_columns import SelectedColumns

_NTH = Width(8)


class PageShape(NamedTuple):
    """What determines the text of a page's statement."""

    collection: Collection
    columns: tuple[str, ...]
    terms: tuple[tuple[str, bool], ...]
    backwards: bool
    after: bool
    until: bool
    numbered: bool
    filter: FilterShape
    types: tuple[str, ...]
    column: str | None
    size: int
    many: bool


@cache
def own_rows(collection: Collection) -> Fragment | None:
    """Return the condition that each row of a collection meets, where there is one."""
    return Fragment(collection.seen(open_table(collection.table))) if collection.partial else None


class PageParts:
    """What the statements of one shape have in common, whichever way they find its rows."""

    def __init__(self, shape: PageShape) -> None:
        self.shape, self.table = shape, shape.collection.table
        self.new_alias, self.parameters = Aliases(), Parameters()
        filter_parameters = self.parameters.add(*[f"f{index}" for index in range(len(shape.types))])
        self.node = bind(shape.collection, shape.filter, filter_parameters, shape.types) if shape.filter else None
        terms = [
            (shape.collection.sort_fields[name] if name else CREATED, descending) for name, descending in shape.terms
        ]
        self.order, self.first = order_of(terms), terms[0][0]
        self.keys = self._keys_of(terms)
        self.after = self._values("k") if shape.after else []
        self.until = self._values("u") if shape.until else []
        # The size is part of the text. With a parameter PostgreSQL would plan the statement at each execution, which
        # takes longer than to run it.
        # As many rows as the page has, and those before it.
        self.reach = f"{shape.size:d}"
        self.limit = f" LIMIT {self.reach}"
        self.offset = f"{self.parameters.add('offset')[0]}::INTEGER" if shape.numbered else None
        if self.offset is not None:
            self.limit += f" OFFSET {self.offset}"
            self.reach += f" + {self.offset}"
        if shape.many:
            (self.parents,) = self.parameters.add("parents")
            self.parent = "parents.parent"
        elif shape.column is not None:
            self.parent = f"{self.parameters.add('parent')[0]}::UUID"

    def _keys_of(self, terms: list[tuple[SortField, bool]]) -> list[SortKey]:
        backwards = self.shape.backwards
        return [key_of(self.table, field, descending, descending == backwards) for field, descending in terms]

    def _values(self, name: str) -> list[str]:
        numbers = self.parameters.add(*[f"{name}{index}" for index in range(len(self.keys))])
        return [key.value("", number) for key, number in zip(self.keys, numbers, strict=True)]

    def _table(self, alias: str) -> str:
        return f"{quoted(self.table.name)} AS {alias}"

    def _own_conditions(self, alias: str) -> list[str]:
        """Return the conditions for the organization's rows; with a ``column``, for those of the current parent."""
        owner, column = f"{alias}.org_id = {ORG}", self.shape.column
        # A single parent is compared by `=`: PostgreSQL then keeps the plan.
        return [owner] if column is None else [owner, f"{alias}.{quoted(column)} = {self.parent}"]

    def _window(self, alias: str, *conditions: str) -> str:
        """Return the clauses that choose the page's rows from a source: conditions, order and limit."""
        where = [*conditions, *self._conditions(alias, self.node)]
        return f"{self._met(where)} ORDER BY {self._order(alias)}{self.limit}"

    def _conditions(self, alias: str, node: ConditionTree | None) -> list[str]:
        """Return what each row of the page meets: somebody sees it, it matches, it lies within the bounds."""
        where = self._seen(alias)
        if node is not None:
            where += [clause(node, alias, self.new_alias), *self._bounds(node, alias)]
        return where + self._between(alias)

    def _seen(self, alias: str) -> list[str]:
        live = own_rows(self.shape.collection)
        return [] if live is None else [f"({live(alias)})"]

    def _between(self, alias: str) -> list[str]:
        """Return the conditions for rows after a cursor's and before another's."""
        where = []
        if self.after:
            where.append(self._beyond(alias, self.after, [key.ascends for key in self.keys]))
        if self.until:
            where.append(self._beyond(alias, self.until, [not key.ascends for key in self.keys]))
        return where

    def _bounds(self, node: ConditionTree, alias: str) -> list[str]:
        """Return what follows from a condition and makes less of an index to be read."""
        return [*bounds_of(node, alias, self.first.column), *implied(self.table, node, alias, self.order)]

    def _met(self, where: list[str]) -> str:
        return f" WHERE {' AND '.join(where)}" if where else ""

    def _order(self, alias: str) -> str:
        return self._ordered([key.over(alias) for key in self.keys])

    def _beyond(self, alias: str, values: list[str], ups: list[bool]) -> str:
        """Return the condition for rows after a row with these values: a row comparison if all keys have one
        direction."""
        keys = [key.over(alias) for key in self.keys]
        signs = [">" if up else "<" for up in ups]
        if len(set(signs)) == 1:
            return f"({', '.join(keys)}) {signs[0]} ({', '.join(values)})"
        cases = []
        for index, (key, sign, value) in enumerate(zip(keys, signs, values, strict=True)):
            same = [f"{earlier} = {its}" for earlier, its in zip(keys[:index], values[:index], strict=True)]
            cases.append(" AND ".join([*same, f"{key} {sign} {value}"]))
        return f"({' OR '.join(cases)})"

    def _ordered(self, keys: list[str]) -> str:
        pairs = zip(keys, self.keys, strict=True)
        return ", ".join(f"{over} {'ASC' if key.ascends else 'DESC'}" for over, key in pairs)

    def _labelled_keys(self, alias: str) -> list[str]:
        """Return the keys as columns, which an outer statement is ordered by."""
        return [f"{key.over(alias)} AS order_{index}" for index, key in enumerate(self.keys)]

    def _key_columns(self, alias: str) -> str:
        return ", ".join(self._labelled_keys(alias))

    def _key_labels(self, alias: str) -> list[str]:
        return [f"{alias}.order_{index}" for index in range(len(self.keys))]

    def _statement(self, text: str, selected: SelectedColumns) -> Sql:
        widths = (*selected.widths, _NTH)
        # With a page may come a row that says that more rows would have to be checked.
        most = 0 if self.shape.many else self.shape.size + 1
        return Sql(text, tuple(self.parameters.names), {}, widths, sum(width.bytes for width in widths), most)

    def _placed(self, found: str) -> str:
        """Return what was found without the rows before a numbered page; the sign that it was not enough stays, however
        many rows come before the page."""
        if self.offset is None:
            return found
        row, placed = self.new_alias(), self.new_alias()
        places = f"SELECT {row}.*, row_number() OVER () AS place FROM ({found}) AS {row}"
        listed = ", ".join([f"{placed}.id", *self._key_labels(placed), f"{placed}.nth"])
        return f"SELECT {listed} FROM ({places}) AS {placed} WHERE {placed}.nth = 0 OR {placed}.place > {self.offset}"
