"""Whoever runs operations may begin the loads of a level together: the answer is the same."""

from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any

from graphql import GraphQLField, GraphQLList, GraphQLObjectType, GraphQLSchema, GraphQLString

from execution import BatchField, Executor
from tests.execution.support import kinds

BOOK = GraphQLObjectType(
    "Book",
    {
        name: GraphQLField(GraphQLString, resolve=lambda book, _info, name=name: f"{name} of {book}")
        for name in ("title", "author", "broken")
    },
)
SCHEMA = GraphQLSchema(
    GraphQLObjectType("Query", {"books": GraphQLField(GraphQLList(BOOK), resolve=lambda *_: ["one", "two"])})
)


class Noted:
    """Loads, what happens in them, and what begins those of a level."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def load(self, name: str) -> BatchField:
        """A field that notes when its load begins, and when it ends."""

        async def load(_context: Any, parents: list[Any], _args: Any) -> list[Any]:
            self.notes.append(f"{name} of {len(parents)}")
            await Turn()
            self.notes.append(f"{name} goes on")
            if name == "broken":
                raise ValueError("broken")
            return [f"{name} of {parent}" for parent in parents]

        return BatchField(load, lambda arguments: arguments)

    async def begin(self, context: Any, loads: Sequence[Coroutine[Any, Any, Any]]) -> Sequence[Awaitable[Any]]:
        """Begin all loads, and return what goes on with each."""
        self.notes.append(f"{context} begins {len(loads)}")
        for load in loads:
            assert load.send(None) == "turn"
        return [GoingOn(load) for load in loads]


class Turn:
    """What a load waits for: whoever begins it; without that it goes on at once."""

    def __await__(self) -> Any:
        yield "turn"


class GoingOn:
    """A load that was begun."""

    def __init__(self, load: Coroutine[Any, Any, Any]) -> None:
        self._load = load

    def __await__(self) -> Any:
        return self._load.__await__()


async def _asked(text: str) -> tuple[Any, list[str], list[str]]:
    noted = Noted()
    fields = kinds(**{name: noted.load(name) for name in ("title", "author", "broken")})
    executor = Executor(SCHEMA, fields=fields, begin_loads=noted.begin)
    answer = await executor.run(executor.prepare(text), context="it")
    core = await executor.run(executor.prepare(text.replace("broken", "title")), context="it")
    assert list(core.data or ()) == list(answer.data or ())
    return answer.data, [error.message for error in answer.errors or ()], noted.notes


async def test_the_loads_of_a_level_begin_before_the_first_goes_on() -> None:
    data, errors, notes = await _asked("{ books { title author } }")
    expected = [{"title": f"title of {book}", "author": f"author of {book}"} for book in ("one", "two")]
    assert (data, errors) == ({"books": expected}, [])
    assert notes[:5] == ["it begins 2", "title of 2", "author of 2", "title goes on", "author goes on"]


async def test_one_that_fails_is_its_own_error() -> None:
    data, errors, _ = await _asked("{ books { author broken title } }")
    expected = [{"author": f"author of {book}", "broken": None, "title": f"title of {book}"} for book in ("one", "two")]
    assert (data, errors) == ({"books": expected}, ["broken", "broken"])
