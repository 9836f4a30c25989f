"""Values of forms: what each type of field takes, why it refuses the rest, and that another validator says the same."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema_rs import ValidationError

from resolvers.forms import json_schema
from resolvers.forms.fields import fields_with_defaults
from resolvers.forms.json_schema import MAX_PROBLEMS, problems_of, schema_of
from tests.support.emails import EMAILS, NO_EMAILS
from tests.support.urls import NO_URLS, URLS

SHORT, LONG, TYPE, FORMAT, RANGE, CHOICE = (
    "TOO_SHORT", "TOO_LONG", "WRONG_TYPE", "INVALID_FORMAT", "OUT_OF_RANGE", "NOT_ONE_OF",
)  # fmt: skip
NO_DATES = [
    "0000-12-31", "10000-01-01", "2026-02-29", "2026-13-01", "2026-04-31", "28.02.2026", "2026-2-8",
    "2026-02-28T00:00:00Z",
]  # fmt: skip
OPTIONS = ["a", "b", "<b>"]
# A field, what it takes, and what it refuses by the reasons.
TABLE: list[tuple[dict[str, Any], list[Any], dict[str, list[Any]]]] = [
    (
        {"type": "TEXT"},
        ["", "a\tb\nc", "<b>", "x" * 200, "😀" * 200],
        {LONG: ["x" * 201], FORMAT: ["\x00", "\x1b", "a\x7f"], TYPE: [5, ["a"], True, {"a": "b"}]},
    ),
    (
        {"type": "TEXT", "required": True, "min": 2, "max": 3},
        ["ab", "abc", "äöü", "😀😀"],
        {SHORT: ["", "a", "😀"], LONG: ["abcd"]},
    ),
    ({"type": "TEXT", "required": True}, ["a"], {SHORT: [""]}),
    ({"type": "TEXT", "pattern": "a|bc"}, ["a", "bc"], {FORMAT: ["", "ab", "abc", "x"]}),
    ({"type": "TEXTAREA"}, ["", "a\nb", "x" * 20_000], {LONG: ["x" * 20_001], FORMAT: ["\x0b"], TYPE: [1.5]}),
    ({"type": "TEXTAREA", "min": 3, "max": 5}, ["abc", "abcde"], {SHORT: ["ab"], LONG: ["abcdef"]}),
    (
        {"type": "EMAIL"},
        [each.strip() for each in EMAILS],
        {FORMAT: NO_EMAILS, LONG: [f"{'x' * 243}@example.com"], TYPE: [1, ["a@example.com"]]},
    ),
    (
        {"type": "PHONE"},
        ["+49 (30) 123-45/6", "(030) 1.2", "1" * 40],
        {FORMAT: ["call me", "+49x", "-1", "+", "(", "+()", "٣"], LONG: ["1" * 41], TYPE: [4930]},
    ),
    (
        {"type": "URL"},
        [*URLS, f"https://example.com/{'x' * 1_980}"],
        {FORMAT: NO_URLS, LONG: [f"https://example.com/{'x' * 1_981}"], TYPE: [True]},
    ),
    ({"type": "HIDDEN"}, ["", "campaign-7", "x" * 200], {LONG: ["x" * 201], FORMAT: ["\x01"], TYPE: [7]}),
    (
        {"type": "NUMBER"},
        [0, -1.5, 2**53 - 1, 1 - 2**53],
        {RANGE: [2**53, -(2**53), -1e300, 1e300], TYPE: ["5", True, [5]]},
    ),
    ({"type": "NUMBER", "min": 18, "max": 19.5}, [18, 18.0, 19.5], {RANGE: [17.999, -18, 19.501, 20]}),
    ({"type": "NUMBER", "min": -0.5, "max": -0.5}, [-0.5], {RANGE: [-0.51, -0.49, 0]}),
    (
        {"type": "DATE"},
        ["2026-02-28", "2028-02-29", "9999-12-31", "0001-01-01"],
        {
            FORMAT: [*NO_DATES, ""],
            TYPE: [5],
        },
    ),
    ({"type": "SELECT", "options": OPTIONS}, OPTIONS, {CHOICE: ["c", ["a"], "", "A", 1, True]}),
    (
        {"type": "MULTISELECT", "options": OPTIONS},
        [[], ["a", "b"], ["<b>", "a", "b"]],
        {"INVALID": [["a", "a"], ["a", "b", "a"]], TYPE: ["a", {"a": "a"}]},
    ),
    (
        {"type": "MULTISELECT", "options": OPTIONS, "required": True, "max": 2},
        [["a"], ["a", "<b>"]],
        {SHORT: [[]], LONG: [["a", "b", "<b>"]], "INVALID": [["b", "b"]]},
    ),
    ({"type": "MULTISELECT", "options": OPTIONS, "min": 2}, [["a", "b"]], {SHORT: [[], ["a"]]}),
    ({"type": "CHECKBOX", "required": True}, [True, False], {TYPE: ["on", 1, 0, "true"]}),
    ({"type": "CONSENT"}, [True, False], {TYPE: ["yes", 1]}),
    ({"type": "CONSENT", "required": True}, [True], {"REQUIRED": [False]}),
]
KEYWORDS = {
    "type": TYPE, "minLength": SHORT, "maxLength": LONG, "minItems": SHORT, "maxItems": LONG, "minimum": RANGE,
    "maximum": RANGE, "enum": CHOICE, "const": "REQUIRED", "uniqueItems": "INVALID", "pattern": FORMAT,
    "format": FORMAT,
}  # fmt: skip
Fields = list[dict[str, Any]]


def _fields(*given: dict[str, Any]) -> Fields:
    return fields_with_defaults([{"key": f"f{number}", "label": "F"} | each for number, each in enumerate(given)])


def _ours(fields: Fields, data: dict[str, Any]) -> list[tuple[str, str]]:
    problems = problems_of("Contact", fields, data, "data")
    assert {(problem.code, problem.field) for problem in problems} <= {("BAD_INPUT", "data")}
    return [(problem.within, problem.extra["reason"]) for problem in problems]


def _theirs(fields: Fields, data: dict[str, Any]) -> set[tuple[str, str]]:
    """Return what the other library finds in the same schema, in our words."""
    schema = schema_of("Contact", fields)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    found: set[tuple[str, str]] = set()
    for error in validator.iter_errors(data):
        if error.validator == "required":
            found |= {(key, "REQUIRED") for key in schema["required"] if key not in data}
        elif error.validator == "additionalProperties":
            found |= {(key, "UNKNOWN_FIELD") for key in data if key not in schema["properties"]}
        else:
            found.add((".".join(map(str, error.absolute_path)), KEYWORDS[str(error.validator)]))
    return found


def _agree(fields: Fields, data: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with a submission, which the other library says too: of each value the same or one more."""
    ours, theirs = _ours(fields, data), _theirs(fields, data)
    assert {*ours} <= theirs, data
    assert {where for where, _ in ours} == {where for where, _ in theirs}, data
    return ours


