"""The JSON Schemas of what operations answer: of the responses of REST, and of the results of tools."""

from collections.abc import Callable
from typing import Annotated, Any, get_args, get_origin

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLSchema,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)
from pydantic import TypeAdapter

from execution import Operation, collect_fields
from models.types import SchemaExtra
from schema.declaration.fields import MODELS
from schema.declaration.json_schema import SCALARS, InputSchemas, JsonSchema, or_null
from schema.declaration.scopes import required_scope, requires

_LEFT_OUT = "Left out for a client's access token."


class AnswerSchemas(InputSchemas):
    """JSON Schemas of what operations select, beside those of what inputs take.

    ``is_for_staff`` says of the names of a type and a field whether answers to a client's access token lack it.
    """

    def __init__(self, graph: GraphQLSchema, is_for_staff: Callable[[str, str], bool]) -> None:
        super().__init__(graph)
        self._is_for_staff = is_for_staff

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
            found = dict(SCALARS[bare.name])
        return found if is_non_null_type(type_) else or_null(found)

    def selected(self, on: GraphQLObjectType, node: FieldNode, operation: Operation) -> JsonSchema:
        """Return an object of just the fields that are selected. Those with a condition may be absent, and those that
        are the staff's."""
        assert node.selection_set is not None, "an object has a selection"
        properties: dict[str, JsonSchema] = {}
        required: list[str] = []
        closed = {**_stated_of(on), **self.closed.get(on.name, {})}
        for part in collect_fields(node.selection_set, on, operation.fragments):
            name = part.name.value if part.alias is None else part.alias.value
            field = on.fields[part.name.value]
            shape = self.response(field.type, part, operation)
            bounds = closed.get(field.extensions["strawberry-definition"].python_name, {})
            if "items" in bounds:
                shape |= {"items": self.text(bounds["items"]) or shape["items"]}
            if "additionalProperties" in bounds:
                shape |= {"additionalProperties": {"type": bounds["additionalProperties"]["type"]}}
            staffs = self._is_for_staff(on.name, part.name.value)
            said = f"{field.description} {_LEFT_OUT}" if staffs else field.description
            properties[name] = (self.text(bounds) or shape) | {"description": said}
            if not (part.directives or staffs):
                required.append(name)
        return {
            "type": "object",
            "description": _meaning(on),
            "required": required,
            "properties": properties,
        }


def _meaning(on: GraphQLObjectType) -> str:
    """Return a type's description without its scope, which the operation that answers it names."""
    says = on.description or ""
    scope = required_scope(on.extensions["strawberry-definition"].directives)
    return says if scope is None else says.replace(f" {requires(scope)}", "")


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
