"""Long chains of fields: neither compiling nor running them recurses too deeply."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import (
    FragmentDefinitionNode,
    OperationDefinitionNode,
    build_schema,
    parse,
)

from execution import (
    ColumnReader,
    Executor,
    FieldKinds,
    Operation,
    ReadField,
    Serializers,
    resolver_fields,
)
from tests.execution.support import batch, kinds


def chain(text: str, depth: int, top: str | None = None) -> Operation:
    """Return an operation of nested fields, perhaps within one at the top, whatever the limits of documents are."""
    fragments = [f"fragment f{n} on Query {{ {text} {{ ...f{n + 1} }} }}" for n in range(depth)]
    start = "{ ...f0 }" if top is None else f"{{ {top} {{ ...f0 }} }}"
    document = parse("\n".join([start, *fragments, f"fragment f{depth} on Query {{ name }}"]))
    definition, *others = document.definitions
    assert isinstance(definition, OperationDefinitionNode)
    found = {node.name.value: node for node in others if isinstance(node, FragmentDefinitionNode)}
    return Operation("", document, definition, found)


NODE = build_schema("type Query { a: Query! n: Query l: [Query!]! first: Query! name: String }")
ROW: dict[str, Any] = {"name": "x"}
ROW |= {"a": ROW, "n": ROW, "l": [ROW]}


def read(name: str) -> ReadField:
    """Return a field that is read from its parent's row."""

    def one(parent: Any) -> Any:
        return parent[name]

    return ReadField(
        one,
        lambda parents: [one(parent) for parent in parents],
        ColumnReader(name, null=name in ("n", "name")),
        trusted=True,
    )


CHAINED: dict[str, FieldKinds] = {
    "resolver": resolver_fields,
    "read": kinds(**{name: read(name) for name in ("a", "n", "l", "name")}),
    "batch": kinds(**{name: batch(lambda parents: [ROW for _ in parents], trusted=True) for name in ("a", "n")}),
    "batch of lists": kinds(l=batch(lambda parents: [[ROW] for _ in parents], trusted=True)),
}


@pytest.mark.parametrize("depth", [20, 70, 200])
@pytest.mark.parametrize("field", ["a", "n", "l"])
@pytest.mark.parametrize("way", CHAINED)
@pytest.mark.parametrize("serializers", [Serializers.OFF, Serializers.ON])
async def test_long_chains_are_answered(way: str, field: str, depth: int, serializers: Serializers) -> None:
    executor = Executor(NODE, fields=CHAINED[way], serializers=serializers)
    operation = chain(field, depth)
    for _ in range(2):
        answer = await executor.run(operation, root=ROW)
        assert answer.errors is None
        found: Any = answer.data
        for _ in range(depth):
            found = found[field][0] if field == "l" else found[field]
        assert found == {"name": "x"}
    assert executor.settings.serializer_failures.total() == 0
    assert executor.settings.fallbacks.total() == 0


async def test_a_long_chain_propagates_its_null() -> None:
    answer = await Executor(NODE).run(chain("a", 150), root=ROW | {"a": None})
    assert answer.data is None
    assert [error.path for error in answer.errors or ()] == [["a"]]
    deep = ROW | {"a": None}
    for _ in range(149):
        deep = {"a": deep}
    answer = await Executor(NODE).run(chain("a", 150), root=deep)
    assert answer.data is None
    assert [error.path for error in answer.errors or ()] == [["a"] * 150]


def of_its_row(convert: Callable[[Any], Any], *, null: bool = False) -> ReadField:
    """Return a field that is another side of its parent's row."""
    reader = ColumnReader(convert=convert, null=null, same_row=True)
    return ReadField(convert, lambda parents: [convert(parent) for parent in parents], reader, trusted=True)


SIDES = kinds(
    a=of_its_row(lambda row: row),
    n=of_its_row(lambda row: row, null=True),
    l=of_its_row(lambda row: [row]),
    name=read("name"),
    first=batch(lambda parents: [{"name": "x"} for _ in parents], trusted=True),
)


@pytest.mark.parametrize("field", ["a", "n", "l"])
@pytest.mark.parametrize(
    ("serializers", "depth"),
    [(Serializers.OFF, 900), (Serializers.ON, 200), (Serializers.ON, 900), (Serializers.CHECKED, 600)],
)
async def test_a_row_may_have_sides_within_sides(field: str, serializers: Serializers, depth: int) -> None:
    executor = Executor(NODE, fields=SIDES, serializers=serializers)
    answer = await executor.run(chain(field, depth, top="first"), root={})
    assert answer.errors is None
    found: Any = (answer.data or {})["first"]
    for _ in range(depth):
        found = found[field][0] if field == "l" else found[field]
    assert found == {"name": "x"}
    assert executor.settings.serializer_failures.total() == 0


@pytest.mark.parametrize("way", ["resolver", "read", "batch"])
async def test_lists_within_lists_propagate_a_null(way: str) -> None:
    deep: dict[str, Any] = {"l": None}
    for _ in range(249):
        deep = {"l": [deep]}
    answer = await Executor(NODE, fields=CHAINED[way], serializers=Serializers.ON).run(chain("l", 250), root=deep)
    assert answer.data is None
    assert [(error.message, error.path) for error in answer.errors or ()] == [
        ("Cannot return null for non-nullable field Query.l.", ["l", *[0, "l"] * 249])
    ]
