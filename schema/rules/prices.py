"""What fields cost beside the objects that they lead to: by the size that a value may have, and by what a filter asks.

The numbers are part of the API: docs/decisions/0015-cost-by-size-and-search.md says what they stand for.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from graphql import Undefined, get_nullable_type, is_enum_type
from sqlalchemy.dialects import postgresql as pg

from execution import Effort
from models.names import camel
from models.types import JSON_LIMIT
from resolvers.collections.collection import COLLECTIONS, Collection, Relation
from resolvers.database.sql import width_of
from resolvers.lists.search_words import searched_words
from schema.rules.efforts import search_effort

# A value that may have more characters than these costs one for each part of so many.
SHORT, PART = 2_000, 16 * 1024
# Scalars whose values are all short.
SHORT_TYPES = frozenset({"Boolean", "Currency", "Date", "DateTime", "Float", "ID", "Int", "MicroUnits", "MinorUnits"})
# What a condition, a word of a search, a list's further values and a condition on related rows cost.
CONDITION, WORD, VALUES, RELATION = 1, 5, 10, 10
# So many times the price of its filter counting the rows of a list costs beside a page of them.
COUNTED = 5
# A filter that costs so much is refused: nobody needs to know by how much.
ENOUGH = 10_000


@cache
def led_to() -> dict[str, Collection]:
    """Return where filters lead to other collections, by the field's GraphQL name, which means the same in every
    filter."""
    found: dict[str, Collection] = {}
    for collection in COLLECTIONS.values():
        for name, asked in collection.filters.items():
            if isinstance(asked, Relation):
                to = COLLECTIONS[asked.to]
                if found.setdefault(camel(name), to) is not to:
                    raise ValueError(f"the filter {name} leads to {to.name} and to {found[camel(name)].name}")
    return found


def column_weight(column: sa.Column[Any] | None) -> int:
    """Return what a column's field costs by the number of characters that its value may have."""
    if column is None:
        return 0
    length = 0
    if isinstance(column.type, pg.JSONB):
        length = column.info.get("most", JSON_LIMIT)
    elif isinstance(column.type, sa.String):
        length = column.type.length or 0
    return 0 if length <= SHORT else -(-length // PART)


def size_of(column: sa.Column[Any] | None) -> int:
    """Return how many bytes a column's value may have; 0 where they are counted when it is loaded."""
    if column is None:
        return 256
    found = width_of(column.type)
    return 0 if found.measured else found.bytes


def is_short(type_: Any, column: sa.Column[Any] | None) -> bool:
    """Return whether no value of a field has more than the bytes that it is known to have at most."""
    bare = get_nullable_type(type_)
    name = getattr(bare, "name", None)
    if column is not None:
        # An event's data are JSON in a column of text.
        return name != "JSON" and not width_of(column.type).measured
    return is_enum_type(bare) or name in SHORT_TYPES


def filter_price(arguments: Mapping[str, Any], effort: Effort) -> int:
    """Return what finding by a filter costs. A value of any type is taken; a null asks nothing."""
    price = 0
    left: list[Any] = [arguments.get("filter")]
    while left and price < ENOUGH:
        part = left.pop()
        effort.spend(1 + (len(part) if isinstance(part, dict) else 0))
        if isinstance(part, list):
            price += len(part)
            left += part
        elif isinstance(part, dict):
            for name, value in part.items():
                if value is None or value is Undefined:
                    continue
                if name in ("and", "or", "not", "some", "none"):
                    price += CONDITION
                    left.append(value)
                elif name in led_to():
                    price += RELATION * _alternatives(value)
                    left.append(value)
                elif name == "search":
                    if isinstance(value, str):
                        effort.spend(search_effort(value))
                        price += WORD * len(searched_words(value))
                elif isinstance(value, dict):
                    effort.spend(len(value))
                    price += sum(_operator(operand) for operand in value.values())
    return price


def counted_price(arguments: Mapping[str, Any], effort: Effort) -> int:
    """Return what finding groups by a filter costs: as much as a page and its count."""
    return (1 + COUNTED) * filter_price(arguments, effort)


def _alternatives(value: Any) -> int:
    """Return how many times a relation is followed: once for each of ``some`` and ``none``."""
    return max(1, len(value)) if isinstance(value, dict) and not value.keys() - {"some", "none"} else 1


def _operator(operand: Any) -> int:
    if operand is None or operand is Undefined:
        return 0
    return CONDITION + (len(operand) // VALUES if isinstance(operand, list) else 0)
