"""The JSON Schemas of agents: which ones a definition may have, and what of an input or output one does not allow.

Somebody sends them, so each is weighed before it is compiled: references are followed, and none may lead to itself.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator, ValidationError

from models.forms import MAX_PATTERN
from models.types import JSON_LIMIT
from resolvers.agents.schema_parts import subschemas, with_translated_patterns
from resolvers.agents.validation_steps import MAX_STEPS, WORK_OF_STEP, KeywordCosts, TooManySteps, ValidationSteps
from resolvers.context import Context
from resolvers.errors import Refusal, bad_input
from resolvers.forms.json_schema import DRAFT, MAX_DEPTH, MAX_PROBLEMS, VALIDATORS_KEPT, explained, is_too_deep
from resolvers.forms.matching import (
    MAX_WORK,
    WORK_OF_PATTERN,
    JsonSchema,
    is_pattern,
    is_too_large,
    size_of,
    validator_of,
)

# The most schemas within one, each counted wherever it is referred to, and the most bytes of their compiled patterns.
MAX_SCHEMAS, MAX_PATTERN_BYTES = 500, MAX_WORK // JSON_LIMIT
# Where it would take more steps to report all problems that a value could have, the first is reported. Where that could
# take too many, as for long lists without an alternative, it is only said that there is one.
_REPORTS_ALL = 200_000
_REFERENCE = re.compile(r"#/\$defs/([A-Za-z0-9._-]+)")
_TOO_MANY_PATTERNS = "Its patterns are too large in total."
_REFUSED = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary")
_Path = tuple[str, ...]


@dataclass(slots=True)
class _Weight:
    """How many schemas there are within one, how many bytes its patterns are compiled to, and how deep they are."""

    schemas: int = 1
    patterns: int = 0
    height: int = 1

    def add(self, other: "_Weight") -> None:
        self.schemas += other.schemas
        self.patterns += other.patterns
        self.height = max(self.height, other.height + 1)


class _Wrong(Exception):
    """What is wrong at a place of a schema."""

    def __init__(self, path: _Path, message: str, reason: str = "NOT_ALLOWED") -> None:
        super().__init__(message)
        self.path, self.message, self.reason = path, message, reason


@dataclass(slots=True)
class _Scale:
    """Weighs a schema. Each of its definitions is weighed once, though it counts wherever it is referred to."""

    definitions: Mapping[str, Any] = field(default_factory=dict)
    weighed: dict[str, _Weight] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    # The sizes of the patterns that were compiled. A pattern is compiled once, wherever it is.
    compiled: dict[str, int] = field(default_factory=dict)
    # How many were judged: of these the last may be wrong.
    judged: int = 0

    def whole(self, schema: JsonSchema) -> None:
        """Weigh a whole schema. Raises _Wrong for what cannot be used."""
        definitions = schema.get("$defs", {})
        if not isinstance(definitions, dict):
            raise _Wrong(("$defs",), "It must be an object.", "WRONG_TYPE")
        self.definitions = definitions
        for name in definitions:
            # What nothing refers to is compiled too.
            self.weigh({"$ref": f"#/$defs/{name}"} if _REFERENCE.fullmatch(f"#/$defs/{name}") else {}, ())
        self.weigh(schema, ())

    def weigh(self, schema: Any, path: _Path, level: int = 1) -> _Weight:
        found = _Weight()
        if level > MAX_DEPTH:
            message = f"With the schemas that it refers to, it is nested more than {MAX_DEPTH} levels deep."
            raise _Wrong(path, message, "TOO_LONG")
        if not isinstance(schema, dict):
            return found
        if schema.get("$schema", DRAFT) != DRAFT:
            raise _Wrong((*path, "$schema"), f"It must be {DRAFT}, or be left out.")
        for name in _REFUSED:
            if name in schema:
                raise _Wrong((*path, name), f"{name} is not supported: use $ref to a schema in $defs.")
        if isinstance(schema.get("pattern"), str):
            found.patterns += self._size(schema["pattern"], (*path, "pattern"))
        patterned = schema.get("patternProperties")
        for pattern in patterned if isinstance(patterned, dict) else ():
            found.patterns += self._size(pattern, (*path, "patternProperties"))
        if "$ref" in schema:
            found.add(self._referred(schema["$ref"], (*path, "$ref"), level + 1))
        for where, part in subschemas(schema):
            found.add(self.weigh(part, (*path, *where), level + 1))
        if found.schemas > MAX_SCHEMAS:
            message = f"It has more than {MAX_SCHEMAS} schemas, each counted wherever it is referred to."
            raise _Wrong(path, message, "TOO_LONG")
        if found.patterns > MAX_PATTERN_BYTES:
            raise _Wrong(path, _TOO_MANY_PATTERNS, "TOO_LONG")
        return found

    def _size(self, pattern: str, path: _Path) -> int:
        """Return the size of a compiled pattern. Raises _Wrong before one more is compiled than there may be."""
        if pattern not in self.compiled:
            if sum(self.compiled.values()) >= MAX_PATTERN_BYTES:
                raise _Wrong(path, _TOO_MANY_PATTERNS, "TOO_LONG")
            self.judged += 1
            self.compiled[pattern] = _size(pattern, path)
        return self.compiled[pattern]

    def _referred(self, reference: Any, path: _Path, level: int) -> _Weight:
        found = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
        if found is None:
            raise _Wrong(path, "It must be #/$defs/ and the name of a definition.")
        name = found.group(1)
        if name not in self.definitions:
            raise _Wrong(path, f"There is no {name} in $defs.", "NOT_FOUND")
        if name in self.open:
            raise _Wrong(path, "It refers back to itself.")
        known = self.weighed.get(name)
        # As deep as it is here, it may be deeper than where it was weighed.
        if known is None or level + known.height - 1 > MAX_DEPTH:
            self.open.add(name)
            self.weighed[name] = self.weigh(self.definitions[name], ("$defs", name), level)
            self.open.discard(name)
        return self.weighed[name]


def _size(pattern: str, path: _Path) -> int:
    """Return the size of a compiled pattern. Raises _Wrong for an invalid one, or one that is too large."""
    if len(pattern) > MAX_PATTERN:
        raise _Wrong(path, f"A pattern must have at most {MAX_PATTERN} characters.", "TOO_LONG")
    if not is_pattern(pattern):
        text = (
            "A pattern must be a regular expression of ECMAScript,"
            " without look-around, back-references and word boundaries."
        )
        raise _Wrong(path, text, "INVALID_FORMAT")
    if is_too_large(pattern):
        raise _Wrong(path, "The pattern is too large: repeat less often.", "TOO_LONG")
    return size_of(pattern)


@lru_cache(maxsize=VALIDATORS_KEPT)
def _compiled(text: bytes) -> tuple[Draft202012Validator, JsonSchema, dict[int, KeywordCosts]]:
    """Return the validator of a schema, the schema, and what those within it compare."""
    schema = orjson.loads(text)
    return validator_of(with_translated_patterns(schema)), schema, {}


def check_schema(schema: JsonSchema, name: str, ctx: Context | None = None) -> list[Refusal]:
    """Return what is wrong with a JSON Schema that the field of an input holds; nothing where it can be used. Its
    patterns are charged to the operation, if there is one."""
    scale = _Scale()
    try:
        if is_too_deep(schema):
            raise _Wrong((), f"It is nested more than {MAX_DEPTH} levels deep.", "TOO_LONG")
        if schema.get("type") != "object":
            raise _Wrong(("type",), "It must be object: the schema is that of an object.")
        scale.whole(schema)
        validator_of(with_translated_patterns(schema))
    except _Wrong as wrong:
        return [_refused(name, ".".join(wrong.path), wrong.message, wrong.reason)]
    except ValidationError as error:
        where = ".".join(map(str, error.instance_path))
        return [_refused(name, where, "It is no JSON Schema of draft 2020-12.", "INVALID_FORMAT")]
    finally:
        if ctx is not None:
            ctx.matched += WORK_OF_PATTERN * scale.judged
    return []


def problems_of(schema: JsonSchema, data: Mapping[str, Any], name: str, ctx: Context | None = None) -> list[Refusal]:
    """Return what is wrong with the data that the field of an input holds, by a schema that was checked. Data that
    could take too long is refused without being held against it. The work is charged to the operation, if there is
    one."""
    if is_too_deep(data):
        return [bad_input(name, f"It is nested more than {MAX_DEPTH} levels deep.", "TOO_LONG", limit=MAX_DEPTH)]
    validator, compiled, own = _compiled(orjson.dumps(schema))
    counted = ValidationSteps(compiled, own)
    try:
        counted.of(data)
    except TooManySteps:
        message = (
            "Validating it against its schema could take too long: give it fewer items, or the schema fewer choices."
        )
        return [bad_input(name, message, "TOO_LONG")]
    finally:
        if ctx is not None:
            ctx.matched += min(counted.steps + counted.first_reported, MAX_STEPS) * WORK_OF_STEP
    if counted.first_reported > MAX_STEPS - counted.steps:
        valid = validator.is_valid(data)
        return [] if valid else [bad_input(name, "It does not match its schema.", "INVALID_FORMAT")]
    most = 1 if counted.reported + counted.first_reported > _REPORTS_ALL else MAX_PROBLEMS
    return [*islice(_problems(validator, data, name, most), most)]


def _problems(validator: Draft202012Validator, data: Mapping[str, Any], name: str, most: int) -> Iterator[Refusal]:
    seen: set[str] = set()
    for error in _errors(validator, data, most):
        for within, message, reason, extra in explained(error, ".".join(map(str, error.instance_path))):
            if within not in seen:
                seen.add(within)
                yield _refused(name, within, message, reason, **extra)


def _errors(validator: Draft202012Validator, data: Mapping[str, Any], most: int) -> Iterator[ValidationError]:
    """Yield the errors of a value. All of them are made at once, so that of many only the first is asked for."""
    if most > 1:
        yield from validator.iter_errors(data)
        return
    try:
        validator.validate(data)
    except ValidationError as error:
        yield error


def _refused(name: str, within: str, message: str, reason: str, **extra: Any) -> Refusal:
    found = bad_input(name, message, reason, **extra)
    found.within = within
    return found
