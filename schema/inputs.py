"""Inputs: their bounds are the model's, checked all at once, each wrong value an error that names its field."""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar, cast, dataclass_transform
from uuid import UUID

import strawberry
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
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from resolvers.errors import Refusal, Refusals, bad_input
from schema.fields import describe, given

T = TypeVar("T")
# GraphQL's own types have checked these; an id is decoded by the resolver that knows what it should lead to.
COERCED = (UUID, datetime, datetime | None)
_LENGTHS = {"too_short": ("at least", "min_length"), "too_long": ("at most", "max_length")}
_MISSING = re.compile(r"Expected value of type '\w+!?' to include required field '(\w+)'")
_UNKNOWN = re.compile(r"Expected value of type '\w+!?' not to include unknown field '([^']*)'")
_NULL = re.compile(r"Expected value of non-null type '[^']+' not to be None")


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def input_type(
    model: type[Any] | None = None, *, description: str, also: type[Any] | None = None
) -> Callable[[type[T]], type[T]]:
    """A GraphQL input. Meaning and bounds of its fields are those of the model's fields of the same names.

    ``also`` bounds fields that are no column.
    """

    def make(cls: type[T]) -> type[T]:
        made = strawberry.input(cls, description=description)
        describe(made, model)
        bounded: Any = made
        bounded.bounds = _bounds(made, also) | _bounds(made, model)
        return made

    return make


def _bounds(cls: type[Any], model: type[Any] | None) -> dict[str, TypeAdapter[Any]]:
    found = {}
    for field in cls.__strawberry_definition__.fields:
        known = None
        if model is not None:
            known = model.model_fields.get(field.python_name) or model.model_fields.get(field.python_name + "_")
        if known is not None and known.annotation not in COERCED:
            kind: Any = known.annotation
            for item in known.metadata:
                kind = Annotated[kind, item]
            found[field.python_name] = TypeAdapter(kind)
    return found


def values_of(value: Any, path: str = "input") -> dict[str, Any]:
    """What an input says, normalized, by Python names. Raises Refusals with every value that is out of bounds."""
    problems: list[Refusal] = []
    found = _checked(value, path, problems)
    if problems:
        raise Refusals(problems)
    return found


def _checked(value: Any, path: str, problems: list[Refusal]) -> dict[str, Any]:
    cls = type(value)
    found: dict[str, Any] = {}
    for name, part in _plain(value).items():
        here = f"{path}.{_graphql_names(cast(Hashable, cls))[name]}"
        if isinstance(part, list) and part and hasattr(type(part[0]), "bounds"):
            found[name] = [_checked(item, f"{here}.{index}", problems) for index, item in enumerate(part)]
            continue
        adapter = cls.bounds.get(name)
        found[name] = part if adapter is None else _fits(adapter, part, here, problems)
    return found


def _plain(value: Any) -> Mapping[str, Any]:
    """One level of an input: absent left out, nested inputs kept."""
    found = {}
    for field in type(value).__strawberry_definition__.fields:
        part = getattr(value, field.python_name)
        if isinstance(part, strawberry.Some):
            found[field.python_name] = part.value
        elif part is not None and part is not strawberry.UNSET:
            found[field.python_name] = part
    return found


@cache
def _graphql_names(cls: type[Any]) -> dict[str, str]:
    names = {}
    for field in cls.__strawberry_definition__.fields:
        head, *tail = field.python_name.rstrip("_").split("_")
        names[field.python_name] = field.graphql_name or head + "".join(word.capitalize() for word in tail)
    return names


def _fits(adapter: TypeAdapter[Any], value: Any, path: str, problems: list[Refusal]) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            where = ".".join([path, *(str(part) for part in problem["loc"] if not str(part).startswith("function-"))])
            text = _told(problem)
            problems.append(bad_input(where, f"{text[:1].upper()}{text[1:]}."))
        return value


def _told(problem: ErrorDetails) -> str:
    bound = _LENGTHS.get(problem["type"])
    if bound is None:
        return problem["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
    words, name = bound
    number = problem["ctx"][name]
    what = "character" if isinstance(problem["input"], str) else "item"
    return f"must have {words} {number} {what}{'' if number == 1 else 's'}"


def check_variables(schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
    """Check the variables of an operation against their types. Raises Refusals with every wrong value.

    Where one has a wrong type, the values beside it are held against their bounds too, so that all is told at once.
    """
    problems: list[Refusal] = []
    known = set()
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        known.add(name)
        type_: Any = type_from_ast(schema, definition.type)
        if name in variables:
            value = variables[name]
            found: list[tuple[list[str | int], GraphQLError]] = []
            validate_input_value(value, type_, _collector(found), hide_suggestions=True)
            problems += [_problem(name, path, error) for path, error in found]
            problems += _nulls(type_, value, name)
        elif is_non_null_type(type_) and definition.default_value is None:
            problems.append(bad_input(name, f"The variable ${name} is required."))
    problems += [bad_input(name, f"There is no variable ${name}.") for name in variables if name not in known]
    if problems:
        wrong = {problem.field for problem in problems}
        for definition in operation.variable_definitions or ():
            name = definition.variable.name.value
            beside = _out_of_bounds(type_from_ast(schema, definition.type), variables.get(name), name)
            problems += [problem for problem in beside if problem.field not in wrong]
        raise Refusals(problems)


def _collector(found: list[tuple[list[str | int], GraphQLError]]) -> Callable[[GraphQLError, list[str | int]], None]:
    return lambda error, path: found.append((path, error))


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


def absent_only(type_: Any) -> bool:
    """Whether an input field of this declared type may be left out, but not be null."""
    return type(type_).__name__ == "StrawberryMaybe" and type(type_.of_type).__name__ != "StrawberryOptional"


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
            _fits(adapter, part, where, problems)
        else:
            problems += _out_of_bounds(field.type, part, where)
    return problems


__all__ = ["absent_only", "check_variables", "given", "input_type", "values_of"]
