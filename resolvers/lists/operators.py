"""Operators of conditions: what each makes of a value, and the clauses that it and its opposite are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

Value = tuple[Any, Any]  # a parameter's value and its type
Clause = Callable[[Any, list[Any]], Any]  # of a column and parameters


@dataclass(frozen=True, slots=True)
class Op:
    """An operator: the ``count`` parameters that it makes of a value, and its ``clause`` over a column and these.

    ``rank`` orders the conditions of a filter by the number of rows that they usually match, fewest first; 0 means that
    no index finds the rows. ``key`` is the expression that the index for a range is ordered by. ``opposite`` is the
    clause of all other rows, where the same index finds them. ``bounds`` are true wherever the clause is: each bounds
    the scan of the indexes of another column, or of the other direction of its own.
    """

    values: Callable[[Any], list[Value]]
    clause: Clause
    count: int = 1
    rank: int = 1
    key: Callable[[Any], Any] | None = None
    opposite: Clause | None = None
    bounds: Mapping[str, Clause] = field(default_factory=dict)


def one(type_: Any, change: Callable[[Any], Any] = lambda value: value) -> Callable[[Any], list[Value]]:
    """Return what makes one parameter of a value."""
    return lambda value: [(change(value), type_)]


def list_of(type_: Any, change: Callable[[Any], Any] = lambda value: value) -> Callable[[Any], list[Value]]:
    """Return what makes one parameter of a list: an array."""
    return lambda value: [([change(item) for item in value], pg.ARRAY(type_))]


COMPARE: dict[str, Clause] = {
    "eq": lambda column, p: column == p[0],
    "gt": lambda column, p: column > p[0],
    "gte": lambda column, p: column >= p[0],
    "lt": lambda column, p: column < p[0],
    "lte": lambda column, p: column <= p[0],
}
_OPPOSITES = {"gt": "lte", "gte": "lt", "lt": "gte", "lte": "gt"}


def nothing(_: Any) -> list[Value]:
    """Return no parameters."""
    return []


def itself(column: Any) -> Any:
    """Return the column: its index is ordered by it."""
    return column


def compared(name: str, values: Callable[[Any], list[Value]]) -> Op:
    """Return the operator of a comparison."""
    if name == "eq":
        return Op(values, COMPARE[name])
    return Op(values, COMPARE[name], rank=3, key=itself, opposite=COMPARE[_OPPOSITES[name]])


NEVER_NULL = {
    "is_null": Op(nothing, lambda column, p: sa.false(), 0),
    "is_not_null": Op(nothing, lambda column, p: sa.true(), 0, rank=0),
}


def nullity(null: Clause, other: Clause, key: Callable[[Any], Any]) -> dict[str, Op]:
    """Return the operators ``isNull: true`` and ``isNull: false`` of a column, whose index is ordered by ``key``."""
    return {
        "is_null": Op(nothing, null, 0, rank=4, key=key, opposite=other),
        "is_not_null": Op(nothing, other, 0, rank=4, key=key, opposite=null),
    }


# Of a column whose index is ordered by itself.
NULLITY = nullity(lambda column, p: column.is_(None), lambda column, p: column.is_not(None), itself)
