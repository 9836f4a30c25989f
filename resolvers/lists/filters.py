"""Filters of lists: checked, and split into shapes and values.

The shape of a filter (which conditions on which fields) determines the SQL, and its values are the parameters. So
filters of one shape share one compiled statement (see ``resolvers.lists.filter_sql``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.base import TIMESTAMP
from models.names import camel
from resolvers.collections.collection import COLLECTIONS, Collection, Relation
from resolvers.errors import bad_input
from resolvers.lists.conditions import Condition
from resolvers.lists.operators import Value
from resolvers.lists.search_words import LAST, READ_OF_A_SEARCH, searched_words

MAX_CONDITIONS = 50
MAX_DEPTH = 5
MAX_VALUES = 100
# All of a search is read; and no filterable text of a row is longer.
MAX_TEXT = READ_OF_A_SEARCH

FilterShape = tuple[Any, ...]


# Returns the filter that hides related rows from the caller. Raises Refusal FORBIDDEN if the caller sees none.
Restriction = Callable[[Collection], Mapping[str, Any]]


@dataclass(slots=True)
class _Collected:
    restriction_of: Restriction
    values: list[Value] = field(default_factory=list)
    conditions: int = 0

    def count(self, path: str, conditions: int) -> None:
        """Count conditions. Raises Refusal BAD_INPUT, which names ``path``, when the filter has too many."""
        self.conditions += conditions
        if self.conditions > MAX_CONDITIONS:
            text = f"A filter may hold {MAX_CONDITIONS} conditions at most: operators, words of a search and relations."
            raise bad_input(path, text, "TOO_LONG", limit=MAX_CONDITIONS)


def _everything(_collection: Collection) -> Mapping[str, Any]:
    """Return no restriction: rows of others decide what is seen, whether or not they are seen themselves."""
    return {}


def split(
    collection: Collection, seen: Mapping[str, Any], asked: Mapping[str, Any] | None, path: str,
    restriction_of: Restriction,
) -> tuple[FilterShape, list[Value]]:  # fmt: skip
    """Return the shape and the values of two filters that must both match: of what is seen, and what is asked for.

    A part without conditions counts as absent: ``not: {}``, ``and: []``, a branch ``{}`` of an ``or``, and an ``or`` of
    such branches only. There are two exceptions: ``some: {}`` and ``none: {}`` ask whether there is a related row, and
    ``or: []`` matches nothing, as ``in: []`` does.

    Raises Refusal BAD_INPUT for a filter that is too large, and what ``restriction_of`` raises.
    """
    collected = _Collected(restriction_of)
    # Neither the conditions nor the depth of what is seen are the caller's.
    shapes = [_shape(collection, seen, path, _seen(collected), 0), _shape(collection, asked or {}, path, collected, 2)]
    shapes = [shape for shape in shapes if shape]
    return ((("and_", tuple(shapes)),) if shapes else ()), collected.values


def _seen(collected: _Collected) -> _Collected:
    """Return what collects the values of a restriction among those of the caller's filter."""
    return replace(collected, restriction_of=_everything, conditions=0)


def _shape(collection: Collection, raw: Mapping[str, Any], path: str, collected: _Collected, depth: int) -> FilterShape:
    """Return the shape of one filter; empty if it has no conditions."""
    if depth > MAX_DEPTH:
        raise bad_input(path, f"A filter may be nested {MAX_DEPTH} deep at most.", "TOO_LONG", limit=MAX_DEPTH)
    parts: list[Any] = []
    for name, value in raw.items():
        if name in ("and_", "or_"):
            place = f"{path}.{camel(name)}"
            found = [
                _shape(collection, item, f"{place}.{index}", collected, depth + 1) for index, item in enumerate(value)
            ]
            rest: Any = tuple(shape for shape in found if shape)
        elif name == "not_":
            rest = _shape(collection, value, f"{path}.not", collected, depth + 1)
        elif name == "search":
            rest = _words(value, f"{path}.search", collected)
        else:
            rest = _field(collection.filters[name], value, f"{path}.{camel(name)}", collected, depth)
        # An `or` without alternatives matches nothing.
        impossible = name == "or_" and not value
        collected.count(path, int(impossible))
        if rest or impossible:
            parts.append((name, rest))
    return tuple(parts)


