"""The JSON Schema of a form's submissions, and what of a submission it does not allow.

Draft 2020-12, made from the form's fields: nothing in it is a schema that somebody sent, and it refers to nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator, ValidationError

from models.forms import FormFieldType
from models.names import article
from models.types import EMAIL, MAX_SAFE_INTEGER, PRINTED, URL
from resolvers.errors import Refusal, bad_input
from resolvers.forms.matching import FieldRow, JsonSchema, anchored, max_length, validator_of

_T = FormFieldType
DRAFT = "https://json-schema.org/draft/2020-12/schema"
PHONE = r"^[+(]*[0-9][0-9 ()./+-]*$"
# There is no year 0: neither Python nor PostgreSQL has it.
YEAR = r"^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-"
_PRINTED = str(PRINTED.keywords["pattern"])
# The greatest depth of what is validated, and the number of problems that are reported.
MAX_DEPTH, MAX_PROBLEMS = 64, 50
VALIDATORS_KEPT = 32
# What no schema says of values that are not trimmed yet.
TRIMMED = "Texts are trimmed and normalized to NFC before they are validated and stored: trim them first."
# The path of a value, what is wrong with it, the reason, and what else helps.
Problem = tuple[str, str, str, dict[str, Any]]


def schema_of(name: str, fields: Sequence[FieldRow]) -> JsonSchema:
    """Return the JSON Schema of the submissions of a form."""
    return {
        "$schema": DRAFT,
        "title": name,
        "description": TRIMMED,
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
    least = field["min"]
    found: JsonSchema = {
        "type": "string",
        "minLength": max(least or 0, int(field["required"])),
        "maxLength": max_length(field),
    } | more
    patterns = [_PRINTED] if "pattern" not in more else []
    if field["pattern"] is not None:
        patterns.append(anchored(field["pattern"]))
    return found | ({"allOf": [{"pattern": each} for each in patterns]} if patterns else {})


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
    # Without ``format: email``, which allows fewer addresses than the organization's clients have.
    _T.EMAIL: lambda field: _text(field, pattern=EMAIL),
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


def _without_items(schema: JsonSchema, fields: Sequence[FieldRow]) -> JsonSchema:
    """Return a schema without those of items. A validator makes an error of each that is wrong, with all options in
    it: those of one submission took seconds."""
    for field in fields:
        if field["type"] == _T.MULTISELECT:
            del schema["properties"][field["key"]]["items"]
    return schema


def _wrong_items(key: str, items: Sequence[Any], options: Sequence[str]) -> Iterator[Problem]:
    said, allowed = _not_one_of(options), frozenset(options)
    for index, item in enumerate(items):
        if not isinstance(item, str) or item not in allowed:
            yield f"{key}.{index}", *said


def problems_of(name: str, fields: Sequence[FieldRow], data: dict[str, Any], field: str) -> list[Refusal]:
    """Return what is wrong with the values of a submission, which an input's ``field`` holds: each with its path, and
    the label of its field."""
    if is_too_deep(data):
        return [bad_input(field, f"It is nested more than {MAX_DEPTH} levels deep.", "TOO_LONG", limit=MAX_DEPTH)]
    validator = _kept_validator(orjson.dumps(_without_items(schema_of(name, fields), fields)))
    found: dict[str, Refusal] = {}
    labels = {each["key"]: {"label": each["label"]} for each in fields}

    def add(key: str, problem: Problem) -> None:
        within, message, reason, extra = problem
        # An empty text that is required has no format either: one problem of a value is enough.
        if within not in found:
            found[within] = bad_input(field, message, reason, **extra, **labels.get(key, {}))
            found[within].within = within

    held = dict(data)
    for each in fields:
        key, most = each["key"], max_length(each)
        value = data.get(key)
        if most is not None and isinstance(value, str) and len(value) > most:
            # What is too long anyway is not held against a pattern.
            held[key] = value[:most]
            add(key, (key, *_length("maxLength", most)))
        elif each["type"] == _T.MULTISELECT and isinstance(value, list):
            for problem in islice(_wrong_items(key, value, each["options"]), MAX_PROBLEMS):
                add(key, problem)
    # Without a look for the first error before: a pattern takes its time once.
    for key, problem in _found(validator, held):
        if len(found) >= MAX_PROBLEMS:
            break
        add(key, problem)
    return [*islice(found.values(), MAX_PROBLEMS)]


def _found(validator: Draft202012Validator, data: Mapping[str, Any]) -> Iterator[tuple[str, Problem]]:
    """Yield the problems of a submission, each with the key of its field."""
    for error in validator.iter_errors(data):
        path = [*map(str, error.instance_path)]
        for problem in explained(error, ".".join(path), "option"):
            yield path[0] if path else problem[0], problem


def explained(error: ValidationError, where: str, item: str = "item") -> Iterator[Problem]:
    """Yield what an error of a validator says of the value at a path, whose lists hold things that are called so."""
    keyword, details = error.kind.name, error.kind.as_dict()
    if keyword == "required":
        yield f"{where}.{details['property']}".lstrip("."), "It is required.", "REQUIRED", {}
    elif keyword in ("additionalProperties", "unevaluatedProperties"):
        for key in details["unexpected"]:
            yield f"{where}.{key}".lstrip("."), "There is no such field.", "UNKNOWN_FIELD", {}
    elif keyword == "propertyNames":
        yield f"{where}.{details['error'].instance}".lstrip("."), "Its name is not allowed.", "NOT_ALLOWED", {}
    elif keyword in _LENGTHS:
        yield where, *_length(keyword, details["limit"], item)
    elif keyword in _RANGES:
        words, bound = _RANGES[keyword]
        yield where, f"It must be {words} {details['limit']}.", "OUT_OF_RANGE", {bound: details["limit"]}
    elif keyword == "multipleOf":
        yield where, f"It must be a multiple of {details['multiple_of']}.", "INVALID", {}
    elif keyword == "enum":
        yield where, *_not_one_of(details["options"])
    elif keyword == "type":
        yield where, f"It must be {' or '.join(_TYPES[each] for each in details['types'])}.", "WRONG_TYPE", {}
    elif keyword == "pattern" and details["pattern"] == _PRINTED:
        yield where, "It must not contain control characters.", "INVALID_FORMAT", {}
    elif keyword == "const":
        expected = details["expected_value"]
        yield where, f"It must be {_shown(expected)}.", *(("REQUIRED", {}) if expected is True else _one_of(expected))
    elif keyword == "uniqueItems":
        yield where, f"It has {article(item)} {item} twice.", "INVALID", {}
    elif keyword == "oneOf" and not all(details["context"]):
        yield where, "It matches more than one of the forms that are allowed.", "INVALID_FORMAT", {}
    else:
        yield where, *_PLAIN.get(keyword, ("It has the wrong format.", "INVALID_FORMAT")), {}


def _not_one_of(allowed: Sequence[Any]) -> tuple[str, str, dict[str, Any]]:
    return f"It must be one of {', '.join(map(_shown, allowed))}.", "NOT_ONE_OF", {"allowed": allowed}


def _one_of(value: Any) -> tuple[str, dict[str, Any]]:
    return "NOT_ONE_OF", {"allowed": [value]}


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _length(keyword: str, limit: int, item: str = "") -> tuple[str, str, dict[str, Any]]:
    words, noun, reason = _LENGTHS[keyword]
    return f"It must have {words} {limit} {noun or item}{'' if limit == 1 else 's'}.", reason, {"limit": limit}


_LENGTHS: Mapping[str, tuple[str, str, str]] = {
    "minLength": ("at least", "character", "TOO_SHORT"),
    "maxLength": ("at most", "character", "TOO_LONG"),
    "minItems": ("at least", "", "TOO_SHORT"),
    "maxItems": ("at most", "", "TOO_LONG"),
    "minProperties": ("at least", "field", "TOO_SHORT"),
    "maxProperties": ("at most", "field", "TOO_LONG"),
}
# What is said of a keyword whatever it holds, and the reason.
_PLAIN: Mapping[str, tuple[str, str]] = {
    "anyOf": ("It matches none of the forms that are allowed.", "INVALID_FORMAT"),
    "oneOf": ("It matches none of the forms that are allowed.", "INVALID_FORMAT"),
    "not": ("It is not allowed.", "NOT_ALLOWED"),
    "falseSchema": ("It is not allowed.", "NOT_ALLOWED"),
    "contains": ("Too few or too many of its items are as required.", "INVALID"),
    "unevaluatedItems": ("It has an item that is not allowed.", "NOT_ALLOWED"),
}
_TYPES: Mapping[str, str] = {
    "string": "a string", "number": "a number", "boolean": "true or false", "array": "a list", "object": "an object",
    "integer": "a whole number", "null": "null",
}  # fmt: skip
_RANGES: Mapping[str, tuple[str, str]] = {
    "minimum": ("at least", "minimum"),
    "maximum": ("at most", "maximum"),
    "exclusiveMinimum": ("more than", "minimum"),
    "exclusiveMaximum": ("less than", "maximum"),
}
