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
_KINDS = {"int": "a whole number", "float": "a number", "finite": "a number", "bool": "`true` or `false`"}


def what_is_wrong(problem: ErrorDetails) -> str:
    """Return the predicate of a sentence about a value, whose subject is the setting or the option."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "value_error":
        return problem["msg"].removeprefix("Value error, ")
    if kind in _RANGES:
        words, name = _RANGES[kind]
        number = context[name]
        return f"must be {words} {number:g}" if isinstance(number, float) else f"must be {words} {number}"
    if kind in _LENGTHS:
        words, name = _LENGTHS[kind]
        number = context[name]
        return "must not be empty" if number == 1 else f"must have {words} {number} characters"
    if kind == "literal_error":
        return f"must be {context['expected'].replace(chr(39), '`')}"
    return f"must be {_KINDS.get(kind.partition('_')[0], 'a text')}"
