"""Every place of the schema where an input is optional, each with a document that says something there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)

from resolvers.lists.filters import MAX_DEPTH
from schema.graph import CORE

# What is required beside an optional place: in an order, by the list, and of a field.
SORTED_BY = {"rows": "NUMBER"}
REQUIRED_ARGUMENTS = {
    "orderId": '"order_00000000000000000000000000"',
    "ticketId": '"ticket_00000000000000000000000000"',
}


@dataclass(frozen=True)
class Position:
    """An optional argument or field: ``fields`` lead to it from the root, ``inner`` within the argument.

    ``lists`` says for each step of ``inner`` whether what holds it is an item of a list.
    """

    fields: tuple[str, ...]
    required: tuple[str, ...]
    selection: str
    argument: str
    inner: tuple[str, ...]
    lists: tuple[bool, ...]
    type_: str

    def __str__(self) -> str:
        return ".".join([*self.fields, self.argument, *self.inner])

    def asked(self, value: str | None) -> str:
        """The root field that gives this value here; None gives none."""
        names = (self.argument, *self.inner)
        given = "" if value is None else f"{names[-1]}: {value}"
        for name, several in reversed(list(zip(names, self.lists, strict=False))):
            made = ", ".join(
                [*(f"{key}: {part}" for key, part in _required(name, self.fields[-1])), *([given] if given else [])]
            )
            given = f"{name}: {_held(f'{{{made}}}', several)}"
        arguments = ", ".join([*self.required, *([given] if given else [])])
        text = f"{self.fields[-1]}{f'({arguments})' if arguments else ''} {{ {self.selection} }}"
        for name in reversed(self.fields[:-1]):
            text = f"{name} {{ {text} }}"
        return text

    def value(self, part: Any) -> Any:
        """The value of the argument that has this part here, for a variable."""
        names = (self.argument, *self.inner)
        for name, inner, several in reversed(list(zip(names, self.inner, self.lists, strict=False))):
            part = {**dict(_required(name, self.fields[-1])), inner: part}
            part = [part] if several else part
        return part


def _required(name: str, listed: str) -> Iterable[tuple[str, str]]:
    return {"field": SORTED_BY.get(listed, "CREATED_AT")}.items() if name == "orderBy" else ()


def _held(made: str, several: bool) -> str:
    return f"[{made}]" if several else made


def positions() -> Iterator[Position]:
    """Every optional argument of every field, and every optional field within them."""
    assert CORE.query_type is not None, "the graph has queries"
    met: set[str] = set()
    left: list[tuple[tuple[str, ...], GraphQLObjectType]] = [((), CORE.query_type)]
    inputs: set[tuple[str, str]] = set()
    while left:
        path, type_ = left.pop(0)
        if type_.name in met:
            continue
        met.add(type_.name)
        for name, field in type_.fields.items():
            held = get_named_type(field.type)
            if not isinstance(held, GraphQLObjectType):
                continue
            if not any(map(is_required_argument, field.args.values())):
                left.append(((*path, name), held))
            yield from _of_field((*path, name), field, held, inputs)


def _of_field(
    path: tuple[str, ...], field: GraphQLField, held: GraphQLObjectType, met: set[tuple[str, str]]
) -> Iterator[Position]:
    selection = (
        "totalCount pageInfo { startCursor endCursor } nodes { __typename }"
        if held.name.endswith("Connection")
        else "__typename"
    )
    required = [name for name, argument in field.args.items() if is_required_argument(argument)]
    optional = {name: argument for name, argument in field.args.items() if name not in required}
    beside = tuple(f"{name}: {REQUIRED_ARGUMENTS[name]}" for name in required) if optional else ()
    for name, argument in optional.items():
        yield Position(path, beside, selection, name, (), (), str(get_nullable_type(argument.type)))
        left: list[tuple[tuple[str, ...], tuple[bool, ...], Any, int]] = [((), (), argument.type, 1)]
        while left:
            inner, lists, type_, depth = left.pop(0)
            named = get_named_type(type_)
            if not isinstance(named, GraphQLInputObjectType):
                continue
            # A filter that is nested deeper is refused; another field leads to what is in it.
            depth += "and" in named.fields
            if depth > MAX_DEPTH:
                continue
            several = is_list_type(get_nullable_type(type_))
            for key, part in named.fields.items():
                if (named.name, key) in met:
                    continue
                met.add((named.name, key))
                if is_required_input_field(part):
                    continue
                found = ((*inner, key), (*lists, several))
                yield Position(path, beside, selection, name, *found, str(get_nullable_type(part.type)))
                left.append((*found, part.type, depth))


def input_fields(prefix: str) -> Iterator[tuple[str, GraphQLInputObjectType]]:
    """The inputs of mutations that begin with a word, each with its mutation's name."""
    assert CORE.mutation_type is not None, "the graph has mutations"
    for name, field in CORE.mutation_type.fields.items():
        if name.startswith(prefix):
            type_ = get_named_type(field.args["input"].type)
            assert isinstance(type_, GraphQLInputObjectType), "a mutation takes one input object"
            yield name, type_


def may_be_null(type_: GraphQLInputObjectType) -> Mapping[str, Any]:
    """The fields of an input that GraphQL lets be null."""
    return {name: field for name, field in type_.fields.items() if not is_non_null_type(field.type)}
