"""What Python collects while a serializer runs is its own matter: it finds what it needs to warn."""

import gc
import sys
import warnings
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema

from execution import RESOLVER_FIELD, BatchField, ColumnReader, ReadField, parse_operation
from tests.execution.support import no_arguments, run

ROWS = 3_000
ITEM = GraphQLObjectType("Item", {"id": GraphQLField(GraphQLNonNull(GraphQLInt))})
ITEMS = GraphQLField(GraphQLNonNull(GraphQLList(GraphQLNonNull(ITEM))))
SCHEMA = GraphQLSchema(GraphQLObjectType("Query", {"items": ITEMS}))


async def _forgotten() -> None:
    """Do nothing: nobody awaits it."""


async def _load(_context: Any, _parents: list[Any], _args: Any) -> list[Any]:
    """Return rows, and leave a coroutine in a cycle with each."""
    rows: list[Any] = []
    for number in range(ROWS):
        cycle: list[Any] = [_forgotten()]
        cycle.append(cycle)
        rows.append({"id": number})
    return [rows]


def _kinds(_type: Any, name: str, _field: Any) -> Any:
    if name == "items":
        return BatchField(_load, no_arguments, trusted=True)
    if name == "id":
        return ReadField(lambda row: row["id"], lambda rows: [row["id"] for row in rows], reader=ColumnReader("id"))
    return RESOLVER_FIELD


async def test_a_coroutine_is_collected_while_a_serializer_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda each: found.append(each.exc_value))
    operation, before = parse_operation("{ items { id } }", None), gc.get_threshold()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.set_threshold(5_000, 1_000, 1_000)
        try:
            for _ in range(3):
                outcome = await run(SCHEMA, operation, {}, _kinds)
                assert outcome.data is not None
                assert len(outcome.data["items"]) == ROWS
            gc.collect()
        finally:
            gc.set_threshold(*before)
    assert found == []
