"""The range of a number: its field's, which is narrower than its type's."""

from math import isinf
from typing import Any

from graphql import (
    GraphQLFloat,
    GraphQLInputField,
    GraphQLInputObjectType,
    ValueNode,
    get_named_type,
    value_from_ast_untyped,
)
from pydantic import TypeAdapter

from models.types import BEYOND
from resolvers.errors import Refusal
from schema.declaration.inputs import fits


def bounds_of(type_: Any, field: GraphQLInputField) -> TypeAdapter[Any] | None:
    """Return what holds the values of an input's field to the bounds of the model; None where nothing does."""
    definition = getattr(type_, "extensions", {}).get("strawberry-definition")
    declared = field.extensions.get("strawberry-definition")
    bounds: dict[str, TypeAdapter[Any]] = getattr(getattr(definition, "origin", None), "bounds", {})
    return bounds.get(getattr(declared, "python_name", ""))


def comparable(type_: Any, value: Any) -> Any:
    """Return a value to hold against bounds: a whole number as such, however it is written, an infinity as a large one.

    What holds a whole number to its bounds takes none that is written as a floating one beyond 64 bits.
    """
    if isinstance(value, list):
        return [comparable(type_, item) for item in value]
    if not isinstance(value, float) or get_named_type(type_) is GraphQLFloat:
        return value
    if isinf(value):
        return BEYOND if value > 0 else -BEYOND
    return int(value) if value.is_integer() else value


def is_narrower(refusal: Refusal, known: Refusal) -> bool:
    """Return whether a refusal says of a number that is out of its type's range what its field's range is."""
    return refusal.extra.get("reason") == known.extra.get("reason") == "OUT_OF_RANGE"


def in_field(
    type_: GraphQLInputObjectType, field: GraphQLInputField, node: ValueNode, path: str, refusal: Refusal
) -> Refusal:
    """Return the refusal of a literal in an input's field, of a number out of range by the field's own range."""
    adapter = bounds_of(type_, field)
    if adapter is None or refusal.extra.get("reason") != "OUT_OF_RANGE":
        return refusal
    found: list[Refusal] = []
    fits(adapter, comparable(field.type, value_from_ast_untyped(node)), path, found)
    return next((each for each in found if each.field == refusal.field and is_narrower(each, refusal)), refusal)
