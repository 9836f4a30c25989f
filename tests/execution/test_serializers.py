"""Serializers, functions compiled with the plan: the same answers as field by field, and only where trusted."""

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
    validate,
)

from execution import (
    Args,
    BatchField,
    ColumnReader,
    FieldKind,
    FieldKinds,
    ReadField,
    ResolverField,
    parse_operation,
    usual_int,
)
from execution.run.compare import differences
from tests.execution.support import SERIALIZER_FAILURES, Row, core, run

SOME, TEXT, NUMBER = GraphQLNonNull, GraphQLString, GraphQLInt


def _field(type_: Any, read: Any) -> GraphQLField:
    return GraphQLField(type_, resolve=lambda source, _info: read(source))


LAND = GraphQLObjectType("Land", {"name": _field(SOME(TEXT), lambda row: row["name"])})
TOWN = GraphQLObjectType(
    "Town",
    lambda: {
        "name": _field(SOME(TEXT), lambda row: row["name"]),
        "land": _field(SOME(LAND), lambda row: {"name": row["land.name"]}),
    },
)
SIDE = GraphQLObjectType("Side", {"name": _field(SOME(TEXT), lambda row: row["name"])})
NOTE = GraphQLObjectType("Note", {"text": _field(TEXT, lambda note: note["text"])})
SHOP = GraphQLObjectType(
    "Shop",
    lambda: {
        "name": _field(SOME(TEXT), lambda row: row["name"]),
        "size": _field(NUMBER, lambda row: row["size"] and row["size"] * 10),
        "motto": _field(TEXT, lambda row: row["motto"]),
        "side": _field(SOME(SIDE), lambda row: row),
        "notes": _field(GraphQLList(SOME(NOTE)), lambda row: row["notes"]),
        "best": _field(NOTE, lambda row: row["best"]),
        "town": _field(SOME(TOWN), lambda row: {"name": row["town.name"], "land.name": row["land.name"]}),
        "slow": _field(SOME(NUMBER), lambda row: len(row["name"])),
    },
)
PAGE = GraphQLObjectType(
    "Page",
    {
        "shops": _field(SOME(GraphQLList(SOME(SHOP))), lambda page: page.rows),
        "full": _field(TEXT, lambda page: page.full),
        "first": _field(TEXT, lambda page: page.rows[0]["name"] if page.rows else None),
    },
)
QUERY = GraphQLObjectType(
    "Query",
    {
        "shops": _field(SOME(GraphQLList(SOME(SHOP))), lambda _: ROWS),
        "shop": _field(SHOP, lambda _: ROWS[1]),
        "none": _field(SHOP, lambda _: None),
        "page": _field(SOME(PAGE), lambda _: PageOf(ROWS)),
        "empty": _field(SOME(PAGE), lambda _: PageOf([])),
    },
)
SCHEMA = GraphQLSchema(QUERY)


class PageOf:
    """A page: something with attributes."""

    full = "yes"

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows


ROWS: list[dict[str, Any]] = [
    {
        "name": "a", "size": 1, "motto": None, "notes": None, "best": {"text": "x"}, "town.name": "T", "land.name": "L",
        "town_id.name": "T", "town_id.land_id.name": "L",
    },
    {
        "name": "b", "size": None, "motto": "m", "notes": [{"text": "y"}, {"text": None}], "best": None,
        "town.name": "U", "land.name": "M", "town_id.name": "U", "town_id.land_id.name": "M",
    },
]  # fmt: skip

CELLS: dict[tuple[str, str], ColumnReader] = {
    ("Land", "name"): ColumnReader("name"),
    ("Town", "name"): ColumnReader("name"),
    ("Side", "name"): ColumnReader("name"),
    ("Note", "text"): ColumnReader("text", null=True),
    ("Shop", "name"): ColumnReader("name"),
    ("Shop", "size"): ColumnReader("size", convert=lambda size: usual_int(size * 10), null=True),
    ("Shop", "motto"): ColumnReader("motto", null=True),
    ("Shop", "side"): ColumnReader(same_row=True),
    ("Shop", "notes"): ColumnReader("notes", null=True),
    ("Shop", "best"): ColumnReader("best", null=True),
    ("Page", "shops"): ColumnReader("rows", attribute=True, same_row=True),
    ("Page", "full"): ColumnReader("full", attribute=True),
    ("Page", "first"): ColumnReader(convert=lambda page: page.rows[0]["name"] if page.rows else None, null=True),
}


