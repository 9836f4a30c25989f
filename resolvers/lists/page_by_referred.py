"""The SQL of a page that is sorted by a column of the rows that its rows refer to, such as orders by their client's
name.

No index has such an order. So the referred rows are read in theirs, of each the rows that refer to it, and the page is
full after a few of them. Where few rows can match, these are sorted.
"""

import sqlalchemy as sa

from resolvers.collections.collection import COLLECTIONS, ReferredSortField, SortField
from resolvers.database.fragments import ORG, Fragment, open_parameters, open_table, quoted
from resolvers.database.sql import Sql
from resolvers.lists.candidates import IDS, all_candidates, candidates, rows_of_candidates
from resolvers.lists.conditions import Condition
from resolvers.lists.filter_sql import (
    AllOf,
    ColumnCondition,
    ConditionTree,
    Related,
    columns_of,
    conjuncts,
    needs_other_tables,
)
from resolvers.lists.page_keys import SortKey, row_of
from resolvers.lists.page_parts import PageParts, PageShape
from resolvers.lists.row_sql import clause
from resolvers.lists.selected_columns import SelectedColumns

# Referred rows that a page reads, whether or not rows refer to them: where their own columns are enough, and where they
# are looked up in other tables; and rows that it checks, alike: what takes less than 100 ms together.
MAX_REFERRED, MAX_REFERRED_CHECKED = 20_000, 12_000
MAX_READ, MAX_CHECKED = 15_000, 6_000
_REFERRED = "(SELECT referred.ids FROM referred)"
_LEAST, _MOST = "'00000000-0000-0000-0000-000000000000'::UUID", "'ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID"


