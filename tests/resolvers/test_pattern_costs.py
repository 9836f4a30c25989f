"""What judging patterns takes: few are compiled, without what this engine is slow to read."""

from itertools import count

import pytest

from models.forms import MAX_PATTERNS
from resolvers.forms.fields import fields_with_defaults, wrong_fields
from resolvers.forms.matching import is_pattern
from resolvers.forms.patterns import translated

NUMBERS = count(1_000)


def new_fields(number: int, pattern: str) -> list[dict[str, object]]:
    """Fields with patterns that nobody had before."""
    return [
        {"key": f"f{each}", "label": "F", "type": "TEXT", "pattern": f"{pattern}{next(NUMBERS)}"}
        for each in range(number)
    ]


@pytest.mark.parametrize("escape", ["d", "D", "w", "W", "s", "S"])
def test_no_short_class_is_left_to_the_engine(escape: str) -> None:
    assert f"\\{escape}" not in translated(rf"(\{escape}|a\{escape}+)\\\{escape}").replace(r"\\", "")
    # What is within a class, or no escape, stays.
    for kept in (rf"[a\{escape}]", rf"\\{escape}"):
        assert translated(kept) == kept


def test_a_form_has_no_more_patterns_compiled_than_it_may_have() -> None:
    before = is_pattern.cache_info().misses
    (problem,) = wrong_fields(fields_with_defaults(new_fields(5 * MAX_PATTERNS, "a")))
    assert (problem.field, problem.extra["limit"]) == (f"fields.{MAX_PATTERNS}.pattern", MAX_PATTERNS)
    assert is_pattern.cache_info().misses - before == MAX_PATTERNS
