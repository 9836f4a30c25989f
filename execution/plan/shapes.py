"""Shapes of types: nullable or not, a list or not, and how the values of a leaf are serialized."""

from asyncio import isfuture
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from inspect import iscoroutine
from types import GeneratorType
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLID,
    GraphQLInt,
    GraphQLString,
    GraphQLUnionType,
    Undefined,
    is_interface_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.pyutils import inspect

SerializeColumn = Callable[[list[Any]], list[Any]]
# Types whose values are neither null, nor an exception, nor awaitable: nothing needs to be asked of them.
PLAIN: set[type] = {str, int, float, bool, bytes, dict, list, tuple, datetime, date, Decimal, UUID}
MAX_PLAIN_SHAPES = 2_000
# From the first, and below the second: what GraphQL's Int can show.
INT_LOW, INT_HIGH = -(2**31), 2**31


class OddError(Exception):
    """A column holds a value that must be completed by itself."""


@dataclass(slots=True, eq=False)
class Shape:
    """One layer of a field's type: a list of ``item``, a leaf with its ``column``, or an object of a ``named`` type."""

    nonnull: bool
    named: Any = None
    item: "Shape | None" = None
    column: SerializeColumn | None = None
    abstract: bool = False

    @property
    def one_type(self) -> bool:
        """Return whether its values are objects of one type."""
        return self.item is None and self.column is None and not self.abstract


def shape_of(type_: Any) -> Shape:
    """Return the shape of a field's type."""
    nonnull = is_non_null_type(type_)
    bare: Any = type_.of_type if is_non_null_type(type_) else type_
    if is_list_type(bare):
        return Shape(nonnull, item=shape_of(bare.of_type))
    if is_leaf_type(bare):
        return Shape(nonnull, bare, column=_column(bare, nonnull))
    return Shape(nonnull, bare, abstract=is_interface_type(bare) or isinstance(bare, GraphQLUnionType))


def is_plain(value: Any) -> bool:
    """Return whether a value is neither null, nor an exception, nor perhaps awaitable; its type is remembered."""
    value_type = type(value)
    if value_type in PLAIN:
        return True
    if value is None or value is Undefined or isinstance(value, (BaseException, GeneratorType)):
        return False
    try:
        if hasattr(value, "__await__"):
            return False
    except Exception:  # the value raises where its attributes are read
        return False
    if len(PLAIN) < MAX_PLAIN_SHAPES:
        PLAIN.add(value_type)
    return True


def coerced(type_: Any, value: Any) -> Any:
    """Return a leaf's serialized value, which may be awaitable. Raises as graphql-core does."""
    made = type_.coerce_output_value(value)
    if made is Undefined or made is None:
        raise TypeError(
            f"Expected `{inspect(type_)}.coerce_output_value({inspect(value)})` to return non-nullable value,"
            f" returned: {inspect(made)}"
        )
    return made


def _column(type_: Any, nonnull: bool) -> SerializeColumn:
    """Return a function that serializes a column of values, and raises where one must be completed by itself."""
    if type_ is GraphQLString or type_ is GraphQLID:
        usual: Callable[[Any], Any] = _usual_text
    elif type_ is GraphQLInt:
        usual = usual_int
    elif type_ is GraphQLBoolean:
        usual = _usual_boolean
    elif isinstance(type_, GraphQLEnumType):
        usual = _enum(type_)
    else:
        usual = _custom(type_)

    def whole(values: list[Any]) -> list[Any]:
        return [usual(value) for value in values]

    def partial(values: list[Any]) -> list[Any]:
        return [None if value is None else usual(value) for value in values]

    def texts(values: list[Any]) -> list[Any]:
        return [value if type(value) is str else usual(value) for value in values]

    if not nonnull:
        return partial
    return texts if usual is _usual_text else whole


def _usual_text(value: Any) -> str:
    if type(value) is str:
        return value
    raise OddError


def usual_int(value: Any) -> int:
    """Return a number that fits GraphQL's Int. Raises OddError for any other value."""
    if type(value) is int and INT_LOW <= value < INT_HIGH:
        return value
    raise OddError


def inline_int(value: str, named: Callable[[Any], str]) -> str:
    """Return the text of ``usual_int`` of a variable."""
    usual = f"{value}.__class__ is {named(int)} and {INT_LOW} <= {value} < {INT_HIGH}"
    return f"({value} if {usual} else {named(usual_int)}({value}))"


def _usual_boolean(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise OddError


def _enum(type_: GraphQLEnumType) -> Callable[[Any], Any]:
    known: dict[tuple[type, Any], Any] = {}

    def usual(value: Any) -> Any:
        key = type(value), value
        found = known.get(key)
        if found is None:
            if not is_plain(value):
                raise OddError
            found = known[key] = coerced(type_, value)
        return found

    return usual


def _custom(type_: Any) -> Callable[[Any], Any]:
    coerce, plain = type_.coerce_output_value, PLAIN

    def usual(value: Any) -> Any:
        if type(value) not in plain:
            raise OddError
        made = coerce(value)
        if type(made) not in plain and not is_plain(made):
            if iscoroutine(made):
                made.close()  # the value is serialized again
            elif isfuture(made):
                made.cancel()
            raise OddError
        return made

    return usual
