"""Resolvers and scalars that give what they should not: answered as graphql-core does, and nothing escapes."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
)

from execution import Outcome, parse_operation
from execution.run.compare import differences
from tests.execution.support import core, is_json, kinds, run
from tests.support.heap import leaves_coroutines

pytestmark = pytest.mark.usefixtures("settled_heap")


async def later(value: Any) -> Any:
    """A value that comes in a later turn of the loop."""
    await asyncio.sleep(0)
    if isinstance(value, Exception):
        raise value
    return value


ANY = GraphQLScalarType("Any")
LATE = GraphQLScalarType("Late", serialize=later)
WRAPS: dict[str, Callable[[Any], Any]] = {
    "": lambda of: of,
    "L": GraphQLList,
    "LN": lambda of: GraphQLList(GraphQLNonNull(of)),
}
GIVEN: dict[str, tuple[Callable[[], Any], list[Any]]] = {
    "value": (lambda: 1, [ANY, LATE, GraphQLString]),
    "once": (lambda: later(1), [ANY, LATE, GraphQLString]),
    "twice": (lambda: later(later(1)), [ANY, GraphQLString, GraphQLInt]),
    "twice a null": (lambda: later(later(None)), [ANY, GraphQLString]),
    "twice an error": (lambda: later(later(ValueError("It failed."))), [ANY, GraphQLString]),
    "a task": (lambda: later(asyncio.ensure_future(later(1))), [ANY]),
}


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """What a test left unawaited is collected within it, where it may be or not."""
    yield
    gc.collect()


def as_given(wrap: Callable[[Any], Any], type_: Any, give: Callable[[], Any], wraps: bool) -> GraphQLSchema:
    """A schema whose field gives a value, or a list of one."""
    field = GraphQLField(wrap(type_), resolve=lambda *_: [give()] if wraps else give())
    return GraphQLSchema(GraphQLObjectType("Query", {"a": field, "b": GraphQLField(GraphQLInt, resolve=lambda *_: 1)}))


@leaves_coroutines
@pytest.mark.parametrize("wrap", ["", "L"])
@pytest.mark.parametrize(("given", "type_"), [(name, type_) for name, (_, types) in GIVEN.items() for type_ in types])
async def test_an_awaitable_of_an_awaitable_is_answered_as_graphql_core_does(type_: Any, wrap: str, given: str) -> None:
    schema = as_given(WRAPS[wrap], type_, GIVEN[given][0], wraps=bool(wrap))
    answer = await compared(schema, "{ a b }")
    assert is_json(answer.data), answer.data


async def test_a_scalar_that_is_shown_later_loses_no_coroutine() -> None:
    schema = as_given(WRAPS["L"], LATE, lambda: 1, wraps=True)
    answer = await run(schema, parse_operation("{ a }", None), {}, kinds())
    # One that was dropped warns when it is collected, and a warning is an error.
    assert (answer.data, answer.errors) == ({"a": [1]}, None)


@leaves_coroutines
@pytest.mark.parametrize("wrap", WRAPS)
async def test_no_answer_holds_what_is_never_there(wrap: str) -> None:
    # graphql-core puts the coroutine, or a null where none may be, into its answer.
    for give in (lambda: later(later(later(1))), lambda: later(later(None))):
        schema = as_given(lambda of: WRAPS[wrap](GraphQLNonNull(of)), ANY, give, wraps=bool(wrap))
        answer = await run(schema, parse_operation("{ a b }", None), {}, kinds())
        assert is_json(answer.data)
        assert [error.path for error in answer.errors or ()] == [["a", 0] if wrap else ["a"]]


class Sly:
    """A value that does not let itself be asked whether it can be awaited."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"It has no {name}.")


class Undecided:
    """A verdict that is neither true nor false."""

    def __bool__(self) -> bool:
        raise ValueError("It is undecided.")


async def compared(schema: GraphQLSchema, text: str, **variables: Any) -> Outcome:
    """The answer, which is graphql-core's."""
    operation = parse_operation(text, None)
    ours, theirs = await run(schema, operation, variables, kinds()), await core(schema, operation, variables)
    assert differences(ours, theirs, exact=False) == []
    return ours


@pytest.mark.parametrize("wrap", ["", "L"])
@pytest.mark.parametrize("type_", [ANY, GraphQLString, "object"], ids=str)
async def test_a_value_that_cannot_be_asked_fails_alone(wrap: str, type_: Any) -> None:
    of = GraphQLObjectType("It", {"ok": GraphQLField(GraphQLInt)}) if type_ == "object" else type_
    schema = as_given(WRAPS[wrap], of, Sly, wraps=bool(wrap))
    text = "{ b a { ok } }" if type_ == "object" else "{ b a }"
    # Of a list with such an item graphql-core answers nothing.
    answer = await (run(schema, parse_operation(text, None), {}, kinds()) if wrap else compared(schema, text))
    assert answer.data == {"b": 1, "a": [None] if wrap else None}
    assert [error.message for error in answer.errors or ()] == ["It has no __await__."]


@pytest.mark.parametrize("verdict", [Undecided, lambda: later(Undecided())], ids=["at once", "later"])
@pytest.mark.parametrize("wrap", WRAPS)
async def test_a_verdict_that_is_none_fails_alone(wrap: str, verdict: Callable[[], Any]) -> None:
    ok = GraphQLField(GraphQLInt, resolve=lambda *_: 1)
    of = GraphQLObjectType("It", {"ok": ok}, is_type_of=lambda *_: verdict())
    answer = await compared(as_given(WRAPS[wrap], of, lambda: {}, wraps=bool(wrap)), "{ b a { ok } }")
    assert answer.data is not None
    assert answer.data["b"] == 1
    assert [error.message for error in answer.errors or ()] == ["It is undecided."]


async def test_an_input_that_cannot_be_made_fails_its_field_alone() -> None:
    def refuse(_value: Any) -> Any:
        raise ValueError("It cannot be made.")

    made = GraphQLInputObjectType("Made", {"n": GraphQLInputField(GraphQLInt)}, out_type=refuse)
    schema = GraphQLSchema(
        GraphQLObjectType(
            "Query",
            {
                "a": GraphQLField(GraphQLInt, {"made": GraphQLArgument(made)}, resolve=lambda *_, **__: 1),
                "b": GraphQLField(GraphQLInt, resolve=lambda *_: 1),
            },
        )
    )
    answer = await compared(schema, "{ b a(made: {n: 1}) }")
    assert answer.data == {"b": 1, "a": None}
    assert isinstance((answer.errors or [GraphQLError("")])[0].original_error, ValueError)


@pytest.mark.parametrize("error", [StopIteration, StopAsyncIteration], ids=lambda each: each.__name__)
@pytest.mark.parametrize("wrap", WRAPS)
async def test_what_ends_an_iteration_is_an_error_like_another(wrap: str, error: type[Exception]) -> None:
    schema = as_given(WRAPS[wrap], ANY, lambda: error("It is over."), wraps=bool(wrap))
    answer = await compared(schema, "{ b a }")
    assert [(each.message, type(each.original_error)) for each in answer.errors or ()] == [("It is over.", error)]
