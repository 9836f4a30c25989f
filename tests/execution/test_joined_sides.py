"""Sides of joined objects: parts of an object that are read from its own row, and not from the row it is joined to."""

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

from execution import Args, BatchField, ColumnReader, FieldKind, ReadField, Serializers, parse_operation
from tests.execution.support import Row, run

ORDER, CLIENT = {"id": 1, "name": "the order", "client_id": 2}, {"id": 2, "name": "the client"}


def _row(found: dict[str, Any], columns: tuple[str, ...]) -> Row:
    values = [CLIENT[name[10:]] if name.startswith("client_id.") else found[name] for name in columns]
    made: type[Row] = type("NamedRow", (Row,), {"names": columns})
    return made([*values, None])


async def _orders(_context: Any, parents: list[Any], args: Args) -> list[Any]:
    return [[_row(ORDER, args.columns)] for _ in parents]


async def _clients(_context: Any, parents: list[Any], args: Args) -> list[Any]:
    return [_row(CLIENT, args.columns) for _ in parents]


def _label(row: Any) -> str:
    return f"{row['id']} {row['name']}"


def _column(name: str) -> ReadField:
    return ReadField(lambda row: row[name], lambda rows: [row[name] for row in rows], ColumnReader(name))


def _required(type_: Any) -> GraphQLField:
    return GraphQLField(GraphQLNonNull(type_))


SIDE = GraphQLObjectType("Side", {"label": _required(GraphQLString), "name": _required(GraphQLString)})
CLIENT_TYPE = GraphQLObjectType("Client", {"side": _required(SIDE)})
ORDER_TYPE = GraphQLObjectType(
    "Order", {"id": _required(GraphQLInt), "name": _required(GraphQLString), "client": _required(CLIENT_TYPE)}
)
SCHEMA = GraphQLSchema(GraphQLObjectType("Query", {"orders": _required(GraphQLList(GraphQLNonNull(ORDER_TYPE)))}))
KINDS: dict[str, FieldKind] = {
    "orders": BatchField(_orders, dict, trusted=True, joins_inline=True),
    "client": BatchField(
        _clients, dict, needs=("client_id",), trusted=True, joins_inline=True, joined_by="client_id"
    ),
    "id": _column("id"),
    "name": _column("name"),
    "side": ReadField(lambda row: row, list, ColumnReader(same_row=True), trusted=True),
    "label": ReadField(
        _label, lambda rows: [_label(row) for row in rows], ColumnReader(convert=_label, needs=("id", "name"))
    ),
}  # fmt: skip


@pytest.mark.parametrize("serializers", Serializers)
@pytest.mark.parametrize(("field", "value"), [("label", "2 the client"), ("name", "the client")])
async def test_a_side_is_read_from_the_row_of_its_own_object(serializers: Serializers, field: str, value: str) -> None:
    operation = parse_operation(f"{{ orders {{ id name client {{ side {{ {field} }} }} }} }}", None)
    outcome = await run(SCHEMA, operation, {}, lambda _type, name, _field: KINDS[name], serializers=serializers)
    assert outcome.errors is None
    assert outcome.data == {"orders": [{"id": 1, "name": "the order", "client": {"side": {field: value}}}]}
