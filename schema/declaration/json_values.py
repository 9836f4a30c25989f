"""What of a JSON value cannot be kept: the database has no U+0000, and JSON no number beyond a double."""

import sys
from collections.abc import Iterator
from math import isfinite
from typing import Any

from graphql import GraphQLError

NUL = "It must not contain the character U+0000."
LARGEST = sys.float_info.max
# Whole numbers beyond these have no JSON of ours.
_LEAST_WHOLE, _MOST_WHOLE = -(2**63), 2**64 - 1


def wrong_parts(value: Any, *, ranges: bool = True) -> Iterator[GraphQLError]:
    """Yield an error for each part that cannot be kept, in their order; its path within the value is ``within``.

    Without ``ranges`` a number is no such part.
    """
    left: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while left:
        within, part = left.pop()
        found = _wrong(part, ranges)
        if found is not None:
            yield GraphQLError(found.pop("message"), extensions={**found, "within": within})
        # What is left is taken from its end.
        if isinstance(part, dict):
            left += [((*within, name), each) for name, each in reversed(part.items())]
        elif isinstance(part, list):
            left += [((*within, str(index)), each) for index, each in reversed([*enumerate(part)])]


def _wrong(part: Any, ranges: bool) -> dict[str, Any] | None:
    texts = part if isinstance(part, dict) else [part]
    if any(isinstance(text, str) and "\0" in text for text in texts):
        return {"message": NUL, "reason": "INVALID_FORMAT"}
    if not ranges:
        return None
    if isinstance(part, float) and not isfinite(part):
        return _out_of_range(-LARGEST, LARGEST)
    if isinstance(part, int) and not _LEAST_WHOLE <= part <= _MOST_WHOLE:
        return _out_of_range(_LEAST_WHOLE, _MOST_WHOLE)
    return None


def _out_of_range(least: float, most: float) -> dict[str, Any]:
    message = f"It must be from {least} to {most}."
    return {"message": message, "reason": "OUT_OF_RANGE", "minimum": least, "maximum": most}
