"""Schemas of agents that would make a validator work for long, and what is held against them."""

from typing import Any

Schema = dict[str, Any]


def all_of(each: Schema, times: int = 1) -> Schema:
    """A schema that holds each item of a list so many times against another one."""
    return {
        "type": "object",
        "$defs": {"each": {"items": each}},
        "properties": {"all": {"allOf": [{"$ref": "#/$defs/each"}] * times}},
    }


def none_of(schema: Schema) -> Schema:
    return {"not": schema}


def nested(levels: int, keyword: str) -> Schema:
    schema: Schema = {}
    for _ in range(levels):
        schema = {"allOf": [schema], keyword: {}}
    return schema


FLOATS = [number + 0.5 for number in range(1_000)]
# What took from a third of a second to minutes, without an end in sight for some.
HOSTILE: dict[str, tuple[Schema, list[Any]]] = {
    "lists": (all_of({"enum": [[number] for number in range(1_000)]}, 160), [[999]] * 2_700),
    "objects": (all_of({"enum": [{"a": number} for number in range(700)]}, 160), [{"a": 699}] * 1_600),
    "decimal numbers": (all_of({"enum": FLOATS}, 160), [FLOATS[-1]] * 2_000),
    "no decimal number of many": (all_of(none_of({"enum": FLOATS}), 100), [0.1] * 3_000),
    "integers and a list": (all_of({"enum": [*range(1_000), []]}, 160), [999] * 3_000),
    "integers of which none is a decimal number": (all_of(none_of({"enum": [*range(900)]}), 100), [0.5] * 3_000),
    "constants": (all_of({"allOf": [{"const": 0.5}] * 400}), [0.5] * 4_000),
    "a list of numbers near 0": (all_of(none_of({"const": [5e-324] * 500}), 10), [[4e-320] * 500] * 3),
    "multiples of a number near 0": (all_of({"multipleOf": 1e-300}, 100), [0.5] * 3_000),
    "items that differ": (all_of({"uniqueItems": True}, 160), [[[number] for number in range(15)]] * 260),
    "what nothing evaluated of objects": (all_of(nested(14, "unevaluatedProperties")), [{"a": 1, "b": 2}] * 100),
    "what nothing evaluated of lists": (all_of(nested(20, "unevaluatedItems")), [[0] * 100]),
    "names of hosts": (all_of({"format": "idn-hostname"}, 160), ["\u00e4." * 50] * 70),
}  # fmt: skip


# What takes long to tell, though not to find.
TOLD: dict[str, tuple[Schema, list[Any]]] = {
    "alternatives of which none is met": (
        all_of({"anyOf": [{"items": {"enum": [str(number) for number in range(1_000)]}}]}), [[0] * 7_900],
    ),
    "alternatives for a long list": ({"type": "object", "anyOf": [{"required": ["a"]}] * 200}, [[]] * 5_000),
}  # fmt: skip


def _named(prefix: str, number: int) -> Schema:
    return {"type": "object", "patternProperties": {f"{prefix}{index}": True for index in range(number)}}


def _defined(prefix: str, number: int) -> Schema:
    return {"type": "object", "$defs": {f"d{index}": {"pattern": f"{prefix}{index}"} for index in range(number)}}


# Schemas of so many patterns that begin alike.
PATTERNED = (_named, _defined)
