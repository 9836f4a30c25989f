"""The SQL of pages: one statement for a page, or for a page of each of many parents."""

from functools import cache
from typing import NamedTuple

from resolvers.collections.collection import CREATED, Collection
from resolvers.database.fragments import ORG, Aliases, Fragment, Parameters, open_table, quoted
from resolvers.database.sql import Sql, Width
from resolvers.lists.candidates import IDS, candidates, rows_of_candidates
from resolvers.lists.filter_sql import AllOf, Column, Node, bind, clause, needs_other_tables, parts_of
from resolvers.lists.filters import Shape
from resolvers.lists.page_keys import bounds_of, implied, key_of, order_of, row_of, served, served_by_member
from resolvers.lists.selected_columns import CURSOR, SelectedColumns

# Rows that a page reads in its order to check them by their own columns, and to check them in other tables: what takes
# less than 100 ms. In an order in which each row is on a page of its own it takes longer.
MAX_READ, MAX_READ_SCATTERED = 200_000, 80_000
MAX_CHECKED, MAX_CHECKED_SCATTERED = 30_000, 6_000
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
    number; 0 in a last row that says that more rows would have to be checked."""
    return _Composer(shape).sql()


@cache
def own_rows(collection: Collection) -> Fragment | None:
    """Return the condition that each row of a collection meets, where there is one."""
    return Fragment(collection.seen(open_table(collection.table))) if collection.partial else None


class _Composer:
    def __init__(self, shape: PageShape) -> None:
        self.shape, self.table = shape, shape.collection.table
        self.new_alias, self.parameters = Aliases(), Parameters()
        filter_parameters = self.parameters.add(*[f"f{index}" for index in range(len(shape.types))])
        self.node = bind(shape.collection, shape.filter, filter_parameters, shape.types) if shape.filter else None
        terms = [
            (shape.collection.sort_fields[name] if name else CREATED, descending) for name, descending in shape.terms
        ]
        self.order, self.first = order_of(terms), terms[0][0]
        self.keys = [key_of(self.table, key, descending, descending == shape.backwards) for key, descending in terms]
        self.after = self._values("k") if shape.after else []
        self.until = self._values("u") if shape.until else []
        # The size is part of the text. With a parameter PostgreSQL would plan the statement at each execution, which
        # takes longer than to run it.
        # As many rows as the page has, and those before it.
        self.reach = f"{shape.size:d}"
        self.limit = f" LIMIT {self.reach}"
        if shape.numbered:
            offset = f"{self.parameters.add('offset')[0]}::INTEGER"
            self.limit += f" OFFSET {offset}"
            self.reach += f" + {offset}"
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
        if node is None or served(self.table, node, self.order):
            return self._in_order()
        if isinstance(node, Column) and shape.column is None and served_by_member(self.table, node, self.order):
            return self._by_member(node)
        few, checked = self._candidates(node), self._checks(node)
        return self._checked(few, checked) if few is not None or checked else self._in_order()

    def _checks(self, node: Node) -> list[Node]:
        """Return the conditions that a bounded number of rows is checked by: those on other tables, or else those that
        the index of the order does not serve. Of a parent's rows all are checked."""
        if self.shape.column is not None:
            return []
        parts = list(parts_of(node))
        return [part for part in parts if needs_other_tables(part)] or [
            part
            for part in parts
            if not (isinstance(part, Column) and part.condition.column == self.first.column)
            and not served(self.table, part, self.order)
        ]

    def _candidates(self, node: Node) -> str | None:
        return candidates(node, self.table, self.new_alias)

    def _statement(self, text: str, selected: SelectedColumns) -> Sql:
        widths = (*selected.widths, _NTH)
        return Sql(text, tuple(self.parameters.names), {}, widths, sum(width.bytes for width in widths))

    def _in_order(self) -> Sql:
        """Return the statement of a page that reads the rows in their order."""
        source, alias, conditions = self._source()
        return self._selected(source, alias, *conditions)

    def _by_member(self, node: Column) -> Sql:
        """Return the statement of a page that reads the rows in their order for each member that a condition lists, of
        which one index has them in this order, and sorts these."""
        member, row, alias = self.new_alias(), self.new_alias(), self.new_alias()
        where = [*self._own_conditions(row), f"{row}.{quoted(node.condition.column)} = {member}.value"]
        where += [*self._seen(row), *self._between(row)]
        rows = f"SELECT * FROM {self._table(row)}{self._met(where)} ORDER BY {self._order(row)} LIMIT {self.reach}"
        members = f"(SELECT DISTINCT unnest({node.parameters[0]}::TEXT[]) AS value) AS {member}"
        return self._selected(f"{members} JOIN LATERAL ({rows}) AS {alias} ON true", alias)

    def _selected(self, source: str, alias: str, *conditions: str) -> Sql:
        """Return the statement of a page of a source's rows that meet the filter and further conditions."""
        selected = SelectedColumns(
            self.new_alias, self.table, alias, self.shape.columns, row_of([key.over(alias) for key in self.keys])
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
        wanted = SelectedColumns(self.new_alias, self.table, alias, own, row_of(keys))
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

    def _checked(self, few: str | None, checked: list[Node]) -> Sql:
        """Return the statement of a page of the candidates if they are few, else of the rows in order, each checked."""
        name, first, second = quoted(self.table.name), self.new_alias(), self.new_alias()
        condition = [] if few is None else [f"{IDS} IS NULL"]
        in_order = self._bounded(condition, checked) if checked else self._unbounded(condition)
        page, start = f"SELECT * FROM ({in_order}) AS {second}", ""
        if few is not None:
            start = f"WITH candidates AS MATERIALIZED (SELECT {few} AS ids) "
            page = f"SELECT * FROM ({self._of_candidates()}) AS {first} UNION ALL {page}"
        row, own = self.new_alias(), self.new_alias()
        selected = SelectedColumns(
            self.new_alias, self.table, own, self.shape.columns, row_of(self._key_labels("page"))
        )
        # The offset keeps PostgreSQL from reading all rows to look for each in the page.
        by_id = f"SELECT * FROM {name} AS {row} WHERE {row}.org_id = {ORG} AND {row}.id = page.id OFFSET 0"
        listed = ", ".join([*selected.texts, "page.nth"])
        text = f"{start}SELECT {listed} FROM ({page}) AS page"
        text += f" JOIN LATERAL ({by_id}) AS {own} ON true{selected.joins}"
        return self._statement(f"{text} ORDER BY {self._ordered(self._key_labels('page'))}", selected)

    def _of_candidates(self) -> str:
        some = self.new_alias()
        # The offset keeps PostgreSQL from looking for the candidates in the page's order, which reads all rows.
        of_few = rows_of_candidates(self.table, some, *self._own_conditions(some))
        window = self._window(some, few=of_few)
        return f"SELECT {some}.id, {self._key_columns(some)}, 1 AS nth FROM {of_few} AS {some}{window}"

    def _unbounded(self, condition: list[str]) -> str:
        source, alias, conditions = self._source()
        window = self._window(alias, *condition, *conditions)
        return f"SELECT {alias}.id, {self._key_columns(alias)}, 1 AS nth FROM {source}{window}"

    def _bounded(self, condition: list[str], checks: list[Node]) -> str:
        """Return the rows in order, of which so many are checked, and one more as a sign that it was not enough."""
        assert self.node is not None, "rows are checked for a filter"
        others, own = AllOf(checks), [part for part in parts_of(self.node) if part not in checks]
        read, looked_up = (MAX_READ, MAX_CHECKED) if self.first.grows else (MAX_READ_SCATTERED, MAX_CHECKED_SCATTERED)
        most = looked_up if needs_other_tables(others) else read
        alias, checked = self.new_alias(), self.new_alias()
        # The other conditions are within, where they may bound the scan of the order's index.
        where = [*condition, *self._own_conditions(alias), *self._conditions(alias, AllOf(own))]
        where += self._bounds(others, alias)
        # Numbered in the same select that is sorted: PostgreSQL forgets the order of one whose order is not asked for.
        order = f"ORDER BY {self._order(alias)}"
        numbered = f"SELECT {alias}.*, {self._key_columns(alias)}, row_number() OVER ({order}) AS turn"
        numbered += f" FROM {self._table(alias)}{self._met(where)} {order} LIMIT {most + 1}"
        keys, nth = self._key_labels(checked), f"CASE WHEN {checked}.turn > {most} THEN 0 ELSE 1 END AS nth"
        met = f"{checked}.turn > {most} OR {clause(others, checked, self.new_alias)}"
        shown = f"SELECT {checked}.id, {', '.join(keys)}, {nth} FROM ({numbered}) AS {checked}"
        return f"{shown} WHERE {met} ORDER BY {self._ordered(keys)}{self.limit}"

    def _table(self, alias: str) -> str:
        return f"{quoted(self.table.name)} AS {alias}"

    def _source(self) -> tuple[str, str, list[str]]:
        """Return the source of a page, its alias, and the conditions that it does not apply itself.

        It is the table, or a parent's rows if no index has these in the wanted order.
        """
        alias = self.new_alias()
        source, conditions = self._table(alias), self._own_conditions(alias)
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
        where = [*conditions, *self._conditions(alias, self.node, few)]
        return f"{self._met(where)} ORDER BY {self._order(alias)}{self.limit}"

    def _conditions(self, alias: str, node: Node | None, few: str | None = None) -> list[str]:
        """Return what each row of the page meets: somebody sees it, it matches, it lies within the bounds."""
        where = self._seen(alias)
        if node is not None:
            where.append(clause(node, alias, self.new_alias, few))
            # Few rows are found already: there is no scan to bound.
            where += [] if few is not None else self._bounds(node, alias)
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

    def _bounds(self, node: Node, alias: str) -> list[str]:
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
