"""How long a validator may take for a value: the steps of holding it against a JSON Schema, counted before any is made.

A step is about 0.1 µs of the validator. Each schema is counted for each value that it is held against, with what its
keywords compare: an ``enum`` of numbers, lists or objects is held against a value member by member, and two numbers
that are no integers take the longer the further their exponents are from 0. What is counted is the worst case.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import frexp
from typing import Any

from resolvers.forms.matching import size_of

# About 40 ms.
MAX_STEPS = 400_000
# So many bytes of a compiled pattern, times characters, are a step.
_MATCHED = 1024
# The bytes of a compiled pattern's work (WORK_OF_UNIT) that take as long as a step.
WORK_OF_STEP = 1024
# Lists of no more items are looked through in pairs for two that are equal.
_PAIRED = 16
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COMBINED = ("anyOf", "oneOf")
# The keywords whose schemas are held against the same value, against each item, and against each value of an object.
_SAME = ("not", "if", "then", "else")
_ITEMS = ("items", "contains", "unevaluatedItems")
_VALUES = ("additionalProperties", "unevaluatedProperties")
# What is evaluated is asked again by each ``unevaluated…`` around it, more than twice.
_ASKED_AGAIN = 3
# What a reported problem takes, besides what it repeats: of a value, for each scalar and for so many characters.
_PROBLEM, _COPY, _COPIED = 30, 5, 128


class TooManySteps(Exception):
    """Holding a value against a schema could take more than MAX_STEPS."""


class Values:
    """The values that a schema is held against, and what of them makes that take long."""

    def __init__(self, values: Iterable[Any], counted: "ValidationSteps") -> None:
        self.all, self._counted = list(values), counted
        self.count = len(self.all)
        counted.add(self.count)
        self.holding = [each for each in self.all if isinstance(each, (dict, list))]
        self.entries = sum(map(len, self.holding))
        numbers = [each for each in self.all if isinstance(each, (int, float)) and not isinstance(each, bool)]
        self.numbers, self.digits = len(numbers), sum(map(_digits, numbers))
        self.characters = sum(len(each) for each in self.all if isinstance(each, str))
        # What copying each of them takes, into the problem that is reported of it.
        scalars = (self.count - len(self.holding)) * _COPY + self.characters // _COPIED
        self.copied = scalars + sum(counted.copied[id(each)] for each in self.holding)

    @cached_property
    def items(self) -> "Values":
        """Return the items of all lists."""
        return Values((part for each in self.holding if isinstance(each, list) for part in each), self._counted)

    @cached_property
    def values(self) -> "Values":
        """Return the values of all objects."""
        return Values(
            (part for each in self.holding if isinstance(each, dict) for part in each.values()), self._counted
        )

    @cached_property
    def names(self) -> "Values":
        """Return the names of all objects' fields."""
        return Values((name for each in self.holding if isinstance(each, dict) for name in each), self._counted)

    @cached_property
    def _placed(self) -> dict[str | int, list[Any]]:
        self._counted.add(self.entries)
        found: dict[str | int, list[Any]] = {}
        for each in self.holding:
            for place, part in each.items() if isinstance(each, dict) else enumerate(each):
                found.setdefault(place, []).append(part)
        return found

    @cached_property
    def _at(self) -> dict[str | int, "Values"]:
        return {}

    def at(self, place: str | int) -> "Values | None":
        """Return what stands at a place of the objects or lists; None where there is nothing."""
        if place not in self._at and place in self._placed:
            self._at[place] = Values(self._placed[place], self._counted)
        return self._at.get(place)

    @cached_property
    def paired(self) -> int:
        """Return how many scalars are compared to find two items that are equal."""
        lists = [each for each in self.holding if isinstance(each, list)]
        return sum(min(len(each), _PAIRED) * self._counted.scalars(each) for each in lists)


@dataclass(slots=True)
class KeywordCosts:
    """What a schema compares, without those within it: scalars of ``enum`` and ``const`` and the digits of their
    numbers, the digits of its bounds, names, and the bytes of its patterns."""

    compared: int = 0
    compared_digits: int = 0
    bounds: int = 0
    bounds_digits: int = 0
    names: int = 0
    pattern: int = 0
    patterns: list[int] = field(default_factory=list)
    reported: int = 0


