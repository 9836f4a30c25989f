"""The SQL of conditions on rows: what a filter's tree says of a row of a table."""

from collections.abc import Callable

from resolvers.database.fragments import ORG, Aliases, quoted
from resolvers.lists.candidates import related_keys
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


def clause(node: ConditionTree, table: str, new_alias: Aliases, few: str | None = None, *, outer: bool = True) -> str:
    """Return the SQL of a condition for a row of a table. Related rows are looked up for each row by itself.

    ``few`` is the source of the rows to check, if these are few. A row that many of them refer to is then looked up
    once for all of them: otherwise a service with many orders would be looked up again for each of its orders. Only of
    an ``outer`` condition candidates are looked for, which is done once.
    """

    def exists(leaf: Lookup | Related) -> str:
        if (
            few is None
            or not isinstance(leaf, Related)
            or leaf.relation.remote != "id"
            or not needs_other_tables(leaf.node)
        ):
            return _exists(leaf, table, new_alias, outer=outer)
        local_, row, key = quoted(leaf.relation.local), new_alias(), new_alias()
        keys = f"SELECT DISTINCT {row}.{local_} FROM {few} AS {row} OFFSET 0"
        met = (
            f"SELECT {key}.{local_} FROM ({keys}) AS {key} WHERE {_exists(leaf, key, new_alias, outer=outer)} OFFSET 0"
        )
        # The comparison with true makes PostgreSQL keep a hash of the keys instead of a join.
        return f"(({table}.{local_} IN ({met})) IS true)"

    return combined(node, table, exists)


def combined(node: ConditionTree, table: str, exists: Callable[[Lookup | Related], str]) -> str:
    """Return the SQL of a condition for a row of a table. ``exists`` returns the SQL of its leaves on other tables."""
    match node:
        case ColumnCondition():
            return node.over(table)
        case Lookup():
            return exists(node)
        case Related():
            return f"(NOT {exists(node)})" if node.none else exists(node)
        case AllOf():
            return _joined(" AND ", [combined(part, table, exists) for part in node.parts], "true")
        case AnyOf():
            return _joined(" OR ", [combined(part, table, exists) for part in node.parts], "false")
        case Not():
            # A comparison with a null is not true, so `not` matches the row.
            return f"({combined(node.part, table, exists)} IS NOT true)"


def _joined(how: str, parts: list[str], empty: str) -> str:
    return f"({how.join(parts) or empty})"


def _exists(leaf: Lookup | Related, table: str, new_alias: Aliases, *, outer: bool) -> str:
    if isinstance(leaf, Lookup):
        use = new_alias()
        where = f"{leaf.over(use)} AND {use}.subject_id = {table}.id"
        source = f"{quoted(leaf.column.table.name)} AS {use}"
    else:
        other, mine = new_alias(), new_alias()
        remote_, local_ = quoted(leaf.relation.remote), quoted(leaf.relation.local)
        joined = f"{other}.org_id = {ORG} AND {other}.{remote_} = {table}.{local_}"
        # The offset keeps PostgreSQL from reading by the condition first, and from making it a join.
        source = f"(SELECT * FROM {quoted(leaf.table.name)} AS {other} WHERE {joined} OFFSET 0) AS {mine}"
        where = clause(leaf.node, mine, new_alias, outer=False)
    found = f"EXISTS (SELECT 1 FROM {source} WHERE {where} OFFSET 0)"
    keys = related_keys(leaf, new_alias) if outer and isinstance(leaf, Related) else None
    # A row that none of few candidates refers to has none of them: those that refer to it are not read.
    return f"({found})" if keys is None else f"(({table}.id = ANY ({keys}::UUID[])) IS NOT false AND {found})"
