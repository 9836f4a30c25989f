"""A subscription's events: each is run by the plan as graphql-core runs it."""

from collections.abc import AsyncIterator
from typing import Any

import strawberry
from graphql import GraphQLError, subscribe, validate

from execution import parse_operation
from execution.run.compare import differences
from schema.declaration.fields import batched, computed
from schema.rules.planned import fields_of_schema
from tests.execution.support import FALLBACKS, run
from tests.support.context import Ctx


async def _doubles(ctx: Ctx, parents: list[Any], args: Any) -> list[Any]:
    ctx.calls.append((len(parents), args.columns, dict(args.values)))
    return [parent.number * 2 if parent.number else ValueError("nothing to double") for parent in parents]


@strawberry.type
class Tick:
    """One event's object."""

    number: int
    squared: int = computed(lambda tick: tick.number**2, "number", description="Its square.")
    doubled: int | None = batched(_doubles, "number", description="Its double.")

    @strawberry.field
    def path(self, info: strawberry.Info) -> str:
        """Where it stands."""
        return ".".join(map(str, info.path.as_list()))

    @strawberry.field
    def odd(self) -> bool:
        """Fails for an even one."""
        if self.number % 2 == 0:
            raise GraphQLError(f"{self.number} is even.")
        return True


@strawberry.type
class Query:
    """The root of queries."""

    nothing: str = "n"


@strawberry.type
class Subscription:
    """The root of subscriptions."""

    @strawberry.subscription
    async def ticks(self, upto: int) -> AsyncIterator[Tick]:
        """Counts."""
        for number in range(upto):
            yield Tick(number=number)


SCHEMA = strawberry.Schema(Query, subscription=Subscription)
CORE = SCHEMA._schema
FIELDS = CORE.extensions["fields"] = fields_of_schema(SCHEMA, {})
TEXT = """subscription($upto: Int!, $shown: Boolean!) {
  t: ticks(upto: $upto) { __typename number ...More @include(if: $shown) } }
  fragment More on Tick { squared doubled path odd }"""


async def _answered_alike(shown: bool) -> list[Any]:
    operation = parse_operation(TEXT, None)
    assert validate(CORE, operation.document) == []
    given = {"upto": 3, "shown": shown}
    before = FALLBACKS.total()
    found = []
    theirs: Any = subscribe(CORE, operation.document, variable_values=given, context_value=Ctx())
    events = (await theirs) if hasattr(theirs, "__await__") else theirs
    number = 0
    async for answer in events:
        event = Tick(number=number)
        ours = await run(CORE, operation, given, FIELDS, context=Ctx(), root=event)
        # What is awaited beside a failure may be told by one and not by the other.
        assert differences(ours, answer, exact=False) == []
        found.append(ours)
        number += 1
    assert FALLBACKS.total() == before
    return found


async def test_each_event_is_answered_as_by_graphql_core() -> None:
    answers = await _answered_alike(shown=True)
    assert [answer.data for answer in answers] == [
        None,
        {"t": {"__typename": "Tick", "number": 1, "squared": 1, "doubled": 2, "path": "t.path", "odd": True}},
        None,
    ]
    reported = [{error.message for error in answer.errors or ()} for answer in answers]
    assert reported == [{"nothing to double", "0 is even."}, set(), {"2 is even."}]


async def test_an_event_keeps_to_the_conditions_of_its_subscription() -> None:
    answers = await _answered_alike(shown=False)
    assert [answer.data["t"] for answer in answers] == [{"__typename": "Tick", "number": n} for n in range(3)]
