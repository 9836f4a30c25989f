"""Which object type a value of an interface or union has, refused in graphql-core's words where it has none."""

from typing import Any

from graphql import GraphQLError, GraphQLObjectType, is_object_type
from graphql.pyutils import inspect

from execution.plan.nodes import FieldPlan


def runtime_type(field: FieldPlan, abstract: Any, found: Any, value: Any) -> GraphQLObjectType:
    """Return the object type that a resolver named. Raises GraphQLError for a name that will not do."""
    schema = field.plan.schema
    where = f"for field '{field.parent}.{field.name}'"
    must = f"Abstract type '{abstract}' must resolve to an Object type at runtime {where}"
    if found is None:
        raise GraphQLError(
            f"{must}. Either the '{abstract}' type should provide a 'resolve_type' function or each possible type"
            " should provide an 'is_type_of' function.",
            field.nodes,
        )
    if not isinstance(found, str):
        raise GraphQLError(
            f"{must} with value {inspect(value)}, received '{inspect(found)}', which is not a valid Object type name.",
            field.nodes,
        )
    type_ = schema.get_type(found)
    if type_ is None:
        message = f"Abstract type '{abstract}' was resolved to a type '{found}' that does not exist inside the schema."
        raise GraphQLError(message, field.nodes)
    if not is_object_type(type_):
        raise GraphQLError(f"Abstract type '{abstract}' was resolved to a non-object type '{found}'.", field.nodes)
    if not schema.is_sub_type(abstract, type_):
        raise GraphQLError(f"Runtime Object type '{type_}' is not a possible type for '{abstract}'.", field.nodes)
    return type_


def wrong_type(field: FieldPlan, type_: GraphQLObjectType, value: Any) -> GraphQLError:
    """Return the error for a value that is not of its type."""
    return GraphQLError(f"Expected value of type '{type_}' but got: {inspect(value)}.", field.nodes)
