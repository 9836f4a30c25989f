"""Inputs: their bounds are the model's, checked all at once, each wrong value an error that names its field."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from inspect import cleandoc
from itertools import takewhile
from types import NoneType
from typing import Annotated, Any, TypeVar, cast, dataclass_transform, get_args, get_origin
from uuid import UUID

import strawberry
from annotated_types import MinLen
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from strawberry.types.base import StrawberryMaybe

from models.names import camel
from models.parts import parts_of
from models.types import decimal_text
from resolvers.errors import REASONS, Refusal, Refusals, bad_input, forget_frames
from schema.declaration.fields import describe, given
from schema.declaration.input_values import NO_FIELD, REQUIRED

T = TypeVar("T")
# GraphQL's own types have checked these; an id is decoded by the resolver that knows what it should lead to.
COERCED = (UUID, UUID | None, datetime, datetime | None)
# At most so many wrong values are reported: it would take long to find more.
MAX_PROBLEMS = 50
# The argument that every mutation takes.
INPUT = "input"
EXPECTED = "Version that the object must have. With any other, the mutation fails with `VERSION_MISMATCH`."
KEPT, CLEARED = "Absent fields keep their values", "`null` clears a field"
NEVER_NULL = "It may be left out, but not be null."
# What empties a value that is never null, where it may be empty.
_EMPTIED = {list: "It cannot be null: send `[]` to empty it.", dict: "It cannot be null: send `{}` to empty it."}
_LENGTHS = {
    "too_short": ("at least", "min_length"),
    "string_too_short": ("at least", "min_length"),
    "too_long": ("at most", "max_length"),
    "string_too_long": ("at most", "max_length"),
}
_RANGES = {"greater_than_equal": ("at least", "ge", "minimum"), "less_than_equal": ("at most", "le", "maximum")}
# What a value of another type should be, by pydantic's type of error.
_TYPES = {
    **{"string_type": "a string", "list_type": "a list", "dict_type": "an object"},
    **{"bool_type": "true or false", "model_type": "an object"},
}
# What is wrong with an object, alike.
_MEMBERS = {"missing": (REQUIRED, "REQUIRED"), "extra_forbidden": (NO_FIELD, "UNKNOWN_FIELD")}


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def input_type(
    model: type[Any] | None = None, *, description: str = "", bounds: type[Any] | None = None, clears: bool = False,
    apart: bool = False,
) -> Callable[[type[T]], type[T]]:  # fmt: skip
    """Return a decorator that makes a GraphQL input, described by its docstring unless a description is given.

    Meaning and bounds of its fields are those of the model's fields of the same names; ``bounds`` has such for fields
    that are no column. ``clears``: a null empties what may be empty, and is refused elsewhere. ``apart``: each of a
    list is judged by itself, so that one that is out of bounds lets the others be checked further.
    """

    def make(cls: type[T]) -> type[T]:
        says = description or cleandoc(cls.__doc__ or "")
        if clears:
            says += f" {KEPT}; {CLEARED}." if _any_can_be_empty(cls, model) else f" {KEPT}."
        made = strawberry.input(cls, description=says)
        describe(made, model)
        bounded: Any = made
        bounded.bounds = _bounds(made, bounds) | _bounds(made, model)
        bounded.clears, bounded.apart = clears, apart
        bounded.defaults = {} if clears else _defaults(made, model)
        bounded.cannot_be_cleared = _never_null(made, model) if clears else {}
        return made

    return make


def _bounds(cls: type[Any], model: type[Any] | None) -> dict[str, TypeAdapter[Any]]:
    found = {}
    for field in cls.__strawberry_definition__.fields:
        known = _column(model, field.python_name)
        if known is not None and known.annotation not in COERCED:
            annotation: Any = known.annotation
            for item in known.metadata:
                annotation = Annotated[annotation, item]
            found[field.python_name] = TypeAdapter(annotation)
    return found


def _defaults(cls: type[Any], model: type[Any] | None) -> dict[str, Any]:
    """Return what the columns of fields that are left out hold, where that is the same for every row."""
    columns = {field.python_name: _column(model, field.python_name) for field in cls.__strawberry_definition__.fields}
    return {
        name: column.default
        for name, column in columns.items()
        if column is not None and column.default is not None and not column.is_required()
    }


def _column(model: type[Any] | None, name: str) -> Any:
    """Return the model's field of a name, which may have an underscore at its end there."""
    return None if model is None else model.model_fields.get(name) or model.model_fields.get(name + "_")


def _never_null(cls: type[Any], model: type[Any] | None) -> dict[str, str]:
    """Return the fields whose columns always have a value, each with what is said of a null."""
    columns = {field.python_name: _column(model, field.python_name) for field in cls.__strawberry_definition__.fields}
    parts = parts_of(getattr(model, "__table__", None))
    found = {name: _EMPTIED[list] for name in columns if name in parts}
    for name, column in columns.items():
        if column is not None and NoneType not in get_args(column.annotation):
            bounded_below = any(isinstance(item, MinLen) for item in column.metadata)
            found[name] = NEVER_NULL if bounded_below else _EMPTIED.get(get_origin(column.annotation), NEVER_NULL)
    # A part that is merged by its members has no null of its own.
    merged = [field for field in cls.__strawberry_definition__.fields if _is_merged(field.type)]
    return found | {field.python_name: NEVER_NULL for field in merged}


