"""Values held against their input types, as graphql-core coerces them, in words that name no type of the graph."""

from collections.abc import Callable, Iterator, Mapping
from math import isfinite, isinf
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLString,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
)

from execution import INT_HIGH, INT_LOW
from resolvers.errors import Refusal, bad_input
from schema.declaration.json_values import LARGEST

NULL, REQUIRED = "It must not be null.", "It is required."
NO_OBJECT, NO_FIELD = "It must be an object.", "There is no such field."


def not_one_of(path: str, type_: GraphQLEnumType) -> Refusal:
    """Return the refusal of what is no value of an enum."""
    allowed = list(type_.values)
    return bad_input(path, f"It must be one of {', '.join(allowed)}.", "NOT_ONE_OF", allowed=allowed)


def refused_scalar(path: str, error: GraphQLError) -> Refusal:
    """Return the refusal of a scalar's value, which names the part of it that is wrong where the error says which."""
    extra = dict(error.extensions or {})
    return bad_input(".".join([path, *extra.pop("within", ())]), error.message, **extra)


def out_of_range(path: str, type_: Any = GraphQLInt) -> Refusal:
    """Return the refusal of a number that GraphQL's Int or Float cannot hold."""
    least, most = (-LARGEST, LARGEST) if type_ is GraphQLFloat else (INT_LOW, INT_HIGH - 1)
    return bad_input(path, f"It must be from {least} to {most}.", "OUT_OF_RANGE", minimum=least, maximum=most)


def wrong_values(type_: Any, value: Any, path: str) -> Iterator[Refusal]:
    """Yield every value that is not of its type, each with its path."""
    if is_non_null_type(type_):
        if value is None:
            yield bad_input(path, NULL, "REQUIRED")
            return
        type_ = type_.of_type
    if value is None:
        return
    if is_list_type(type_):
        # What is no list is taken for a list of one.
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            yield from wrong_values(type_.of_type, item, f"{path}.{index}" if items is value else path)
    elif isinstance(type_, GraphQLInputObjectType):
        yield from _wrong_members(type_, value, path)
    elif isinstance(type_, GraphQLEnumType):
        if not isinstance(value, str) or value not in type_.values:
            yield not_one_of(path, type_)
    else:
        yield from _wrong_scalar(type_, value, path)


def _wrong_members(type_: GraphQLInputObjectType, value: Any, path: str) -> Iterator[Refusal]:
    if not isinstance(value, dict):
        yield bad_input(path, NO_OBJECT, "WRONG_TYPE")
        return
    for name, field in type_.fields.items():
        if name in value:
            yield from wrong_values(field.type, value[name], f"{path}.{name}")
        elif is_required_input_field(field):
            yield bad_input(f"{path}.{name}", REQUIRED, "REQUIRED")
    for name in value:
        if name not in type_.fields:
            yield bad_input(f"{path}.{name}", NO_FIELD, "UNKNOWN_FIELD")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and value == int(value)


PLAIN: Mapping[Any, tuple[Callable[[Any], bool], str]] = {
    GraphQLString: (lambda value: isinstance(value, str), "a string"),
    GraphQLID: (lambda value: isinstance(value, str) or _is_whole(value), "an id"),
    GraphQLInt: (_is_whole, "a whole number"),
    GraphQLFloat: (_is_number, "a number"),
    GraphQLBoolean: (lambda value: isinstance(value, bool), "true or false"),
}


def _wrong_scalar(type_: Any, value: Any, path: str) -> Iterator[Refusal]:
    plain = PLAIN.get(type_)
    if plain is None:
        try:
            type_.parse_value(value)
        except GraphQLError as error:
            yield refused_scalar(path, error)
        return
    is_one, what = plain
    if type_ in (GraphQLInt, GraphQLFloat) and isinstance(value, float) and isinf(value):
        # JSON's number beyond a double.
        yield out_of_range(path, type_)
    elif not is_one(value):
        yield bad_input(path, f"It must be {what}.", "WRONG_TYPE")
    elif type_ is GraphQLInt and not INT_LOW <= value < INT_HIGH:
        yield out_of_range(path)
