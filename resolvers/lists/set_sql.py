"""The SQL of all rows that a filter matches: its time grows with its tables, whatever PostgreSQL knows of them.

A condition on related rows becomes a set: the keys of the rows that meet it, read once. Rows and sets are joined by
full joins, which PostgreSQL can only hash or merge. An inner join, or an ``exists``, it may also run as a loop that
reads one side again for each row of the other: without statistics it takes all rows of an organization for a handful.
"""

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from resolvers.database.pieces import ORG, Aliases, Piece, quoted
from resolvers.lists.filter_sql import All, Column, Lookup, Node, Related, clause, combined, leaves, looks_elsewhere


def matching(node: Node, table: sa.Table, wanted: str, named: Aliases, always: Piece | None = None) -> str:
    """A select of a column of all rows that meet a condition, and the one of their list."""
    parts = list(_parts(node))
    own = [part for part in parts if not looks_elsewhere(part)]
    others = [part for part in parts if looks_elsewhere(part)]
    columns = list(dict.fromkeys([wanted, "id", *_columns(others)])) if others else [wanted]
    alias = named()
    where = [f"{alias}.org_id = {ORG}", *(clause(part, alias, named) for part in own)]
    if always is not None:
        where.append(f"({always(alias)})")
    rows = f"SELECT {_listed(alias, columns)} FROM {quoted(table.name)} AS {alias} WHERE {' AND '.join(where)}"
    for part in others:
        rows = _narrowed(rows, part, columns, named)
    return rows


def _narrowed(rows: str, part: Node, columns: list[str], named: Aliases) -> str:
    """Those of some rows that meet one more condition."""
    row, both = named(), named()
    sets = {leaf: named() for leaf in leaves(part) if not isinstance(leaf, Column)}
    joined = f"({rows}) AS {row}"
    for leaf, name in sets.items():
        joined += f" FULL JOIN ({_keys(leaf, named)}) AS {name} ON {name}.key = {row}.{quoted(_here(leaf))}"
    shown = ", ".join([_listed(row, columns), *(f"{name}.key AS {name}" for name in sets.values())])
    condition = combined(part, both, lambda leaf: f"({both}.{sets[leaf]} IS NOT NULL)")
    # The offset keeps PostgreSQL from seeing that keys without a row are left out: it would choose the join anew.
    source = f"(SELECT {shown} FROM {joined} OFFSET 0) AS {both}"
    return f"SELECT {_listed(both, columns)} FROM {source} WHERE {both}.id IS NOT NULL AND {condition}"


def _keys(leaf: Lookup | Related, named: Aliases) -> str:
    """A select of the keys of a set, each once."""
    name = named()
    if isinstance(leaf, Lookup):
        source = f"{quoted(leaf.column.table.name)} AS {name} WHERE {leaf.over(name)}"
        return f"SELECT DISTINCT {name}.subject_id AS key FROM {source}"
    there = leaf.relation.there
    rows = matching(leaf.node, leaf.table, there, named)
    return f"SELECT {'' if there == 'id' else 'DISTINCT '}{name}.{quoted(there)} AS key FROM ({rows}) AS {name}"


def _parts(node: Node) -> Iterator[Node]:
    """The conditions that a row must meet together."""
    if isinstance(node, All):
        for part in node.parts:
            yield from _parts(part)
    else:
        yield node


def _columns(nodes: Iterable[Node]) -> Iterator[str]:
    """The columns of a row that conditions look at."""
    for node in nodes:
        for leaf in leaves(node):
            yield leaf.condition.column if isinstance(leaf, Column) else _here(leaf)


def _here(leaf: Lookup | Related) -> str:
    return "id" if isinstance(leaf, Lookup) else leaf.relation.here


def _listed(alias: str, columns: list[str]) -> str:
    return ", ".join([f"{alias}.{quoted(column)}" for column in columns])
