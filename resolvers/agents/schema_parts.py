"""The schemas within a JSON Schema: where they are, and their patterns."""

from collections.abc import Iterator
from typing import Any

from resolvers.forms.matching import JsonSchema
from resolvers.forms.patterns import translated

# The keywords whose values are schemas: one, several in a list, several by names.
_ONE = frozenset({
    "items", "contains", "not", "if", "then", "else", "additionalProperties", "unevaluatedItems",
    "unevaluatedProperties", "propertyNames", "contentSchema",
})  # fmt: skip
_LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})


def subschemas(schema: JsonSchema) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the schemas directly within one, each with its path. Definitions count where they are referred to."""
    for name, value in schema.items():
        if name in _ONE:
            yield (name,), value
        elif name in _LISTED and isinstance(value, list):
            yield from (((name, str(index)), part) for index, part in enumerate(value))
        elif name in _NAMED and name != "$defs" and isinstance(value, dict):
            yield from (((name, key), part) for key, part in value.items())


def with_translated_patterns(schema: Any) -> Any:
    """Return a schema, or a part of one, with its patterns as ``translated`` has them."""
    if not isinstance(schema, dict):
        return schema
    made = dict(schema)
    if isinstance(schema.get("pattern"), str):
        made["pattern"] = translated(schema["pattern"])
    for name, value in schema.items():
        if name in _ONE:
            made[name] = with_translated_patterns(value)
        elif name in _LISTED and isinstance(value, list):
            made[name] = [with_translated_patterns(part) for part in value]
        elif name in _NAMED and isinstance(value, dict):
            made[name] = {key: with_translated_patterns(part) for key, part in value.items()}
    named = made.get("patternProperties")
    if isinstance(named, dict):
        patterns = {key: translated(key) for key in named}
        # Two that become one stay as they are: both count.
        if len({*patterns.values()}) == len(patterns):
            made["patternProperties"] = {patterns[key]: part for key, part in named.items()}
    return made
