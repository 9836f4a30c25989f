"""What is wrong with a value of the environment or of the command line, in words of ours."""

from pydantic_core import ErrorDetails

_RANGES = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
}
_LENGTHS = {
    "too_short": ("at least", "min_length"),
    "string_too_short": ("at least", "min_length"),
    "too_long": ("at most", "max_length"),
    "string_too_long": ("at most", "max_length"),
}
# What a text should be, by what the types of pydantic's errors begin with.
_TYPE_NAMES = {"int": "a whole number", "float": "a number", "finite": "a number", "bool": "`true` or `false`"}


def what_is_wrong(problem: ErrorDetails) -> str:
    """Return the predicate of a sentence about a value, whose subject is the setting or the option."""
    error_type, context = problem["type"], problem.get("ctx", {})
    if error_type == "value_error":
        return problem["msg"].removeprefix("Value error, ")
    if error_type in _RANGES:
        words, name = _RANGES[error_type]
        number = context[name]
        return f"must be {words} {number:g}" if isinstance(number, float) else f"must be {words} {number}"
    if error_type in _LENGTHS:
        words, name = _LENGTHS[error_type]
        number = context[name]
        return "must not be empty" if number == 1 else f"must have {words} {number} characters"
    if error_type == "literal_error":
        return f"must be {context['expected'].replace(chr(39), '`')}"
    return f"must be {_TYPE_NAMES.get(error_type.partition('_')[0], 'a text')}"
