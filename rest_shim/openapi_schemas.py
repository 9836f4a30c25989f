"""The JSON schemas of the OpenAPI document, from what operations select and what inputs take."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)
from pydantic import TypeAdapter

from execution import Operation, collect_fields
from models.types import MAX_SAFE_INTEGER, SchemaExtra
from schema.declaration.fields import MODELS
from schema.declaration.nulls import refused_null

JsonSchema = dict[str, Any]
_SCALARS: Mapping[str, JsonSchema] = {
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
    *("minLength", "maxLength", "pattern", "format", "enum", "minimum", "maximum", "maxItems", "minItems"),
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


class Components:
    """The named schemas of one document; each is made when it is first asked for."""

    def __init__(self, graph: GraphQLSchema) -> None:
        self.graph = graph
        self.schemas: dict[str, JsonSchema] = {}

    def named(self, name: str, schema: JsonSchema) -> JsonSchema:
        """Return a reference to a schema that is kept under this name."""
        self.schemas[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}

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

    def response(self, type_: Any, node: FieldNode, operation: Operation) -> JsonSchema:
        """Return the value of a selected field: its type, as far as it is selected."""
        bare = get_nullable_type(type_)
        if is_list_type(bare):
            found: JsonSchema = {"type": "array", "items": self.response(bare.of_type, node, operation)}
        elif isinstance(bare, GraphQLEnumType):
            found = self.enum(bare)
        elif isinstance(bare, GraphQLObjectType):
            found = self.selected(bare, node, operation)
        else:
            found = dict(_SCALARS[bare.name])
        return found if is_non_null_type(type_) else or_null(found)

    def selected(self, on: GraphQLObjectType, node: FieldNode, operation: Operation) -> JsonSchema:
        """Return an object of just the fields that are selected; none of them is ever absent."""
        assert node.selection_set is not None, "an object has a selection"
        properties: dict[str, JsonSchema] = {}
        closed = _stated_of(on)
        for part in collect_fields(node.selection_set, on, operation.fragments):
            name = part.name.value if part.alias is None else part.alias.value
            field = on.fields[part.name.value]
            shape = self.response(field.type, part, operation)
            bounds = closed.get(field.extensions["strawberry-definition"].python_name, {})
            if "items" in bounds:
                shape |= {"items": self.text(bounds["items"]) or shape["items"]}
            if "additionalProperties" in bounds:
                shape |= {"additionalProperties": {"type": bounds["additionalProperties"]["type"]}}
            properties[name] = (self.text(bounds) or shape) | {"description": field.description}
        return {
            "type": "object",
            "description": on.description,
            "required": list(properties),
            "properties": properties,
        }

    def body(
        self,
        type_: GraphQLInputObjectType,
        left_out: frozenset[str] = frozenset(),
        ignored: Mapping[str, JsonSchema] = MappingProxyType({}),
        within: Mapping[str, Mapping[str, JsonSchema]] = MappingProxyType({}),
    ) -> JsonSchema:
        """Return what an input takes, without the fields that come from elsewhere in the request; ``ignored`` ones may
        be sent and change nothing, and those of lists' items that ``within`` has, by the lists' names."""
        bounds = _bounds_of(type_)
        properties: dict[str, JsonSchema] = {}
        for name, field in type_.fields.items():
            if name not in left_out:
                declared = field.extensions["strawberry-definition"]
                taken = self._taken(field.type, bounds.get(declared.python_name, {}), within.get(name, {}))
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

    def _taken(self, type_: Any, bounds: JsonSchema, ignored: Mapping[str, JsonSchema]) -> JsonSchema:
        bare = get_nullable_type(type_)
        if is_list_type(bare):
            items = self._taken(bare.of_type, bounds.get("items", {}), ignored)
            return {"type": "array", "items": items} | _kept(bounds)
        if isinstance(bare, GraphQLEnumType):
            return self.enum(bare)
        if isinstance(bare, GraphQLInputObjectType):
            return self.body(bare, ignored=ignored)
        return self.text(bounds) or _SCALARS[bare.name] | _kept(bounds)


def _stated_of(on: GraphQLObjectType) -> dict[str, JsonSchema]:
    """Return the schemas of an object's fields that are texts of a closed set, lists of them, or maps, by Python
    names."""
    definition = on.extensions.get("strawberry-definition")
    model = MODELS.get(definition.origin) if definition is not None else None
    found = {}
    for name, field in model.model_fields.items() if model is not None else ():
        annotation: Any = field.annotation
        of_items = (
            getattr(next(iter(get_args(annotation)), None), "__metadata__", ())
            if get_origin(annotation) is list
            else ()
        )
        if any(isinstance(item, SchemaExtra) for item in (*field.metadata, *of_items)):
            for item in field.metadata:
                annotation = Annotated[annotation, item]
            schema = TypeAdapter(annotation).json_schema()
            of_parts = isinstance(schema.get("additionalProperties"), dict)
            if "enum" in schema or "enum" in schema.get("items", {}) or of_parts:
                found[name.rstrip("_")] = schema
    return found


def _bounds_of(type_: GraphQLInputObjectType) -> dict[str, JsonSchema]:
    """Return the bounds of an input's fields, by Python names, as the model that they come from states them."""
    origin = type_.extensions["strawberry-definition"].origin
    found = {}
    for name, adapter in getattr(origin, "bounds", {}).items():
        stated = adapter.json_schema()
        found[name] = next((each for each in stated.get("anyOf", ()) if each.get("type") != "null"), stated)
    return found


def _kept(bounds: JsonSchema) -> JsonSchema:
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


def part_of(type_: Any, node: FieldNode, name: str, operation: Operation) -> tuple[Any, FieldNode]:
    """Return the type and the node of a field that is selected in an object."""
    on = get_named_type(type_)
    assert isinstance(on, GraphQLObjectType), "a selection is of an object"
    assert node.selection_set is not None, "an object has a selection"
    for part in collect_fields(node.selection_set, on, operation.fragments):
        if name in (part.name.value, part.alias.value if part.alias is not None else None):
            return on.fields[part.name.value].type, part
    raise LookupError(f"{name} is not selected in {on.name}")
