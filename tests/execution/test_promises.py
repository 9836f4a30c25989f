"""What fields promise: what of a broken promise is caught, and how promises are checked."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
)

from execution import (
    BrokenPromiseError,
    ColumnReader,
    Executor,
    FieldKinds,
    ReadField,
    Serializers,
    parse_operation,
)
from tests.execution.support import batch, compared, kinds, query

SHOP = GraphQLObjectType("Shop", {"name": GraphQLField(GraphQLString), "args": GraphQLField(GraphQLString)})
NOT_SHOPS: dict[str, Callable[[], Any]] = {
    "a null": lambda: None,
    "an exception": lambda: ValueError("There is no shop."),
}


@pytest.mark.parametrize("asked", ["__typename", "a: __typename b: __typename", "name", "args"])
@pytest.mark.parametrize("wrong", NOT_SHOPS)
@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_trusted_batch_invents_no_object(wrong: str, asked: str, wrapped: bool) -> None:
    nonnull: Any = GraphQLNonNull(SHOP)
    type_ = GraphQLNonNull(GraphQLList(nonnull)) if wrapped else nonnull
    value = (lambda: [{"name": "x"}, NOT_SHOPS[wrong]()]) if wrapped else NOT_SHOPS[wrong]
    schema = query(shop=GraphQLField(type_, resolve=lambda *_: value()), ok=GraphQLField(GraphQLInt))
    names = {name: _attribute(name) for name in ("name", "args")}
    fields = kinds(shop=batch(lambda parents: [value() for _ in parents], trusted=True), **names)
    answer = await compared(schema, f"{{ ok shop {{ {asked} }} }}", fields, serializers=Serializers.ON)
    assert answer.data is None
    assert len(answer.errors or ()) == 1


def _attribute(name: str) -> ReadField:
    def read(parent: Any) -> Any:
        found = parent.get(name) if isinstance(parent, dict) else getattr(parent, name)
        return None if found is None else str(found)

    def one(parents: list[Any]) -> list[Any]:
        return [read(parent) for parent in parents]

    reader = ColumnReader(None, convert=read, null=True, needs=(name,))
    return ReadField(read, one, reader)


@pytest.mark.parametrize("value", [(1, 2), [1, 2]])
async def test_a_list_that_is_read_as_a_tuple_is_answered_as_a_list(value: Any) -> None:
    shop = GraphQLObjectType("Shop", {"sizes": GraphQLField(GraphQLNonNull(GraphQLList(GraphQLInt)))})
    schema = query(shop=GraphQLField(shop, resolve=lambda *_: {"sizes": value}))
    sizes = ReadField(
        lambda parent: parent["sizes"],
        lambda parents: [parent["sizes"] for parent in parents],
        ColumnReader("sizes"),
    )
    fields = kinds(shop=batch(lambda parents: [{"sizes": value} for _ in parents], trusted=True), sizes=sizes)
    answer = await compared(schema, "{ shop { sizes } }", fields, serializers=Serializers.ON)
    assert answer.data == {"shop": {"sizes": [1, 2]}}
    assert answer.serializer_failures == 0


async def test_serializers_are_off_unless_asked_for() -> None:
    fields, schema = _broken(2**40)
    operation = parse_operation("{ shop { size __typename } }", None)
    off = await Executor(schema, fields=fields).run(operation)
    assert (off.data, len(off.errors or ())) == ({"shop": {"size": None, "__typename": "Shop"}}, 1)
    on = await Executor(schema, fields=fields, serializers=Serializers.ON).run(operation)
    assert (on.data, on.errors) == ({"shop": {"size": 2**40, "__typename": "Shop"}}, None)


@pytest.mark.parametrize("value", [2**40, "1", 1.0])
@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_check_of_serializers_tells_a_broken_promise(value: Any, wrapped: bool) -> None:
    fields, schema = _broken(value, wrapped)
    executor = Executor(schema, fields=fields, serializers=Serializers.CHECKED)
    with pytest.raises(BrokenPromiseError, match=r"Shop\.size"):
        await executor.run(parse_operation("{ shop { size } }", None))


@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_check_of_serializers_lets_kept_promises_pass(wrapped: bool) -> None:
    fields, schema = _broken(7, wrapped)
    executor = Executor(schema, fields=fields, serializers=Serializers.CHECKED)
    answer = await executor.run(parse_operation("{ shop { size slow __typename } }", None))
    one = {"size": 7, "slow": "s", "__typename": "Shop"}
    assert (answer.data, answer.errors) == ({"shop": [one] if wrapped else one}, None)


def _broken(value: Any, wrapped: bool = False) -> tuple[FieldKinds, GraphQLSchema]:
    shop = GraphQLObjectType(
        "Shop", {"size": GraphQLField(GraphQLInt), "slow": GraphQLField(GraphQLString, resolve=lambda *_: "s")}
    )
    row = {"size": value}
    size = ReadField(
        lambda parent: parent["size"], lambda parents: [parent["size"] for parent in parents], ColumnReader("size")
    )
    rows: Any = [row] if wrapped else row
    shops = batch(lambda parents: [rows for _ in parents], trusted=True)
    type_: Any = GraphQLList(GraphQLNonNull(shop)) if wrapped else shop
    return kinds(shop=shops, size=size), query(shop=GraphQLField(type_, resolve=lambda *_: rows))
