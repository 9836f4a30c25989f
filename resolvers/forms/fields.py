"""The fields of a form: checked one by one and together, and completed with their defaults."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from models.forms import FIELDS_LIMIT, MAX_PATTERNS, FormField, FormFieldType
from resolvers.context import Context
from resolvers.errors import Refusal, bad_input
from resolvers.forms.json_schema import schema_of
from resolvers.forms.matching import (
    LENGTHS,
    MAX_WORK,
    PATTERN_BYTES,
    WORK_OF_PATTERN,
    FieldRow,
    is_pattern,
    is_too_large,
    judge,
    validator_of,
    work_bound,
)
from resolvers.forms.patterns import has_boundary

_T = FormFieldType
_WITH_OPTIONS = frozenset({_T.SELECT, _T.MULTISELECT})
# Of these `min` and `max` are numbers of characters or options: whole, and at most what the type allows.
_COUNTED = frozenset({_T.TEXT, _T.TEXTAREA, _T.MULTISELECT})
_BOUNDED = _COUNTED | {_T.NUMBER}
_DEFAULTS = {name: field.default for name, field in FormField.model_fields.items() if not field.is_required()}


def fields_with_defaults(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the fields of a form with their defaults."""
    return [_with_defaults(each) for each in given]


async def judge_patterns(ctx: Context, fields: Sequence[Mapping[str, Any]]) -> None:
    """Judge the patterns that fields may have, each in a turn of its own. What that takes is charged."""
    patterns = [field["pattern"] for field in fields if field.get("pattern") is not None]
    for pattern in patterns[:MAX_PATTERNS]:
        await ctx.runtime.turns.take(ctx.org_id)
        ctx.matched += WORK_OF_PATTERN
        judge(pattern)


def wrong_fields(fields: Sequence[FieldRow]) -> list[Refusal]:
    """Return what is wrong with the fields of a form, which have their defaults."""
    patterns = [index for index, field in enumerate(fields) if field["pattern"] is not None]
    # Beyond those that a form may have none is compiled.
    judged = frozenset(patterns[:MAX_PATTERNS])
    problems = [
        problem
        for index, field in enumerate(fields)
        for problem in _problems(field if index in judged else {**field, "pattern": None}, f"fields.{index}")
    ]
    first: dict[str, int] = {}
    for index, field in enumerate(fields):
        if first.setdefault(field["key"], index) != index:
            problems.append(bad_input(f"fields.{index}.key", "Another field has this key.", "NOT_ALLOWED"))
    if len(patterns) > MAX_PATTERNS:
        message = f"At most {MAX_PATTERNS} fields have a pattern."
        problems.append(bad_input(f"fields.{patterns[MAX_PATTERNS]}.pattern", message, "TOO_LONG", limit=MAX_PATTERNS))
    if len(orjson.dumps(fields)) > FIELDS_LIMIT:
        message = f"They must have at most {FIELDS_LIMIT} bytes together, as JSON."
        problems.append(bad_input("fields", message, "TOO_LONG", limit=FIELDS_LIMIT))
    if not problems:
        problems += _wrong_work(fields)
    if not problems:
        # A schema that could not be compiled would make every submission fail.
        validator_of(schema_of("", fields))
    return problems


def _wrong_work(fields: Sequence[FieldRow]) -> Iterator[Refusal]:
    """Yield the refusal BAD_INPUT of the first pattern with which the work of a form's patterns is beyond the bound."""
    work = 0
    for index, field in enumerate(fields):
        work += work_bound(field)
        if work > MAX_WORK:
            message = (
                "With the patterns before it, it could take too long on values as long as their fields allow:"
                " repeat less often, or give a TEXT or TEXTAREA a smaller max."
            )
            yield bad_input(f"fields.{index}.pattern", message, "TOO_LONG")
            return


def _with_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    found = {name: named.get(name, _DEFAULTS.get(name)) for name in FormField.model_fields}
    # 5 and 5.0 are one number, but two in the database's JSON.
    bounds = {name: int(named[name]) for name in ("min", "max") if name in named and named[name] % 1 == 0}
    # An empty help is stored as none.
    found["help"] = found["help"] or None
    return found | bounds | {"type": str(named["type"]), "options": [*named.get("options", [])]}


def _problems(field: FieldRow, path: str) -> Iterator[Refusal]:
    type_, options = FormFieldType(field["type"]), field["options"]
    if type_ in _WITH_OPTIONS and not options:
        yield bad_input(f"{path}.options", f"A {type_} needs at least one option.", "REQUIRED")
    elif type_ not in _WITH_OPTIONS and options:
        yield bad_input(f"{path}.options", f"A {type_} has no options.", "NOT_ALLOWED")
    for at, option in enumerate(options):
        if option in options[:at]:
            yield bad_input(f"{path}.options.{at}", "Another option is the same.", "NOT_ALLOWED")
    yield from _wrong_bounds(field, type_, path)
    if field["pattern"] is not None:
        yield from _wrong_pattern(field["pattern"], type_, f"{path}.pattern")


def _wrong_bounds(field: FieldRow, type_: FormFieldType, path: str) -> Iterator[Refusal]:
    bounds = {name: field[name] for name in ("min", "max") if field[name] is not None}
    for name, value in bounds.items():
        if type_ not in _BOUNDED:
            yield bad_input(f"{path}.{name}", f"A {type_} has no {name}.", "NOT_ALLOWED")
        elif type_ in _COUNTED:
            most = len(field["options"]) if type_ is _T.MULTISELECT else LENGTHS[type_]
            if value % 1 or not 0 <= value <= most:
                text = f"Of a {type_} it must be a whole number from 0 to {most}."
                yield bad_input(f"{path}.{name}", text, "NOT_ALLOWED", minimum=0, maximum=most)
    if len(bounds) > 1 and bounds["max"] < bounds["min"]:
        text = f"It must be at least {bounds['min']}, the field's min."
        yield bad_input(f"{path}.max", text, "NOT_ALLOWED", minimum=bounds["min"])


def _wrong_pattern(pattern: str, type_: FormFieldType, path: str) -> Iterator[Refusal]:
    if type_ not in LENGTHS:
        yield bad_input(path, f"A {type_} has no pattern.", "NOT_ALLOWED")
    elif has_boundary(pattern):
        text = r"`\b` and `\B` are not supported: which characters are part of a word depends on the engine."
        yield bad_input(path, text, "INVALID_FORMAT")
    elif not is_pattern(pattern):
        text = "It must be a regular expression of ECMAScript, without look-around and back-references."
        yield bad_input(path, text, "INVALID_FORMAT")
    elif is_too_large(pattern):
        text = f"It must have at most {PATTERN_BYTES} bytes when compiled: repeat less often, or use smaller classes."
        yield bad_input(path, text, "TOO_LONG", limit=PATTERN_BYTES)


def wrong_actions(form: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield what is wrong with what a form does with a submission: the fields that it names must be of their types."""
    types = {field["key"]: field["type"] for field in form["fields"]}
    for column, type_ in (("name_field", _T.TEXT), ("email_field", _T.EMAIL)):
        key = form[column]
        if key is not None and types.get(key) != type_:
            yield bad_input(f"on_submit.{column}", f"The form has no {type_} field {key}.", "NOT_FOUND")
    if form["create_client"] and form["email_field"] is None:
        message = "A form that creates clients needs the field of their email address."
        yield bad_input("on_submit.email_field", message, "REQUIRED")
