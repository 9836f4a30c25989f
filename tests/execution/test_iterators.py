"""Lists that are made, or changed, while they are read, and lists that do not know their length."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count, islice
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
)

from execution import (
    Executor,
    ReadField,
    parse_operation,
    resolver_fields,
)
from tests.execution.support import batch, compared, given, kinds, query


class Counted:
    """An object that changes while it is read."""

    def __init__(self) -> None:
        self.value = 0
        self.inner = self


def counting() -> Iterator[Any]:
    """Yield one object, changed each time."""
    one = Counted()
    for one.value in range(3):
        yield one


async def counting_later() -> AsyncIterator[Any]:
    """Yield one object later, changed each time."""
    for each in counting():
        await asyncio.sleep(0)
        yield each


class Readings:
    """An iterable, no iterator, that yields one object, changed each time."""

    def __iter__(self) -> Iterator[Any]:
        return counting()


COUNTED: GraphQLObjectType = GraphQLObjectType(
    "Counted", lambda: {"value": GraphQLField(GraphQLNonNull(GraphQLInt)), "inner": GraphQLField(COUNTED)}
)


@pytest.mark.parametrize("make", [counting, counting_later, Readings])
@pytest.mark.parametrize("read", [False, True])
async def test_items_that_change_while_they_are_read_are_answered_as_they_were(make: Any, read: bool) -> None:
    schema = given(GraphQLList(COUNTED), make)
    value = ReadField(lambda parent: parent.value, lambda parents: [parent.value for parent in parents])
    fields = kinds(value=value) if read else resolver_fields
    answer = await compared(schema, "{ a { value inner { inner { value } } } }", fields)
    assert answer.data == {"a": [{"value": n, "inner": {"inner": {"value": n}}} for n in range(3)]}


async def test_a_list_that_changes_while_it_is_read_is_answered_as_it_was() -> None:
    def growing() -> Iterator[list[int]]:
        found: list[int] = []
        for each in range(3):
            found.append(each)
            yield found

    answer = await compared(given(GraphQLList(GraphQLList(GraphQLInt)), growing), "{ a }")
    assert answer.data == {"a": [[0], [0, 1], [0, 1, 2]]}


async def test_an_iterator_in_an_iterator_is_read_where_it_stands() -> None:
    def rows() -> Iterator[Iterator[Any]]:
        for _ in range(2):
            yield counting()

    answer = await compared(given(GraphQLList(GraphQLList(COUNTED)), rows), "{ a { value } }")
    assert answer.data == {"a": [[{"value": n} for n in range(3)]] * 2}


@pytest.mark.parametrize("later", [False, True])
async def test_iterators_in_iterators_of_abstract_objects_beside_a_failure(later: bool) -> None:
    type_ = GraphQLNonNull(GraphQLInterfaceType("I", {"s": GraphQLField(GraphQLString)}, resolve_type=lambda *_: "A"))
    named = GraphQLField(GraphQLString, resolve=lambda *_: "s")
    object_ = GraphQLObjectType("A", {"s": named}, interfaces=[type_.of_type])

    def fails(*_: Any) -> None:
        raise ValueError("bad")

    async def rows_later() -> AsyncIterator[Any]:
        yield iter([1, 2])

    def rows(*_: Any) -> Any:
        return rows_later() if later else iter([iter([1, 2])])

    fields = {
        "bad": GraphQLField(GraphQLString, resolve=fails),
        "l": GraphQLField(GraphQLList(GraphQLNonNull(GraphQLList(type_))), resolve=rows),
    }
    answer = await compared(GraphQLSchema(GraphQLObjectType("Query", fields), types=[object_]), "{ bad l { s } }")
    assert answer.data == {"bad": None, "l": [[{"s": "s"}, {"s": "s"}]]}
    assert [error.message for error in answer.errors or ()] == ["bad"]


@pytest.mark.parametrize("wrap", [iter, list])
async def test_iterators_beside_each_other_are_read_one_after_another(wrap: Callable[[Any], Any]) -> None:
    def rows() -> Any:
        shared = count()
        return wrap([islice(shared, 2), islice(shared, 2)])

    answer = await compared(given(GraphQLList(GraphQLList(GraphQLInt)), rows), "{ a }")
    assert answer.data == {"a": [[0, 1], [2, 3]]}


async def test_a_batch_below_an_iterator_is_loaded_once() -> None:
    calls: list[int] = []

    def load(parents: list[Any]) -> list[Any]:
        calls.append(len(parents))
        return [7 for _ in parents]

    answer = await Executor(given(GraphQLList(COUNTED), counting), fields=kinds(value=batch(load))).run(
        parse_operation("{ a { value } }", None)
    )
    assert (answer.data, calls) == ({"a": [{"value": 7}] * 3}, [3])


ENDLESS: dict[str, tuple[Any, Callable[[int], Any], str]] = {
    "a null": (GraphQLInt, lambda n: None if n == 2 else n, ""),
    "an exception": (GraphQLInt, lambda n: ValueError("no") if n == 2 else n, ""),
    "a wrong value": (GraphQLInt, lambda n: "x" if n == 2 else n, ""),
    "a field's null": (COUNTED, lambda n: {"value": None if n == 2 else n}, "{ value }"),
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_an_endless_stream_ends_with_its_first_null_and_is_closed(name: str) -> None:
    type_, item, asked = ENDLESS[name]
    closed: list[int] = []

    async def endless() -> AsyncIterator[Any]:
        count = 0
        try:
            while True:
                await asyncio.sleep(0)
                yield item(count)
                count += 1
        finally:
            closed.append(count)

    schema = query(
        a=GraphQLField(GraphQLList(GraphQLNonNull(type_)), resolve=lambda *_: endless()),
        b=GraphQLField(GraphQLString, resolve=lambda *_: "b"),
    )
    answer = await compared(schema, f"{{ a {asked} b }}")
    assert answer.data == {"a": None, "b": "b"}
    # Once by each executor.
    assert closed == [2, 2]


class Lying(list[Any]):
    """A list that says it has another length."""

    def __len__(self) -> int:
        return 5


class Refusing(list[Any]):
    """A list that refuses to tell its length."""

    def __len__(self) -> int:
        raise ValueError("It has no length.")


class Hinting:
    """An iterator whose hint of its length is wrong."""

    def __init__(self, items: Any) -> None:
        self._items = iter(items)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._items)

    def __length_hint__(self) -> int:
        raise ValueError("It has no hint.")


@pytest.mark.parametrize("make", [Lying, Refusing, Hinting])
@pytest.mark.parametrize("type_", [GraphQLInt, COUNTED])
async def test_a_list_is_as_long_as_it_is_whatever_it_says(make: Any, type_: Any) -> None:
    items = [{"value": 1}, {"value": 2}] if type_ is COUNTED else [1, 2]
    text = "{ a { value } }" if type_ is COUNTED else "{ a }"
    answer = await compared(given(GraphQLList(type_), lambda: make(items)), text)
    assert answer.data == {"a": items}


@pytest.mark.parametrize("make", [Lying, Refusing])
async def test_a_batch_is_as_long_as_it_is_whatever_it_says(make: Any) -> None:
    schema = given(GraphQLList(COUNTED), lambda: [{"value": 1}, {"value": 2}])
    value = batch(lambda parents: make(parent["value"] for parent in parents))
    answer = await compared(schema, "{ a { value } }", kinds(value=value))
    assert answer.data == {"a": [{"value": 1}, {"value": 2}]}