def _is_merged(type_: Any) -> bool:
    return isinstance(type_, StrawberryMaybe) and getattr(type_.of_type, "clears", False) is True


def _any_can_be_empty(cls: type[Any], model: type[Any] | None) -> bool:
    columns = [_column(model, name) for name in cls.__annotations__]
    return any(column is not None and NoneType in get_args(column.annotation) for column in columns)


@strawberry.input
class UpdateInput:
    """Which object to change."""

    id: strawberry.ID = strawberry.field(description="ID of the object.")
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


def values_of(
    value: Any, also_wrong: Callable[[dict[str, Any]], Iterable[Refusal]] = lambda _values: ()
) -> dict[str, Any]:
    """Return what an input holds, normalized, by Python names. Raises Refusals with the values that are out of bounds,
    each with its field as clients write it.

    ``also_wrong`` is given the other values then, and returns what would be refused of them next.
    """
    problems: list[Refusal] = []
    found = _checked(value, f"{INPUT}.", problems)
    if not problems:
        return found
    for problem in problems:
        problem.placed = True
    names = _graphql_names(cast(Hashable, type(value)))
    wrong = {str(problem.field).split(".")[1] for problem in problems}
    wrong -= {names[name] for name, part in _plain(value).items() if name in found and _is_apart(part)}
    for problem in also_wrong({name: part for name, part in found.items() if names[name] not in wrong}):
        problem.place_in(INPUT)
        problems.append(problem)
    raise Refusals(problems[:MAX_PROBLEMS])


def _checked(value: Any, path: str, problems: list[Refusal]) -> dict[str, Any]:
    cls = type(value)
    found: dict[str, Any] = {}
    for name, part in _plain(value).items():
        here = f"{path}{_graphql_names(cast(Hashable, cls))[name]}"
        adapter = cls.bounds.get(name)
        if isinstance(part, list) and part and hasattr(type(part[0]), "bounds"):
            known = len(problems)
            if adapter is not None:
                fits(adapter, part, here, problems)
            if len(problems) > known:
                continue
            items = (_checked(item, f"{here}.{index}.", problems) for index, item in enumerate(part))
            part = list(takewhile(lambda _: len(problems) < MAX_PROBLEMS, items))
        if hasattr(type(part), "bounds"):
            found[name] = _checked(part, f"{here}.", problems)
            continue
        if part is None and name in cls.cannot_be_cleared:
            problems.append(bad_input(here, cls.cannot_be_cleared[name], "REQUIRED"))
            continue
        found[name] = part if adapter is None else fits(adapter, part, here, problems)
    return found


def _is_apart(part: Any) -> bool:
    """Return whether a value is a list whose items are judged one by one."""
    return isinstance(part, list) and bool(part) and getattr(type(part[0]), "apart", False) is True


def _plain(value: Any) -> Mapping[str, Any]:
    """Return one level of an input: absent left out, nested inputs kept."""
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
    fields = cls.__strawberry_definition__.fields
    return {field.python_name: field.graphql_name or camel(field.python_name) for field in fields}


def fits(adapter: TypeAdapter[Any], value: Any, path: str, problems: list[Refusal]) -> Any:
    """Return a value, normalized; what is wrong with it is added to the problems."""
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            where = ".".join([path, *map(str, problem["loc"])])
            text, reason, extra = _explained(problem)
            says = f"It {text}." if text.startswith("must ") else f"{text[:1].upper()}{text[1:]}."
            problems.append(bad_input(where, says, reason, **extra))
            # Of some types it is a text.
            if isinstance(cause := problem.get("ctx", {}).get("error"), Exception):
                forget_frames(cause)
        return value


def _explained(problem: ErrorDetails) -> tuple[str, str, dict[str, Any]]:
    """Return what is wrong with a value: in words, as one of the reasons of a BAD_INPUT, and what else helps."""
    error_type = problem["type"]
    if error_type in _LENGTHS:
        words, name = _LENGTHS[error_type]
        number = problem["ctx"][name]
        what = "character" if isinstance(problem["input"], str) else "item"
        text = f"must have {words} {number} {what}{'' if number == 1 else 's'}"
        return text, "TOO_SHORT" if name == "min_length" else "TOO_LONG", {"limit": number}
    if error_type in _MEMBERS:
        text, reason = _MEMBERS[error_type]
        return text.removesuffix("."), reason, {}
    if error_type in _RANGES:
        words, name, bound = _RANGES[error_type]
        number = problem["ctx"][name]
        if isinstance(number, Decimal | float):
            number = int(number) if number % 1 == 0 else decimal_text(Decimal(number))
        return f"must be {words} {number}", "OUT_OF_RANGE", {bound: number}
    if error_type in REASONS:
        return problem["msg"], error_type, problem.get("ctx", {})
    if error_type == "value_error":
        return problem["msg"].removeprefix("Value error, "), "INVALID_FORMAT", {}
    return f"must be {_TYPES.get(error_type, 'a whole number')}", "WRONG_TYPE", {}


__all__ = ["EXPECTED", "UpdateInput", "fits", "given", "input_type", "values_of"]
