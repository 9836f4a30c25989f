"""The JSON schemas of an organization's settings, from their registry."""

from collections.abc import Mapping
from json import dumps
from typing import Any

from pydantic import TypeAdapter

from models.images import DIGEST
from models.settings import REGISTRY, Setting, SettingType
from models.types import DECIMAL
from rest_shim.openapi_schemas import Components
from schema.declaration.json_schema import JsonSchema, or_null

# What is shown otherwise than it is taken.
_PATTERNS = {SettingType.IMAGE: DIGEST, SettingType.DECIMAL: DECIMAL}
_REFERENCE = "#/components/schemas/{model}"


def settings_shown(components: Components) -> dict[str, JsonSchema]:
    """Return what is answered of each setting, by its name; null only where it has no default."""
    found = {}
    for name, setting in REGISTRY.items():
        pattern = _PATTERNS.get(setting.type)
        shape = _schema(setting, components) if pattern is None else {"type": "string", "pattern": pattern}
        found[name] = (or_null(shape) if setting.default is None else shape) | {"description": setting.meaning}
    return found


def settings_taken(components: Components, ignored: Mapping[str, JsonSchema]) -> JsonSchema:
    """Return the body of a change; ``ignored`` fields may be sent and change nothing."""
    taken = {
        name: or_null(_schema(setting, components)) | {"description": _described(setting)}
        for name, setting in REGISTRY.items()
    }
    read_only = {name: schema | {"readOnly": True} for name, schema in ignored.items()}
    return {
        "type": "object",
        "description": "Settings to change. Those that are absent keep their values; null resets one to its default.",
        "properties": taken | read_only,
        "additionalProperties": False,
    }


def _schema(setting: Setting, components: Components) -> JsonSchema:
    made: Any = TypeAdapter(setting.value_type).json_schema(ref_template=_REFERENCE)
    for name, part in made.pop("$defs", {}).items():
        components.named(name, _untitled(part))
    return components.text(made) or _untitled(made)


def _untitled(schema: JsonSchema) -> JsonSchema:
    """Return a schema without the titles that only repeat the names of fields."""
    found = {name: value for name, value in schema.items() if name != "title"}
    if "properties" in found:
        found["properties"] = {name: _untitled(part) for name, part in found["properties"].items()}
    return found


def _described(setting: Setting) -> str:
    default = setting.shown(setting.default)
    return setting.meaning if default is None else f"{setting.meaning} Default: `{dumps(default)}`."
