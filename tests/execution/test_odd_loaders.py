"""Loaders and columns that give no list of one value for each parent: each fails alone, and nothing escapes."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString

from execution import BatchField, FieldKind, Outcome, ReadField, parse_operation
from tests.execution.support import is_json, kinds, run

# What a loader gives that gives no list of one value for each parent.
WRONG: dict[str, Callable[[list[Any]], Any]] = {
    "fewer": lambda parents: parents[1:],
    "more": lambda parents: [*parents, 1],
    "nothing": lambda parents: None,
    "a dict": lambda parents: {index: "x" for index, _ in enumerate(parents)},
    "a set": lambda parents: {index for index, _ in enumerate(parents)},
    "a text": lambda parents: "x" * len(parents),
    "bytes": lambda parents: b"x" * len(parents),
    "a generator": lambda parents: (each for each in parents),
    "a number": lambda parents: 5,
    "a view": lambda parents: {index: 1 for index, _ in enumerate(parents)}.keys(),
    "a mistake": lambda parents: parents[100],
}


def farm(nonnull: bool, leaf: bool) -> GraphQLSchema:
    """A schema with objects in two places, one field of which is loaded."""
    wrap: Any = GraphQLNonNull if nonnull else (lambda of: of)

    def fields() -> dict[str, GraphQLField]:
        return {
            "loaded": GraphQLField(wrap(GraphQLString if leaf else animal), resolve=lambda *_: "x"),
            "ok": GraphQLField(GraphQLString, resolve=lambda *_: "ok"),
        }

    animal = GraphQLObjectType("Animal", fields)
    many, one = (lambda *_: ["a", "b", "c"]), (lambda *_: "a")
    return GraphQLSchema(
        GraphQLObjectType(
            "Query",
            {
                "many": GraphQLField(GraphQLList(animal), resolve=many),
                "one": GraphQLField(animal, resolve=one),
                "two": GraphQLField(animal, resolve=one),
            },
        )
    )


async def answered(schema: GraphQLSchema, kind: FieldKind, text: str) -> Outcome:
    """The answer, whose loaded field fails everywhere."""
    answer = await run(schema, parse_operation(text, None), {}, kinds(loaded=kind))
    assert is_json(answer.data)
    return answer


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("nonnull", [False, True])
@pytest.mark.parametrize("leaf", [False, True])
async def test_a_loader_that_gives_no_list_fails_for_each_parent(wrong: str, nonnull: bool, leaf: bool) -> None:
    async def load(_context: Any, parents: list[Any], _args: Any) -> Any:
        return WRONG[wrong](parents)

    kind, asked = BatchField(load, lambda arguments: arguments), "loaded" if leaf else "loaded { ok }"
    # In one place, in two, and of one selection in two places, which is loaded together.
    for text in (
        f"{{ one {{ ok {asked} }} }}",
        f"{{ one {{ ok {asked} }} many {{ ok {asked} }} }}",
        f"{{ one {{ ...F }} two {{ ...F }} many {{ ...F }} }} fragment F on Animal {{ ok {asked} }}",
    ):
        answer = await answered(farm(nonnull, leaf), kind, text)
        failed = None if nonnull else {"ok": "ok", "loaded": None}
        assert answer.data is not None
        for key, value in answer.data.items():
            assert value == ([failed] * 3 if key == "many" else failed)
        paths = {tuple(error.path or ()) for error in answer.errors or ()}
        assert {path[0] for path in paths} == set(answer.data)
        assert all(path[-1] == "loaded" for path in paths)


async def test_a_loader_may_give_a_tuple_or_another_sequence() -> None:
    class Found(list[Any]):
        pass

    for make in (tuple, Found, list):

        async def load(_context: Any, parents: list[Any], _args: Any, make: Any = make) -> Any:
            return make(parents)

        kind = BatchField(load, lambda arguments: arguments)
        answer = await answered(farm(True, True), kind, "{ many { loaded } one { loaded } }")
        assert answer.errors is None
        assert answer.data == {"many": [{"loaded": each} for each in "abc"], "one": {"loaded": "a"}}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("leaf", [False, True])
async def test_a_column_that_is_none_is_asked_value_by_value(wrong: str, leaf: bool) -> None:
    kind = ReadField(lambda parent: f"{parent}!", WRONG[wrong])
    asked = "loaded" if leaf else "loaded { ok }"
    answer = await answered(farm(True, leaf), kind, f"{{ one {{ {asked} }} many {{ {asked} }} }}")
    assert answer.errors is None
    assert answer.data is not None
    assert [each["loaded"] for each in answer.data["many"]] == (["a!", "b!", "c!"] if leaf else [{"ok": "ok"}] * 3)
