"""Conditions of filters: for each kind of field its operators, which an index serves under row-level security."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import TIMESTAMP
from models.lookups import tag_uses
from models.typeid import decode, uuid_at
from models.words import key_of
from resolvers.sql import ORG
from resolvers.words import LAST

NOBODY = UUID(int=0)

Value = tuple[Any, Any]  # a parameter's value and its type


@dataclass(frozen=True, slots=True)
class Op:
    """One operator: the parameters it makes of a value, and the condition over them."""

    values: Callable[[Any], list[Value]]
    clause: Callable[[Any, list[Any]], Any]
    count: int = 1


def _one(type_: Any, change: Callable[[Any], Any] = lambda value: value) -> Callable[[Any], list[Value]]:
    return lambda value: [(change(value), type_)]


def _list(type_: Any, change: Callable[[Any], Any] = lambda value: value) -> Callable[[Any], list[Value]]:
    return lambda value: [([change(item) for item in value], pg.ARRAY(type_))]


_COMPARE: dict[str, Callable[[Any, list[Any]], Any]] = {
    "eq": lambda column, p: column == p[0],
    "gt": lambda column, p: column > p[0],
    "gte": lambda column, p: column >= p[0],
    "lt": lambda column, p: column < p[0],
    "lte": lambda column, p: column <= p[0],
}


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """The operators of one filterable field, over a column."""

    column: str
    ops: Mapping[str, Op]


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def word(column: str) -> Condition:
    """An enum's column: eq, in, notIn."""
    return Condition(
        column,
        {
            "eq": Op(_one(sa.Text, _plain), _COMPARE["eq"]),
            "in_": Op(_list(sa.Text, _plain), lambda column, p: column == sa.any_(p[0])),
            "not_in": Op(_list(sa.Text, _plain), lambda column, p: column != sa.all_(p[0])),
        },
    )


def text(column: str) -> Condition:
    """A key column of a text: eq and startsWith, without case."""
    return Condition(
        column,
        {
            "eq": Op(_one(sa.Text, key_of), _COMPARE["eq"]),
            "starts_with": Op(
                lambda value: [(key_of(value), sa.Text), (key_of(value) + LAST, sa.Text)],
                lambda column, p: sa.and_(column >= p[0], column < p[1]),
                count=2,
            ),
        },
    )


def number(column: str, type_: Any = sa.BigInteger) -> Condition:
    """A number's column: eq, gt, gte, lt, lte."""
    return Condition(column, {name: Op(_one(type_), clause) for name, clause in _COMPARE.items()})


def moment(column: str) -> Condition:
    """A time's column: eq, gt, gte, lt, lte."""
    return number(column, TIMESTAMP)


def _id_time(*, low: bool) -> Callable[[datetime], list[Value]]:
    return lambda value: [(uuid_at(value, low=low), sa.Uuid)]


def created(column: str = "id") -> Condition:
    """The time in an id: a range of ids."""
    return Condition(
        column,
        {
            "eq": Op(
                lambda value: [(uuid_at(value), sa.Uuid), (uuid_at(value, low=False), sa.Uuid)],
                lambda column, p: sa.and_(column >= p[0], column <= p[1]),
                count=2,
            ),
            "gt": Op(_id_time(low=False), _COMPARE["gt"]),
            "gte": Op(_id_time(low=True), _COMPARE["gte"]),
            "lt": Op(_id_time(low=True), _COMPARE["lt"]),
            "lte": Op(_id_time(low=False), _COMPARE["lte"]),
        },
    )


def ids(column: str, prefix: str) -> Condition:
    """An id's column: eq, in. An id of another type is as a missing one."""

    def key(value: str) -> UUID:
        return decode(prefix, value) or NOBODY

    return Condition(
        column,
        {
            "eq": Op(_one(sa.Uuid, key), _COMPARE["eq"]),
            "in_": Op(_list(sa.Uuid, key), lambda column, p: column == sa.any_(p[0])),
        },
    )


def tags(kind: str) -> Condition:
    """Tags: has, hasAny."""

    def clause(match: Callable[[Any], Any]) -> Callable[[Any, list[Any]], Any]:
        def exists(column: Any, p: list[Any]) -> Any:
            use = tag_uses.alias()
            mine = (use.c.org_id == ORG, use.c.kind == kind, use.c.subject_id == column)
            return sa.exists().where(*mine, match(p[0])(use.c.tag))

        return exists

    return Condition(
        "id",
        {
            "has": Op(_one(sa.Text), clause(lambda p: lambda tag: tag == p)),
            "has_any": Op(_list(sa.Text), clause(lambda p: lambda tag: tag == sa.any_(p))),
        },
    )
