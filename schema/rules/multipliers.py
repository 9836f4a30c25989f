"""How many objects a field may hold, from its arguments: what its cost is multiplied by."""

from collections.abc import Callable, Mapping
from typing import Any

from execution import INT_HIGH
from resolvers.lists.page_window import DEFAULT_PAGE

# The arguments that bound a connection.
PAGE = ("first", "last")


def page_size(arguments: Mapping[str, Any]) -> int:
    """Return how many rows of a connection may be found."""
    asked = [arguments.get(name) for name in PAGE]
    # 100.0 is 100 to GraphQL.
    sizes = [int(size) for size in asked if isinstance(size, (int, float)) and 0 < size < INT_HIGH]
    return max(sizes) if sizes else DEFAULT_PAGE


def items_of(name: str) -> Callable[[Mapping[str, Any]], int]:
    """Return a function that counts the items of a list argument: a value that is not a list is a list of one."""

    def items(arguments: Mapping[str, Any]) -> int:
        found = arguments.get(name)
        return len(found) if isinstance(found, list) else 1

    return items
