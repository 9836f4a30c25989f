"""What is loaded counts at least as much as it holds: JSON by the objects that it is parsed into."""

from collections.abc import Iterable
from sys import getsizeof
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from resolvers.database.loaded import Loaded, _sizes_of
from resolvers.database.sql import Sql, width_of

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
    counted, shown = _sizes_of(width_of(pg.JSONB()), rows)
    assert held(rows, set()) <= counted < 70 * 3 * len(text)
    assert shown == 3 * len(orjson.dumps(rows))


def test_values_are_measured_until_it_is_enough() -> None:
    text, json, word = (width_of(type_) for type_ in (sa.String(5_000), pg.JSONB(), sa.String(10)))
    widths = (text, word, json)
    sql = Sql("", (), {}, widths, sum(width.bytes for width in widths))
    assert sql.measured == (0, 2)
    rows = [("x" * 100, "y", {"k": 1})] * 10
    sizes = {place: _sizes_of(widths[place], [row[place] for row in rows])[1] for place in sql.measured}
    assert sizes == {0: 10 * (4 * 100 + 80), 2: 3 * len(orjson.dumps([{"k": 1}] * 10))}
    whole = Loaded()
    whole.add(sql, rows)
    assert (whole.bound, whole.shown, whole.long) == (10 * sql.widest, 10 * sql.widest, 0)
    assert whole.count(whole.shown) == 10 * sql.widest
    first = sizes[2] + 10 * (text.bytes + word.bytes)
    for enough, returned, long in (
        (first, first, sizes[2]),
        (first - 1, sum(sizes.values()) + 10 * word.bytes, sum(sizes.values())),
        (0, sum(sizes.values()), sum(sizes.values())),
    ):
        part = whole.copy()
        assert (part.count(enough), part.long) == (returned, long)
    # A copy leaves the original as it was.
    assert (whole.bound, whole.shown, whole.long) == (10 * sql.widest, 10 * sql.widest, 0)


@pytest.mark.parametrize(("letter", "held_bytes", "shown_bytes"), [("x", 1, 2), ("\u20ac", 2, 4), ("\U0001f600", 4, 8)])
def test_long_texts_are_measured_by_their_letters(letter: str, held_bytes: int, shown_bytes: int) -> None:
    values = [letter * 20_000] * 20
    found = _sizes_of(width_of(sa.String(20_000)), values)
    for each, letters in zip(found, (held_bytes, shown_bytes), strict=True):
        assert 20 * 20_000 * letters <= each < 20 * 20_000 * letters + 20 * 200
