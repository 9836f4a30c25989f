"""Conditions of filters: for each type of field its operators, which indexes can serve under row-level security."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import TIMESTAMP
from models.lookups import LISTED_ITEMS
from models.resources import Resource
from models.texts import caseless, normalized
from models.typeid import decode, prefix_of, uuid_at
from resolvers.lists.infinities import EARLIEST, LATEST, infinity, or_infinity
from resolvers.lists.operators import (
    COMPARE,
    NEVER_NULL,
    NULLITY,
    Clause,
    Op,
    Value,
    compared,
    itself,
    list_of,
    nullity,
    one,
)
from resolvers.lists.search_words import LAST

NOBODY = UUID(int=0)


class Operand(Enum):
    """The type of value that the operators of a condition take."""

    ID = "ID"
    TEXT = "TEXT"
    INTEGER = "INTEGER"
    MONEY = "MONEY"
    MOMENT = "MOMENT"
    TAGS = "TAGS"
    IDS = "IDS"
    BOOLEAN = "BOOLEAN"
    OPTIONAL_ID = "OPTIONAL_ID"


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """The operators of one filterable field: over a column of the row, or of its rows in a lookup table.

    ``lookup`` is such a table (with ``resource`` and ``subject_id``) and the prefix of the row's ids. ``operand`` is
    the enum for a field of one.
    """

    column: str
    operand: Operand | type[Enum]
    meaning: str
    ops: Mapping[str, Op]
    lookup: tuple[sa.Table, str] | None = None


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def enum(
    column: str, members: type[Enum], meaning: str | None = None, times: Mapping[str, Iterable[Enum]] | None = None,
    *, nullable: bool = False,
) -> Condition:  # fmt: skip
    """Return the condition on an enum's column: eq, in, notIn, isNull of a nullable one. ``times`` are columns that are
    null for all but some members."""

    def others(value: list[Any]) -> list[str]:
        left_out = {_plain(item) for item in value}
        return [member.value for member in members if member.value not in left_out]

    def among(column: Any, p: list[Any]) -> Any:
        return column == sa.any_(p[0])

    def not_among(column: Any, p: list[Any]) -> Any:
        member = sa.func.unnest(sa.literal_column(f"'{{{','.join(members)}}}'::text[]")).column_valued("member")
        left_out = sa.any_(p[0]) if isinstance(p[0].type, pg.ARRAY) else p[0]
        return column == sa.any_(sa.func.array(sa.select(member).where(sa.not_(member == left_out)).scalar_subquery()))

    bounds = {time: partial(_timed, time, [member.value for member in some]) for time, some in (times or {}).items()}
    ops = {
        "eq": Op(one(sa.Text, _plain), COMPARE["eq"], rank=4, opposite=not_among, bounds=bounds),
        "in_": Op(list_of(sa.Text, _plain), among, rank=4, opposite=not_among, bounds=bounds),
        # As the members are known, this is a list of the others, which the index finds.
        "not_in": Op(
            lambda value: [(others(value), pg.ARRAY(sa.Text))], among, rank=4, opposite=not_among, bounds=bounds
        ),
    }
    return Condition(column, members, meaning or column, ops | (NULLITY if nullable else {}))


def _timed(time: str, members: list[str], column: Any, p: list[Any]) -> Any:
    """Return that a time is null unless one of the values is a member that has it."""
    of_time: Any = sa.literal_column(f"'{{{','.join(members)}}}'::text[]")
    timed = p[0].op("&&")(of_time) if isinstance(p[0].type, pg.ARRAY) else p[0] == sa.any_(of_time)
    first, last = (infinity(which) for which in (EARLIEST, LATEST))
    own = column.table.c[time]
    return sa.and_(
        or_infinity(own, LATEST) >= sa.case((timed, first), else_=last),
        or_infinity(own, EARLIEST) <= sa.case((timed, last), else_=first),
    )


def text(column: str, meaning: str) -> Condition:
    """Return the condition on the key column of a text: eq, in and startsWith, without case."""
    return Condition(
        column,
        Operand.TEXT,
        meaning,
        {
            "eq": Op(one(sa.Text, caseless), COMPARE["eq"]),
            "in_": Op(list_of(sa.Text, caseless), lambda column, p: column == sa.any_(p[0])),
            "starts_with": Op(
                lambda value: [(caseless(value), sa.Text), (caseless(value) + LAST, sa.Text)],
                lambda column, p: sa.and_(column >= p[0], column < p[1]),
                count=2,
                rank=3,
                key=itself,
            ),
        },
    )


def number(column: str, meaning: str, operand: Operand = Operand.INTEGER, type_: Any = sa.BigInteger) -> Condition:
    """Return the condition on a number's column: eq, gt, gte, lt, lte."""
    return Condition(column, operand, meaning, {name: compared(name, one(type_)) for name in COMPARE})


def money(column: str, meaning: str) -> Condition:
    """Return the condition on an amount in minor units: eq, gt, gte, lt, lte."""
    return number(column, f"{meaning}, in minor units", Operand.MONEY)


