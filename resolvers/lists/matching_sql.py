"""The SQL of all rows that a filter matches. Its time grows linearly with the tables, with statistics or without.

A condition on related rows becomes a set: the keys of the rows that meet it, which is read once. Rows and sets are
joined by full joins, which PostgreSQL can only hash or merge. An inner join or an ``exists`` could become a nested
loop, which reads one side again for each row of the other: without statistics PostgreSQL expects few rows and prefers
it.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from resolvers.database.fragments import ORG, Aliases, Fragment, quoted
from resolvers.lists.filter_sql import (
    ColumnCondition,
    ConditionTree,
    Lookup,
    Related,
    columns_of,
    conjuncts,
    leaves,
    local_column,
    needs_other_tables,
)
from resolvers.lists.row_sql import clause, combined


def matching(
    node: ConditionTree, table: sa.Table, wanted: Sequence[str], new_alias: Aliases, live: Fragment | None = None
) -> str:
    """Return a select of columns of all rows that meet a condition, and ``live``, the condition of their list."""
    parts = list(conjuncts(node))
    own = [part for part in parts if not needs_other_tables(part)]
    others = [part for part in parts if needs_other_tables(part)]
    columns = list(dict.fromkeys([*wanted, *(["id", *columns_of(others)] if others else [])]))
    alias = new_alias()
    where = [f"{alias}.org_id = {ORG}", *(clause(part, alias, new_alias) for part in own)]
    if live is not None:
        where.append(f"({live(alias)})")
    rows = f"SELECT {_listed(alias, columns)} FROM {quoted(table.name)} AS {alias} WHERE {' AND '.join(where)}"
    for part in others:
        rows = _narrowed(rows, part, columns, new_alias)
    return rows


def _narrowed(rows: str, part: ConditionTree, columns: list[str], new_alias: Aliases) -> str:
    """Return a select of those rows of another select that meet one more condition."""
    row, both = new_alias(), new_alias()
    sets = {leaf: new_alias() for leaf in leaves(part) if not isinstance(leaf, ColumnCondition)}
    joined = f"({rows}) AS {row}"
    for leaf, name in sets.items():
        joined += f" FULL JOIN ({_keys(leaf, new_alias)}) AS {name} ON {name}.key = {row}.{quoted(local_column(leaf))}"
    shown = ", ".join([_listed(row, columns), *(f"{name}.key AS {name}" for name in sets.values())])
    condition = combined(part, both, lambda leaf: f"({both}.{sets[leaf]} IS NOT NULL)")
    # The offset hides from PostgreSQL that keys without a row are left out: else it could turn the full join into
    # another.
    source = f"(SELECT {shown} FROM {joined} OFFSET 0) AS {both}"
    return f"SELECT {_listed(both, columns)} FROM {source} WHERE {both}.id IS NOT NULL AND {condition}"


def _keys(leaf: Lookup | Related, new_alias: Aliases) -> str:
    """Return a select of the keys of a set, each once."""
    name = new_alias()
    if isinstance(leaf, Lookup):
        source = f"{quoted(leaf.column.table.name)} AS {name} WHERE {leaf.over(name)}"
        return f"SELECT DISTINCT {name}.subject_id AS key FROM {source}"
    remote = leaf.relation.remote
    rows = matching(leaf.node, leaf.table, [remote], new_alias)
    return f"SELECT {'' if remote == 'id' else 'DISTINCT '}{name}.{quoted(remote)} AS key FROM ({rows}) AS {name}"


def _listed(alias: str, columns: list[str]) -> str:
    return ", ".join([f"{alias}.{quoted(column)}" for column in columns])
