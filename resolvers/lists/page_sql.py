"""The SQL of pages: one statement for a page, or for a page of each of many parents."""

from resolvers.collections.collection import ReferredSortField
from resolvers.database.fragments import ORG, quoted
from resolvers.database.sql import Sql
from resolvers.lists.candidates import IDS, candidates, rows_of_candidates
from resolvers.lists.filter_sql import (
    AllOf,
    ColumnCondition,
    ConditionTree,
    Lookup,
    columns_of,
    conjuncts,
    needs_other_tables,
)
from resolvers.lists.page_by_referred import PageByReferred
from resolvers.lists.page_keys import row_of, served, served_by_member
from resolvers.lists.page_parts import PageParts, PageShape
from resolvers.lists.row_sql import clause
from resolvers.lists.selected_columns import CURSOR, SelectedColumns

# Rows that a page reads in its order to check them by their own columns, and to check them in other tables: what takes
# less than 100 ms. In an order in which each row is on a page of its own it takes longer.
MAX_READ, MAX_READ_SCATTERED = 200_000, 80_000
MAX_CHECKED, MAX_CHECKED_SCATTERED = 20_000, 6_000
# Rows that it checks in the order of creation for a word or a tag, and how many rows that have it are sorted if that
# was not enough.
MAX_CHECKED_FIRST, MAX_SORTED = 5_000, 200_000
# Whether those were not enough, and the ids that are sorted then if they are not too many.
_MISSED = "EXISTS (SELECT 1 FROM walked WHERE walked.nth = 0)"
_FOUND = "(SELECT found.ids FROM found)"
_PARENTS = "unnest({}::UUID[]) WITH ORDINALITY AS parents(parent, nth)"


def page_sql(shape: PageShape) -> Sql:
    """Return the statement of a page, or of one page for each of many parents. Its last column is the parent's
    number; 0 in a last row that says that more rows would have to be checked."""
    field = shape.collection.sort_fields.get(shape.terms[0][0])
    return PageByReferred(shape, field).sql() if isinstance(field, ReferredSortField) else _Composer(shape).sql()


