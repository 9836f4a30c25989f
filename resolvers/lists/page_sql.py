"""The SQL of pages: one statement for a page, or for a page of each of many parents."""

from functools import cache
from typing import NamedTuple

import sqlalchemy as sa

from resolvers.collections.collection import CREATED, Collection, SortField
from resolvers.database.fragments import ORG, Aliases, Fragment, Parameters, open_parameters, open_table, quoted
from resolvers.database.sql import Sql, Width
from resolvers.lists.candidates import IDS, candidates, rows_of_candidates
from resolvers.lists.filter_sql import Column, Node, bind, clause
from resolvers.lists.filters import Shape
from resolvers.lists.selected_columns import CURSOR, SelectedColumns

_PARENTS = "unnest({}::UUID[]) WITH ORDINALITY AS parents(parent, nth)"
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
    filter: Shape
    types: tuple[str, ...]
    column: str | None
    size: int
    many: bool


def page_sql(shape: PageShape) -> Sql:
    """Return the statement of a page, or of one page for each of many parents. Its last column is the parent's
    number."""
    return _Composer(shape).sql()


class _Key(NamedTuple):
    """A key of the order: its expression for a row, a parameter of its type, and whether it ascends."""

    over: Fragment
    value: Fragment
    ascends: bool


@cache
def _key(table: sa.Table, key: SortField, descending: bool, ascends: bool) -> _Key:
    expression = key.expression(open_table(table), descending=descending)
    return _Key(Fragment(expression), Fragment(open_parameters(expression.type)[0]), ascends)


@cache
def not_deleted(collection: Collection) -> Fragment | None:
    """Return the condition that each row of a collection meets, where there is one."""
    return Fragment(open_table(collection.table).c.deleted_at.is_(None)) if collection.keeps_deleted else None


