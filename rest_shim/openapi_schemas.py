"""The JSON schemas of the OpenAPI document, from what operations select and what inputs take."""

from types import MappingProxyType
from typing import Any

from graphql import FieldNode, GraphQLObjectType, get_named_type

from execution import Operation, collect_fields
from schema.declaration.answer_schemas import AnswerSchemas
from schema.requests.tools import TOOLS

_TOOL = {"title": "AgentToolOperation", "enum": sorted(TOOLS)}


class Components(AnswerSchemas):
    """The named schemas of the OpenAPI document."""

    at = "#/components/schemas/"
    closed = MappingProxyType({name: {"operation": _TOOL} for name in ("AgentToolInput", "AgentTool")})


def part_of(type_: Any, node: FieldNode, name: str, operation: Operation) -> tuple[Any, FieldNode]:
    """Return the type and the node of a field that is selected in an object."""
    on = get_named_type(type_)
    assert isinstance(on, GraphQLObjectType), "a selection is of an object"
    assert node.selection_set is not None, "an object has a selection"
    for part in collect_fields(node.selection_set, on, operation.fragments):
        if name in (part.name.value, part.alias.value if part.alias is not None else None):
            return on.fields[part.name.value].type, part
    raise LookupError(f"{name} is not selected in {on.name}")
