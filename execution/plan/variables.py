"""The variables of a request: those of plain types are checked at once, the others as graphql-core coerces them."""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain, repeat
from typing import Any

from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLField,
    GraphQLID,
    GraphQLIncludeDirective,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    get_variable_values,
    is_non_null_type,
    type_from_ast,
)
from graphql.execution.values import VariableValues, get_argument_values

from execution.guard.documents import Operation
from execution.plan.shapes import INT_HIGH, INT_LOW

# So many wrong values are reported.
MAX_ERRORS = 50


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_int(value: Any) -> bool:
    return type(value) is int and INT_LOW <= value < INT_HIGH


def _is_boolean(value: Any) -> bool:
    return value is True or value is False


def _never(_: Any) -> bool:
    return False


_PLAIN: dict[Any, Callable[[Any], bool]] = {
    GraphQLString: _is_text, GraphQLID: _is_text, GraphQLInt: _is_int, GraphQLBoolean: _is_boolean,
}  # fmt: skip


# What a resolver that it is given to cannot change.
_UNCHANGEABLE = frozenset({str, int, float, bool, type(None)})


def arguments_of_each(field: GraphQLField, node: FieldNode, variables: VariableValues, number: int) -> Iterable[Any]:
    """Return a field's arguments for so many calls of its resolver: where it might change them, each has its own."""
    found = get_argument_values(field, node, variables) if field.args else {}
    if number == 1 or _UNCHANGEABLE.issuperset(map(type, found.values())):
        return repeat(found, number)
    return chain([found], (get_argument_values(field, node, variables) for _ in range(1, number)))


class Variables:
    """One request's variables: as they were ``given``, ``coerced`` by name, ``whole`` for graphql-core's functions."""

    __slots__ = ("_operation", "_schema", "_whole", "coerced", "given")

    def __init__(
        self, schema: GraphQLSchema, operation: Operation, given: Mapping[str, Any], coerced: dict[str, Any]
    ) -> None:
        self._schema, self._operation, self.given = schema, operation, given
        self.coerced = coerced
        self._whole: VariableValues | None = None

    @property
    def whole(self) -> VariableValues:
        """Made when it is first asked for."""
        if self._whole is None:
            made = _coerce(self._schema, self._operation, self.given)
            assert isinstance(made, VariableValues), "what was checked can be coerced"
            self._whole = made
        return self._whole


def _coerce(schema: GraphQLSchema, operation: Operation, given: Mapping[str, Any]) -> VariableValues | list[Any]:
    return get_variable_values(schema, operation.definition.variable_definitions or (), dict(given), MAX_ERRORS)


def _plain_types(schema: GraphQLSchema, operation: Operation) -> dict[str, tuple[Callable[[Any], bool], bool]] | None:
    """For each variable its check, and whether it may be null; None where one has a default.

    One of another type is right as long as it is left out or null, if it may be.
    """
    found = {}
    for definition in operation.definition.variable_definitions or ():
        type_: Any = type_from_ast(schema, definition.type)
        check = _PLAIN.get(type_.of_type if is_non_null_type(type_) else type_, _never)
        if definition.default_value is not None:
            return None
        found[definition.variable.name.value] = check, not is_non_null_type(type_)
    return found


def declared(operation: Operation, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return those of the variables that the operation declares. Others are ignored, as the specification says."""
    names: frozenset[str] | None = operation.cache.get("declared")
    if names is None:
        found = operation.definition.variable_definitions or ()
        names = operation.cache["declared"] = frozenset(each.variable.name.value for each in found)
    return given if given.keys() <= names else {name: value for name, value in given.items() if name in names}


def plain_variables(schema: GraphQLSchema, operation: Operation, given: Mapping[str, Any]) -> Variables | None:
    """Return the variables, when all of them are of plain types and right; None says nothing."""
    key = ("variables", schema)
    if key not in operation.cache:
        operation.cache[key] = _plain_types(schema, operation)
    types = operation.cache[key]
    if types is None:
        return None
    coerced = {}
    for name, (check, null) in types.items():
        if name in given:
            value = given[name]
            if not (check(value) if value is not None else null):
                return None
            coerced[name] = value
        elif not null:
            return None
    return Variables(schema, operation, given, coerced)


def variables_of(
    schema: GraphQLSchema, operation: Operation, given: Mapping[str, Any]
) -> Variables | list[GraphQLError]:
    """Return the variables, or what is wrong with them."""
    plain = plain_variables(schema, operation, given)
    if plain is not None:
        return plain
    made = _coerce(schema, operation, given)
    if not isinstance(made, VariableValues):
        return made
    try:
        _check_conditions(operation, made)
    except GraphQLError as error:
        return [error]
    found = Variables(schema, operation, given, made.coerced)
    found._whole = made
    return found


def _check_conditions(operation: Operation, made: VariableValues) -> None:
    """Raise GraphQLError for a condition that is null: one with a default may be declared so that it can be."""
    for name, node in operation.conditions.items():
        if made.coerced.get(name) is None:
            get_argument_values(GraphQLIncludeDirective, node, made)
