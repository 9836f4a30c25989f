"""Every relation of the graph, from each list and object that has it: each of its leaves alone, and all of them."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from execution import Serializers
from schema.graph import CORE
from schema.requests.engine import Engine
from tests.support.studio import LAX, Studio, answered

QUERY = CORE.query_type
assert QUERY is not None, "the graph has queries"
# Stands for a selection.
SELECTION = "@"
# How many fields a document has.
TOGETHER = 10
# The argument that a list of the root requires, and the list of the objects that it names.
OF = {"orderId": "orders", "ticketId": "tickets", "formId": "forms"}
# What is serialized from rows is completed too, and raises where the rows are not what their readers promise.
ENGINE = Engine(LAX, serializers=Serializers.CHECKED)


def _node_of(field: GraphQLField) -> Any:
    """The type of a connection's nodes; None for a field that is no connection."""
    named: Any = get_named_type(field.type)
    return get_named_type(named.fields["nodes"].type) if named.name.endswith("Connection") else None


LISTS = {name: field for name, field in QUERY.fields.items() if _node_of(field) is not None}
OBJECTS = {
    name: field for name, field in QUERY.fields.items()
    if [*field.args] == ["id"] and isinstance(get_named_type(field.type), GraphQLObjectType)
}  # fmt: skip


def _plain(type_: Any) -> Iterator[tuple[str, GraphQLField]]:
    """The fields of an object that need no argument."""
    fields = type_.fields.items() if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)) else ()
    yield from ((n, f) for n, f in fields if not any(map(is_required_argument, f.args.values())))


def _leaves(type_: Any, depth: int = 2) -> Iterator[str]:
    """Selections of an object, each of one leaf: its own, and those of the objects that are parts of it."""
    for name, field in _plain(type_):
        named: Any = get_named_type(field.type)
        if is_leaf_type(named):
            yield name
        elif depth and isinstance(named, GraphQLObjectType) and not field.args and "id" not in named.fields:
            yield from (f"{name} {{ {leaf} }}" for leaf in _leaves(named, depth - 1))


def _within(name: str, field: GraphQLField, inner: str) -> str:
    return f"{name} {{ {inner} }}" if _node_of(field) is None else f"{name}(first: 2) {{ nodes {{ {inner} }} }}"


def _relations(type_: Any) -> Iterator[list[str]]:
    """Of each relation of an object the selections of each leaf of what it leads to, and last that of all of them."""
    for name, field in _plain(type_):
        if not is_leaf_type(get_named_type(field.type)):
            leaves = [*_leaves(_node_of(field) or get_named_type(field.type))] or ["__typename"]
            whole = " ".join(f"a{index}: {leaf}" for index, leaf in enumerate(leaves))
            yield [_within(name, field, each) for each in (*leaves, whole)]


def _below(type_: Any) -> Iterator[str]:
    """Of each relation of the objects in an object's lists the selections of the first leaf and of all."""
    for name, field in _plain(type_):
        if _node_of(field) is not None:
            for found in _relations(_node_of(field)):
                yield from (_within(name, field, each) for each in (found[0], found[-1]))


async def _ids(studio: Studio, name: str) -> list[str]:
    found = await _list(studio, name, "id")
    return [each["id"] for each in found]


async def _list(studio: Studio, name: str, selection: str) -> list[dict[str, Any]]:
    answer, _ = await answered(studio, ENGINE, f"{{ {await _listed(studio, name)} {{ nodes {{ {selection} }} }} }}", {})
    assert answer.errors == [], answer.errors
    assert answer.data is not None
    found: list[dict[str, Any]] = answer.data[name]["nodes"]
    return found


async def _listed(studio: Studio, name: str) -> str:
    """A list of the root with what it needs."""
    needed = [each for each, argument in LISTS[name].args.items() if is_required_argument(argument)]
    given = [f'{each}: "{(await _ids(studio, OF[each]))[0]}"' for each in needed]
    return f"{name}({', '.join([*given, 'first: 2'])})"


async def _hold(studio: Studio, root: str, selections: Iterable[str]) -> None:
    """Ask a root field for each of some selections. Each is a field of its own, and none has an error."""
    fields = [f"x{index}: {root.replace(SELECTION, each)}" for index, each in enumerate(selections)]
    wrong: dict[str, str] = {}
    for start in range(0, len(fields), TOGETHER):
        part = fields[start : start + TOGETHER]
        answer, _ = await answered(studio, ENGINE, f"{{ {' '.join(part)} }}", {})
        wrong |= {fields[int(each["path"][0][1:])]: each["extensions"]["code"] for each in answer.errors}
    assert wrong == {}


@pytest.mark.parametrize("name", LISTS)
async def test_from_each_list(studio: Studio, name: str) -> None:
    node = _node_of(LISTS[name])
    selections = chain(*_relations(node), _below(node))
    await _hold(studio, f"{await _listed(studio, name)} {{ nodes {{ {SELECTION} }} }}", selections)


@pytest.mark.parametrize("name", OBJECTS)
async def test_from_each_object(studio: Studio, name: str) -> None:
    type_ = get_named_type(OBJECTS[name].type)
    listed = next((each for each, field in LISTS.items() if _node_of(field) is type_), None)
    (first, *_) = (await _ids(studio, listed) if listed else []) or ["client_00000000000000000000000000"]
    await _hold(studio, f'{name}(id: "{first}") {{ {SELECTION} }}', chain(*_relations(type_)))