class PageByReferred(PageParts):
    """Composes the statement of one shape. Whatever its rows are read from has the keys of their order as columns."""

    def __init__(self, shape: PageShape, field: ReferredSortField) -> None:
        self.field, self.referred = field, COLLECTIONS[field.to]
        super().__init__(shape)
        parts = [] if self.node is None else list(conjuncts(self.node))
        moved = {id(part): self._of_referred(part) for part in parts}
        self.checks = AllOf([part for part in parts if moved[id(part)] is None])
        self.of_referred = AllOf([part for part in moved.values() if part is not None])

    def sql(self) -> Sql:
        """Return the statement. A last row with the number 0 says that more rows would have to be read."""
        own, row = self.new_alias(), self.new_alias()
        few = None if self.node is None else candidates(self.node, self.table, self.new_alias)
        few = few or all_candidates(self.table, self.new_alias)
        first, many = [f"candidates AS MATERIALIZED (SELECT {few} AS ids)"], f"{IDS} IS NULL"
        ways = [self._of_candidates()]
        some = candidates(self.of_referred, self.referred.table, self.new_alias)
        if some is not None:
            first.append(f"referred AS MATERIALIZED (SELECT CASE WHEN {many} THEN {some} END AS ids)")
            ways.append(self._walk([many], few=True))
        ways.append(self._walk([many] if some is None else [many, f"{_REFERRED} IS NULL"]))
        page = " UNION ALL ".join([f"SELECT * FROM ({way}) AS {self.new_alias()}" for way in ways])
        keys = self._key_labels("page")
        selected = SelectedColumns(self.new_alias, self.table, own, self.shape.columns, row_of(keys))
        listed = ", ".join([*selected.texts, "page.nth"])
        # The offset keeps PostgreSQL from reading all rows to look for each in the page. The last row may be of none.
        by_id = f"SELECT * FROM {self._table(row)} WHERE {row}.org_id = {ORG} AND {row}.id = page.id OFFSET 0"
        text = f"WITH {', '.join(first)} SELECT {listed} FROM ({page}) AS page"
        text += f" LEFT OUTER JOIN LATERAL ({by_id}) AS {own} ON true{selected.joins}"
        return self._statement(f"{text} ORDER BY {self._ordered(keys)}", selected)

    def _keys_of(self, terms: list[tuple[SortField, bool]]) -> list[SortKey]:
        types = [self.referred.table.c[self.field.by].type, sa.Uuid(), sa.Uuid()]
        ways = [terms[0][1], terms[0][1], terms[-1][1]]
        made = []
        for nth, (type_, descending) in enumerate(zip(types, ways, strict=True)):
            label: sa.Column[object] = sa.Column(f"order_{nth}", type_)
            over = Fragment(open_table(sa.Table("ordered", sa.MetaData(), label)).c[label.name])
            made.append(SortKey(over, Fragment(open_parameters(type_)[0]), descending == self.shape.backwards))
        return made

    def _of_referred(self, part: ConditionTree) -> ConditionTree | None:
        """Return a condition on a row as one on the row that it refers to; None if it is no such."""
        if isinstance(part, Related):
            return None if part.relation.many or part.relation.local != self.field.column else part.node
        of_id = self.referred.filters["id"]
        if (
            isinstance(part, ColumnCondition)
            and part.condition.column == self.field.column
            and isinstance(of_id, Condition)
        ):
            return ColumnCondition(self.referred.table, of_id, part.name, part.types, part.parameters, part.negated)
        return None

    def _of_candidates(self) -> str:
        """Return the candidates, sorted and then checked until the page is full."""
        some, other, name, own = (self.new_alias() for _ in range(4))
        source = rows_of_candidates(self.table, some, *self._own_conditions(some), *self._seen(some))
        columns = dict.fromkeys(["id", self.field.column, *(columns_of([self.node]) if self.node else ())])
        looked_up = (
            f"SELECT {other}.{quoted(self.field.by)} AS value FROM {quoted(self.referred.table.name)} AS {other}"
        )
        looked_up += f" WHERE {other}.org_id = {ORG} AND {other}.id = {some}.{quoted(self.field.column)} OFFSET 0"
        listed = [*(f"{some}.{quoted(column)}" for column in columns), f"{name}.value AS order_0"]
        listed += [f"{some}.{quoted(self.field.column)} AS order_1", f"{some}.id AS order_2"]
        rows = f"SELECT {', '.join(listed)} FROM {source} AS {some} JOIN LATERAL ({looked_up}) AS {name} ON true"
        where = self._between(own)
        if self.node is not None:
            where.append(clause(self.node, own, self.new_alias, source))
        text = f"SELECT {own}.id, {', '.join(self._key_labels(own))}, 1 AS nth FROM"
        return f"{text} ({rows} OFFSET 0) AS {own}{self._met(where)} ORDER BY {self._order(own)}{self.limit}"

    def _walk(self, conditions: list[str], *, few: bool = False) -> str:
        """Return the rows of the referred rows in order, of which so many are checked, and one more as a sign that it
        was not enough. ``few``: of the referred rows that were found."""
        referred, own, checked = self.new_alias(), self.new_alias(), self.new_alias()
        filtered = bool(self.checks.parts)
        most = MAX_CHECKED if needs_other_tables(self.checks) else MAX_READ
        each = f"{most + 1}" if filtered else self.reach
        met = [f"({referred}.late OR {own}.id IS NOT NULL)"]
        if self.of_referred.parts:
            met.append(f"({referred}.late OR {clause(self.of_referred, referred, self.new_alias)})")
        keys = [f"{referred}.order_0", f"{referred}.order_1", f"{own}.id"]
        labelled = ", ".join(f"{key} AS order_{nth}" for nth, key in enumerate(keys))
        # Numbered in the same select that is sorted: PostgreSQL forgets the order of one whose order is not asked for.
        numbered = f"SELECT {own}.*, {labelled}, {referred}.late, row_number() OVER (ORDER BY {self._ordered(keys)}) AS"
        numbered += f" turn FROM {self._read(referred, conditions, few)} LEFT OUTER JOIN LATERAL"
        numbered += (
            f" ({self._rows_of(referred, each)}) AS {own} ON true{self._met(met)} ORDER BY {self._ordered(keys)}"
        )
        numbered += f" LIMIT {most + 1}" if filtered else f" LIMIT {self.reach}"
        stops = f"{checked}.late OR {checked}.turn > {most}" if filtered else f"{checked}.late"
        text = (
            f"SELECT {checked}.id, {', '.join(self._key_labels(checked))}, CASE WHEN {stops} THEN 0 ELSE 1 END AS nth"
        )
        text += f" FROM ({numbered}) AS {checked}"
        if filtered:
            text += f" WHERE {stops} OR {clause(self.checks, checked, self.new_alias)}"
        return self._placed(f"{text} ORDER BY {self._order(checked)} LIMIT {self.reach}")

    def _read(self, alias: str, conditions: list[str], few: bool) -> str:
        """Return the source of referred rows in their order. One that is ``late`` stands for all that come after it."""
        row, name = self.new_alias(), self.keys[0]
        over = [f"{row}.{quoted(self.field.by)}", f"{row}.id"]
        order = ", ".join(f"{each} {'ASC' if name.ascends else 'DESC'}" for each in over)
        source, where = quoted(self.referred.table.name), [*conditions, f"{row}.org_id = {ORG}"]
        if few:
            source = rows_of_candidates(self.referred.table, self.new_alias(), "true", ids=_REFERRED)
        for values, up in ((self.after, name.ascends), (self.until, not name.ascends)):
            if values:
                where.append(f"({', '.join(over)}) {'>=' if up else '<='} ({', '.join(values[:2])})")
        names = dict.fromkeys(["id", *columns_of(self.of_referred.parts)])
        listed = [*(f"{row}.{quoted(each)}" for each in names), f"{over[0]} AS order_0", f"{row}.id AS order_1"]
        most = MAX_REFERRED_CHECKED if needs_other_tables(self.of_referred) else MAX_REFERRED
        late = "false" if few else f"row_number() OVER (ORDER BY {order}) > {most}"
        text = f"SELECT {', '.join(listed)}, {late} AS late FROM {source} AS {row}{self._met(where)} ORDER BY {order}"
        return f"({text}{' OFFSET 0' if few else f' LIMIT {most + 1}'}) AS {alias}"

    def _rows_of(self, referred: str, most: str) -> str:
        """Return the first rows that refer to a row, from where the page begins."""
        row, up = self.new_alias(), self.keys[-1].ascends
        where = [f"NOT {referred}.late", f"{row}.org_id = {ORG}"]
        where += [f"{row}.{quoted(self.field.column)} = {referred}.order_1", *self._seen(row)]
        for values, above in ((self.after, up), (self.until, not up)):
            if values:
                bound = (
                    f"CASE WHEN {referred}.order_1 = {values[1]} THEN {values[2]} ELSE {_LEAST if above else _MOST} END"
                )
                where.append(f"{row}.id {'>' if above else '<'} {bound}")
        names = dict.fromkeys(["id", *columns_of(self.checks.parts)])
        listed = ", ".join(f"{row}.{quoted(each)}" for each in names)
        order = f"ORDER BY {row}.id {'ASC' if up else 'DESC'} LIMIT {most}"
        return f"SELECT {listed} FROM {self._table(row)}{self._met(where)} {order}"
