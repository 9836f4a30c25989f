"""What is loaded counts at least as much as it holds: JSON by the objects that it is parsed into."""

from collections.abc import Iterable
from sys import getsizeof
from typing import Any

import orjson
import pytest
from sqlalchemy.dialects import postgresql as pg

from resolvers.database.loaded import _size_of
from resolvers.database.sql import width_of

NUMBER = 1_000
KINDS: dict[str, Any] = {
    "lists": [[] for _ in range(NUMBER)],
    "objects": [{} for _ in range(NUMBER)],
    "objects of one": [{"": {}} for _ in range(NUMBER)],
    "lists in lists": [[[[]]] for _ in range(NUMBER)],
    "numbers": [index + 0.5 for index in range(NUMBER)],
    "whole numbers": [index + 1_000 for index in range(NUMBER)],
    "short texts": [f"{index:x}" for index in range(NUMBER)],
    "short texts of other scripts": [f"\u20ac{index:x}" for index in range(NUMBER)],
    "symbols": [chr(0x1F600 + index) for index in range(NUMBER)],
    "names": {f"{index:x}": "" for index in range(NUMBER)},
    "names of other scripts": {f"\u20ac{index:x}": "\u20ac" for index in range(NUMBER)},
    "a long text": "x" * 16_000,
    "a long text with one symbol": "x" * 16_000 + "\U0001f600",
    "long texts of other scripts": ["\u20ac" * 500 for _ in range(10)],
}


def held(value: Any, known: set[int]) -> int:
    """How many bytes the objects of a value take, each once."""
    if id(value) in known:
        return 0
    known.add(id(value))
    inner: Iterable[Any] = ()
    if isinstance(value, dict):
        inner = (*value, *value.values())
    elif isinstance(value, list):
        inner = value
    return getsizeof(value) + sum(held(each, known) for each in inner)


def chain(depth: int) -> Any:
    """Objects within each other."""
    value: Any = {}
    for _ in range(depth):
        value = {"": value}
    return value


@pytest.mark.parametrize("value", [*KINDS.values(), [chain(50)] * 20], ids=[*KINDS, "chains"])
def test_json_counts_at_least_what_it_holds(value: Any) -> None:
    text = orjson.dumps({"k": value})
    rows = [orjson.loads(text) for _ in range(3)]
    counted = _size_of(width_of(pg.JSONB()), rows)
    assert held(rows, set()) <= counted < 70 * 3 * len(text)