class _Composer:
    def __init__(self, shape: PageShape) -> None:
        self.shape, self.table = shape, shape.collection.table
        self.new_alias, self.parameters = Aliases(), Parameters()
        filter_parameters = self.parameters.add(*[f"f{index}" for index in range(len(shape.types))])
        self.node = bind(shape.collection, shape.filter, filter_parameters, shape.types) if shape.filter else None
        terms = [
            (shape.collection.sort_fields[name] if name else CREATED, descending) for name, descending in shape.terms
        ]
        self.keys = [_key(self.table, key, descending, descending == shape.backwards) for key, descending in terms]
        self.after = self._values("k") if shape.after else []
        self.until = self._values("u") if shape.until else []
        # The size is part of the text. With a parameter PostgreSQL would plan the statement at each execution, which
        # takes longer than to run it.
        self.limit = f" LIMIT {shape.size:d}"
        if shape.numbered:
            self.limit += f" OFFSET {self.parameters.add('offset')[0]}::INTEGER"
        if shape.many:
            (self.parents,) = self.parameters.add("parents")
            self.parent = "parents.parent"
        elif shape.column is not None:
            self.parent = f"{self.parameters.add('parent')[0]}::UUID"

    def _values(self, name: str) -> list[str]:
        numbers = self.parameters.add(*[f"{name}{index}" for index in range(len(self.keys))])
        return [key.value("", number) for key, number in zip(self.keys, numbers, strict=True)]

    def sql(self) -> Sql:
        shape, node = self.shape, self.node
        if shape.many:
            return self._of_many()
        few = None if node is None or _served(self.table, node, shape.terms) else self._candidates(node)
        return self._in_order() if few is None else self._of_candidates(few)

    def _candidates(self, node: Node) -> str | None:
        return candidates(node, self.table, self.new_alias)

    def _statement(self, text: str, selected: SelectedColumns) -> Sql:
        widths = (*selected.widths, _NTH)
        return Sql(text, tuple(self.parameters.names), {}, widths, sum(width.bytes for width in widths))

    def _in_order(self) -> Sql:
        """Return the statement of a page that reads the rows in their order."""
        source, alias, conditions = self._source()
        selected = SelectedColumns(
            self.new_alias, self.table, alias, self.shape.columns, _row([key.over(alias) for key in self.keys])
        )
        listed = ", ".join([*selected.texts, "1 AS nth"])
        return self._statement(
            f"SELECT {listed} FROM {source}{selected.joins}{self._window(alias, *conditions)}", selected
        )

    def _of_many(self) -> Sql:
        """Return the statement of one page for each of many parents."""
        shape, rows = self.shape, self.new_alias()
        source, alias, conditions = self._source()
        keys = [key.over(alias) for key in self.keys]
        own = tuple(dict.fromkeys(name.partition(".")[0] for name in shape.columns))
        wanted = SelectedColumns(self.new_alias, self.table, alias, own, _row(keys))
        listed = ", ".join([*wanted.texts, *self._labelled_keys(alias)])
        inner = f"(SELECT {listed} FROM {source}{self._window(alias, *conditions)}) AS {rows}"
        # Referred rows are joined to the rows of the pages, not to all rows that these are chosen from.
        cursor = f"{rows}.{quoted(CURSOR)}"
        selected = SelectedColumns(self.new_alias, self.table, rows, shape.columns, cursor, read=True)
        text = f"SELECT {', '.join([*selected.texts, 'parents.nth'])} FROM {_PARENTS.format(self.parents)}"
        text += f" JOIN LATERAL {inner} ON true{selected.joins}"
        if own != shape.columns:
            text += f" ORDER BY parents.nth, {self._ordered(self._key_labels(rows))}"
        return self._statement(text, selected)

    def _of_candidates(self, few: str) -> Sql:
        """Return the statement of a page of the candidates if they are few, else of the rows in order, each checked."""
        some, first, second = self.new_alias(), self.new_alias(), self.new_alias()
        name, parent = quoted(self.table.name), self._own_conditions(some)
        # The offset keeps PostgreSQL from looking for the candidates in the page's order, which reads all rows.
        of_few = rows_of_candidates(self.table, some, *parent)
        window = self._window(some, few=of_few)
        of_few = f"SELECT {some}.id, {self._key_columns(some)} FROM {of_few} AS {some}{window}"
        source, alias, conditions = self._source()
        in_order = f"SELECT {alias}.id, {self._key_columns(alias)} FROM {source}"
        in_order += self._window(alias, f"{IDS} IS NULL", *conditions)
        page = f"SELECT * FROM ({of_few}) AS {first} UNION ALL SELECT * FROM ({in_order}) AS {second}"
        row, own = self.new_alias(), self.new_alias()
        selected = SelectedColumns(self.new_alias, self.table, own, self.shape.columns, _row(self._key_labels("page")))
        # The offset keeps PostgreSQL from reading all rows to look for each in the page.
        by_id = f"SELECT * FROM {name} AS {row} WHERE {row}.org_id = {ORG} AND {row}.id = page.id OFFSET 0"
        listed = ", ".join([*selected.texts, "1 AS nth"])
        text = f"WITH candidates AS MATERIALIZED (SELECT {few} AS ids) SELECT {listed} FROM ({page}) AS page"
        text += f" JOIN LATERAL ({by_id}) AS {own} ON true{selected.joins}"
        return self._statement(f"{text} ORDER BY {self._ordered(self._key_labels('page'))}", selected)

    def _source(self) -> tuple[str, str, list[str]]:
        """Return the source of a page, its alias, and the conditions that it does not apply itself.

        It is the table, or a parent's rows if no index has these in the wanted order.
        """
        alias = self.new_alias()
        source, conditions = f"{quoted(self.table.name)} AS {alias}", self._own_conditions(alias)
        if self.shape.column is None or len(self.keys) == 1:
            return source, alias, conditions
        # The offset keeps PostgreSQL from reading all rows in that order to find the parent's among them.
        return f"(SELECT * FROM {source} WHERE {' AND '.join(conditions)} OFFSET 0) AS {alias}", alias, []

    def _own_conditions(self, alias: str) -> list[str]:
        """Return the conditions for the organization's rows; with a ``column``, for those of the current parent."""
        owner, column = f"{alias}.org_id = {ORG}", self.shape.column
        # A single parent is compared by `=`: PostgreSQL then keeps the plan.
        return [owner] if column is None else [owner, f"{alias}.{quoted(column)} = {self.parent}"]

    def _window(self, alias: str, *conditions: str, few: str | None = None) -> str:
        """Return the clauses that choose the page's rows from a source: conditions, order and limit."""
        where, live = list(conditions), not_deleted(self.shape.collection)
        if live is not None:
            where.append(f"({live(alias)})")
        if self.node is not None:
            where.append(clause(self.node, alias, self.new_alias, few))
        if self.after:
            where.append(self._beyond(alias, self.after, [key.ascends for key in self.keys]))
        if self.until:
            where.append(self._beyond(alias, self.until, [not key.ascends for key in self.keys]))
        met = f" WHERE {' AND '.join(where)}" if where else ""
        return f"{met} ORDER BY {self._ordered([key.over(alias) for key in self.keys])}{self.limit}"

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


def _row(keys: list[str]) -> str:
    return keys[0] if len(keys) == 1 else f"row({', '.join(keys)})"


def _served(table: sa.Table, node: Node, terms: tuple[tuple[str, bool], ...]) -> bool:
    """Return whether one index serves both a filter and the order: a column compared by `eq`, then the id."""
    if not isinstance(node, Column) or node.name != "eq" or len(terms) > 1:
        return False
    wanted = ["org_id", node.condition.column, "id"]
    return any([column.name for column in index.columns] == wanted for index in table.indexes)