class ValidationSteps:
    """The steps of holding values against a schema; ``reported`` are those of reporting every problem that there could
    be, each with a copy of what is wrong and of what is allowed; and ``first_reported`` those of reporting the first
    one, which for alternatives has all problems of each."""

    def __init__(self, schema: Mapping[str, Any], own: dict[int, KeywordCosts]) -> None:
        self.definitions: Mapping[str, Any] = schema.get("$defs", {})
        self.schema, self._own = schema, own
        self.steps = self.reported = self.first_reported = self._most_digits = 0
        # By the identity of each list and object of the data.
        self.copied: dict[int, int] = {}

    def of(self, data: Any) -> "ValidationSteps":
        """Count what a value takes. Raises TooManySteps."""
        self._most_digits = max(map(_digits, _scalars(data)), default=0)
        self._copy(data)
        self._hold(self.schema, Values([data], self), 1, 0)
        return self

    def add(self, steps: int) -> None:
        """Count steps. Raises TooManySteps."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise TooManySteps

    def _copy(self, value: Any) -> int:
        """Return what copying a value takes; that of each within it is kept."""
        if isinstance(value, str):
            return _COPY + len(value) // _COPIED
        if not isinstance(value, (dict, list)):
            return _COPY
        self.add(1)
        parts = value.values() if isinstance(value, dict) else value
        names = len(value) * _COPY if isinstance(value, dict) else 0
        self.copied[id(value)] = found = 3 * _COPY + names + sum(map(self._copy, parts))
        return found

    def scalars(self, value: Any) -> int:
        """Return the number of scalars in a value, which is looked through."""
        found = sum(1 for _ in _scalars(value))
        self.add(found)
        return found

    def _hold(self, schema: Any, values: Values | None, times: int, again: int) -> None:
        """Hold a schema against values so many times, and as often again to tell why no alternative is met."""
        if values is None or not values.count:
            return
        own = self._own.get(id(schema))
        if own is None:
            own = self._own[id(schema)] = keyword_costs_of(schema) if isinstance(schema, dict) else KeywordCosts()
        steps = times * (values.count + (self._compared(schema, own, values) if isinstance(schema, dict) else 0))
        reported = times * (values.count * (_PROBLEM + 2 * own.reported) + values.copied)
        self.add(steps)
        self.first_reported += again * (steps + reported)
        self.reported += (again + 1) * reported
        if not isinstance(schema, dict):
            return
        asked = times * (_ASKED_AGAIN if _is_asking(schema) else 1)
        for part, held, alternative in self._within(schema, values):
            self._hold(part, held, asked, again + alternative)

    def _compared(self, schema: Mapping[str, Any], own: KeywordCosts, values: Values) -> int:
        steps = values.count * len(schema) + len(values.holding) * own.names
        if own.compared:
            # A list or an object may hold the dearest number again and again.
            steps += own.compared * (values.digits + len(values.holding) * (5 + self._most_digits))
            steps += (values.numbers + len(values.holding)) * own.compared_digits
            steps += (values.count - values.numbers - len(values.holding)) * own.compared // 8
        if own.bounds:
            steps += own.bounds * values.digits + own.bounds_digits * values.numbers
        if own.pattern:
            steps += values.count * 2 + own.pattern * values.characters // _MATCHED
        if own.patterns:
            names = values.names
            steps += len(own.patterns) * names.count * 2 + sum(own.patterns) * names.characters // _MATCHED
        if schema.get("uniqueItems") is True:
            steps += values.paired * (5 + 2 * self._most_digits)
        if "format" in schema:
            many = values.characters * 2 if str(schema["format"]).startswith("idn-") else values.characters // 4
            steps += values.count * 4 + many
        return steps

    def _within(self, schema: Mapping[str, Any], values: Values) -> Iterator[tuple[Any, Values | None, bool]]:
        """Yield the schemas within one, each with what it is held against, and whether it is an alternative."""
        if "$ref" in schema:
            yield self.definitions[schema["$ref"].removeprefix("#/$defs/")], values, False
        for name in ("allOf", *_COMBINED):
            yield from ((part, values, name in _COMBINED) for part in schema.get(name, ()))
        yield from ((schema[name], values, False) for name in _SAME if name in schema)
        yield from ((part, values, False) for part in schema.get("dependentSchemas", {}).values())
        yield from ((part, values.at(name), False) for name, part in schema.get("properties", {}).items())
        yield from ((part, values.at(place), False) for place, part in enumerate(schema.get("prefixItems", ())))
        yield from ((schema[name], values.items, False) for name in _ITEMS if name in schema)
        yield from ((schema[name], values.values, False) for name in _VALUES if name in schema)
        yield from ((part, values.values, False) for part in schema.get("patternProperties", {}).values())
        if "propertyNames" in schema:
            yield schema["propertyNames"], values.names, False


def _is_asking(schema: Mapping[str, Any]) -> bool:
    return "unevaluatedProperties" in schema or "unevaluatedItems" in schema


def keyword_costs_of(schema: Mapping[str, Any]) -> KeywordCosts:
    own = KeywordCosts()
    members = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else [])]
    scalars = [*_scalars(members)]
    own.reported += len(scalars)
    # Texts alone are looked up.
    if not all(each is None or isinstance(each, (str, bool)) for each in members):
        own.compared, own.compared_digits = len(scalars), sum(map(_digits, scalars)) + len(scalars)
    for name in _BOUNDS:
        if name in schema:
            own.bounds += 1
            own.bounds_digits += _digits(schema[name])
    required: Mapping[str, list[str]] = schema.get("dependentRequired", {})
    own.names = len(schema.get("required", ())) + sum(map(len, required.values()))
    own.reported += own.names
    if "pattern" in schema:
        own.pattern = size_of(schema["pattern"])
    own.patterns = [size_of(pattern) for pattern in schema.get("patternProperties", ())]
    return own


def _scalars(value: Any) -> Iterator[Any]:
    """Yield the scalars within a value; a list or an object counts as one too, and each name."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        yield None if isinstance(each, (dict, list)) else each
        if isinstance(each, dict):
            yield from each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _digits(value: Any) -> int:
    """Return the steps of comparing a number with another one: few for an integer, and the more the further its
    exponent is from 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    if isinstance(value, int):
        return 2 + value.bit_length() // 32
    return 10 + abs(frexp(value)[1]) * 5 // 4
