"""Null where an input is optional is as absent, which is how clients send variables that were not set.

Only where null means something does it differ: it clears what an update names and that may be empty.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass
from typing import Any

import strawberry
from graphql import GraphQLInputObjectType
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional, has_object_definition
from strawberry.types.lazy_type import LazyType

Convert = Callable[[Any], Any]


def refused_null(input_: Any, name: str) -> str | None:
    """Return what is said of a null in an input's field, by its Python name, that may be left out but cannot be
    cleared; None for another field."""
    refused: Mapping[str, str] = getattr(input_, "cannot_be_cleared", {})
    return refused.get(name)


def hears_null(type_: GraphQLInputObjectType, name: str) -> bool:
    """Return whether a null in a field of an input is another request than its absence."""
    built: _Built = type_.extensions["strawberry-definition"].from_input
    return built.hears_null(name)


def make_nulls_absent(schema: strawberry.Schema) -> None:
    """Let every input object of a schema take a null as absent where it means nothing."""
    built: dict[str, _Built] = {}
    for type_ in schema._schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            definition: Any = type_.extensions["strawberry-definition"]
            definition.from_input = built[type_.name] = _Built(schema, definition, built)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of an input. ``keeps_null``: a null in it is handed on, as a value of its own or to be refused."""

    name: str
    convert: Convert | None
    maybe: bool
    keeps_null: bool


class _Built:
    """Builds an input of one type as Strawberry does, but for its nulls, and with what its types say looked up once."""

    def __init__(self, schema: strawberry.Schema, definition: Any, others: "Mapping[str, _Built]") -> None:
        self._names, self._others = schema.config.name_converter, others
        self._definition = definition
        self._fields: dict[str, _Field] = {}
        self._absent = {
            field.python_name: None
            for field in definition.fields
            if field.default_value is MISSING and field.default_factory is MISSING
        }

    def __call__(self, cls: type[Any], value: Mapping[str, Any], context: InputContext | None = None) -> Any:
        # Types may refer to each other in a circle: they are looked at when the first value comes.
        fields = self._fields = self._fields or self._read()
        made: dict[str, Any] = dict(self._absent)
        for name, part in value.items():
            field = fields[name]
            if part is not None:
                converted = part if field.convert is None else field.convert(part)
                made[field.name] = strawberry.Some(converted) if field.maybe else converted
            elif field.keeps_null:
                made[field.name] = strawberry.Some(None)
        return cls(**made)

    def hears_null(self, name: str) -> bool:
        """Return whether a null in a field is another request than its absence: it clears, or is refused."""
        fields = self._fields = self._fields or self._read()
        return self._definition.origin.clears and fields[name].keeps_null

    def _read(self) -> dict[str, _Field]:
        found = {}
        for field in self._definition.fields:
            type_ = field.resolve_type(type_definition=self._definition)
            maybe = isinstance(type_, StrawberryMaybe)
            keeps_null = maybe and isinstance(type_.of_type, StrawberryOptional)
            keeps_null = keeps_null or refused_null(self._definition.origin, field.python_name) is not None
            found[self._names.from_field(field)] = _Field(field.python_name, self._converter(type_), maybe, keeps_null)
        return found

    def _converter(self, type_: Any) -> Convert | None:
        """Return what makes Python's value of a coerced one; None where it is that already."""
        if isinstance(type_, StrawberryOptional):
            return self._converter(type_.of_type)
        if isinstance(type_, LazyType):
            return self._converter(type_.resolve_type())
        if isinstance(type_, StrawberryList):
            item = self._converter(type_.of_type)
            return list if item is None else lambda values: [None if value is None else item(value) for value in values]
        if has_object_definition(type_):
            # By name: a generic with the same arguments is another class wherever it is written.
            build = self._others[self._names.from_type(type_.__strawberry_definition__)]
            return lambda value: build(type_, value)
        return None
