"""A schema of every nullability of leaf, object, interface and union, each field of which behaves as it is asked to."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
)

from execution import RESOLVER_FIELD, Args, BatchField, FieldKind, ReadField

SYNC = [
    "OK",
    "NULL",
    "RAISE",
    "RETURNED",
    "WRONG",
    "ITEM_NULL",
    "ITEM_FAILED",
    "ITEM_WRONG",
    "EMPTY",
    "TUPLE",
    "BROKEN",
]
ASYNC = ["AWAIT", "AWAIT_NULL", "AWAIT_RAISE", "AWAIT_WRONG", "ITEM_AWAIT", "ITEM_AWAIT_RAISE", "STREAM"]
# An awaitable of an awaitable: some of them are never awaited, by graphql-core neither.
TWICE = ["TWICE", "ITEM_TWICE"]
SPECIES = ["Dog", "Cat", "Late", "Nobody", "Query", "Missing", "Color", "Sync"]


def _odd(value: object) -> object:
    """A scalar's way out that refuses, or makes nothing of, some values."""
    if value == "refused":
        raise ValueError("It is refused.")
    return None if value == "nothing" else value


ODD = GraphQLScalarType("Odd", serialize=_odd)
COLOR = GraphQLEnumType("Color", {"RED": "r", "BLUE": 7})
LEAVES: dict[str, tuple[Any, Any, Any]] = {
    "text": (GraphQLString, "ä", {}),
    "count": (GraphQLInt, 5, 2**40),
    "flag": (GraphQLBoolean, True, "yes"),
    "key": (GraphQLID, 12, 1.5),
    "color": (COLOR, "r", "g"),
    "odd": (ODD, {"a": [1]}, "refused"),
    "void": (ODD, 1.5, "nothing"),
}
SHAPES: dict[str, Any] = {
    "": lambda of: of,
    "N": GraphQLNonNull,
    "L": GraphQLList,
    "LN": lambda of: GraphQLList(GraphQLNonNull(of)),
    "NL": lambda of: GraphQLNonNull(GraphQLList(of)),
    "NLN": lambda of: GraphQLNonNull(GraphQLList(GraphQLNonNull(of))),
    "LNLN": lambda of: GraphQLList(GraphQLNonNull(GraphQLList(GraphQLNonNull(of)))),
}


async def _later(value: Any) -> Any:
    await asyncio.sleep(0)
    if isinstance(value, Exception):
        raise value
    return value


async def _stream(values: Sequence[Any]) -> AsyncIterator[Any]:
    for value in values:
        await asyncio.sleep(0)
        yield value


def _broken(good: Any) -> Any:
    yield good
    raise ValueError("The list broke.")


def behave(how: str, shape: str, good: Any, wrong: Any) -> Any:
    """What a field gives that is asked to behave in a way."""
    depth = shape.count("L")
    value: Any
    if depth == 2 and how not in ("NULL", "RAISE", "RETURNED", "WRONG"):
        return [behave(how, "L", good, wrong), [good]]
    match how:
        case "NULL" | "AWAIT_NULL":
            value = None
        case "RAISE":
            raise ValueError("It raised.")
        case "RETURNED" | "AWAIT_RAISE":
            value = ValueError("It failed.")
        case "WRONG" | "AWAIT_WRONG":
            value = "not a list" if depth else wrong
        case "TWICE":
            value = _later(good)
        case _ if not depth:
            value = good
        case "ITEM_NULL":
            value = [good, None, good]
        case "ITEM_FAILED":
            value = [good, ValueError("An item failed."), good]
        case "ITEM_WRONG":
            value = [good, wrong]
        case "ITEM_AWAIT":
            value = [_later(good), good]
        case "ITEM_TWICE":
            value = [good, _later(_later(good))]
        case "ITEM_AWAIT_RAISE":
            value = [good, _later(ValueError("An item failed later."))]
        case "STREAM":
            value = _stream([good, None, good])
        case "EMPTY":
            value = []
        case "TUPLE":
            value = (good, good)
        case "BROKEN":
            value = _broken(good)
        case _:
            value = [good, good]
    return _later(value) if how.startswith(("AWAIT", "TWICE")) else value


def _resolver(shape: str, good: Any, wrong: Any) -> Any:
    return lambda source, _info, how="OK", species="Dog": behave(how, shape, _of(good, species), wrong)


def _of(good: Any, species: str) -> Any:
    return {"species": species} if good is LIVING else good


LIVING = object()


def make(hows: list[str]) -> GraphQLSchema:
    """The zoo, whose fields can be asked to behave in some ways."""
    how = GraphQLEnumType("How", {name: name for name in hows})
    species = GraphQLEnumType("Species", {name: name for name in SPECIES})
    asked = {"how": GraphQLArgument(how, default_value="OK")}
    typed = asked | {"species": GraphQLArgument(species, default_value="Dog")}
    later = "AWAIT" in hows

    def named(value: Any, _info: Any, _abstract: Any) -> Any:
        name = value["species"]
        if name == "Late":
            return _later("Cat") if later else "Cat"
        return 5 if name == "Sync" else None if name == "Nobody" else name

    def fields() -> dict[str, GraphQLField]:
        made = {"plain": GraphQLField(GraphQLString, resolve=lambda *_: "p")}
        made["path"] = GraphQLField(GraphQLString, resolve=lambda _source, info: repr(info.path.as_list()))
        made["value"] = GraphQLField(GraphQLString)
        for name, (type_, good, wrong) in LEAVES.items():
            for shape, wrap in SHAPES.items():
                made[name + shape] = GraphQLField(wrap(type_), asked, _resolver(shape, good, wrong))
        for name, type_ in (("animal", animal), ("pet", pet), ("dog", dog), ("cat", cat)):
            for shape, wrap in SHAPES.items():
                resolver = _resolver(shape, LIVING, {"species": "Query"})
                made[name + shape] = GraphQLField(wrap(type_), typed, resolver)
        return made

    def is_cat(value: Any, _info: Any) -> Any:
        right = value["species"] in ("Cat", "Dog", "Late")
        return _later(right) if later and value["species"] == "Late" else right

    animal = GraphQLInterfaceType("Animal", fields, resolve_type=named)
    dog = GraphQLObjectType("Dog", fields, interfaces=[animal])
    cat = GraphQLObjectType("Cat", fields, interfaces=[animal], is_type_of=is_cat)
    pet = GraphQLUnionType("Pet", [dog, cat], resolve_type=named)
    query = GraphQLObjectType("Query", fields)
    return GraphQLSchema(query, GraphQLObjectType("Mutation", fields), types=[dog, cat])


def batched(type_: GraphQLObjectType, name: str, field: GraphQLField) -> FieldKind:
    """The zoo's fields as plain and batched ones, which give what their resolvers give."""
    resolve = field.resolve
    if resolve is None or name == "path":
        return RESOLVER_FIELD
    if not field.args:
        return ReadField(
            lambda parent: resolve(parent, None), lambda parents: [resolve(each, None) for each in parents]
        )

    async def many(_context: Any, parents: list[Any], args: Args) -> list[Any]:
        return [_caught(resolve, parent, args.values) for parent in parents]

    return BatchField(many, lambda arguments: arguments)


def _caught(resolve: Any, parent: Any, values: Any) -> Any:
    try:
        return resolve(parent, None, **values)
    except ValueError as error:
        return error
