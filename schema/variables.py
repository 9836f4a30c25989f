"""Variables: held against their types and bounds all at once, each wrong value an error that names its field."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from graphql import (
    FieldNode,
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

from execution.documents import Operation
from resolvers.errors import Refusal, Refusals, bad_input
from schema.input_values import wrong_values
from schema.inputs import MOST_PROBLEMS, NEVER_NULL, fits
from schema.nulls import refuses_null

# Each is checked, coerced and converted, which together takes some 20 µs.
MOST_VALUES = 1_500
# As deep as the brackets of a document.
MOST_LEVELS = 60
_NO_NULL = "It must not be null."


def check_variables(schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any]) -> None:
    """Check the variables of an operation against their types. Raises Refusals with every wrong value, up to some.

    Where one has a wrong type, the values beside it are held against their bounds too, so that all is told at once.
    A variable that the operation does not declare is ignored. What is wrong is named by the argument that it is for.
    """
    problems = _wrong_types(schema, operation, variables)
    if problems:
        raise Refusals(_placed(operation, _with_bounds(problems, schema, operation, variables)))


def wrong_variables(schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any]) -> list[Refusal]:
    """Every wrong value of the variables, by its type or its bounds, up to some: for one that is refused anyway."""
    problems = _wrong_types(schema, operation, variables)
    return _placed(operation, _with_bounds(problems, schema, operation, variables))


def _wrong_types(schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any]) -> list[Refusal]:
    """What is wrong, each named by its variable."""
    _check_size(operation, variables)
    problems: list[Refusal] = []
    definitions = operation.definition.variable_definitions or ()
    for definition in definitions:
        name = definition.variable.name.value
        type_: Any = type_from_ast(schema, definition.type)
        if name in variables:
            value = variables[name]
            problems += islice(wrong_values(type_, value, name), MOST_PROBLEMS)
        elif is_non_null_type(type_) and definition.default_value is None:
            problems.append(bad_input(name, f"The variable ${name} is required.", "REQUIRED"))
        if len(problems) >= MOST_PROBLEMS:
            return problems
    defaulted = {each.variable.name.value for each in definitions if each.default_value is not None}
    nulls = {name for name in defaulted if name in variables and variables[name] is None}
    names = sorted(_at_non_null(schema, operation, nulls))
    return problems + [bad_input(name, _NO_NULL, "REQUIRED") for name in names]


def _with_bounds(
    problems: list[Refusal], schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any]
) -> list[Refusal]:
    """The problems, and what else is out of its bounds; up to some."""
    wrong = {problem.field for problem in problems}
    for definition in operation.definition.variable_definitions or ():
        name = definition.variable.name.value
        type_: Any = type_from_ast(schema, definition.type)
        value = variables.get(name)
        # What fits its type is refused by the root field that takes it, unless the request is refused as a whole.
        beside = islice(chain(_nulls(type_, value, name), _out_of_bounds(type_, value, name)), MOST_PROBLEMS)
        problems += [problem for problem in beside if problem.field not in wrong]
        if len(problems) >= MOST_PROBLEMS:
            break
    return problems[:MOST_PROBLEMS]


def _placed(operation: Operation, problems: list[Refusal]) -> list[Refusal]:
    """The problems, each named by the argument that its variable is for: known by a walk through the whole document."""
    places = _places(operation) if problems else {}
    for problem in problems:
        name, *path = (problem.field or "").split(".")
        problem.field = ".".join([places.get(name, name), *path])
    return problems


def _at_non_null(schema: GraphQLSchema, operation: Operation, names: set[str]) -> set[str]:
    """Those of some variables that stand where a null cannot: a default lets a nullable one stand there."""
    if not names:
        return set()
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


def _check_size(operation: Operation, variables: Mapping[str, Any]) -> None:
    """Raises Refusals for variables that hold too many values or too deep ones, before anything recurses into them."""
    count = 0
    for name, value in variables.items():
        level, levels = _holding([value]), 0
        while level:
            levels += 1
            count += sum(map(len, level))
            if levels > MOST_LEVELS:
                text = f"It is nested more than {MOST_LEVELS} levels deep."
                raise Refusals(_placed(operation, [bad_input(name, text, "TOO_LONG", limit=MOST_LEVELS)]))
            if count > MOST_VALUES:
                text = f"It holds more than {MOST_VALUES} values in all."
                raise Refusals(_placed(operation, [bad_input(name, text, "TOO_LONG", limit=MOST_VALUES)]))
            level = _holding(part for each in level for part in (each.values() if isinstance(each, dict) else each))


def _holding(values: Iterable[Any]) -> list[dict[str, Any] | list[Any]]:
    return [value for value in values if isinstance(value, (dict, list))]


def _nulls(type_: Any, value: Any, path: str) -> Iterator[Refusal]:
    """Nulls where a field may be absent but not null."""
    definition = get_named_type(type_).extensions.get("strawberry-definition")
    for field, part, where in _members(type_, value, path):
        declared = field.extensions.get("strawberry-definition")
        if part is None and declared is not None and refuses_null(definition.origin, declared.python_name):
            yield bad_input(where, NEVER_NULL, "REQUIRED")
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
