"""The candidates of a filter: rows that an index finds, and outside which no row can match.

PostgreSQL chooses a plan by statistics, which a table lacks for some time after an import. So the statement of a page
leaves no choice. If an index finds at most ``MAX_CANDIDATES`` candidates, only these are checked. If there are more,
the rows are read in the page's order, and each is checked, until the page is full.
"""

from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from resolvers.database.fragments import ORG, Aliases, Fragment, open_table, quoted
from resolvers.lists.conditions import Condition
from resolvers.lists.filter_sql import (
    AllOf,
    AnyOf,
    ColumnCondition,
    ConditionTree,
    Lookup,
    Not,
    Related,
    needs_other_tables,
)
from resolvers.lists.opposites import opposite

# With more candidates, so many of a million rows match that a page is full after reading some ten thousand.
MAX_CANDIDATES = 8_000
# If the columns of a row are enough to check it, more rows are read in the same time.
MAX_CANDIDATES_OF_ONE_TABLE = 2_000
# More of them are compared with each row no sooner than its related rows are read.
MAX_KEYS = 200
# The array of the candidates' ids, in a statement that begins with ``WITH candidates``.
IDS = "(SELECT candidates.ids FROM candidates)"


def rows_of_candidates(table: sa.Table, alias: str, *conditions: str, ids: str = IDS) -> str:
    """Return the source of the candidates' rows that meet conditions. Its offset makes PostgreSQL read it first."""
    where = " AND ".join([*conditions, f"{alias}.id = ANY ({ids}::UUID[])"])
    return f"(SELECT * FROM {quoted(table.name)} AS {alias} WHERE {where} OFFSET 0)"


def candidates(node: ConditionTree, table: sa.Table, new_alias: Aliases) -> str | None:
    """Return the SQL of an array with the ids of a filter's candidates; it is null if there are too many.

    Return None if no index finds candidates. Not every candidate matches.
    """
    most = MAX_CANDIDATES if needs_other_tables(node) else MAX_CANDIDATES_OF_ONE_TABLE
    return _Finder(most, new_alias).ids(node, table, "id")


def all_candidates(table: sa.Table, new_alias: Aliases) -> str:
    """Return the SQL of an array with the ids of all rows of a table; it is null if there are too many."""
    own = new_alias()
    rows = f"SELECT {own}.id FROM {quoted(table.name)} AS {own} WHERE {own}.org_id = {ORG} ORDER BY {own}.id"
    return _Finder(MAX_CANDIDATES_OF_ONE_TABLE, new_alias).bounded(rows)


def related_keys(node: Related, new_alias: Aliases) -> str | None:
    """Return the SQL of an array with the ids of the rows that candidates among their related rows refer to; it is null
    if there are too many. Return None if a row has one related row at most, or no index finds candidates."""
    return _Finder(MAX_KEYS, new_alias).ids(node.node, node.table, node.relation.remote) if node.relation.many else None


@cache
def _key(table: sa.Table, condition: Condition, name: str) -> Fragment | None:
    key = condition.ops[name].key
    return None if key is None else Fragment(key(open_table(table).c[condition.column]))


@dataclass(frozen=True, slots=True)
class _Finder:
    """Composes the SQL of arrays of at most ``limit`` candidates. An array is null if there are more."""

    limit: int
    new_alias: Aliases

    def ids(self, node: ConditionTree, table: sa.Table, wanted: str) -> str | None:
        """Return an array of one column of a table's rows that a condition can match; None if no index finds them."""
        match node:
            case ColumnCondition():
                return self.bounded(self._found(node, wanted)) if node.op.rank else None
            case Lookup():
                use = self.new_alias()
                source = f"{quoted(node.column.table.name)} AS {use}"
                found = f"SELECT {use}.subject_id FROM {source} WHERE {node.over(use)}"
                return self._mapped(self.bounded(found), table, "id", wanted)
            case Related():
                related = None if node.none else self.ids(node.node, node.table, node.relation.remote)
                return None if related is None else self._mapped(related, table, node.relation.local, wanted)
            case AllOf():
                some = [self.ids(part, table, wanted) for part in sorted(node.parts, key=_rank)]
                known = [ids for ids in some if ids is not None]
                return f"coalesce({', '.join(known)})" if known else None
            case AnyOf():
                every = [self.ids(part, table, wanted) for part in node.parts]
                known = [ids for ids in every if ids is not None]
                return self._united(known) if known and len(known) == len(every) else None
            case Not():
                other = opposite(node.part, table)
                return None if other is None else self.ids(other, table, wanted)

    def _found(self, node: ColumnCondition, wanted: str) -> str:
        own, key = self.new_alias(), _key(node.table, node.condition, node.name)
        # In the order of the condition's index, so that PostgreSQL reads this index.
        order = "" if key is None else f" ORDER BY {key(own)}"
        where = f"{own}.org_id = {ORG} AND {node.over(own)}"
        return f"SELECT {own}.{quoted(wanted)} FROM {quoted(node.table.name)} AS {own} WHERE {where}{order}"

    def bounded(self, found: str) -> str:
        """Return the array of what a select finds."""
        held = self.new_alias()
        few = f"CASE WHEN cardinality({held}.ids) <= {self.limit} THEN {held}.ids END"
        return f"(SELECT {few} FROM {_held(f'ARRAY({found} LIMIT {self.limit + 1})', held)})"

    def _mapped(self, ids: str, table: sa.Table, column: str, wanted: str) -> str:
        """Return an array of one column of the rows whose ``column`` is in another array; null if that is null."""
        if column == wanted == "id":
            return ids
        held, key, own, rows = (self.new_alias() for _ in range(4))
        where = f"{own}.org_id = {ORG} AND {own}.{quoted(column)} = {key}.key"
        mine = f"SELECT {own}.{quoted(wanted)} AS wanted FROM {quoted(table.name)} AS {own} WHERE {where} OFFSET 0"
        joined = f"unnest({held}.ids) AS {key}(key) JOIN LATERAL ({mine}) AS {rows} ON true"
        found = self.bounded(f"SELECT {rows}.wanted FROM {joined}")
        return f"(SELECT CASE WHEN {held}.ids IS NOT NULL THEN {found} END FROM {_held(ids, held)})"

    def _united(self, arrays: list[str]) -> str:
        """Return the concatenation of arrays; null if one of them is null."""
        held = self.new_alias()
        names = [f"{held}.ids_{number}" for number in range(len(arrays))]
        whole = names[0]
        for name in names[1:]:
            whole = f"array_cat({whole}, {name})"
        listed = ", ".join(f"{ids} AS ids_{number}" for number, ids in enumerate(arrays))
        known = " AND ".join(f"{name} IS NOT NULL" for name in names)
        return f"(SELECT CASE WHEN {known} THEN {whole} END FROM (SELECT {listed} OFFSET 0) AS {held})"


def _rank(node: ConditionTree) -> int:
    """Return the place of a condition in the order of trials: those that usually match the fewest rows come first."""
    return node.op.rank if isinstance(node, ColumnCondition) else 2


def _held(ids: str, name: str) -> str:
    """Return the source of one row with an array, which is computed once however often it is read."""
    return f"(SELECT {ids} AS ids OFFSET 0) AS {name}"
