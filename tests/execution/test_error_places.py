"""Errors of one field say where it is, which is found out once for all of them."""

from typing import Any

import pytest
from graphql import GraphQLError, GraphQLField, GraphQLInt, GraphQLList, Source, SourceLocation

from tests.execution.support import compared, query

FAILING = 50


def _failing(number: int) -> Any:
    if number == 0:
        # One that knows its own place keeps it.
        return GraphQLError("placed", positions=[3], source=None)
    return ValueError(f"failed {number}")


async def test_the_place_of_a_field_is_found_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = 0
    locate = Source.get_location

    def counted(source: Source, position: int) -> SourceLocation:
        nonlocal found
        found += 1
        return locate(source, position)

    schema = query(
        a=GraphQLField(GraphQLList(GraphQLInt), resolve=lambda *_: [_failing(number) for number in range(FAILING)])
    )
    outcome = await compared(schema, "{ a  b: a }")
    assert len(outcome.errors or ()) == 2 * FAILING
    assert {tuple(error.locations or ()) for error in (outcome.errors or ())[1:FAILING]} == {((1, 3),)}
    monkeypatch.setattr(Source, "get_location", counted)
    await compared(schema, "{ a  b: a }")
    # graphql-core, which it is compared with, finds it out for each.
    assert found <= 2 * FAILING + 4
