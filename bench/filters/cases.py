"""The cases of each list's filter: one for each of the values of each condition."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.filters.conditions import conditions
from bench.filters.data import Size
from models.names import camel
from resolvers.collections.collection import COLLECTIONS, Relation
from resolvers.lists.conditions import Condition


@dataclass(frozen=True, slots=True)
class Case:
    """One filter of one list, and how many rows it matches."""

    listed: str
    name: str
    matches: str
    filter: dict[str, Any]


def cases(size: Size) -> Iterator[Case]:
    """Every case."""
    for listed, fields in conditions(size).items():
        for field, operators in fields.items():
            for operator, values in operators.items():
                for matches, value in values.items():
                    filter_ = {field: {operator: value} if operator else value}
                    yield Case(listed, f"{field} {operator}".strip(), matches, filter_)


def uncovered(size: Size) -> list[str]:
    """Return the conditions of all lists that have no case."""
    known = conditions(size)
    return [
        f"{name}.{field} {operator}"
        for name, collection in COLLECTIONS.items()
        for field, asked in ((camel(each), asked) for each, asked in collection.filters.items())
        for operator in _operators(asked)
        if operator not in known.get(name, {}).get(field, {})
    ]


def _operators(asked: Condition | Relation) -> list[str]:
    if isinstance(asked, Relation):
        return ["some", "none"] if asked.many else [""]
    return [camel(name) for name in asked.ops if name != "is_not_null"]
