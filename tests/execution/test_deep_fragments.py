"""A fragment in two places, of which one lies deeper than selections are compiled within each other."""

from typing import Any

import pytest
from graphql import GraphQLField, GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema

from execution import (
    RESOLVER_FIELD,
    Args,
    BatchField,
    ColumnReader,
    FieldKind,
    ReadField,
    ResolverField,
    Serializers,
    parse_operation,
)
from execution.plan.compiler import MAX_DEPTH
from execution.run.compare import differences
from tests.execution.support import Row, core, run

FRAGMENT = "fragment F on Node { id kids { id up { id } } up { id up { id } } }"


def _whole(number: int) -> dict[str, int]:
    return {"id": number, "up_id": number * 2 + 1}


def _value(number: int, column: str) -> int:
    """A column of an object, or of the one that is joined to it."""
    if column.startswith("up_id."):
        return _value(number * 2 + 1, column.removeprefix("up_id."))
    return _whole(number)[column]


# The objects of a field, by the one above.
FIELDS: dict[str, Any] = {
    "top": lambda _: 0,
    "one": lambda row: row["id"] + 1,
    "up": lambda row: row["up_id"],
    "kids": lambda row: [row["id"] + 1, row["id"] + 2],
}


def _objects(found: Any, make: Any) -> Any:
    return [make(each) for each in found] if isinstance(found, list) else make(found)


def _field(type_: Any, name: str) -> GraphQLField:
    return GraphQLField(GraphQLNonNull(type_), resolve=lambda row, _: _objects(FIELDS[name](row), _whole))


NODE: GraphQLObjectType = GraphQLObjectType(
    "Node",
    lambda: {
        "id": GraphQLField(GraphQLNonNull(GraphQLInt), resolve=lambda row, _: row["id"]),
        "one": _field(NODE, "one"),
        "up": _field(NODE, "up"),
        "kids": _field(GraphQLList(GraphQLNonNull(NODE)), "kids"),
        "own": _field(NODE, "one"),
    },
)
SCHEMA = GraphQLSchema(GraphQLObjectType("Query", {"top": _field(NODE, "top")}))


def _batch(name: str, **more: Any) -> BatchField:
    async def load(_context: Any, parents: list[Any], args: Args) -> list[Any]:
        row_type = type("Row", (Row,), {"names": args.columns})

        def made(number: int) -> Any:
            return row_type([*(_value(number, column) for column in args.columns), None])

        return [_objects(FIELDS[name](parent), made) for parent in parents]

    return BatchField(load, dict, trusted=True, joins_inline=True, **more)


KINDS: dict[str, FieldKind] = {
    "id": ReadField(lambda row: row["id"], lambda rows: [row["id"] for row in rows], ColumnReader("id")),
    "own": ResolverField(needs=("id",)),
    "top": _batch("top"),
    "one": _batch("one", needs=("id",)),
    "kids": _batch("kids", needs=("id",)),
    "up": _batch("up", needs=("up_id",), joined_by="up_id"),
}


def _nested(levels: int, own: int = 0) -> str:
    """The fragment below so many levels; below the one of that number they are compiled anew."""
    names = ["own" if level == own else "one" for level in range(1, levels + 1)]
    return "".join(f"{name} {{ " for name in names) + "...F" + " }" * levels


def _kind_of(_type: Any, name: str, _field: Any) -> FieldKind:
    return KINDS.get(name, RESOLVER_FIELD)


@pytest.mark.parametrize("serializers", Serializers)
@pytest.mark.parametrize("levels", range(MAX_DEPTH - 4, MAX_DEPTH + 4))
async def test_each_place_has_the_columns_that_it_reads(levels: int, serializers: Serializers) -> None:
    whole, anew = f"a: {_nested(levels)}", f"b: {_nested(levels, own=4)}"
    for places in (f"{whole} {anew}", f"{anew} {whole}"):
        operation = parse_operation(f"{{ top {{ {places} }} }} {FRAGMENT}", None)
        ours = await run(SCHEMA, operation, {}, _kind_of, serializers=serializers)
        assert differences(ours, await core(SCHEMA, operation, {})) == []
