"""Variables: held against their types and bounds all at once, each wrong value an error that names its field."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
    type_from_ast,
)
from graphql.language import SKIP, Visitor, visit
from graphql.utilities import TypeInfo, TypeInfoVisitor
from graphql.utilities.validate_input_value import validate_input_value

from execution.documents import Operation
from resolvers.errors import Refusal, Refusals, bad_input
from schema.inputs import MOST_PROBLEMS, NEVER_NULL, fits
from schema.nulls import refuses_null

# Each is checked, coerced and converted, which together takes some 20 µs.
MOST_VALUES = 1_500
# As deep as the brackets of a document.
MOST_LEVELS = 60
_MISSING = re.compile(r"Expected value of type '\w+!?' to include required field '(\w+)'")
_UNKNOWN = re.compile(r"Expected value of type '\w+!?' not to include unknown field '([^']*)'")
_NO_NULL = "It must not be null."
_NULL = re.compile(r"Expected value of non-null type '[^']+' not to be None")


class _EnoughError(Exception):
    """So much is wrong that the rest is not looked at."""


def check_variables(schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any]) -> None:
    """Check the variables of an operation against their types. Raises Refusals with every wrong value, up to some.

    Where one has a wrong type, the values beside it are held against their bounds too, so that all is told at once.
    A variable that the operation does not declare is ignored. What is wrong is named by the argument that it is for.
    """
    problems = _wrong(schema, operation, variables)
    if problems:
        # Only now: most variables are right, and this walks the whole document.
        places = _places(operation)
        for problem in problems:
            name, *path = (problem.field or "").split(".")
            problem.field = ".".join([places.get(name, name), *path])
        raise Refusals(problems[:MOST_PROBLEMS])


def _wrong(schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any]) -> list[Refusal]:
    """What is wrong, each named by its variable."""
    excess = _excess(variables)
    if excess is not None:
        return [excess]
    problems: list[Refusal] = []
    definitions = operation.definition.variable_definitions or ()
    for definition in definitions:
        name = definition.variable.name.value
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
            return problems
    defaulted = {each.variable.name.value for each in definitions if each.default_value is not None}
    nulls = {name for name in defaulted if name in variables and variables[name] is None}
    if nulls:
        problems += [bad_input(name, _NO_NULL) for name in sorted(_at_non_null(schema, operation, nulls))]
    if problems:
        wrong = {problem.field for problem in problems}
        for definition in definitions:
            name = definition.variable.name.value
            beside = _out_of_bounds(type_from_ast(schema, definition.type), variables.get(name), name)
            problems += [problem for problem in beside if problem.field not in wrong]
    return problems


def _at_non_null(schema: GraphQLSchema, operation: Operation, names: set[str]) -> set[str]:
    """Those of some variables that stand where a null cannot: a default lets a nullable one stand there."""
    info, found = TypeInfo(schema), set[str]()

    class Finder(Visitor):
        def enter_variable_definition(self, *_: Any) -> Any:
            return SKIP

        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            if node.name.value in names and is_non_null_type(info.get_input_type()):
                found.add(node.name.value)

    for definition in (operation.definition, *operation.fragments.values()):
        visit(definition, TypeInfoVisitor(info, Finder()))
    return found


class _Uses(Visitor):
    def __init__(self, found: dict[str, str]) -> None:
        super().__init__()
        self.found = found

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        for argument in node.arguments or ():
            self._value(argument.value, argument.name.value)

    def _value(self, node: ValueNode, path: str) -> None:
        if isinstance(node, VariableNode):
            self.found.setdefault(node.name.value, path)
        elif isinstance(node, ListValueNode):
            for index, item in enumerate(node.values):
                self._value(item, f"{path}.{index}")
        elif isinstance(node, ObjectValueNode):
            for part in node.fields:
                self._value(part.value, f"{path}.{part.name.value}")


def _places(operation: Operation) -> dict[str, str]:
    """Where each variable is first used: the argument, and the path within it."""
    found: dict[str, str] = {}
    for definition in (operation.definition, *operation.fragments.values()):
        visit(definition, _Uses(found))
    return found


def _excess(variables: Mapping[str, Any]) -> Refusal | None:
    """What is wrong with variables that hold too many values or too deep ones, before anything recurses into them."""
    count = 0
    for name, value in variables.items():
        level, levels = _holding([value]), 0
        while level:
            levels += 1
            count += sum(map(len, level))
            if levels > MOST_LEVELS:
                return bad_input(name, f"It is nested more than {MOST_LEVELS} levels deep.")
            if count > MOST_VALUES:
                return bad_input(name, f"There are more than {MOST_VALUES} values in the variables.")
            level = _holding(part for each in level for part in (each.values() if isinstance(each, dict) else each))
    return None


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
        message = _NO_NULL
    return bad_input(".".join(where), message)


def _nulls(type_: Any, value: Any, path: str) -> Iterator[Refusal]:
    """Nulls where a field may be absent but not null."""
    definition = get_named_type(type_).extensions.get("strawberry-definition")
    for field, part, where in _members(type_, value, path):
        declared = field.extensions.get("strawberry-definition")
        if part is None and declared is not None and refuses_null(definition.origin, declared.python_name):
            yield bad_input(where, NEVER_NULL)
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
