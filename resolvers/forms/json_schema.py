"""The JSON Schema of a form's submissions, and what of a submission it does not allow.

Draft 2020-12, made from the form's fields: nothing in it is a schema that somebody sent, and it refers to nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

from models.forms import FormFieldType
from models.types import EMAIL, MAX_SAFE_INTEGER, PRINTED, URL
from resolvers.errors import Refusal, bad_input

JsonSchema = dict[str, Any]
FieldRow = Mapping[str, Any]
_T = FormFieldType
DRAFT = "https://json-schema.org/draft/2020-12/schema"
PHONE = r"^[+(]*[0-9][0-9 ()./+-]*$"
# There is no year 0: neither Python nor PostgreSQL has it.
YEAR = r"^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-"
# The characters that the types have which are text.
LENGTHS: Mapping[str, int] = {
    _T.TEXT: 200, _T.TEXTAREA: 20_000, _T.EMAIL: 254, _T.PHONE: 40, _T.URL: 2_000, _T.HIDDEN: 200,
}  # fmt: skip
_PRINTED = str(PRINTED.keywords["pattern"])
# The greatest size of a compiled pattern, in bytes. What repeats a large class of characters often is more.
PATTERN_BYTES = 128 * 1024
# The greatest depth of what is validated, and the number of problems that are told.
MAX_DEPTH, MAX_PROBLEMS = 64, 50
VALIDATORS_KEPT = 32


def schema_of(name: str, fields: Sequence[FieldRow]) -> JsonSchema:
    """Return the JSON Schema of the submissions of a form."""
    return {
        "$schema": DRAFT,
        "title": name,
        "type": "object",
        "properties": {field["key"]: _property(field) for field in fields},
        "required": [field["key"] for field in fields if field["required"]],
        "additionalProperties": False,
    }


def _property(field: FieldRow) -> JsonSchema:
    found: JsonSchema = {"title": field["label"]}
    if field["help"] is not None:
        found["description"] = field["help"]
    return found | _OF_TYPE[FormFieldType(field["type"])](field)


def _text(field: FieldRow, **more: Any) -> JsonSchema:
    """Return the schema of a text. A required one is not empty."""
    least, most = field["min"], field["max"]
    found: JsonSchema = {
        "type": "string",
        "minLength": max(least or 0, int(field["required"])),
        "maxLength": LENGTHS[field["type"]] if most is None else most,
    } | more
    patterns = [_PRINTED] if "pattern" not in more else []
    if field["pattern"] is not None:
        patterns.append(whole(field["pattern"]))
    return found | ({"allOf": [{"pattern": each} for each in patterns]} if patterns else {})


def whole(pattern: str) -> str:
    """Return the pattern that the whole value must match, as the attribute ``pattern`` of HTML means it."""
    return f"^(?:{pattern})$"


def _number(field: FieldRow) -> JsonSchema:
    least = -MAX_SAFE_INTEGER if field["min"] is None else field["min"]
    most = MAX_SAFE_INTEGER if field["max"] is None else field["max"]
    return {"type": "number", "minimum": least, "maximum": most}


def _several(field: FieldRow) -> JsonSchema:
    options = field["options"]
    return {
        "type": "array",
        "items": {"enum": options},
        "uniqueItems": True,
        "minItems": max(field["min"] or 0, int(field["required"])),
        "maxItems": len(options) if field["max"] is None else field["max"],
    }


_OF_TYPE: Mapping[FormFieldType, Callable[[FieldRow], JsonSchema]] = {
    _T.TEXT: _text,
    _T.TEXTAREA: _text,
    _T.EMAIL: lambda field: _text(field, format="email", pattern=EMAIL),
    _T.PHONE: lambda field: _text(field, pattern=PHONE),
    _T.URL: lambda field: _text(field, pattern=URL),
    _T.NUMBER: _number,
    _T.DATE: lambda field: {"type": "string", "format": "date", "pattern": YEAR},
    _T.SELECT: lambda field: {"enum": field["options"]},
    _T.MULTISELECT: _several,
    _T.CHECKBOX: lambda field: {"type": "boolean"},
    _T.CONSENT: lambda field: {"type": "boolean"} | ({"const": True} if field["required"] else {}),
    _T.HIDDEN: _text,
}


def validator_of(schema: JsonSchema) -> Draft202012Validator:
    """Return a validator that reads nothing but the schema, neither from a network nor from a disk, and whose patterns
    take time in proportion to the text. Raises ValueError for a schema that is none or refers to another, and for a
    pattern that this engine does not have or that would be too large."""
    return Draft202012Validator(
        schema,
        offline=True,
        validate_formats=True,
        pattern_options=RegexOptions(size_limit=PATTERN_BYTES, dfa_size_limit=PATTERN_BYTES),
        mask="value",
    )


@lru_cache(maxsize=VALIDATORS_KEPT)
def _kept_validator(text: bytes) -> Draft202012Validator:
    return validator_of(orjson.loads(text))


def is_too_deep(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Return whether a value is nested more than so many levels deep. A validator would run out of stack."""
    level = [value]
    for _ in range(depth + 1):
        level = [part for each in level if isinstance(each, (dict, list)) for part in _parts(each)]
    return bool(level)


