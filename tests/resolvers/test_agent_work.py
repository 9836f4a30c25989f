"""What an agent's schema makes a validator do: it is counted before, charged, and refused where it is too much."""

from typing import Any
from unittest.mock import Mock

import pytest
from jsonschema_rs import Draft202012Validator

from models.types import JSON_LIMIT
from resolvers.agents import schemas
from resolvers.agents.schemas import check_schema, problems_of
from resolvers.agents.work import MAX_STEPS, WORK_OF_STEP
from resolvers.context import Context
from resolvers.forms import matching

Schema = dict[str, Any]


def _all(each: Schema, times: int = 1) -> Schema:
    """A schema that holds each item of a list so many times against another one."""
    return {
        "type": "object",
        "$defs": {"each": {"items": each}},
        "properties": {"all": {"allOf": [{"$ref": "#/$defs/each"}] * times}},
    }


def _not(schema: Schema) -> Schema:
    return {"not": schema}


def _nested(levels: int, keyword: str) -> Schema:
    schema: Schema = {}
    for _ in range(levels):
        schema = {"allOf": [schema], keyword: {}}
    return schema


FLOATS = [number + 0.5 for number in range(1_000)]
# What took from a third of a second to minutes, without an end in sight for some.
HOSTILE: dict[str, tuple[Schema, list[Any]]] = {
    "lists": (_all({"enum": [[number] for number in range(1_000)]}, 160), [[999]] * 2_700),
    "objects": (_all({"enum": [{"a": number} for number in range(700)]}, 160), [{"a": 699}] * 1_600),
    "decimal numbers": (_all({"enum": FLOATS}, 160), [FLOATS[-1]] * 2_000),
    "no decimal number of many": (_all(_not({"enum": FLOATS}), 100), [0.1] * 3_000),
    "integers and a list": (_all({"enum": [*range(1_000), []]}, 160), [999] * 3_000),
    "integers of which none is a decimal number": (_all(_not({"enum": [*range(900)]}), 100), [0.5] * 3_000),
    "constants": (_all({"allOf": [{"const": 0.5}] * 400}), [0.5] * 4_000),
    "a list of numbers near 0": (_all(_not({"const": [5e-324] * 500}), 10), [[4e-320] * 500] * 3),
    "multiples of a number near 0": (_all({"multipleOf": 1e-300}, 100), [0.5] * 3_000),
    "items that differ": (_all({"uniqueItems": True}, 160), [[[number] for number in range(15)]] * 260),
    "alternatives of which none is met": (
        _all({"anyOf": [{"items": {"enum": [str(number) for number in range(1_000)]}}]}), [[0] * 7_900],
    ),
    "what nothing evaluated of objects": (_all(_nested(14, "unevaluatedProperties")), [{"a": 1, "b": 2}] * 100),
    "what nothing evaluated of lists": (_all(_nested(20, "unevaluatedItems")), [[0] * 100]),
    "names of hosts": (_all({"format": "idn-hostname"}, 160), ["\u00e4." * 50] * 70),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_data_that_could_take_long_is_refused_and_not_validated(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    schema, values = HOSTILE[name]
    assert check_schema(schema, "input_schema") == []
    monkeypatch.setattr(schemas, "_problems", Mock(side_effect=AssertionError("it was validated")))
    (problem,) = problems_of(schema, {"all": values}, "input")
    assert (problem.code, problem.field, problem.extra["reason"]) == ("BAD_INPUT", "input", "TOO_LONG")
    assert problem.message.startswith("Holding it against its schema could take too long")


ROW = {
    "type": "object",
    "required": ["name", "price"],
    "properties": {
        "name": {"type": "string", "maxLength": 200, "pattern": "^[A-Z].*$"},
        "price": {"type": "number", "minimum": 0, "multipleOf": 0.01},
        "rate": {"enum": [0, 5.5, 10, 20, None]},
        "kind": {"enum": [f"kind {number}" for number in range(100)]},
        "size": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    },
    "additionalProperties": False,
}


def test_what_is_usual_is_validated() -> None:
    row = {"name": "Ada", "price": 19.99, "rate": 5.5, "kind": "kind 99", "size": 3, "tags": ["a", "b"]}
    assert problems_of(_all(ROW), {"all": [row] * (JSON_LIMIT // 90)}, "input") == []
    (problem,) = problems_of(_all(ROW), {"all": [row, row | {"price": -1}]}, "input")
    assert problem.within == "all.1.price"
    assert problems_of(_all({"enum": FLOATS[:100]}), {"all": FLOATS[:50]}, "input") == []
    assert problems_of(_all({"enum": [[number] for number in range(50)]}), {"all": [[1]] * 100}, "input") == []
    assert problems_of(_all({"type": "integer"}), {"all": [0] * 8_000}, "input") == []


def test_the_work_is_charged() -> None:
    def charged(values: list[Any]) -> int:
        ctx = Mock(spec=Context, matched=0)
        problems_of(_all({"enum": FLOATS[:100]}), {"all": values}, "input", ctx)
        matched: int = ctx.matched
        return matched

    one, two = charged([0.5]), charged([0.5] * 2)
    assert 0 < one < two < 2 * one + 1
    assert charged([0.5] * 3_000) > MAX_STEPS * WORK_OF_STEP


def test_a_value_is_held_against_its_schema_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # A look for the first problem before would be as much again.
    validator = Mock(spec=Draft202012Validator)
    validator.iter_errors.return_value = iter(())
    monkeypatch.setattr(schemas, "_kept", lambda _: (validator, _all({"type": "integer"}), {}))
    problems_of({}, {"all": [0]}, "input")
    problems_of({}, {"all": [0] * 7_000}, "input")
    assert [call[0] for call in validator.method_calls] == ["iter_errors", "validate"]


@pytest.mark.parametrize("number", [700, 30])
def test_no_more_patterns_are_compiled_than_a_schema_may_have(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    once = matching.validator_of

    def counted(schema: Schema, *rest: Any) -> Draft202012Validator:
        compiled.append(schema["pattern"])
        return once(schema, *rest)

    monkeypatch.setattr(matching, "validator_of", counted)
    wide = [rf"\p{{L}}{number}{index}" for index in range(number)]
    named = {"type": "object", "patternProperties": dict.fromkeys(wide, True)}
    defined = {"type": "object", "$defs": {f"d{index}": {"pattern": each} for index, each in enumerate(wide)}}
    for schema in (named, defined):
        (problem,) = check_schema(schema, "input_schema")
        assert (problem.message, problem.extra["reason"]) == ("Its patterns are too large together.", "TOO_LONG")
    # Two are too many together, and each is compiled a few times to learn its size.
    assert len(set(compiled)) <= 4
    assert len(compiled) <= 20
