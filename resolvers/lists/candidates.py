"""The candidates of a filter: the few rows that it can match at all.

PostgreSQL's choice of a plan depends on statistics, which a table has only some time after an import. So a page of a
filtered list is asked for in a form that leaves no choice: where an index finds at most ``MOST`` candidates, those are
looked at; where there are more, the rows are read in the page's order until it is full, and each is checked by itself.
"""

from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa

from resolvers.database.pieces import ORG, Aliases, Piece, here, quoted
from resolvers.lists.conditions import Condition
from resolvers.lists.filter_sql import All, Column, Either, Lookup, Node, Not, Related, looks_elsewhere

# With more candidates than this, so many of a million rows match that a page is full after some ten thousand.
MOST = 5_000
# Where a row can be checked by its own columns, ten times as many are read in the same time.
MOST_OF_COLUMNS = 1_000
# The array of a statement that has it as ``WITH candidates``.
IDS = "(SELECT candidates.ids FROM candidates)"


def rows_of_candidates(table: sa.Table, alias: str, *conditions: str) -> str:
    """A source of the candidates' rows that meet conditions; its offset keeps what is around from being read first."""
    where = " AND ".join([*conditions, f"{alias}.id = ANY ({IDS}::UUID[])"])
    return f"(SELECT * FROM {quoted(table.name)} AS {alias} WHERE {where} OFFSET 0)"


def candidates(node: Node, table: sa.Table, named: Aliases) -> str | None:
    """An array with the ids of all rows that a filter can match, null where they are too many.

    None where no index finds them. Some of them may not match.
    """
    return _Finder(MOST if looks_elsewhere(node) else MOST_OF_COLUMNS, named).ids(node, table, "id")


@cache
def _key(table: sa.Table, condition: Condition, name: str) -> Piece | None:
    key = condition.ops[name].key
    return None if key is None else Piece(key(here(table).c[condition.column]))


@dataclass(frozen=True, slots=True)
class _Finder:
    """Composes arrays of candidates, each of at most ``most``; null stands for more."""

    most: int
    named: Aliases

    def ids(self, node: Node, table: sa.Table, wanted: str) -> str | None:
        """The wanted column of the rows of a table that a condition can match; None where no index finds them."""
        match node:
            case Column():
                return self._bounded(self._found(node, wanted)) if node.op.rank else None
            case Lookup():
                use = self.named()
                source = f"{quoted(node.column.table.name)} AS {use}"
                found = f"SELECT {use}.subject_id FROM {source} WHERE {node.over(use)}"
                return self._mapped(self._bounded(found), table, "id", wanted)
            case Related():
                related = None if node.none else self.ids(node.node, node.table, node.relation.there)
                return None if related is None else self._mapped(related, table, node.relation.here, wanted)
            case All():
                some = [self.ids(part, table, wanted) for part in sorted(node.parts, key=_rank)]
                known = [ids for ids in some if ids is not None]
                return f"coalesce({', '.join(known)})" if known else None
            case Either():
                every = [self.ids(part, table, wanted) for part in node.parts]
                known = [ids for ids in every if ids is not None]
                return self._united(known) if known and len(known) == len(every) else None
            case Not():
                return None

    def _found(self, node: Column, wanted: str) -> str:
        own, key = self.named(), _key(node.table, node.condition, node.name)
        # In the order of its index, so that no other one is read.
        order = "" if key is None else f" ORDER BY {key(own)}"
        where = f"{own}.org_id = {ORG} AND {node.over(own)}"
        return f"SELECT {own}.{quoted(wanted)} FROM {quoted(node.table.name)} AS {own} WHERE {where}{order}"

    def _bounded(self, found: str) -> str:
        held = self.named()
        few = f"CASE WHEN cardinality({held}.ids) <= {self.most} THEN {held}.ids END"
        return f"(SELECT {few} FROM {_held(f'ARRAY({found} LIMIT {self.most + 1})', held)})"

    def _mapped(self, ids: str, table: sa.Table, column: str, wanted: str) -> str:
        """The wanted column of the rows whose ``column`` is in an array; null where that is null."""
        if column == wanted == "id":
            return ids
        held, key, own, rows = (self.named() for _ in range(4))
        where = f"{own}.org_id = {ORG} AND {own}.{quoted(column)} = {key}.key"
        mine = f"SELECT {own}.{quoted(wanted)} AS wanted FROM {quoted(table.name)} AS {own} WHERE {where} OFFSET 0"
        joined = f"unnest({held}.ids) AS {key}(key) JOIN LATERAL ({mine}) AS {rows} ON true"
        found = self._bounded(f"SELECT {rows}.wanted FROM {joined}")
        return f"(SELECT CASE WHEN {held}.ids IS NOT NULL THEN {found} END FROM {_held(ids, held)})"

    def _united(self, arrays: list[str]) -> str:
        """All ids of some arrays; null where one of them is."""
        held = self.named()
        names = [f"{held}.ids_{number}" for number in range(len(arrays))]
        whole = names[0]
        for name in names[1:]:
            whole = f"array_cat({whole}, {name})"
        listed = ", ".join(f"{ids} AS ids_{number}" for number, ids in enumerate(arrays))
        known = " AND ".join(f"{name} IS NOT NULL" for name in names)
        return f"(SELECT CASE WHEN {known} THEN {whole} END FROM (SELECT {listed} OFFSET 0) AS {held})"


def _rank(node: Node) -> int:
    """Which condition is tried first: the one that matches the fewest rows as a rule."""
    return node.op.rank if isinstance(node, Column) else 2


def _held(ids: str, name: str) -> str:
    """A row with the array, so that it is worked out once however often it is read."""
    return f"(SELECT {ids} AS ids OFFSET 0) AS {name}"
