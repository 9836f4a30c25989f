"""The JSON Schemas of what inputs take: of the bodies of REST, and of the arguments of tools."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLSchema,
    Undefined,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)

from execution import Operation, collect_fields
from models.types import MAX_SAFE_INTEGER
from schema.declaration.nulls import refused_null

JsonSchema = dict[str, Any]
SCALARS: Mapping[str, JsonSchema] = {
    "ID": {"type": "string"},
    "String": {"type": "string"},
    "Int": {"type": "integer", "format": "int32"},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "DateTime": {"type": "string", "format": "date-time"},
    "Date": {"type": "string", "format": "date"},
    "MinorUnits": {"type": "integer", "minimum": -MAX_SAFE_INTEGER, "maximum": MAX_SAFE_INTEGER},
    "MicroUnits": {"type": "integer", "minimum": 0, "maximum": MAX_SAFE_INTEGER},
    "Decimal": {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"},
    "Currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
    "Timezone": {"type": "string"},
    "JSON": {"type": "object", "additionalProperties": True},
    "LargeJSON": {"type": "object", "additionalProperties": True},
    "FormData": {"type": "object", "additionalProperties": True},
    "JSONSchema": {"type": "object", "additionalProperties": True},
    "StringMap": {"type": "object", "additionalProperties": {"type": "string"}},
    "SettingValue": {},
    "JSONValue": {},
}
_BOUNDS = (
    *("minLength", "maxLength", "pattern", "format", "enum", "minimum", "maximum", "maxItems", "minItems", "examples"),
    *("maxProperties", "propertyNames", "additionalProperties"),
)


def _where(name: str, schema: JsonSchema) -> JsonSchema:
    return {"properties": {name: schema}, "additionalProperties": True}


# Who writes is one of these, though who has written may be an agent or the system.
_WRITERS: JsonSchema = {"allOf": [_where("authorKind", {"enum": ["STAFF", "CLIENT", None]})]}
# What fields of a body must be, alone or together, which the graph's types do not say.
_TOGETHER: Mapping[str, JsonSchema] = {
    "CreateMessageInput": _WRITERS,
    "ReplyInput": _WRITERS,
    "UpdateTicketInput": {
        "if": _where("status", {"const": "SNOOZED"}) | {"required": ["status"]},
        "then": _where("snoozedUntil", {"type": "string"}) | {"required": ["snoozedUntil"]},
    },
    "CreateServiceInput": {
        "if": _where("billing", {"const": "RECURRING"}) | {"required": ["billing"]},
        "then": _where("interval", {"type": "string"}) | {"required": ["interval"]},
        "else": _where("interval", {"type": "null"}),
    },
    "UpdateServiceInput": {
        "allOf": [
            {
                "if": _where("billing", {"const": billing}) | {"required": ["billing"]},
                "then": _where("interval", interval),
            }
            for billing, interval in (("RECURRING", {"type": "string"}), ("ONE_TIME", {"type": "null"}))
        ]
    },
    "UpdateOrderInput": {
        "if": _where("statusReason", {"type": "string"}) | {"required": ["statusReason"]},
        "then": {"required": ["status"]},
    },
}


class InputSchemas:
    """JSON Schemas of what inputs take. Enums are named schemas, which are below ``at`` in the whole document."""

    at = "#/$defs/"
    # Bounds that no model states, since they follow from the graph: by the names of types and of their fields.
    closed: Mapping[str, Mapping[str, JsonSchema]] = MappingProxyType({})

    def __init__(self, graph: GraphQLSchema) -> None:
        self.graph = graph
        self.schemas: dict[str, JsonSchema] = {}

    def named(self, name: str, schema: JsonSchema) -> JsonSchema:
        """Return a reference to a schema that is kept under this name."""
        self.schemas[name] = schema
        return {"$ref": f"{self.at}{name}"}

    def enum(self, type_: GraphQLEnumType) -> JsonSchema:
        """Return a reference to an enum; its values are explained in its description."""
        meanings = [f"- `{name}`: {value.description}" for name, value in type_.values.items()]
        text = "\n".join([type_.description or "", "", *meanings])
        return self.named(type_.name, {"type": "string", "enum": list(type_.values), "description": text})

    def text(self, bounds: JsonSchema) -> JsonSchema | None:
        """Return a reference to the closed set of texts that some bounds are; None for other bounds."""
        if "enum" not in bounds:
            return None
        return self.named(bounds["title"], {"type": "string", "enum": bounds["enum"]})

    def body(
        self,
        type_: GraphQLInputObjectType,
        left_out: frozenset[str] = frozenset(),
        ignored: Mapping[str, JsonSchema] = MappingProxyType({}),
        within: Mapping[str, Mapping[str, JsonSchema]] = MappingProxyType({}),
    ) -> JsonSchema:
        """Return what an input takes, without the fields that come from elsewhere in the request; ``ignored`` ones may
        be sent and change nothing, and those of lists' items that ``within`` has, by the lists' names."""
        bounds = {**_bounds_of(type_), **self.closed.get(type_.name, {})}
        properties: dict[str, JsonSchema] = {}
        for name, field in type_.fields.items():
            if name not in left_out:
                declared = field.extensions["strawberry-definition"]
                taken = self.taken(field.type, bounds.get(declared.python_name, {}), within.get(name, {}))
                refused = refused_null(type_.extensions["strawberry-definition"].origin, declared.python_name)
                may_be_null = not is_non_null_type(field.type) and refused is None
                taken = or_null(taken) if may_be_null else taken
                properties[name] = taken | {"description": _described(field)}
        required = [name for name in properties if is_required_input_field(type_.fields[name])]
        properties |= {name: schema | {"readOnly": True} for name, schema in ignored.items()}
        made: JsonSchema = {"type": "object", "description": type_.description, "properties": properties}
        if required:
            made["required"] = required
        return made | {"additionalProperties": False} | _TOGETHER.get(type_.name, {})

    def nested(self, type_: GraphQLInputObjectType, ignored: Mapping[str, JsonSchema]) -> JsonSchema:
        """Return what an input takes that is part of another one."""
        return self.body(type_, ignored=ignored)

    def taken(
        self, type_: Any, bounds: JsonSchema, ignored: Mapping[str, JsonSchema] = MappingProxyType({})
    ) -> JsonSchema:
        """Return what a value of a type is."""
        bare = get_nullable_type(type_)
        if is_list_type(bare):
            items = self.taken(bare.of_type, bounds.get("items", {}), ignored)
            return {"type": "array", "items": items} | _keywords(bounds)
        if isinstance(bare, GraphQLEnumType):
            return self.enum(bare)
        if isinstance(bare, GraphQLInputObjectType):
            return self.nested(bare, ignored)
        return self.text(bounds) or SCALARS[bare.name] | _keywords(bounds)


def _bounds_of(type_: GraphQLInputObjectType) -> dict[str, JsonSchema]:
    """Return the bounds of an input's fields, by Python names, as the model that they come from states them."""
    origin = type_.extensions["strawberry-definition"].origin
    found = {}
    for name, adapter in getattr(origin, "bounds", {}).items():
        stated = adapter.json_schema()
        found[name] = next((each for each in stated.get("anyOf", ()) if each.get("type") != "null"), stated)
    return found


def _keywords(bounds: JsonSchema) -> JsonSchema:
    return {name: bounds[name] for name in _BOUNDS if name in bounds}


def _described(field: GraphQLInputField) -> str | None:
    """Return what a field of a body is. Its default is said here: generated clients require what has the keyword."""
    if field.default_value is Undefined:
        return field.description
    default = field.default_value
    shown = str(default).lower() if isinstance(default, bool) else default
    return f"{field.description} Default: `{shown}`."


def or_null(schema: JsonSchema) -> JsonSchema:
    """Return a schema that takes a null too."""
    if "type" in schema:
        return schema | {"type": [schema["type"], "null"]}
    if "anyOf" in schema:
        return schema | {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    return {"anyOf": [schema, {"type": "null"}]}


def root_type(graph: GraphQLSchema, operation: Operation) -> tuple[Any, FieldNode]:
    """Return the type and the node of an operation's one root field."""
    root = graph.query_type if operation.operation_type == "query" else graph.mutation_type
    assert root is not None, "the graph has queries and mutations"
    node = next(collect_fields(operation.definition.selection_set, root, operation.fragments))
    return root.fields[node.name.value].type, node