@pytest.mark.parametrize(("field", "right", "wrong"), TABLE)
def test_a_field_takes_what_its_type_says(field: dict[str, Any], right: list[Any], wrong: dict[str, list[Any]]) -> None:
    fields = _fields(field)
    for value in right:
        assert _agree(fields, {"f0": value}) == []
    for reason, values in wrong.items():
        for value in values:
            assert _agree(fields, {"f0": value}) == [("f0", reason)], value


def test_an_option_that_is_none_is_named_by_its_place() -> None:
    fields = _fields({"type": "MULTISELECT", "options": OPTIONS})
    assert _agree(fields, {"f0": ["a", "c", 1]}) == [("f0.1", CHOICE), ("f0.2", CHOICE)]


def test_what_is_missing_and_what_is_unknown_is_named() -> None:
    fields = _fields({"type": "TEXT", "required": True}, {"type": "CONSENT", "required": True}, {"type": "DATE"})
    data = {"f3": 1, "__proto__": {}, "f0.x": "y"}
    assert sorted(_agree(fields, data)) == [
        ("__proto__", "UNKNOWN_FIELD"), ("f0", "REQUIRED"), ("f0.x", "UNKNOWN_FIELD"), ("f1", "REQUIRED"),
        ("f3", "UNKNOWN_FIELD"),
    ]  # fmt: skip


def test_so_many_problems_are_told() -> None:
    wrong = [({"type": "NUMBER"}, "x")] * 49 + [({"type": "CONSENT", "required": True}, False)]
    fields = _fields(*(field for field, _ in wrong))
    data = {f"f{number}": value for number, (_, value) in enumerate(wrong)}
    assert sorted(_agree(fields, data)) == sorted([*((f"f{n}", TYPE) for n in range(49)), ("f49", "REQUIRED")])
    more = data | {f"x{number}": "" for number in range(3)}
    ours = _ours(fields, more)
    assert (len(ours), len({*ours})) == (MAX_PROBLEMS, MAX_PROBLEMS)
    assert {*ours} < _theirs(fields, more)


def test_of_many_wrong_items_no_more_are_looked_for_than_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A validator makes an error of each, with all options in it."""
    made: list[Any] = []
    once = json_schema.explained

    def counted(error: ValidationError, *rest: Any) -> Iterator[json_schema.Problem]:
        made.append(error)
        yield from once(error, *rest)

    monkeypatch.setattr(json_schema, "explained", counted)
    fields = _fields({"type": "MULTISELECT", "options": ["a", "b"]}, {"type": "NUMBER"})
    found = _ours(fields, {"f0": [1] * 30_000, "f1": "x"})
    assert found == [(f"f0.{index}", "NOT_ONE_OF") for index in range(MAX_PROBLEMS)]
    assert len(made) <= 1
    found = _ours(fields, {"f0": ["c", "a", 1, ["a"]], "f1": "x"} | {f"x{number}": 1 for number in range(8_000)})
    assert len(found) == MAX_PROBLEMS
    assert found[:3] == [("f0.0", CHOICE), ("f0.2", CHOICE), ("f0.3", CHOICE)]


def test_no_error_is_made_of_each_item(monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[ValidationError] = []
    once = json_schema._kept_validator

    class Counting:
        """A validator whose errors are counted."""

        def __init__(self, text: bytes) -> None:
            self.validator = once(text)

        def iter_errors(self, data: Any) -> Iterator[ValidationError]:
            errors.extend(self.validator.iter_errors(data))
            return iter(errors)

    monkeypatch.setattr(json_schema, "_kept_validator", Counting)
    fields = _fields({"type": "MULTISELECT", "options": ["a", "b"]})
    assert len(_ours(fields, {"f0": [1] * 30_000})) == MAX_PROBLEMS
    assert sorted(error.kind.name for error in errors) == ["maxItems", "uniqueItems"]
