"""What a tool is to a model: its description, the JSON Schema of its arguments, which are an operation's variables,
and that of its result, which is the operation's data."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from graphql import (
    SKIP,
    GraphQLInputObjectType,
    GraphQLObjectType,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_non_null_type,
    type_from_ast,
    visit,
)
from graphql.utilities import TypeInfo, TypeInfoVisitor

from execution import Operation, collect_fields
from schema.declaration.answer_schemas import AnswerSchemas
from schema.declaration.json_schema import InputSchemas, JsonSchema, or_null, root_type
from schema.graph import CORE
from schema.operations import OPERATIONS
from schema.requests.for_clients import is_staff_field
from schema.rules.prices import led_to

# Asks for the number of all objects of a list, where a caller wants it.
COUNTED = "counted"
_COUNTED: JsonSchema = {
    "type": "boolean",
    "description": "Whether to count all objects, as `totalCount`. Default: `false`.",
}


class _Arguments(InputSchemas):
    """Inputs within inputs are named schemas: filters hold themselves. A filter is shown without related objects'."""

    def nested(
        self, type_: GraphQLInputObjectType, ignored: Mapping[str, JsonSchema] = MappingProxyType({})
    ) -> JsonSchema:
        """Return a reference to what an input takes."""
        if type_.name not in self.schemas:
            self.schemas[type_.name] = {}
            left_out = frozenset(led_to()) if type_.name.endswith("Filter") else frozenset[str]()
            self.schemas[type_.name] = self.body(type_, left_out, ignored)
        return {"$ref": f"{self.at}{type_.name}"}


def description_of(name: str) -> str:
    """Return what a named operation does: as its root field says it, or as the list does that is all it asks of an
    object."""
    operation = OPERATIONS[name]
    root = CORE.query_type if operation.operation_type == "query" else CORE.mutation_type
    assert root is not None, "the graph has queries and mutations"
    type_, node = root_type(CORE, operation)
    field, on = root.fields[node.name.value], get_named_type(type_)
    if operation.operation_type == "query" and isinstance(on, GraphQLObjectType) and node.selection_set is not None:
        first, *others = collect_fields(node.selection_set, on, operation.fragments)
        if not others and first.selection_set is not None:
            field = on.fields[first.name.value]
    return field.description or name


@cache
def schema_of(name: str) -> JsonSchema:
    """Return the JSON Schema of a named operation's variables."""
    operation, inputs = OPERATIONS[name], _Arguments(CORE)
    meanings = _meanings(operation)
    properties: dict[str, JsonSchema] = {}
    required = []
    for definition in operation.definition.variable_definitions or ():
        variable = definition.variable.name.value
        if variable == COUNTED:
            properties[variable] = _COUNTED
            continue
        properties[variable] = {"description": meanings[variable]} | _variable(definition, inputs)
        if is_non_null_type(type_from_ast(CORE, definition.type)) and definition.default_value is None:
            required.append(variable)
    made: JsonSchema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        made["required"] = required
    return made | ({"$defs": inputs.schemas} if inputs.schemas else {})


@cache
def output_schema_of(name: str) -> JsonSchema:
    """Return the JSON Schema of a named operation's data."""
    operation, answers = OPERATIONS[name], AnswerSchemas(CORE, is_staff_field)
    type_, node = root_type(CORE, operation)
    field = node.name.value
    properties = {field: answers.response(type_, node, operation)}
    made: JsonSchema = {"type": "object", "properties": properties, "required": [field]}
    return made | ({"$defs": answers.schemas} if answers.schemas else {})


def _variable(definition: VariableDefinitionNode, inputs: _Arguments) -> JsonSchema:
    type_: Any = type_from_ast(CORE, definition.type)
    bare = get_nullable_type(type_)
    taken = inputs.body(bare) if _is_own_input(bare) else inputs.taken(type_, {})
    return taken if is_non_null_type(type_) else or_null(taken)


def _is_own_input(type_: Any) -> bool:
    return isinstance(type_, GraphQLInputObjectType) and not type_.name.endswith("Filter")


def _meanings(operation: Operation) -> dict[str, str | None]:
    """Return what the variables of an operation mean: the descriptions of what they are given to."""
    info, found = TypeInfo(CORE), dict[str, str | None]()

    class Finder(Visitor):
        def enter_variable_definition(self, *_: Any) -> Any:
            return SKIP

        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            argument = info.get_argument()
            found.setdefault(node.name.value, None if argument is None else argument.description)

    visit(operation.definition, TypeInfoVisitor(info, Finder()))
    return found
