"""Which operations have one best plan for all values: those that filter nothing."""

import re
from collections.abc import Mapping
from typing import Any

from execution.documents import Operation

# An argument by the name of filter, and the variable that is its value, if it is one.
_FILTER = re.compile(r"(?<![$\w])filter\b(?:[\s,]*:[\s,]*\$(\w+))?")


def steady(operation: Operation, variables: Mapping[str, Any]) -> bool:
    """Whether no list of the operation is filtered, as far as its text tells: no is always safe.

    The best plan of a filter depends on how many rows it finds; that of an id, or of a page in an order, does not.
    """
    names = operation.kept.get("filters")
    if names is None:
        names = operation.kept["filters"] = _filters(operation.text)
    return all(variables.get(name) is None for name in names) if isinstance(names, tuple) else False


def _filters(text: str) -> tuple[str, ...] | bool:
    """The variables that are filters; False where one is written out, or a variable may have a default."""
    names = _FILTER.findall(text)
    return tuple(names) if all(names) and not (names and "=" in text) else False
