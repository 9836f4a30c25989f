"""Long lists are written in turns, between which others have theirs, and the answer is the same."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
)

from execution import (
    Args,
    BatchField,
    ColumnReader,
    Executor,
    FieldKind,
    ReadField,
    ResolverField,
    Serializers,
    parse_operation,
)
from execution.plan import serializer
from execution.run.compare import differences
from tests.execution.support import SERIALIZER_FAILURES, core, run

NOTES, SHOPS, TURN = 10, 12, 25


def _field(type_: Any, name: str) -> GraphQLField:
    return GraphQLField(type_, resolve=lambda source, _info: source[name])


NOTE: GraphQLObjectType = GraphQLObjectType(
    "Note",
    lambda: {
        "text": _field(GraphQLNonNull(GraphQLString), "text"),
        "replies": _field(GraphQLList(GraphQLNonNull(NOTE)), "replies"),
    },
)
NOTED = GraphQLInterfaceType("Noted", {"name": GraphQLField(GraphQLString)}, resolve_type=lambda *_: "Shop")
SHOP: GraphQLObjectType = GraphQLObjectType(
    "Shop",
    lambda: {
        "name": _field(GraphQLString, "name"),
        "notes": _field(GraphQLList(GraphQLNonNull(NOTE)), "notes"),
        "beside": GraphQLField(GraphQLNonNull(SHOP), resolve=lambda shop, _info: shop),
    },
    interfaces=[NOTED],
)
QUERY = GraphQLObjectType(
    "Query",
    {
        "shops": GraphQLField(GraphQLList(GraphQLNonNull(SHOP)), resolve=lambda rows, _info: rows),
        "named": GraphQLField(GraphQLList(NOTED), resolve=lambda rows, _info: rows),
        "one": GraphQLField(SHOP, resolve=lambda rows, _info: rows[0]),
        "each": GraphQLField(GraphQLList(SHOP), resolve=lambda rows, _info: _one_by_one(rows)),
    },
)
SCHEMA = GraphQLSchema(QUERY)
PAIR = "shops { notes { text } } more: shops { notes { a: text b: text } }"
DEEP = "replies { text replies { text replies { text } } }"


def _one_by_one(rows: list[Any]) -> Iterator[Any]:
    yield from rows


def rows_of(*, broken: bool = False) -> list[dict[str, Any]]:
    """Shops with notes; ``broken``: the very last one has no text."""
    replies: list[dict[str, Any]] = [{"text": "r", "replies": None}] * 3
    deep = {"text": "d", "replies": [{"text": "e", "replies": [{"text": "f", "replies": replies}] * 3}] * 3}
    notes = [{"text": str(number), "replies": [deep] * 2} for number in range(NOTES)]
    rows: list[dict[str, Any]] = [{"name": str(number), "notes": notes} for number in range(SHOPS)]
    rows[-1] = {"name": "last", "notes": [*notes, {"replies": None} if broken else {"text": "t", "replies": None}]}
    return rows


def kinds(type_: GraphQLObjectType, name: str, field: GraphQLField) -> FieldKind:
    """Root fields are loaded, but for one that gives its items one by one; all else is read."""
    resolve: Any = field.resolve
    if type_ is QUERY and name == "each":
        return ResolverField()

    async def load(_context: Any, parents: list[Any], _args: Args) -> list[Any]:
        return [resolve(parent, None) for parent in parents]

    def one(parent: Any) -> Any:
        return resolve(parent, None)

    if type_ is QUERY:
        return BatchField(load, dict, trusted=name != "named", cost=1)
    reader = ColumnReader(same_row=True) if name == "beside" else ColumnReader(name, null=True)
    return ReadField(one, lambda parents: [one(parent) for parent in parents], reader, trusted=True, cost=1)


async def turns_of(text: str, rows: Any, serializers: Serializers = Serializers.ON) -> tuple[int, Any]:
    """Return how many turns others had during a run, and its outcome, which is graphql-core's."""
    operation = parse_operation(text, None)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(others())
    outcome = await run(SCHEMA, operation, {}, kinds, serializers=serializers, root=rows)
    beside.cancel()
    assert differences(outcome, await core(SCHEMA, operation, {}, root=rows)) == []
    return turns, outcome


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ shops { name } }", 0),
        ("{ shops { notes { text } } }", SHOPS * NOTES // TURN),
        ("{ shops { beside { notes { text } } } }", SHOPS * NOTES // TURN),
        ("{ named { ... on Shop { notes { text } } } }", SHOPS * NOTES // TURN),
        (f"{{ {PAIR} }}", 3 * SHOPS * NOTES // TURN),
        (f"{{ one {{ notes {{ {DEEP} }} }} }}", NOTES * 2 * 3 * 3 * 3 // TURN),
    ],
)
@pytest.mark.parametrize("serializers", [Serializers.ON, Serializers.CHECKED], ids=["on", "checked"])
async def test_others_have_turns_while_long_lists_are_written(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: int, serializers: Serializers
) -> None:
    least, _ = await turns_of(text, rows_of(), serializers)
    monkeypatch.setattr(serializer, "TURN_VALUES", TURN)
    turns, outcome = await turns_of(text, rows_of(), serializers)
    # A turn may end with a list that goes far beyond it; what is checked is written once for each level.
    assert expected // 3 <= turns - least <= 3 * expected
    assert not outcome.errors
    assert outcome.serializer_failures == 0


@pytest.mark.parametrize("text", ["{ shops { notes { text } } }", "{ named { ... on Shop { notes { text } } } }"])
async def test_a_broken_promise_in_a_later_turn_is_completed_field_by_field(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(serializer, "TURN_VALUES", TURN)
    before = SERIALIZER_FAILURES["Note"] + SERIALIZER_FAILURES["Shop"]
    turns, outcome = await turns_of(text, rows_of(broken=True))
    assert turns > 1
    assert [str(error.message) for error in outcome.errors or ()] == ["'text'"]
    assert SERIALIZER_FAILURES["Note"] + SERIALIZER_FAILURES["Shop"] == before + outcome.serializer_failures
    assert outcome.serializer_failures > 0


class Kept(dict[str, Any]):
    """A row to which there can be weak references."""


@pytest.mark.parametrize("text", ["{ shops { notes { text } } }", f"{{ {PAIR} }}"])
async def test_nothing_is_left_of_a_run_that_is_cancelled_while_it_writes(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(serializer, "TURN_VALUES", 1)
    rows = [Kept(row) for row in rows_of()]
    left = [weakref.ref(row) for row in rows]
    operation = parse_operation(text, None)
    gc.collect()
    gc.disable()
    try:
        running = asyncio.create_task(run(SCHEMA, operation, {}, kinds, root=rows))
        del rows
        for _ in range(SHOPS // 2):
            await asyncio.sleep(0)
        assert not running.done()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        del running
        await asyncio.sleep(0)
        assert [row() for row in left if row() is not None] == []
    finally:
        gc.enable()


def test_an_object_that_is_written_alone_has_its_lists() -> None:
    made = Executor(SCHEMA, fields=kinds, serializers=Serializers.ON)
    operation = parse_operation("{ one { notes { text replies { text } } } }", None)
    write = made.serializer(operation)
    row = rows_of()[0]
    texts = [{"text": note["text"], "replies": [{"text": "d"}] * 2} for note in row["notes"]]
    assert write(row) == {"notes": texts}


async def test_items_that_come_one_by_one_are_whole_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serializer, "TURN_VALUES", 2)
    _, outcome = await turns_of("{ each { notes { text } } }", rows_of())
    assert [len(shop["notes"]) for shop in outcome.data["each"]] == [NOTES] * (SHOPS - 1) + [NOTES + 1]
