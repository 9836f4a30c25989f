"""The opposite of a condition: the rows that do not meet it, in words that an index understands.

Of an order that must not be of an active client an index finds nothing; of one that is of a client with another status
it finds all.
"""

from dataclasses import replace
from functools import cache

import sqlalchemy as sa

from resolvers.lists.conditions import Condition, Operand, ids
from resolvers.lists.filter_sql import AllOf, AnyOf, ColumnCondition, ConditionTree, Lookup, Not, Related


def opposite(node: ConditionTree, table: sa.Table) -> ConditionTree | None:
    """Return a condition that all rows of a table meet which do not meet another; None where no index finds them."""
    match node:
        case ColumnCondition():
            return _of_column(node)
        case Not():
            return node.part
        case AllOf():
            parts = [opposite(part, table) for part in node.parts]
            known = [part for part in parts if part is not None]
            return AnyOf(known) if len(known) == len(parts) else None
        case AnyOf():
            # Each of them alone is met by all of these rows.
            some = [other for part in node.parts if (other := opposite(part, table)) is not None]
            return AllOf(some) if some else None
        case Related():
            return _of_related(node, table)
        case Lookup():
            return None


def _of_column(node: ColumnCondition) -> ColumnCondition | None:
    condition, column = node.condition, node.table.c[node.condition.column]
    # Nulls do not meet a condition, and most opposites do not find them either.
    knows_nulls = condition.operand is Operand.MOMENT or node.name in ("is_null", "is_not_null")
    found = node.op.opposite is not None and (knows_nulls or not column.nullable)
    return replace(node, negated=not node.negated) if found else None


def _of_related(node: Related, table: sa.Table) -> ConditionTree | None:
    if node.relation.many:
        # Of those without related rows no index knows.
        return replace(node, none=False) if node.none else None
    other = opposite(node.node, node.table)
    if other is None:
        return None
    # A key refers to a row that is there.
    related = replace(node, node=other)
    local = node.relation.local
    return AnyOf([ColumnCondition(table, _optional(local), "is_null"), related]) if table.c[local].nullable else related


@cache
def _optional(column: str) -> Condition:
    return ids(column, None, column, nullable=True)
