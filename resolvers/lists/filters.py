"""Filters: what may be asked of a list.

A filter is taken apart in two: its shape (which conditions on which fields), which decides the statement, and its
values, which are its parameters. So equal shapes share one compiled statement (``resolvers.lists.filter_sql``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import TIMESTAMP
from resolvers.collections.collection import COLLECTIONS, Collection, Relation
from resolvers.errors import bad_input
from resolvers.lists.conditions import Condition, Value
from resolvers.lists.search_words import LAST, READ_OF_A_SEARCH, searched_words

MOST_CONDITIONS = 50
MOST_DEPTH = 5
MOST_VALUES = 100
# Of a search all is read; of other texts no row has a longer one by which it can be found.
MOST_TEXT = READ_OF_A_SEARCH

Shape = tuple[Any, ...]


# What a caller may see of a related list: a filter that always holds; it raises where the list is out of reach.
Reach = Callable[[Collection], Mapping[str, Any]]


@dataclass(slots=True)
class _Taken:
    reach: Reach
    values: list[Value] = field(default_factory=list)
    conditions: int = 0

    def count(self, path: str, conditions: int) -> None:
        """Raises Refusal BAD_INPUT, naming a place, when with what is there they are too many for the filter."""
        self.conditions += conditions
        if self.conditions > MOST_CONDITIONS:
            text = (
                f"A filter may hold {MOST_CONDITIONS} conditions at most: operators, words of a search and relations."
            )
            raise bad_input(path, text, "TOO_LONG", limit=MOST_CONDITIONS)


def take_apart(
    collection: Collection, conditions: Sequence[Mapping[str, Any]], path: str, reach: Reach
) -> tuple[Shape, list[Value]]:
    """The shape and the values of filters that all hold. Raises Refusal BAD_INPUT for too much, and what reach raises.

    What holds no condition is as absent, wherever it stands: ``not: {}``, ``and: []``, a branch of ``or: [{}, …]``, and
    all of an ``or`` without another branch. Only ``some`` and ``none`` of nothing ask for something: whether there is a
    related row; and ``or: []`` finds nothing, as ``in: []`` does.
    """
    taken = _Taken(reach)
    shapes = [shape for raw in conditions if (shape := _shape(collection, raw, path, taken, 2))]
    return ((("and_", tuple(shapes)),) if shapes else ()), taken.values


def _shape(collection: Collection, raw: Mapping[str, Any], path: str, taken: _Taken, depth: int) -> Shape:
    """The conditions of one filter; empty where it holds none."""
    if depth > MOST_DEPTH:
        raise bad_input(path, f"A filter may be nested {MOST_DEPTH} deep at most.", "TOO_LONG", limit=MOST_DEPTH)
    parts: list[Any] = []
    for name, value in raw.items():
        if name in ("and_", "or_"):
            here = f"{path}.{_shown(name)}"
            found = [_shape(collection, item, f"{here}.{index}", taken, depth + 1) for index, item in enumerate(value)]
            rest: Any = tuple(shape for shape in found if shape)
        elif name == "not_":
            rest = _shape(collection, value, f"{path}.not", taken, depth + 1)
        elif name == "search":
            rest = _words(value, f"{path}.search", taken)
        else:
            rest = _field(collection.filters[name], value, f"{path}.{_shown(name)}", taken, depth)
        # At least one of no alternatives is a condition, which nothing fulfils.
        impossible = name == "or_" and not value
        taken.count(path, int(impossible))
        if rest or impossible:
            parts.append((name, rest))
    return tuple(parts)


def _words(text: str, path: str, taken: _Taken) -> int:
    """How many words are searched for: none where a text has none, such as an empty field of a form."""
    check_length(text, path)
    words = searched_words(text)
    taken.count(path, len(words))
    taken.values += [(bound, sa.Text) for one in words for bound in (one, one + LAST)]
    return len(words)


def _field(asked: Condition | Relation, value: Mapping[str, Any], path: str, taken: _Taken, depth: int) -> Any:
    if isinstance(asked, Relation):
        return _relation(asked, value, path, taken, depth)
    taken.count(path, len(value))
    for op, operand in value.items():
        where = f"{path}.{_shown(op)}"
        if isinstance(operand, list) and len(operand) > MOST_VALUES:
            text = f"A list in a filter may hold {MOST_VALUES} values at most."
            raise bad_input(where, text, "TOO_LONG", limit=MOST_VALUES)
        for item in operand if isinstance(operand, list) else (operand,):
            if isinstance(item, str):
                check_length(item, where)
                if "\0" in item:
                    raise bad_input(where, "It must not contain the character U+0000.", "INVALID_FORMAT")
        taken.values += asked.ops[_operator(op, operand)].values(operand)
    return tuple(_operator(op, operand) for op, operand in value.items())


def check_length(text: str, path: str) -> None:
    """Raises Refusal BAD_INPUT for a text that is longer than a filter takes."""
    if len(text) > MOST_TEXT:
        raise bad_input(path, f"It must have at most {MOST_TEXT} characters.", "TOO_LONG", limit=MOST_TEXT)


def _relation(asked: Relation, value: Mapping[str, Any], path: str, taken: _Taken, depth: int) -> Any:
    inner = COLLECTIONS[asked.to]
    seen = taken.reach(inner)
    if not asked.many:
        found = _related(inner, value, seen, path, taken, depth, always=False)
        taken.count(path, 1 if found else 0)
        return found
    taken.count(path, len(value))
    return tuple(
        (how, _related(inner, sub, seen, f"{path}.{how}", taken, depth, always=True)) for how, sub in value.items()
    )


def _related(
    inner: Collection, value: Mapping[str, Any], seen: Mapping[str, Any], path: str, taken: _Taken, depth: int, *,
    always: bool,
) -> Shape:  # fmt: skip
    """A filter on related rows, of which the caller sees some; ``always``: also where it holds no condition."""
    own = _shape(inner, value, path, taken, depth + 1 + bool(seen))
    if not seen or not (own or always):
        return own
    # What the caller does not see of them is no condition of the caller's.
    both = (own, _shape(inner, seen, path, replace(taken, conditions=0), depth + 2))
    return (("and_", tuple(shape for shape in both if shape)),)


def _operator(name: str, operand: Any) -> str:
    """The name of the operator: ``isNull`` with false is one of its own."""
    return "is_not_null" if name == "is_null" and operand is False else name


def _shown(name: str) -> str:
    """A name as the graph writes it."""
    head, *tail = name.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in tail)


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
