"""Variables: held against their types and bounds all at once, each wrong value an error that names its field."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
    type_from_ast,
)
from graphql.utilities.validate_input_value import validate_input_value

from resolvers.errors import Refusal, Refusals, bad_input
from schema.inputs import MOST_PROBLEMS, absent_only, fits

# Each is checked, coerced and converted, which together takes some 20 µs.
MOST_VALUES = 1_500
# As deep as the brackets of a document.
MOST_LEVELS = 60
_MISSING = re.compile(r"Expected value of type '\w+!?' to include required field '(\w+)'")
_UNKNOWN = re.compile(r"Expected value of type '\w+!?' not to include unknown field '([^']*)'")
_NULL = re.compile(r"Expected value of non-null type '[^']+' not to be None")


class _EnoughError(Exception):
    """So much is wrong that the rest is not looked at."""


def check_variables(schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
    """Check the variables of an operation against their types. Raises Refusals with every wrong value, up to some.

    Where one has a wrong type, the values beside it are held against their bounds too, so that all is told at once.
    """
    _check_size(variables)
    problems: list[Refusal] = []
    known = set()
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        known.add(name)
        type_: Any = type_from_ast(schema, definition.type)
        if name in variables:
            value = variables[name]
            found: list[tuple[list[str | int], GraphQLError]] = []
            with suppress(_EnoughError):
                validate_input_value(value, type_, _collector(found), hide_suggestions=True)
            problems += [_problem(name, path, error) for path, error in found]
            problems += islice(_nulls(type_, value, name), MOST_PROBLEMS)
        elif is_non_null_type(type_) and definition.default_value is None:
            problems.append(bad_input(name, f"The variable ${name} is required."))
        if len(problems) >= MOST_PROBLEMS:
            raise Refusals(problems[:MOST_PROBLEMS])
    unknown = islice((name for name in variables if name not in known), MOST_PROBLEMS)
    problems += [bad_input(name, f"There is no variable ${name}.") for name in unknown]
    if problems:
        wrong = {problem.field for problem in problems}
        for definition in operation.variable_definitions or ():
            name = definition.variable.name.value
            beside = _out_of_bounds(type_from_ast(schema, definition.type), variables.get(name), name)
            problems += [problem for problem in beside if problem.field not in wrong]
        raise Refusals(problems[:MOST_PROBLEMS])


def _check_size(variables: Mapping[str, Any]) -> None:
    """Raises Refusals for variables that hold too many values or too deep ones, before anything recurses into them."""
    count = 0
    for name, value in variables.items():
        level, levels = _holding([value]), 0
        while level:
            levels += 1
            count += sum(map(len, level))
            if levels > MOST_LEVELS:
                raise Refusals([bad_input(name, f"It is nested more than {MOST_LEVELS} levels deep.")])
            if count > MOST_VALUES:
                raise Refusals([bad_input(name, f"There are more than {MOST_VALUES} values in the variables.")])
            level = _holding(part for each in level for part in (each.values() if isinstance(each, dict) else each))


def _holding(values: Iterable[Any]) -> list[dict[str, Any] | list[Any]]:
    return [value for value in values if isinstance(value, (dict, list))]


def _collector(found: list[tuple[list[str | int], GraphQLError]]) -> Callable[[GraphQLError, list[str | int]], None]:
    def collect(error: GraphQLError, path: list[str | int]) -> None:
        found.append((path, error))
        if len(found) >= MOST_PROBLEMS:
            raise _EnoughError

    return collect


def _problem(name: str, path: list[str | int], error: GraphQLError) -> Refusal:
    where, message = [name, *map(str, path)], error.message
    missing = _MISSING.match(message)
    unknown = _UNKNOWN.match(message)
    # GraphQL's own words show the whole value, and name the object for what one of its fields is or lacks.
    if missing:
        where, message = [*where, missing[1]], "It is required."
    elif unknown:
        where, message = [*where, unknown[1]], "There is no such field."
    elif _NULL.match(message):
        message = "It must not be null."
    return bad_input(".".join(where), message)


def _nulls(type_: Any, value: Any, path: str) -> Iterator[Refusal]:
    """Nulls where a field may be absent but not null."""
    for field, part, where in _members(type_, value, path):
        declared = field.extensions.get("strawberry-definition")
        if part is None and declared is not None and absent_only(declared.type):
            yield bad_input(where, "It may be left out, but not be null.")
        yield from _nulls(field.type, part, where)


def _members(type_: Any, value: Any, path: str) -> Iterator[tuple[Any, Any, str]]:
    while is_non_null_type(type_):
        type_ = type_.of_type
    if is_list_type(type_) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _members(type_.of_type, item, f"{path}.{index}")
    elif isinstance(type_, GraphQLInputObjectType) and isinstance(value, dict):
        for name, field in type_.fields.items():
            if name in value:
                yield field, value[name], f"{path}.{name}"


def _out_of_bounds(type_: Any, value: Any, path: str) -> list[Refusal]:
    problems: list[Refusal] = []
    named = get_named_type(type_)
    definition = named.extensions.get("strawberry-definition") if named is not None else None
    bounds = getattr(getattr(definition, "origin", None), "bounds", {})
    for field, part, where in _members(type_, value, path):
        declared = field.extensions.get("strawberry-definition")
        adapter = bounds.get(getattr(declared, "python_name", ""))
        if adapter is not None and part is not None:
            fits(adapter, part, where, problems)
        else:
            problems += _out_of_bounds(field.type, part, where)
    return problems
