"""The patterns of a form's fields: their compiled sizes, and the work of matching texts.

The engine reads a text once. The time for a character grows with the size of the compiled pattern, so that the product
of size and length bounds the time: 256 MiB are about 30 ms.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions

from models.forms import FormFieldType
from resolvers.forms.patterns import is_portable, made_small, translated

FieldRow = Mapping[str, Any]
JsonSchema = dict[str, Any]
_T = FormFieldType
# The greatest number of characters of each type that is text.
LENGTHS: Mapping[str, int] = {
    _T.TEXT: 200, _T.TEXTAREA: 20_000, _T.EMAIL: 254, _T.PHONE: 40, _T.URL: 2_000, _T.HIDDEN: 200,
}  # fmt: skip
# The sizes, in bytes, to which a compiled pattern is rounded up, and the greatest.
_SIZES = tuple(1 << power for power in range(8, 17))
PATTERN_BYTES = _SIZES[-1]
# Every pattern that was made small fits into it.
_ANY_SIZE = 1024 * 1024
# The greatest sum, over the patterns of a form, of a pattern's size times the characters that its field may have.
MAX_WORK = 4 * 1024 * 64 * 1024
# The work that costs 1, about 0.1 ms; and that of judging a pattern, which is compiled some six times, up to 8 ms.
WORK_OF_UNIT = 1024 * 1024
WORK_OF_PATTERN = 40 * WORK_OF_UNIT
_SIZES_KEPT = 2_000


def validator_of(schema: JsonSchema, pattern_bytes: int = PATTERN_BYTES) -> Draft202012Validator:
    """Return a validator that reads nothing but the schema, neither from a network nor from a disk, and whose patterns
    take time in proportion to the text. Raises ValueError for a schema that is none or refers to another, and for a
    pattern that this engine does not have or that would be larger."""
    return Draft202012Validator(
        schema,
        offline=True,
        validate_formats=True,
        pattern_options=RegexOptions(size_limit=pattern_bytes, dfa_size_limit=PATTERN_BYTES),
        mask="value",
    )


def anchored(pattern: str) -> str:
    """Return the pattern that the whole value must match, as the attribute ``pattern`` of HTML means it."""
    return f"^(?:{translated(pattern)})$"


@lru_cache(_SIZES_KEPT)
def is_pattern(pattern: str) -> bool:
    """Return whether a text is a regular expression that means the same here and to ECMAScript, however large."""
    # By itself too: what is no pattern could become one within the parentheses around it.
    small = made_small(pattern)
    return is_portable(pattern) and all(_compiles(each, _ANY_SIZE) for each in (translated(small), anchored(small)))


@lru_cache(_SIZES_KEPT)
def is_too_large(pattern: str) -> bool:
    """Return whether a regular expression is larger, compiled, than a field may have one."""
    return not _compiles(anchored(pattern), PATTERN_BYTES)


@lru_cache(_SIZES_KEPT)
def size_of(pattern: str) -> int:
    """Return the least of the sizes into which the compiled pattern fits. Raises ValueError for an invalid pattern, or
    one that fits into none."""
    # Each step halves what is left: the engine takes as long for what does not fit as for what does.
    least = bisect_left(_SIZES, True, hi=len(_SIZES) - 1, key=lambda size: _compiles(anchored(pattern), size))
    if _SIZES[least] == PATTERN_BYTES:
        validator_of({"pattern": anchored(pattern)})
    return _SIZES[least]


def judge(pattern: str) -> None:
    """Find out what is asked of a pattern when it is set. It is kept: whoever asks then waits no more."""
    if is_pattern(pattern) and not is_too_large(pattern):
        size_of(pattern)


def _compiles(pattern: str, size: int) -> bool:
    try:
        validator_of({"pattern": pattern}, size)
    except ValueError:
        return False
    return True


def max_length(field: FieldRow) -> int | None:
    """Return the greatest number of characters of a field's value; None for a field that is not text."""
    if field["type"] not in LENGTHS:
        return None
    return LENGTHS[field["type"]] if field["max"] is None else int(field["max"])


def work_bound(field: FieldRow) -> int:
    """Return the work of matching the longest value of a field. Raises ValueError for a pattern that is invalid or too
    large."""
    most = max_length(field)
    return 0 if field["pattern"] is None or most is None else size_of(field["pattern"]) * most


def work_of(fields: Sequence[FieldRow], data: Mapping[str, Any]) -> int:
    """Return the work of matching the values of a submission."""
    work = 0
    for field in fields:
        value, most = data.get(field["key"]), max_length(field)
        if field["pattern"] is not None and most is not None and isinstance(value, str):
            work += size_of(field["pattern"]) * min(len(value), most)
    return work