class _Composer(PageParts):
    def sql(self) -> Sql:
        shape, node = self.shape, self.node
        if shape.many:
            return self._of_many()
        if node is None or served(self.table, node, self.order):
            return self._in_order()
        if (
            isinstance(node, ColumnCondition)
            and shape.column is None
            and served_by_member(self.table, node, self.order)
        ):
            return self._by_member(node)
        few, checked = self._candidates(node), self._checks(node)
        return self._checked(few, checked) if few is not None or checked else self._in_order()

    def _checks(self, node: ConditionTree) -> list[ConditionTree]:
        """Return the conditions that a bounded number of rows is checked by: those on other tables, or else those that
        the index of the order does not serve. Of a parent's rows all are checked."""
        if self.shape.column is not None:
            return []
        parts = list(conjuncts(node))
        return [part for part in parts if needs_other_tables(part)] or [
            part
            for part in parts
            if not (isinstance(part, ColumnCondition) and part.condition.column == self.first.column)
            and not served(self.table, part, self.order)
        ]

    def _candidates(self, node: ConditionTree) -> str | None:
        return candidates(node, self.table, self.new_alias)

    def _in_order(self) -> Sql:
        """Return the statement of a page that reads the rows in their order."""
        source, alias, conditions = self._source()
        return self._selected(source, alias, *conditions)

    def _by_member(self, node: ColumnCondition) -> Sql:
        """Return the statement of a page that reads the rows in their order for each member that a condition lists, of
        which one index has them in this order, and sorts these."""
        member, row, alias = self.new_alias(), self.new_alias(), self.new_alias()
        where = [*self._own_conditions(row), f"{row}.{quoted(node.condition.column)} = {member}.value"]
        where += [*self._seen(row), *self._between(row)]
        rows = f"SELECT * FROM {self._table(row)}{self._met(where)} ORDER BY {self._order(row)} LIMIT {self.reach}"
        members = f"(SELECT DISTINCT unnest({node.parameters[0]}::TEXT[]) AS value) AS {member}"
        return self._selected(f"{members} JOIN LATERAL ({rows}) AS {alias} ON true", alias)

    def _cursor(self, keys: list[str]) -> str:
        """Return a row's keys as its cursor holds them: null where they are its id alone, which is selected too."""
        return "NULL" if self.order == ("id",) and "id" in self.shape.columns else row_of(keys)

    def _selected(self, source: str, alias: str, *conditions: str) -> Sql:
        """Return the statement of a page of a source's rows that meet the filter and further conditions."""
        cursor = self._cursor([key.over(alias) for key in self.keys])
        selected = SelectedColumns(self.new_alias, self.table, alias, self.shape.columns, cursor)
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
        wanted = SelectedColumns(self.new_alias, self.table, alias, own, self._cursor(keys))
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

    def _checked(self, few: str | None, checked: list[ConditionTree]) -> Sql:
        """Return the statement of a page of the candidates if they are few, else of the rows in order, each checked."""
        name, node = quoted(self.table.name), self.node
        first: list[str] = []
        ways: list[str] = []
        condition = [] if few is None else [f"{IDS} IS NULL"]
        if few is not None:
            first.append(f"candidates AS MATERIALIZED (SELECT {few} AS ids)")
            ways.append(self._of_candidates())
        if checked and isinstance(node, Lookup) and self.order == ("id",):
            first += self._walked_and_found(self._bounded(condition, checked, MAX_CHECKED_FIRST), node)
            ways += [f"SELECT * FROM walked WHERE NOT ({self._sorts()})", self._of_found()]
        else:
            ways.append(self._bounded(condition, checked) if checked else self._unbounded(condition))
        page = " UNION ALL ".join([f"SELECT * FROM ({way}) AS {self.new_alias()}" for way in ways])
        row, own = self.new_alias(), self.new_alias()
        cursor = self._cursor(self._key_labels("page"))
        selected = SelectedColumns(self.new_alias, self.table, own, self.shape.columns, cursor)
        # The offset keeps PostgreSQL from reading all rows to look for each in the page.
        by_id = f"SELECT * FROM {name} AS {row} WHERE {row}.org_id = {ORG} AND {row}.id = page.id OFFSET 0"
        listed = ", ".join([*selected.texts, "page.nth"])
        start = f"WITH {', '.join(first)} " if first else ""
        text = f"{start}SELECT {listed} FROM ({page}) AS page"
        text += f" JOIN LATERAL ({by_id}) AS {own} ON true{selected.joins}"
        return self._statement(f"{text} ORDER BY {self._ordered(self._key_labels('page'))}", selected)

    def _walked_and_found(self, walked: str, node: Lookup) -> list[str]:
        """Return the rows in order that were checked and, if these were not enough, the ids that a lookup finds."""
        use = self.new_alias()
        source = f"{quoted(node.column.table.name)} AS {use} WHERE {_MISSED} AND {node.over(use)}"
        found = f"SELECT ARRAY(SELECT {use}.subject_id FROM {source} LIMIT {MAX_SORTED + 1}) AS ids"
        return [f"walked AS MATERIALIZED ({walked})", f"found AS MATERIALIZED ({found})"]

    def _sorts(self) -> str:
        return f"{_MISSED} AND cardinality({_FOUND}) <= {MAX_SORTED}"

    def _of_found(self) -> str:
        """Return the rows that a lookup found, in the order of their ids."""
        row, own, sorted_ = self.new_alias(), self.new_alias(), self.new_alias()
        where = [f"{row}.org_id = {ORG}", f"{row}.id = {sorted_}.id", *self._seen(row)]
        # The offset keeps PostgreSQL from looking each of them up before it sorts.
        ids = f"SELECT DISTINCT every.id FROM unnest({_FOUND}) AS every(id)"
        ids += f"{self._met([self._sorts(), *self._between('every')])} ORDER BY {self._ordered(['every.id'])} OFFSET 0"
        rows = f"SELECT * FROM {self._table(row)}{self._met(where)} OFFSET 0"
        text = f"SELECT {own}.id, {self._key_columns(own)}, 1 AS nth FROM ({ids}) AS {sorted_}"
        return f"{text} JOIN LATERAL ({rows}) AS {own} ON true ORDER BY {self._ordered([f'{sorted_}.id'])}{self.limit}"

    def _of_candidates(self) -> str:
        """Return the candidates in order: they are sorted first, and then checked until the page is full."""
        assert self.node is not None, "candidates are those of a filter"
        some, own = self.new_alias(), self.new_alias()
        of_few = rows_of_candidates(self.table, some, *self._own_conditions(some), *self._seen(some))
        names = dict.fromkeys(["id", *columns_of([self.node])])
        listed = ", ".join([*(f"{some}.{quoted(name)}" for name in names), *self._labelled_keys(some)])
        rows = f"SELECT {listed} FROM {of_few} AS {some}{self._met(self._between(some))} ORDER BY {self._order(some)}"
        keys, met = self._key_labels(own), clause(self.node, own, self.new_alias, of_few)
        text = f"SELECT {own}.id, {', '.join(keys)}, 1 AS nth FROM ({rows} OFFSET 0) AS {own}"
        return f"{text} WHERE {met} ORDER BY {self._ordered(keys)}{self.limit}"

    def _unbounded(self, condition: list[str]) -> str:
        source, alias, conditions = self._source()
        window = self._window(alias, *condition, *conditions)
        return f"SELECT {alias}.id, {self._key_columns(alias)}, 1 AS nth FROM {source}{window}"

    def _bounded(self, condition: list[str], checks: list[ConditionTree], most: int | None = None) -> str:
        """Return the rows in order, of which so many are checked, and one more as a sign that it was not enough."""
        assert self.node is not None, "rows are checked for a filter"
        others, own = AllOf(checks), [part for part in conjuncts(self.node) if part not in checks]
        read, looked_up = (MAX_READ, MAX_CHECKED) if self.first.grows else (MAX_READ_SCATTERED, MAX_CHECKED_SCATTERED)
        most = most or (looked_up if needs_other_tables(others) else read)
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
        return self._placed(f"{shown} WHERE {met} ORDER BY {self._ordered(keys)} LIMIT {self.reach}")

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