class Loading:
    """The fields of the schema: column readers, joined objects, and lists loaded in the order of their columns."""

    def __init__(self, more: int = 1, own: tuple[str, ...] = ()) -> None:
        self.more, self.own = more, own
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def __call__(self, type_: GraphQLObjectType, name: str, field: GraphQLField) -> FieldKind:
        resolve: Any = field.resolve
        if name in self.own:
            return ResolverField(("name",), 1)
        if type_ is QUERY:
            return BatchField(self._loader(name, resolve), dict, trusted=True, joins_inline=True, cost=1)
        if (type_, name) in ((SHOP, "town"), (TOWN, "land")):
            joined_by = f"{name}_id"
            return BatchField(
                self._loader(name, resolve),
                dict,
                needs=(joined_by,),
                trusted=True,
                joins_inline=True,
                joined_by=joined_by,
                cost=1,
            )
        reader = CELLS.get((type_.name, name))
        needs = () if reader is not None else ("name",)

        def one(parent: Any) -> Any:
            return resolve(parent, None)

        return ReadField(
            one, lambda parents: [one(parent) for parent in parents], reader, needs, reader is not None, cost=1
        )

    def _loader(self, name: str, resolve: Any) -> Any:
        async def load(_context: Any, parents: list[Any], args: Args) -> list[Any]:
            self.asked.append((name, args.columns))
            return [self._made(resolve(parent, None), args.columns) for parent in parents]

        return load

    def _made(self, found: Any, columns: tuple[str, ...]) -> Any:
        if isinstance(found, list):
            return [self._made(row, columns) for row in found]
        if isinstance(found, PageOf):
            return PageOf(self._made(found.rows, columns))
        if found is None:
            return None
        row_type = type("Row", (Row,), {"names": (*columns, *["own"] * self.more)})
        return row_type([found[name] for name in columns] + [0] * self.more)


async def answered(text: str, fields: FieldKinds) -> Any:
    """The answer, the same as graphql-core's, and what it cost."""
    operation = parse_operation(text, None)
    assert validate(SCHEMA, operation.document) == []
    ours = await run(SCHEMA, operation, {}, fields)
    theirs = await core(SCHEMA, operation, {})
    assert differences(ours, theirs) == []
    return ours


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("{ shops { name size motto } }", [("shops", ("motto", "name", "size"))]),
        ("{ shop { z: name __typename side { again: name } } }", [("shop", ("name",))]),
        ("{ shops { notes { text } best { text __typename } } }", [("shops", ("best", "notes"))]),
        (
            "{ shops { name town { name land { name } } } }",
            [("shops", ("name", "town_id.land_id.name", "town_id.name"))],
        ),
        ("{ page { full first shops { name } } }", [("page", ("name",))]),
        ("{ empty { first shops { name town { name } } } }", [("empty", ("name", "town_id.name"))]),
        ("{ shops { slow name } }", [("shops", ("name",))]),
        ("{ page { shops { slow size } } }", [("page", ("name", "size"))]),
        ("{ none { name } }", [("none", ("name",))]),
    ],
)
async def test_objects_are_written_as_they_would_be_field_by_field(text: str, asked: Any) -> None:
    fields = Loading()
    await answered(text, fields)
    assert fields.asked == asked


async def test_rows_of_another_width_are_read_by_name() -> None:
    fields = Loading(more=3)
    found = await answered("{ shops { name size } page { shops { motto } } }", fields)
    assert found.data["page"] == {"shops": [{"motto": None}, {"motto": "m"}]}


@pytest.mark.parametrize("fields", [Loading(more=3), Loading(own=("slow",))], ids=["another width", "paths"])
async def test_what_came_with_a_row_is_shown_where_no_writer_writes_the_row(fields: Loading) -> None:
    text = "{ page { shops { slow name town { again: name land { name } __typename } side { name } } } shop { name } }"
    found = await answered(text, fields)
    assert found.data["page"]["shops"][1]["town"] == {"again": "U", "land": {"name": "M"}, "__typename": "Town"}
    assert [name for name, _ in fields.asked] == ["page", "shop"]
    # As where it is written: the page, two shops, each with its town, land and side, and the shop.
    assert found.cost == (await answered(text, Loading())).cost == 1 + 2 * (1 + 1 + 1 + 1) + 1


async def test_what_was_written_is_counted() -> None:
    text = "{ page { shops { name town { name } notes { text } } } }"
    # The page, two shops, two towns that came with them, two notes.
    assert (await answered(text, Loading())).cost == 1 + 2 * (1 + 1) + 2
    # A field that is not written with the others changes nothing of it.
    assert (await answered(text.replace("name town", "slow town"), Loading())).cost == 1 + 2 * (1 + 1) + 2


async def test_a_value_that_cannot_be_written_is_an_error_as_in_graphql_core() -> None:
    before = SERIALIZER_FAILURES["Shop"]
    rows = [dict(row) for row in ROWS]
    kept = list(ROWS)
    rows[0]["size"] = "wrong"
    ROWS[:] = rows
    try:
        found = await answered("{ shops { name size } }", Loading())
    finally:
        ROWS[:] = kept
    assert [error.path for error in found.errors] == [["shops", 0, "size"]]
    assert (found.serializer_failures, SERIALIZER_FAILURES["Shop"]) == (1, before + 1)
    assert found.data == {"shops": [{"name": "a", "size": None}, {"name": "b", "size": None}]}