def _parts(value: dict[str, Any] | list[Any]) -> Sequence[Any]:
    return [*value.values()] if isinstance(value, dict) else value


def problems_of(name: str, fields: Sequence[FieldRow], data: dict[str, Any], field: str) -> list[Refusal]:
    """Return what is wrong with the values of a submission, which an input's ``field`` holds, each with its path."""
    if is_too_deep(data):
        return [bad_input(field, f"It is nested more than {MAX_DEPTH} levels deep.", "TOO_LONG", limit=MAX_DEPTH)]
    validator = _kept_validator(orjson.dumps(schema_of(name, fields)))
    # All errors are collected at once, also by those who ask for the first.
    if validator.is_valid(data):
        return []
    found: dict[str, Refusal] = {}
    for error in validator.iter_errors(data):
        where = ".".join(map(str, error.instance_path))
        for within, message, reason, beside in _problems(error, where):
            # An empty text that is required has no format either: one problem of a value is enough.
            if within not in found:
                found[within] = bad_input(field, message, reason, **beside)
                found[within].within = within
    return [*islice(found.values(), MAX_PROBLEMS)]


# The path of a value, what is wrong with it, the reason, and what else helps.
_Problem = tuple[str, str, str, dict[str, Any]]


def _problems(error: ValidationError, where: str) -> Iterator[_Problem]:
    kind, details = error.kind.name, error.kind.as_dict()
    if kind == "required":
        yield details["property"], "It is required.", "REQUIRED", {}
    elif kind == "additionalProperties":
        for key in details["unexpected"]:
            yield key, "There is no such field.", "UNKNOWN_FIELD", {}
    elif kind in _LENGTHS:
        words, noun, reason = _LENGTHS[kind]
        limit = details["limit"]
        yield where, f"It must have {words} {limit} {noun}{'' if limit == 1 else 's'}.", reason, {"limit": limit}
    elif kind in _RANGES:
        words, bound = _RANGES[kind]
        yield where, f"It must be {words} {details['limit']}.", "OUT_OF_RANGE", {bound: details["limit"]}
    elif kind == "enum":
        allowed = details["options"]
        yield where, f"It must be one of {', '.join(allowed)}.", "NOT_ONE_OF", {"allowed": allowed}
    elif kind == "type":
        yield where, f"It must be {_TYPES[details['types'][0]]}.", "WRONG_TYPE", {}
    elif kind == "pattern" and details["pattern"] == _PRINTED:
        yield where, "It must not contain control characters.", "INVALID_FORMAT", {}
    elif kind == "const":
        yield where, "It must be true.", "REQUIRED", {}
    elif kind == "uniqueItems":
        yield where, "It has an option twice.", "INVALID", {}
    else:
        yield where, "It has the wrong format.", "INVALID_FORMAT", {}


_LENGTHS: Mapping[str, tuple[str, str, str]] = {
    "minLength": ("at least", "character", "TOO_SHORT"),
    "maxLength": ("at most", "character", "TOO_LONG"),
    "minItems": ("at least", "option", "TOO_SHORT"),
    "maxItems": ("at most", "option", "TOO_LONG"),
}
_TYPES: Mapping[str, str] = {
    "string": "a string", "number": "a number", "boolean": "true or false", "array": "a list", "object": "an object",
}  # fmt: skip
_RANGES: Mapping[str, tuple[str, str]] = {"minimum": ("at least", "minimum"), "maximum": ("at most", "maximum")}
