"""The patterns of a form's fields: how large each is compiled, and how much work it is to hold a text against them.

A text is read once, whatever the pattern is. What a character of it takes grows with the size of the compiled pattern,
so that the product of both bounds the time: 256 MiB are about 30 ms.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions

from models.forms import FormFieldType

FieldRow = Mapping[str, Any]
JsonSchema = dict[str, Any]
_T = FormFieldType
# The characters that the types have which are text.
LENGTHS: Mapping[str, int] = {
    _T.TEXT: 200, _T.TEXTAREA: 20_000, _T.EMAIL: 254, _T.PHONE: 40, _T.URL: 2_000, _T.HIDDEN: 200,
}  # fmt: skip
# The sizes of compiled patterns that are told apart, in bytes, and the greatest.
_SIZES = tuple(1 << power for power in range(8, 17))
PATTERN_BYTES = _SIZES[-1]
# The greatest sum, over the patterns of a form, of a pattern's size times the characters that its field may have.
MAX_WORK = 4 * 1024 * 64 * 1024
# So much work costs one: about 0.1 ms.
WORK_OF_UNIT = 1024 * 1024
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


def whole(pattern: str) -> str:
    """Return the pattern that the whole value must match, as the attribute ``pattern`` of HTML means it."""
    return f"^(?:{pattern})$"


@lru_cache(_SIZES_KEPT)
def size_of(pattern: str) -> int:
    """Return the least of the sizes that the compiled pattern has room in. Raises ValueError for one that is none, or
    is larger than all of them."""
    for size in _SIZES[:-1]:
        if _fits(pattern, size):
            return size
    validator_of({"pattern": whole(pattern)})
    return PATTERN_BYTES


def _fits(pattern: str, size: int) -> bool:
    try:
        validator_of({"pattern": whole(pattern)}, size)
    except ValueError:
        return False
    return True


def most_of(field: FieldRow) -> int | None:
    """Return how many characters a field may have; None for one that is no text."""
    if field["type"] not in LENGTHS:
        return None
    return LENGTHS[field["type"]] if field["max"] is None else int(field["max"])


def greatest_work(field: FieldRow) -> int:
    """Return the work that the longest text is which a field may have. Raises ValueError for a pattern that is none, or
    is too large for any text."""
    most = most_of(field)
    return 0 if field["pattern"] is None or most is None else size_of(field["pattern"]) * most


def work_of(fields: Sequence[FieldRow], data: Mapping[str, Any]) -> int:
    """Return the work that the values of a submission are."""
    work = 0
    for field in fields:
        value, most = data.get(field["key"]), most_of(field)
        if field["pattern"] is not None and most is not None and isinstance(value, str):
            work += size_of(field["pattern"]) * min(len(value), most)
    return work
