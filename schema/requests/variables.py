"""Variables: held against their types and bounds all at once, each wrong value an error that names its field."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from graphql import (
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
    type_from_ast,
)
from graphql.language import SKIP, Visitor, visit
from graphql.utilities import TypeInfo, TypeInfoVisitor

from execution import Operation, Variables, plain_variables, variables_of
from resolvers.errors import Refusal, Refusals, bad_input, forget_frames
from schema.declaration.input_values import NULL, REQUIRED, wrong_values
from schema.declaration.inputs import MAX_PROBLEMS, fits
from schema.declaration.nulls import refused_null
from schema.declaration.ranges import bounds_of, comparable, is_narrower
from schema.requests.errors import locations_of
from schema.requests.literals import said, scalar_refusal
from schema.requests.places import Embedding, uses_of

# Each is checked, coerced and converted, which together takes some 5 µs. As many as an invoice of 1,000 lines has.
MAX_VALUES = 6_500
# As deep as the brackets of a document.
MAX_LEVELS = 60


def checked_variables(
    schema: GraphQLSchema, operation: Operation, given: Mapping[str, Any], *, named: bool
) -> Variables:
    """Return an operation's variables, coerced. Raises Refusals with every value that is not of its type, up to some.

    Where one has a wrong type, the values beside it are held against their bounds too: all errors are reported at once.
    A variable that the operation does not declare is ignored. What is wrong is named by the argument that it is for;
    ``named``: also by the variable, where it stands in the document and in the response.
    """
    found = plain_variables(schema, operation, given) or _coerced(schema, operation, given, named)
    if found.coerced:
        _check_embedded(schema, operation, found.coerced)
    return found


def _coerced(schema: GraphQLSchema, operation: Operation, given: Mapping[str, Any], named: bool) -> Variables:
    found = None if excess(given) else variables_of(schema, operation, given)
    if isinstance(found, Variables) and None not in given.values():
        return found
    for error in found if isinstance(found, list) else ():
        forget_frames(error)
    # Values that cannot be coerced have messages of their own; a null may be refused although it can be coerced.
    problems = _problems(schema, operation, given, bounds=False)
    if problems:
        raise Refusals(_placed(schema, operation, problems, named))
    if not isinstance(found, Variables):
        raise Refusals([bad_input("variables", "The variables do not match the operation.", "WRONG_TYPE")])
    return found


def wrong_variables(schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any]) -> list[Refusal]:
    """Return every wrong value of the variables, by its type or its bounds, up to some: for one that is refused
    anyway."""
    return _placed(schema, operation, _problems(schema, operation, variables, bounds=True), named=False)


def _problems(
    schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any], *, bounds: bool
) -> list[Refusal]:
    """Return what is wrong, each named by its variable; ``bounds``: what is out of its bounds even where all types are
    right.

    Of variables that hold too many values or too deep ones nothing else is reported: nothing recurses into them.
    """
    too_much = excess(variables)
    if too_much is not None:
        return [too_much]
    found = _wrong_types(schema, operation, variables)
    return _with_bounds(found, schema, operation, variables) if found or bounds else []


def _wrong_types(schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any]) -> list[Refusal]:
    problems: list[Refusal] = []
    definitions = operation.definition.variable_definitions or ()
    for definition in definitions:
        name = definition.variable.name.value
        type_: Any = type_from_ast(schema, definition.type)
        if name in variables:
            value = variables[name]
            problems += islice(wrong_values(type_, value, name), MAX_PROBLEMS)
        elif is_non_null_type(type_) and definition.default_value is None:
            problems.append(bad_input(name, REQUIRED, "REQUIRED"))
        if len(problems) >= MAX_PROBLEMS:
            return problems
    defaulted = {each.variable.name.value for each in definitions if each.default_value is not None}
    nulls = {name for name in defaulted if name in variables and variables[name] is None}
    names = sorted(_at_non_null(schema, operation, nulls))
    return problems + [bad_input(name, NULL, "REQUIRED") for name in names]


def _with_bounds(
    problems: list[Refusal], schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any]
) -> list[Refusal]:
    """Return the problems, and what else is out of its bounds; up to some."""
    if len(problems) >= MAX_PROBLEMS:
        return problems[:MAX_PROBLEMS]
    wrong = {problem.field: place for place, problem in enumerate(problems)}
    for definition in operation.definition.variable_definitions or ():
        name = definition.variable.name.value
        type_: Any = type_from_ast(schema, definition.type)
        value = variables.get(name)
        # What fits its type is refused by the root field that takes it, unless the request is refused as a whole.
        others = islice(chain(_nulls(type_, value, name), _out_of_bounds(type_, value, name)), MAX_PROBLEMS)
        for problem in others:
            place = wrong.get(problem.field)
            if place is None:
                problems.append(problem)
            elif is_narrower(problem, problems[place]):
                problems[place] = problem
        if len(problems) >= MAX_PROBLEMS:
            break
    return problems[:MAX_PROBLEMS]


def _placed(schema: GraphQLSchema, operation: Operation, problems: list[Refusal], named: bool) -> list[Refusal]:
    """Return the problems, each named by the argument that its variable is for: known by a walk through the whole
    document."""
    uses = uses_of(schema, operation).first if problems else {}
    defined = {each.variable.name.value: each for each in operation.definition.variable_definitions or ()}
    for problem in problems:
        name, *path = (problem.field or "").split(".")
        use = uses.get(name)
        if named and name in defined:
            problem.message = said(f"Variable '${name}' has invalid value", name, problem)
            problem.extra["variable"] = name
            problem.locations = locations_of(defined[name])
            problem.path = None if use is None else list(use.path) or None
        problem.field = ".".join([name if use is None else use.field, *path])
    return problems


def _check_embedded(schema: GraphQLSchema, operation: Operation, coerced: Mapping[str, Any]) -> None:
    """Raise Refusals for literals of custom scalars that do not fit with the variables that stand in them."""
    embedded: list[Embedding] | None = operation.cache.get("embedded")
    if embedded is None:
        embedded = operation.cache["embedded"] = uses_of(schema, operation).embedded
    problems = []
    for each in embedded:
        problem = scalar_refusal(each.scalar, each.node, each.use.field, coerced)
        if problem is not None:
            argument = each.use.field.partition(".")[0]
            problem.message = said(f"Argument '{argument}' has invalid value", argument, problem)
            problem.locations, problem.path = locations_of(each.node), list(each.use.path)
            problems.append(problem)
    if problems:
        raise Refusals(problems[:MAX_PROBLEMS])


def _at_non_null(schema: GraphQLSchema, operation: Operation, names: set[str]) -> set[str]:
    """Return those of some variables that stand where a null cannot: a default lets a nullable one stand there."""
    if not names:
        return set()
    info, found, met = TypeInfo(schema), set[str](), set[str]()
    left: list[OperationDefinitionNode | FragmentDefinitionNode] = [operation.definition]

    class Finder(Visitor):
        def enter_variable_definition(self, *_: Any) -> Any:
            return SKIP

        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            if node.name.value in names and is_non_null_type(info.get_input_type()):
                found.add(node.name.value)

        def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
            # Those that another operation of the document spreads do not count.
            name = node.name.value
            if name not in met:
                met.add(name)
                left.append(operation.fragments[name])

    while left:
        visit(left.pop(), TypeInfoVisitor(info, Finder()))
    return found


def excess(variables: Mapping[str, Any], most: int = MAX_VALUES) -> Refusal | None:
    """Return what is too much of variables that hold more values than ``most``, or too deep ones."""
    count = 0
    for name, value in variables.items():
        level, levels = _holding([value]), 0
        while level:
            levels += 1
            count += sum(map(len, level))
            if levels > MAX_LEVELS:
                text = f"It is nested more than {MAX_LEVELS} levels deep."
                return bad_input(name, text, "TOO_LONG", limit=MAX_LEVELS)
            if count > most:
                return bad_input(name, f"It holds more than {most} values in all.", "TOO_LONG", limit=most)
            level = _holding(part for each in level for part in (each.values() if isinstance(each, dict) else each))
    return None


def _holding(values: Iterable[Any]) -> list[dict[str, Any] | list[Any]]:
    return [value for value in values if isinstance(value, (dict, list))]


def _nulls(type_: Any, value: Any, path: str) -> Iterator[Refusal]:
    """Nulls where a field may be absent but not null."""
    definition = get_named_type(type_).extensions.get("strawberry-definition")
    for field, part, where in _members(type_, value, path):
        declared = field.extensions.get("strawberry-definition")
        if part is None and declared is not None:
            said = refused_null(definition.origin, declared.python_name)
            if said is not None:
                yield bad_input(where, said, "REQUIRED")
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


def _out_of_bounds(type_: Any, value: Any, path: str) -> Iterator[Refusal]:
    for field, part, where in _members(type_, value, path):
        adapter = bounds_of(get_named_type(type_), field)
        if adapter is not None and part is not None:
            problems: list[Refusal] = []
            fits(adapter, comparable(field.type, part), where, problems)
            yield from problems
        if adapter is None or isinstance(get_named_type(field.type), GraphQLInputObjectType):
            yield from _out_of_bounds(field.type, part, where)
