"""The keys of a page's order."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa

from resolvers.collections.collection import SortField
from resolvers.database.fragments import Fragment, open_parameters, open_table
from resolvers.lists.filter_sql import Column, Node, parts_of
from resolvers.lists.filters import type_of
from resolvers.lists.operators import Clause


class Key(NamedTuple):
    """A key of the order: its expression for a row, a parameter of its type, and whether it ascends."""

    over: Fragment
    value: Fragment
    ascends: bool


@cache
def key_of(table: sa.Table, key: SortField, descending: bool, ascends: bool) -> Key:
    """Return a key of an order, as it is compared and indexed."""
    expression = key.expression(open_table(table), descending=descending)
    return Key(Fragment(expression), Fragment(open_parameters(expression.type)[0]), ascends)


def row_of(keys: list[str]) -> str:
    """Return keys as one value, which a cursor holds."""
    return keys[0] if len(keys) == 1 else f"row({', '.join(keys)})"


def served(table: sa.Table, node: Node, terms: tuple[tuple[str, bool], ...]) -> bool:
    """Return whether one index serves both a filter and the order: a column compared by `eq`, then the id."""
    if not isinstance(node, Column) or node.name != "eq" or len(terms) > 1:
        return False
    wanted = ["org_id", node.condition.column, "id"]
    return any([column.name for column in index.columns] == wanted for index in table.indexes)


@cache
def _bound(table: sa.Table, column: str, bound: Clause, types: tuple[str, ...]) -> Fragment:
    return Fragment(bound(open_table(table).c[column], open_parameters(*map(type_of, types))))


def bounds_of(node: Node, alias: str) -> Iterator[str]:
    """Yield what follows from a filter, and bounds the scan of an index that its conditions do not name."""
    for part in parts_of(node):
        if isinstance(part, Column) and part.op.bound is not None:
            made = _bound(part.table, part.condition.column, part.op.bound, part.types)
            yield f"({made(alias, *part.parameters)})"
