"""The keys of a page's order."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa

from models.base import IndexKey, keys_of
from resolvers.collections.collection import SortField
from resolvers.database.fragments import Fragment, open_parameters, open_table
from resolvers.lists.filter_sql import ColumnCondition, ConditionTree, Related, conjuncts
from resolvers.lists.filters import type_of
from resolvers.lists.operators import Clause


class SortKey(NamedTuple):
    """A key of the order: its expression for a row, a parameter of its type, and whether it ascends."""

    over: Fragment
    value: Fragment
    ascends: bool


@cache
def key_of(table: sa.Table, key: SortField, descending: bool, ascends: bool) -> SortKey:
    """Return a key of an order, as it is compared and indexed."""
    expression = key.expression(open_table(table), descending=descending)
    return SortKey(Fragment(expression), Fragment(open_parameters(expression.type)[0]), ascends)


def row_of(keys: list[str]) -> str:
    """Return keys as one value, which a cursor holds."""
    return keys[0] if len(keys) == 1 else f"row({', '.join(keys)})"


# The order as an index has it.
SortOrder = tuple[IndexKey, ...]
_NULLITY = {"is_null": "is null", "is_not_null": "is not null"}


@cache
def _indexes(table: sa.Table) -> frozenset[tuple[str, SortOrder]]:
    """Return the columns of a table's indexes without the organization, each with the condition of its rows."""
    wheres = ((index, index.dialect_options["postgresql"]["where"]) for index in table.indexes)
    return frozenset(("" if where is None else str(where), tuple(keys_of(index)[1:])) for index, where in wheres)


def order_of(fields: list[tuple[SortField, bool]]) -> SortOrder:
    """Return the order of pairs of a field and whether it descends; empty if they have not all one direction."""
    if len({descending for _, descending in fields}) > 1:
        return ()
    return tuple(field.indexed(descending=descending) for field, descending in fields)


def served(table: sa.Table, node: ConditionTree, order: SortOrder) -> bool:
    """Return whether one index serves both a condition and the order: it begins with the column that is compared by
    `eq`, or holds only the rows that meet the condition."""
    if not isinstance(node, ColumnCondition) or not order:
        return False
    if node.name in _NULLITY:
        return (f"{node.condition.column} {_NULLITY[node.name]}", order) in _indexes(table)
    return node.name == "eq" and ("", (node.condition.column, *order)) in _indexes(table)


def served_by_member(table: sa.Table, node: ColumnCondition, order: SortOrder) -> bool:
    """Return whether one index serves the order for each of the members of an enum that a condition lists."""
    return (
        isinstance(node.condition.operand, type)
        and node.name in ("in_", "not_in")
        and ("", (node.condition.column, *order)) in _indexes(table)
    )


def implied(table: sa.Table, node: ConditionTree, alias: str, order: SortOrder) -> Iterator[str]:
    """Yield what follows from conditions on rows that a row refers to, where an index holds only the rows that refer
    to one."""
    for part in conjuncts(node):
        if isinstance(part, Related) and not part.relation.many:
            condition = f"{part.relation.local} is not null"
            if (condition, order) in _indexes(table):
                yield f"{alias}.{condition}"


@cache
def _bound(table: sa.Table, column: str, bound: Clause, types: tuple[str, ...]) -> Fragment:
    return Fragment(bound(open_table(table).c[column], open_parameters(*map(type_of, types))))


def bounds_of(node: ConditionTree, alias: str, column: str) -> Iterator[str]:
    """Yield what follows from a filter and bounds the scan of the index of a column, which its conditions do not
    name."""
    for part in conjuncts(node):
        if isinstance(part, ColumnCondition) and column in part.op.bounds:
            made = _bound(part.table, part.condition.column, part.op.bounds[column], part.types)
            yield f"({made(alias, *part.parameters)})"