def moment(column: str, meaning: str, *, nullable: bool = False, null_with: str | None = None) -> Condition:
    """Return the condition on a time's column: eq, gt, gte, lt, lte, isNull. ``null_with`` is a time that is null where
    it is."""
    plain = number(column, meaning, Operand.MOMENT, TIMESTAMP)
    if not nullable:
        return replace(plain, ops={**plain.ops, **NEVER_NULL})
    # The expressions of the orders' keys, so that their indexes serve the filters too. No row holds an infinity.
    ops: dict[str, Op] = {}
    for name, op in plain.ops.items():
        which, other = (EARLIEST, LATEST) if name in ("gt", "gte") else (LATEST, EARLIEST)
        key, back = (partial(or_infinity, which=each) for each in (which, other))
        opposite = None if op.opposite is None else partial(_over, key, op.opposite)
        ops[name] = replace(
            op, clause=partial(_over, key, op.clause), key=None if op.key is None else key, opposite=opposite,
            bounds={column: partial(_over, back, op.clause)},
        )  # fmt: skip
    ops |= nullity(_is_null, _is_not_null, partial(or_infinity, which=LATEST))
    also: dict[str, Clause] = {} if null_with is None else {null_with: partial(_null, null_with)}
    ops["is_null"] = replace(ops["is_null"], bounds=also)
    ops["is_not_null"] = replace(ops["is_not_null"], bounds={column: _is_not_null_back})
    return replace(plain, ops=ops)


# One comparison would be enough. With both, the index of either direction finds the rows in the order of their ids.
def _is_null(column: Any, _: list[Any]) -> Any:
    return sa.and_(*[or_infinity(column, which) == infinity(which) for which in (LATEST, EARLIEST)])


def _is_not_null(column: Any, _: list[Any]) -> Any:
    return or_infinity(column, LATEST) < infinity(LATEST)


def _is_not_null_back(column: Any, _: list[Any]) -> Any:
    return or_infinity(column, EARLIEST) > infinity(EARLIEST)


def _null(time: str, column: Any, _: list[Any]) -> Any:
    """Return that a time is null, as ranges: of rows whose key is one value PostgreSQL does not know the order."""
    own = column.table.c[time]
    return sa.and_(or_infinity(own, LATEST) >= infinity(LATEST), or_infinity(own, EARLIEST) <= infinity(EARLIEST))


def _over(key: Callable[[Any], Any], clause: Callable[[Any, list[Any]], Any], column: Any, p: list[Any]) -> Any:
    return clause(key(column), p)


def _id_time(*, low: bool) -> Callable[[datetime], list[Value]]:
    return lambda value: [(uuid_at(value, low=low), sa.Uuid)]


def created() -> Condition:
    """Return the condition on the time in an id, which is a range of ids: eq, gt, gte, lt, lte, isNull."""
    return Condition(
        "id",
        Operand.MOMENT,
        "time of creation",
        {
            "eq": Op(
                lambda value: [(uuid_at(value), sa.Uuid), (uuid_at(value, low=False), sa.Uuid)],
                lambda column, p: sa.and_(column >= p[0], column <= p[1]),
                count=2,
            ),
            "gt": compared("gt", _id_time(low=False)),
            "gte": compared("gte", _id_time(low=True)),
            "lt": compared("lt", _id_time(low=True)),
            "lte": compared("lte", _id_time(low=False)),
            **NEVER_NULL,
        },
    )


def _key_of(resource: Resource | None, value: str) -> UUID:
    return decode(prefix_of(value) if resource is None else resource.prefix, value) or NOBODY


def ids(column: str, resource: Resource | None, meaning: str, *, nullable: bool = False) -> Condition:
    """Return the condition on a column of ids: eq, in, isNull of a nullable one. An id of another resource matches
    nothing; without ``resource`` the column has ids of all."""

    key = partial(_key_of, resource)
    ops = {
        "eq": Op(one(sa.Uuid, key), COMPARE["eq"]),
        "in_": Op(list_of(sa.Uuid, key), lambda column, p: column == sa.any_(p[0])),
    }
    if not nullable:
        return Condition(column, Operand.ID, meaning, ops)
    ops |= NULLITY
    return Condition(column, Operand.OPTIONAL_ID, meaning, ops)


def boolean(column: str, meaning: str) -> Condition:
    """Return the condition on a column of truth values: eq."""
    equal = Op(one(sa.Boolean), COMPARE["eq"], rank=4, opposite=lambda column, p: column == sa.not_(p[0]))
    return Condition(column, Operand.BOOLEAN, meaning, {"eq": equal})


def tags(resource: Resource) -> Condition:
    """Return the condition on a row's tags: has, hasAny."""
    return _items(resource, "tag", Operand.TAGS, "tags", sa.Text, normalized)


def assignees(resource: Resource, member: Resource) -> Condition:
    """Return the condition on the IDs of a row's assignees: has, hasAny."""
    return _items(resource, "assignee_id", Operand.IDS, "the assignees' IDs", sa.Uuid, partial(_key_of, member))


def _items(
    resource: Resource, item: str, operand: Operand, meaning: str, type_: Any,
    change: Callable[[Any], Any] = itself,
) -> Condition:  # fmt: skip
    ops = {
        "has": Op(one(type_, change), COMPARE["eq"]),
        "has_any": Op(list_of(type_, change), lambda column, p: column == sa.any_(p[0])),
    }
    return Condition(item, operand, meaning, ops, (LISTED_ITEMS[item][0], resource.prefix))
