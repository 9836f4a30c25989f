"""What a field is given and of which type it is, as far as its cost depends on it."""

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLNamedType,
    GraphQLSchema,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    Undefined,
    get_named_type,
    is_interface_type,
    is_object_type,
)

# The fields that ask about the schema, at any root.
INTROSPECTION = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


def is_given(arguments: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Return whether one of some arguments is there, and is not null."""
    values = (arguments.get(name) for name in names)
    return any(value is not None and value is not Undefined for value in values)


def type_of(node: FieldNode, parent: GraphQLNamedType | None) -> GraphQLNamedType | None:
    """Return the type of what a field holds; None where it is not known."""
    meta = INTROSPECTION.get(node.name.value)
    if meta is not None:
        return get_named_type(meta.type)
    if is_object_type(parent) or is_interface_type(parent):
        known = parent.fields.get(node.name.value)
        return None if known is None else get_named_type(known.type)
    return None


def root_of(schema: GraphQLSchema, operation_type: str) -> GraphQLNamedType | None:
    """Return the root type of an operation type."""
    found = {"query": schema.query_type, "mutation": schema.mutation_type}
    return found.get(operation_type, schema.subscription_type)