def _words(text: str, path: str, collected: _Collected) -> int:
    """Return the number of words that are searched for: 0 for a text without words, such as an empty form field."""
    check_length(text, path)
    words = searched_words(text)
    collected.count(path, len(words))
    collected.values += [(bound, sa.Text) for one in words for bound in (one, one + LAST)]
    return len(words)


def _field(
    declared: Condition | Relation, value: Mapping[str, Any], path: str, collected: _Collected, depth: int
) -> Any:
    if isinstance(declared, Relation):
        return _relation(declared, value, path, collected, depth)
    collected.count(path, len(value))
    for op, operand in value.items():
        where = f"{path}.{camel(op)}"
        if isinstance(operand, list) and len(operand) > MAX_VALUES:
            text = f"A list in a filter may hold {MAX_VALUES} values at most."
            raise bad_input(where, text, "TOO_LONG", limit=MAX_VALUES)
        for item in operand if isinstance(operand, list) else (operand,):
            if isinstance(item, str):
                check_text(item, where)
        collected.values += declared.ops[_operator(op, operand)].values(operand)
    return tuple(_operator(op, operand) for op, operand in value.items())


def check_length(text: str, path: str) -> None:
    """Raise Refusal BAD_INPUT for a text that is longer than a filter takes."""
    if len(text) > MAX_TEXT:
        raise bad_input(path, f"It must have at most {MAX_TEXT} characters.", "TOO_LONG", limit=MAX_TEXT)


def check_text(text: str, path: str) -> None:
    """Raise Refusal BAD_INPUT for a text that a filter does not take, or that no text of the database can be."""
    check_length(text, path)
    if "\0" in text:
        raise bad_input(path, "It must not contain the character U+0000.", "INVALID_FORMAT")


def _relation(declared: Relation, value: Mapping[str, Any], path: str, collected: _Collected, depth: int) -> Any:
    inner = COLLECTIONS[declared.to]
    seen = collected.restriction_of(inner)
    if not declared.many:
        found = _related(inner, value, seen, path, collected, depth, always=False)
        collected.count(path, 1 if found else 0)
        return found
    collected.count(path, len(value))
    return tuple(
        (how, _related(inner, sub, seen, f"{path}.{how}", collected, depth, always=True)) for how, sub in value.items()
    )


def _related(
    inner: Collection, value: Mapping[str, Any], seen: Mapping[str, Any], path: str, collected: _Collected, depth: int,
    *, always: bool,
) -> FilterShape:  # fmt: skip
    """Return the shape of a filter on related rows, of which the caller sees those that match ``seen``.

    Without ``always`` it is empty if the caller's filter has no conditions.
    """
    own = _shape(inner, value, path, collected, depth + 1)
    if not seen or not (own or always):
        return own
    both = (own, _shape(inner, seen, path, _seen(collected), 0))
    return (("and_", tuple(shape for shape in both if shape)),)


def _operator(name: str, operand: Any) -> str:
    """Return the name of an operator: ``isNull: false`` is the operator ``is_not_null``."""
    return "is_not_null" if name == "is_null" and operand is False else name


def parameters(values: list[Value]) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """Return the values by the names of their parameters, and the parameters' types, which the SQL depends on."""
    return {f"f{index}": value for index, (value, _) in enumerate(values)}, tuple(_type(t) for _, t in values)


def _type(type_: Any) -> str:
    return ("*" if isinstance(type_, pg.ARRAY) else "") + _TYPE_NAMES[_bare(type_)]


def _bare(type_: Any) -> type:
    inner = type_.item_type if isinstance(type_, pg.ARRAY) else type_
    return inner if isinstance(inner, type) else type(inner)


_TYPES: dict[str, Any] = {
    "text": sa.Text, "uuid": sa.Uuid, "bigint": sa.BigInteger, "time": TIMESTAMP, "boolean": sa.Boolean,
}  # fmt: skip
_TYPE_NAMES: dict[type, str] = {_bare(type_): name for name, type_ in _TYPES.items()}


def type_of(name: str) -> Any:
    """Return the SQLAlchemy type for a type's name that ``parameters`` returned."""
    type_ = _TYPES[name.lstrip("*")]
    return pg.ARRAY(type_) if name[0] == "*" else type_
