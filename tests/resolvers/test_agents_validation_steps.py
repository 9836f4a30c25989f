"""What an agent's schema makes a validator do: it is counted before, charged, and refused where it is too much."""

from typing import Any
from unittest.mock import Mock

import orjson
import pytest
from jsonschema_rs import Draft202012Validator

from models.types import JSON_LIMIT
from resolvers.agents import schemas
from resolvers.agents.schemas import check_schema, problems_of
from resolvers.agents.validation_steps import MAX_STEPS, WORK_OF_STEP
from resolvers.context import Context
from resolvers.forms import matching
from tests.support.hostile_schemas import FLOATS, HOSTILE, PATTERNED, TOLD, Schema, all_of


@pytest.mark.parametrize("name", HOSTILE)
def test_data_that_could_take_long_is_refused_and_not_validated(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    schema, values = HOSTILE[name]
    assert check_schema(schema, "input_schema") == []
    monkeypatch.setattr(schemas, "_problems", Mock(side_effect=AssertionError("it was validated")))
    (problem,) = problems_of(schema, {"all": values}, "input")
    assert (problem.code, problem.field, problem.extra["reason"]) == ("BAD_INPUT", "input", "TOO_LONG")
    assert problem.message.startswith("Validating it against its schema could take too long")


ROW: Schema = {
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
    assert problems_of(all_of(ROW), {"all": [row] * (JSON_LIMIT // 90)}, "input") == []
    (problem,) = problems_of(all_of(ROW), {"all": [row, row | {"price": -1}]}, "input")
    assert problem.within == "all.1.price"
    assert problems_of(all_of({"enum": FLOATS[:100]}), {"all": FLOATS[:50]}, "input") == []
    assert problems_of(all_of({"enum": [[number] for number in range(50)]}), {"all": [[1]] * 100}, "input") == []
    assert problems_of(all_of({"type": "integer"}), {"all": [0] * 8_000}, "input") == []


def test_the_work_is_charged() -> None:
    def charged(values: list[Any]) -> int:
        ctx = Mock(spec=Context, matched=0)
        problems_of(all_of({"enum": FLOATS[:100]}), {"all": values}, "input", ctx)
        matched: int = ctx.matched
        return matched

    one, two = charged([0.5]), charged([0.5] * 2)
    assert 0 < one < two < 2 * one + 1
    assert charged([0.5] * 3_000) == MAX_STEPS * WORK_OF_STEP


def test_a_value_is_held_against_its_schema_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # A look for the first problem before would be as much again.
    validator = Mock(spec=Draft202012Validator)
    validator.iter_errors.return_value = iter(())
    monkeypatch.setattr(schemas, "_compiled", lambda _: (validator, all_of({"type": "integer"}), {}))
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
    for patterned in PATTERNED:
        schema = patterned(rf"\p{{L}}{number}", number)
        (problem,) = check_schema(schema, "input_schema")
        assert (problem.message, problem.extra["reason"]) == ("Its patterns are too large in total.", "TOO_LONG")
    # Two are too many together, and each is compiled a few times to learn its size.
    assert len(set(compiled)) <= 4
    assert len(compiled) <= 20


def test_no_copy_is_made_of_a_long_value_for_each_of_many_problems() -> None:
    schema = {"type": "object", "allOf": [{"required": ["a"]}] * 400}
    assert len(problems_of(schema, {"all": [[]] * 5}, "input")) == 1
    asked: list[str] = []
    validator, compiled, own = schemas._compiled(orjson.dumps(schema))

    class Asked:
        """A validator that remembers what it was asked."""

        def validate(self, data: Any) -> None:
            asked.append("the first")
            validator.validate(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schemas, "_compiled", lambda _: (Asked(), compiled, own))
        (problem,) = problems_of(schema, {"all": [[]] * 5_000}, "input")
    assert (problem.within, asked) == ("a", ["the first"])


@pytest.mark.parametrize("name", TOLD)
def test_what_would_take_long_to_tell_is_not_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    schema, values = TOLD[name]
    monkeypatch.setattr(schemas, "_problems", Mock(side_effect=AssertionError("it was reported")))
    (problem,) = problems_of(schema, {"all": values}, "input")
    assert (problem.message, problem.extra["reason"]) == ("It does not match its schema.", "INVALID_FORMAT")
    monkeypatch.undo()
    assert problems_of(schema, {"all": [], "a": 1}, "input") == []


def test_rows_of_several_forms_are_validated() -> None:
    forms = [ROW | {"properties": {**ROW["properties"], "form": {"const": f"form {number}"}}} for number in range(8)]
    row = {"name": "Ada", "price": 19.99, "rate": 5.5, "kind": "kind 99", "size": 3, "form": "form 7"}
    assert problems_of(all_of({"oneOf": forms}), {"all": [row] * (JSON_LIMIT // 90)}, "input") == []
    (problem,) = problems_of(all_of({"oneOf": forms}), {"all": [row, row | {"form": "form 9"}]}, "input")
    assert problem.within == "all.1"
