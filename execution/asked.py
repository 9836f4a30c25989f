"""What the arguments of a field ask for, as far as its cost depends on it."""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import Undefined

from execution.shapes import INT_HIGH

# How many of a connection are found when neither of these says so.
DEFAULT_PAGE = 20
PAGE = ("first", "last")


def is_given(arguments: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Whether one of some arguments is there, and is not null."""
    values = (arguments.get(name) for name in names)
    return any(value is not None and value is not Undefined for value in values)


def page_size(arguments: Mapping[str, Any]) -> int:
    """How many of a connection may be found."""
    asked = [arguments.get(name) for name in PAGE]
    # 100.0 is 100 to GraphQL, so it is to us.
    sizes = [int(size) for size in asked if isinstance(size, (int, float)) and 0 < size < INT_HIGH]
    return max(sizes) if sizes else DEFAULT_PAGE


def items(arguments: Mapping[str, Any], name: str) -> int:
    """How many items an argument has: one that is no list is a list of one to GraphQL."""
    found = arguments.get(name)
    return len(found) if isinstance(found, list) else 1
