"""The JSON Schemas of agents: which are refused, and that none of them makes a validator work for long."""

from typing import Any

import pytest

from resolvers.agents.schemas import check_schema, problems_of

OBJECT: dict[str, Any] = {"type": "object"}


def _refusals(schema: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(each.within, each.extra["reason"]) for each in check_schema(schema, "input_schema")]


def _of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return OBJECT | {"properties": properties} | more


def _nested(levels: int, inner: dict[str, Any]) -> dict[str, Any]:
    for _ in range(levels):
        inner = {"not": inner}
    return inner


def _chain(number: int, between: int = 0) -> dict[str, Any]:
    """Definitions of which each leads to the next one."""
    made = {f"d{at}": _nested(between, {"$ref": f"#/$defs/d{at + 1}"}) for at in range(number)}
    return made | {f"d{number}": {"type": "string"}}


TEXT = {"type": "string"}
TWICE = {f"d{at}": {"allOf": [{"$ref": f"#/$defs/d{at + 1}"}] * 2} for at in range(20)} | {"d20": TEXT}


@pytest.mark.parametrize(
    ("schema", "where", "reason"),
    [
        ({}, "type", "NOT_ALLOWED"),
        ({"type": ["object", "null"]}, "type", "NOT_ALLOWED"),
        (OBJECT | {"$schema": "http://json-schema.org/draft-07/schema#"}, "$schema", "NOT_ALLOWED"),
        (OBJECT | {"$schema": "https://example.com/schema"}, "$schema", "NOT_ALLOWED"),
        (_of({"a": {"$schema": "http://json-schema.org/draft-07/schema#"}}), "properties.a.$schema", "NOT_ALLOWED"),
        (_of({}, **{"$defs": {"a": {"$schema": "http://127.0.0.1/a"}}}), "$defs.a.$schema", "NOT_ALLOWED"),
        (OBJECT | {"$id": "https://example.com/a"}, "$id", "NOT_ALLOWED"),
        (_of({"a": {"$anchor": "a"}}), "properties.a.$anchor", "NOT_ALLOWED"),
        (_of({"a": {"$dynamicRef": "#a"}}), "properties.a.$dynamicRef", "NOT_ALLOWED"),
        (_of({"a": {"$ref": "http://127.0.0.1/a"}}), "properties.a.$ref", "NOT_ALLOWED"),
        (_of({"a": {"$ref": "file:///etc/passwd"}}), "properties.a.$ref", "NOT_ALLOWED"),
        (_of({"a": {"$ref": 5}}), "properties.a.$ref", "NOT_ALLOWED"),
        (_of({"a": {"$ref": "#/$defs/a"}}), "properties.a.$ref", "NOT_FOUND"),
        (_of({"a": {"$ref": "#"}}), "properties.a.$ref", "NOT_ALLOWED"),
        (_of({}, **{"$defs": {"a": {"$ref": "#/$defs/a"}}}), "$defs.a.$ref", "NOT_ALLOWED"),
        (_of({}, **{"$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"items": {"$ref": "#/$defs/a"}}}}),
         "$defs.b.items.$ref", "NOT_ALLOWED"),
        (_of({}, **{"$defs": []}), "$defs", "WRONG_TYPE"),
        (_of({"a": {"type": "text"}}), "properties.a.type", "INVALID_FORMAT"),
        (_of({"a": {"minLength": -1}}), "properties.a.minLength", "INVALID_FORMAT"),
        (_of({"a": {"pattern": "(?<=a)b"}}), "properties.a.pattern", "INVALID_FORMAT"),
        (_of({"a": {"pattern": r"\bword"}}), "properties.a.pattern", "INVALID_FORMAT"),
        (_of({"a": {"pattern": "x" * 201}}), "properties.a.pattern", "TOO_LONG"),
        (_of({"a": {"pattern": r"\p{L}{500}"}}), "properties.a.pattern", "TOO_LONG"),
        (OBJECT | {"patternProperties": {"(": True}}, "patternProperties", "INVALID_FORMAT"),
        (_of({f"a{at}": {"pattern": r"^\S+$"} for at in range(5)}), "", "TOO_LONG"),
        (_of({"a": {"$ref": "#/$defs/d0"}}, **{"$defs": TWICE}), "$defs.d13", "TOO_LONG"),
        (_of({"a": {"$ref": "#/$defs/d0"}}, **{"$defs": _chain(400)}), "$defs.d63", "TOO_LONG"),
        (_of({"a": {"$ref": "#/$defs/d0"}}, **{"$defs": _chain(60, 20)}), "$defs.d3", "TOO_LONG"),
        (_of({"a": _nested(70, TEXT)}), "", "TOO_LONG"),
    ],
)  # fmt: skip
def test_a_schema_is_refused(schema: dict[str, Any], where: str, reason: str) -> None:
    assert _refusals(schema) == [(where, reason)]


@pytest.mark.parametrize(
    "schema",
    [
        OBJECT,
        OBJECT | {"$schema": "https://json-schema.org/draft/2020-12/schema", "additionalProperties": False},
        # Properties may be called like keywords, and values hold what looks like them.
        _of({"$ref": TEXT, "$id": TEXT, "pattern": TEXT}, default={"$ref": "#"}, examples=[{"$id": "a"}]),
        _of({"a": {"const": {"$ref": "https://example.com"}}, "b": {"enum": [{"$anchor": "a"}]}}),
        _of({"a": {"$ref": "#/$defs/a"}, "b": {"$ref": "#/$defs/a"}}, **{"$defs": {"a": TEXT}}),
        _of({"a": {"pattern": "^[A-Z]{3}-[0-9]+$"}, "b": {"format": "email"}}),
    ],
)
def test_a_schema_is_taken(schema: dict[str, Any]) -> None:
    assert _refusals(schema) == []


def _told(schema: dict[str, Any], data: dict[str, Any]) -> list[tuple[str, str, Any]]:
    return [(each.within, each.message, each.extra["reason"]) for each in problems_of(schema, data, "input")]


def test_each_problem_is_told_with_its_path() -> None:
    item = {"type": "object", "properties": {"name": TEXT, "size": {"exclusiveMinimum": 0}}, "required": ["name"]}
    schema = _of(
        {
            "items": {"type": "array", "minItems": 2, "items": item, "uniqueItems": True},
            "kind": {"enum": ["a", 1, None]},
            "mode": {"const": "fast"},
            "any": {"anyOf": [TEXT, {"type": ["integer", "null"]}]},
        },
        additionalProperties=False,
    )
    assert _told(schema, {"items": [{"name": "a", "size": 1}, {"name": "b"}], "kind": None, "any": None}) == []
    found = _told(schema, {"items": [{"size": 0}], "kind": "b", "mode": "slow", "any": 1.5, "more": 1})
    assert sorted(found) == [
        ("any", "It matches none of the forms that are allowed.", "INVALID_FORMAT"),
        ("items", "It must have at least 2 items.", "TOO_SHORT"),
        ("items.0.name", "It is required.", "REQUIRED"),
        ("items.0.size", "It must be more than 0.", "OUT_OF_RANGE"),
        ("kind", "It must be one of a, 1, null.", "NOT_ONE_OF"),
        ("mode", "It must be fast.", "NOT_ONE_OF"),
        ("more", "There is no such field.", "UNKNOWN_FIELD"),
    ]
    assert _told(schema, {"items": [{"name": "a"}, {"name": "a"}]}) == [("items", "It has an item twice.", "INVALID")]


NONE = "It matches none of the forms that are allowed."
CONTAINED = "Too few or too many of its items are as required."


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"multipleOf": 0.5}, 0.75, ("a", "It must be a multiple of 0.5.", "INVALID")),
        ({"minProperties": 1}, {}, ("a", "It must have at least 1 field.", "TOO_SHORT")),
        ({"maxProperties": 2}, {"b": 1, "c": 2, "d": 3}, ("a", "It must have at most 2 fields.", "TOO_LONG")),
        ({"anyOf": [TEXT, {"type": "null"}]}, 1, ("a", NONE, "INVALID_FORMAT")),
        ({"oneOf": [TEXT, {"type": "null"}]}, 1, ("a", NONE, "INVALID_FORMAT")),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, 1,
         ("a", "It matches more than one of the forms that are allowed.", "INVALID_FORMAT")),
        ({"not": TEXT}, "x", ("a", "It is not allowed.", "NOT_ALLOWED")),
        (False, 1, ("a", "It is not allowed.", "NOT_ALLOWED")),
        ({"prefixItems": [TEXT], "items": False}, ["x", 1], ("a.1", "It is not allowed.", "NOT_ALLOWED")),
        ({"contains": TEXT}, [1], ("a", CONTAINED, "INVALID")),
        ({"contains": TEXT, "maxContains": 1}, ["x", "y"], ("a", CONTAINED, "INVALID")),
        ({"propertyNames": {"pattern": "^x"}}, {"b": 1}, ("a.b", "Its name is not allowed.", "NOT_ALLOWED")),
        ({"unevaluatedProperties": False}, {"b": 1}, ("a.b", "There is no such field.", "UNKNOWN_FIELD")),
        ({"prefixItems": [TEXT], "unevaluatedItems": False}, ["x", 1],
         ("a", "It has an item that is not allowed.", "NOT_ALLOWED")),
        ({"format": "date"}, "x", ("a", "It has the wrong format.", "INVALID_FORMAT")),
    ],
)  # fmt: skip
def test_each_keyword_says_what_it_asks_for(schema: Any, value: Any, said: tuple[str, str, str]) -> None:
    assert _told(_of({"a": schema}), {"a": value}) == [said]


def test_of_very_many_problems_one_is_told() -> None:
    schema = _of({"all": {"items": {"allOf": [TEXT] * 40}}})
    assert _refusals(schema) == []
    assert [where for where, _, _ in _told(schema, {"all": [0] * 2_000})] == ["all.0"]
    assert len(_told(schema, {"all": [0]})) == 1
    assert len(_told(_of({"all": {"items": TEXT}}), {"all": [0] * 100})) == 50
