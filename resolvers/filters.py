"""Filters: what may be asked of a list.

A filter is taken apart in two: its shape (which conditions on which fields), which decides the statement, and its
values, which are its parameters. So equal shapes share one compiled statement (``resolvers.filter_sql``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import TIMESTAMP
from resolvers.conditions import Condition, Value
from resolvers.errors import bad_input
from resolvers.words import LAST, searched_words

MOST_CONDITIONS = 50
MOST_DEPTH = 5
MOST_VALUES = 100

Shape = tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """Another list's filter on a related row: ``here`` equals ``there``. ``many``: some and none instead of it."""

    listed: str
    here: str
    there: str = "id"
    many: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Filters:
    """What may be asked of one list; ``kind`` is the name of its search words, None without a search."""

    table: sa.Table
    fields: Mapping[str, Condition | Relation]
    kind: str | None = None


# Each domain adds its own, by the list's name, so that related ones find each other without an import.
FILTERS: dict[str, Filters] = {}


# What a caller may see of a related list: a filter that always holds; it raises where the list is out of reach.
Reach = Callable[[str], Mapping[str, Any]]


@dataclass(slots=True)
class _Taken:
    reach: Reach
    values: list[Value] = field(default_factory=list)
    conditions: int = 0

    def count(self, path: str, conditions: int) -> None:
        """Raises Refusal BAD_INPUT when these are too many."""
        self.conditions += conditions
        if self.conditions > MOST_CONDITIONS:
            raise bad_input(
                path, f"A filter may hold {MOST_CONDITIONS} conditions at most.", "TOO_LONG", limit=MOST_CONDITIONS
            )


def take_apart(listed: str, filters: Sequence[Mapping[str, Any]], path: str, reach: Reach) -> tuple[Shape, list[Value]]:
    """The shape and the values of filters that all hold. Raises Refusal BAD_INPUT for one too large, and what reach
    raises."""
    # That they all hold is no condition of the caller's.
    taken = _Taken(reach, conditions=-1)
    return _shape(FILTERS[listed], {"and_": filters}, path, taken, 1), taken.values


def _shape(filters: Filters, raw: Mapping[str, Any], path: str, taken: _Taken, depth: int) -> Shape:
    if depth > MOST_DEPTH:
        raise bad_input(path, f"A filter may be nested {MOST_DEPTH} deep at most.", "TOO_LONG", limit=MOST_DEPTH)
    parts: list[Any] = []
    taken.count(path, 0 if raw else 1)
    for name, value in raw.items():
        if name in ("and_", "or_"):
            taken.count(path, 1)
            parts.append((name, tuple(_shape(filters, item, path, taken, depth + 1) for item in value)))
        elif name == "not_":
            taken.count(path, 1)
            parts.append((name, _shape(filters, value, path, taken, depth + 1)))
        elif name == "search":
            words = searched_words(value)
            taken.count(path, max(1, len(words)))
            if not value.strip():
                continue  # an empty field of a form: as absent
            if not words:
                raise bad_input(f"{path}.search", "A search needs a letter or a digit.", "INVALID_FORMAT")
            taken.values += [(bound, sa.Text) for one in words for bound in (one, one + LAST)]
            parts.append((name, len(words)))
        else:
            parts.append(_field(filters.fields[name], name, value, path, taken, depth))
    return tuple(parts)


def _field(
    asked: Condition | Relation, name: str, value: Mapping[str, Any], path: str, taken: _Taken, depth: int
) -> Any:
    if isinstance(asked, Relation):
        inner, seen = FILTERS[asked.listed], taken.reach(asked.listed)
        taken.count(path, max(1, len(value)) if asked.many else 1)
        if asked.many:
            return (name, tuple((how, _related(inner, sub, seen, path, taken, depth)) for how, sub in value.items()))
        return (name, _related(inner, value, seen, path, taken, depth))
    taken.count(path, max(1, len(value)))
    for op, operand in value.items():
        if isinstance(operand, list) and len(operand) > MOST_VALUES:
            raise bad_input(
                path, f"A list in a filter may hold {MOST_VALUES} values at most.", "TOO_LONG", limit=MOST_VALUES
            )
        items = operand if isinstance(operand, list) else [operand]
        if any(isinstance(item, str) and "\0" in item for item in items):
            where = ".".join([path, _shown(name), _shown(op)])
            raise bad_input(where, "A text must not contain the character U+0000.", "INVALID_FORMAT")
        taken.values += asked.ops[_operator(op, operand)].values(operand)
    return (name, tuple(_operator(op, operand) for op, operand in value.items()))


def _operator(name: str, operand: Any) -> str:
    """The name of the operator: ``isNull`` with false is one of its own."""
    return "is_not_null" if name == "is_null" and operand is False else name


def _shown(name: str) -> str:
    """A name as the graph writes it."""
    head, *tail = name.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in tail)


def _related(
    inner: Filters, value: Mapping[str, Any], seen: Mapping[str, Any], path: str, taken: _Taken, depth: int
) -> Shape:
    both = {"and_": [seen, value]} if seen else value
    return _shape(inner, both, path, taken, depth + 1)


def parameters(values: list[Value]) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """The values by their parameters' names, and the parameters' types (which are part of a statement's key)."""
    return {f"f{index}": value for index, (value, _) in enumerate(values)}, tuple(_type(t) for _, t in values)


def _type(type_: Any) -> str:
    return ("*" if isinstance(type_, pg.ARRAY) else "") + _TYPE_NAMES[_bare(type_)]


def _bare(type_: Any) -> type:
    inner = type_.item_type if isinstance(type_, pg.ARRAY) else type_
    return inner if isinstance(inner, type) else type(inner)


_TYPE_NAMES: dict[type, str] = {sa.Text: "text", sa.Uuid: "uuid", sa.BigInteger: "bigint", pg.TIMESTAMP: "time"}
_TYPES: dict[str, Any] = {"text": sa.Text, "uuid": sa.Uuid, "bigint": sa.BigInteger, "time": TIMESTAMP}


def type_of(name: str) -> Any:
    """The type that a name of ``parameters`` stands for."""
    type_ = _TYPES[name.lstrip("*")]
    return pg.ARRAY(type_) if name[0] == "*" else type_
