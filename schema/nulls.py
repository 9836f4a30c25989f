"""Null where an input is optional is as absent, which is how clients send variables that were not set.

Only where null means something does it differ: it clears what an update names and that may be empty.
"""

from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

import strawberry
from graphql import GraphQLInputObjectType
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryMaybe, StrawberryOptional


def means_something(type_: Any) -> bool:
    """Whether null is a value of its own in an optional input field of this declared type."""
    return isinstance(type_, StrawberryMaybe) and isinstance(type_.of_type, StrawberryOptional)


def refuses_null(input_: Any, name: str) -> bool:
    """Whether an input's field, by its Python name, may be left out but cannot be cleared."""
    return name in getattr(input_, "cannot_be_cleared", ())


def make_nulls_absent(schema: strawberry.Schema) -> None:
    """Let every input object of a schema take a null as absent where it means nothing."""
    for type_ in schema._schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            definition: Any = type_.extensions["strawberry-definition"]
            definition.from_input = _Built(schema, definition)


class _Built:
    """Builds an input of one type as Strawberry does, but for its nulls."""

    def __init__(self, schema: strawberry.Schema, definition: Any) -> None:
        names = schema.config.name_converter
        self._fields = [(names.from_field(field), field) for field in definition.fields]
        self._definition = definition
        self._without_default = [
            field.python_name
            for field in definition.fields
            if field.default_value is MISSING and field.default_factory is MISSING
        ]

    def __call__(self, cls: type[Any], value: Mapping[str, Any], context: InputContext) -> Any:
        made: dict[str, Any] = dict.fromkeys(self._without_default)
        for name, field in self._fields:
            if name not in value:
                continue
            part, type_ = value[name], field.resolve_type(type_definition=self._definition)
            if part is not None:
                made[field.python_name] = context.convert(part, type_, name)
            elif means_something(type_) or refuses_null(cls, field.python_name):
                made[field.python_name] = strawberry.Some(None)
        return cls(**made)
