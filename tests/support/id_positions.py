"""Every position of the schema that takes IDs, found by walking it, and what puts IDs there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_required_argument,
)

from models.typeid import encode, new_uuid, prefix_of
from schema.graph import CORE
from tests.support.domains import ALL

_NAMES = {case.type: name for name, case in ALL.items()}
_REFERENCES = {name: noun for case in ALL.values() for name, noun in case.references.items()}
# What no new object needs refer to.
_REFERENCES |= {"intakeFormId": "form", "subscriptionId": "subscription", "memberId": "member"}
# The object that a mutation is made to; of a part of one, which is found by the mutation's name.
_SUBJECTS = {
    name: name if name in case.inner else key for key, case in ALL.items() for name in (*case.mutations, *case.inner)
}
# A filter, what holds a list of related rows, their filter, and its condition: further relations are read alike.
_DEEPEST = 4
# How many lists one document asks for.
AT_ONCE = 15


@dataclass(frozen=True)
class IdPosition:
    """An argument of a field, or a part of one, that takes an ID, or with ``many`` a list of them.

    ``path`` leads there from the argument on; ``noun`` is the case whose objects it means, None where that may be any.
    """

    parent: str
    field: str
    path: tuple[str, ...]
    many: bool
    noun: str | None

    def __str__(self) -> str:
        return ".".join([self.parent, self.field, *self.path])

    def values(self, ids: Mapping[str, str]) -> list[Any]:
        """What is put here of an organization's ids: one at a time, or one of each type at once."""
        if self.noun is not None:
            return [[ids[self.noun]] if self.many else ids[self.noun]]
        samples: dict[str, str] = {}
        for key in ids.values():
            samples.setdefault(prefix_of(key), key)
        return [[*samples.values()]] if self.many else [*samples.values()]


def _found() -> dict[str, list[IdPosition]]:
    """The positions by the types of whose fields they are."""
    found: dict[str, list[IdPosition]] = {}
    for type_ in CORE.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            positions = [each for name, field in type_.fields.items() for each in _of_field(type_.name, name, field)]
            if positions:
                found[type_.name] = positions
    return found


def _of_field(parent: str, name: str, field: GraphQLField) -> Iterator[IdPosition]:
    for argument, given in field.args.items():
        for path, many, holders in _within(given.type, (argument,), ()):
            step = path[-2] if path[-1] in ("eq", "in", "has", "hasAny") else path[-1]
            holder = holders[-2 if step != path[-1] else -1] if holders else get_named_type(field.type).name
            if parent == "Mutation" and path == ("input", "id"):
                noun: str | None = _SUBJECTS[name]
            elif step == "id":
                noun = _NAMES.get(holder.removesuffix("Filter"))
            else:
                noun = _REFERENCES.get(step.removesuffix("s"))
            yield IdPosition(parent, name, path, many, noun)


def _within(
    type_: Any, path: tuple[str, ...], holders: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], bool, tuple[str, ...]]]:
    """The paths to IDs within an input type, which holds no input that holds it; with the inputs on the way."""
    named = get_named_type(type_)
    if isinstance(named, GraphQLInputObjectType):
        if named.name not in holders and len(holders) < _DEEPEST:
            for name, part in named.fields.items():
                yield from _within(part.type, (*path, name), (*holders, named.name))
    elif named.name == "ID":
        yield path, is_list_type(get_nullable_type(type_)), holders


POSITIONS = _found()


def missing(value: Any) -> Any:
    """IDs that nobody has, of the types of some."""
    return [missing(key) for key in value] if isinstance(value, list) else encode(prefix_of(value), new_uuid())


def placed(type_: Any, path: Sequence[str], value: Any, around: Any = None) -> Any:
    """The value of an input type that has this value at a path, beside what else is given of it."""
    if not path:
        return value
    several, named = is_list_type(get_nullable_type(type_)), get_named_type(type_)
    held = (around[0] if several else around) if around else {}
    name, *rest = path
    made = held | {name: placed(named.fields[name].type, rest, value, held.get(name))}
    return [made] if several else made


def asking(ids: Mapping[str, str], asked: Sequence[tuple[IdPosition, Any]]) -> tuple[str, dict[str, Any]]:
    """A document that asks for fields of one type, each with a value at its position, and its variables.

    An object of the type, and objects that other arguments need, are among ``ids``.
    """
    parent = asked[0][0].parent
    type_ = CORE.type_map[parent]
    assert isinstance(type_, GraphQLObjectType), "a field is of an object"
    head, fields, variables = [], [], dict[str, Any]()
    for number, (position, value) in enumerate(asked):
        field = type_.fields[position.field]
        own, *path = position.path
        given = {own: placed(field.args[own].type, path, value)}
        for name, argument in field.args.items():
            if name != own and is_required_argument(argument):
                given[name] = ids[_REFERENCES[name]]
        head += [f"${name}{number}: {field.args[name].type}" for name in given]
        arguments = ", ".join(f"{name}: ${name}{number}" for name in given)
        fields.append(f"a{number}: {position.field}({arguments}) {{ {_selection(get_named_type(field.type))} }}")
        variables |= {f"{name}{number}": part for name, part in given.items()}
    text = " ".join(fields)
    if parent != "Query":
        text = f"node(id: $parent) {{ ... on {parent} {{ {text} }} }}"
        head.append("$parent: ID!")
        variables["parent"] = ids[_NAMES[parent]]
    return f"query({', '.join(head)}) {{ {text} }}", variables


def _selection(type_: Any) -> str:
    if "nodes" in type_.fields:
        return "nodes { id } totalCount"
    # Groups of rows have no IDs.
    return "id" if "id" in type_.fields else "count"
