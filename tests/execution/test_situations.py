"""Each situation is answered as it must be, by both executors; so is each way of failing in each shape of a type."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    build_schema,
    validate,
)

from execution import parse_operation, resolver_fields
from execution.run.compare import differences
from tests.execution.situations import later, raises
from tests.execution.situations_more import SITUATIONS
from tests.execution.support import core, run
from tests.execution.ways import WAYS
from tests.execution.zoo import ASYNC, SHAPES, SYNC
from tests.support.heap import leaves_coroutines

pytestmark = pytest.mark.usefixtures("settled_heap")

Messages = list[tuple[str, list[str | int]]]


def messages_of(errors: Sequence[GraphQLError] | None) -> Messages:
    return sorted(((error.message, list(error.path or ())) for error in errors or ()), key=repr)


@pytest.mark.parametrize("name", SITUATIONS)
async def test_a_situation_is_answered_as_it_must_be(name: str) -> None:
    case = SITUATIONS[name]
    schema = build_schema(case.sdl)
    operation = parse_operation(case.text, case.name)
    assert validate(schema, operation.document) == []
    ours = await run(schema, operation, case.variables, resolver_fields, root=case.root)
    assert (json.dumps(ours.data), messages_of(ours.errors)) == (json.dumps(case.data), sorted(case.errors, key=repr))
    theirs = await core(schema, operation, case.variables, root=case.root)
    assert differences(ours, theirs) == []
    assert [error.extensions for error in ours.errors or ()] == [error.extensions for error in theirs.errors or ()]


# graphql-core leaves coroutines unawaited where a null rises past them.
@leaves_coroutines
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("way", WAYS)
async def test_each_shape_of_a_type_behaves_in_each_way(way: str, shape: str) -> None:
    schema, fields, exact = WAYS[way]
    failed = 0
    for how in SYNC if exact else SYNC + ASYNC:
        for type_, inner in (
            ("text", ""),
            ("odd", ""),
            ("dog", "{ plain }"),
            ("pet", "{ __typename }"),
            ("cat", "{ textN }"),
        ):
            text = f"{{ dogL {{ plain x: {type_}{shape}(how: {how}) {inner} }} after: plain }}"
            operation = parse_operation(text, None)
            ours = await run(schema, operation, {}, fields)
            theirs = await core(schema, operation, {})
            assert differences(ours, theirs, exact=exact) == [], text
            assert ours.data is not None
            assert ours.data["after"] == "p"
            failed += ours.errors is not None
    assert failed > 10


def menagerie(of: Callable[[str], Any]) -> GraphQLSchema:
    """A schema whose union and interface ask each type in turn; ``of`` makes the test of a type from its name."""
    named = GraphQLInterfaceType("Named", {"name": GraphQLField(GraphQLString)})
    types = [
        GraphQLObjectType(
            name,
            {"name": GraphQLField(GraphQLString), mark: GraphQLField(GraphQLBoolean)},
            [named],
            is_type_of=of(name),
        )
        for name, mark in (("Dog", "barks"), ("Cat", "meows"))
    ]
    pet = GraphQLUnionType("Pet", types)
    fields = {"pet": GraphQLField(pet), "pets": GraphQLField(GraphQLList(pet)), "named": GraphQLField(named)}
    return GraphQLSchema(GraphQLObjectType("Query", fields | {"dog": GraphQLField(types[0])}), types=types)


def _is(name: str) -> Any:
    return lambda value, _info: value["type"] == name


def _is_later(name: str) -> Any:
    return lambda value, _info: later(value["type"] == name)(None)


def _fails(name: str) -> Any:
    return (lambda _value, info: raises("unknown")(info)) if name == "Dog" else _is(name)


def _fails_later(name: str) -> Any:
    return (lambda _value, _info: later(ValueError("unknown"))(None)) if name == "Dog" else _is_later(name)


PETS = {
    "pets": [{"type": "Dog", "name": "o", "barks": True}, {"type": "Cat", "meows": False}],
    "named": {"type": "Cat", "name": "g"},
    "pet": {"type": "Fish"},
    "dog": {"type": "Cat"},
}
ALL = "{ pets { __typename ... on Dog { name barks } ... on Cat { meows } } named { name } }"
RIGHT = {
    "pets": [{"__typename": "Dog", "name": "o", "barks": True}, {"__typename": "Cat", "meows": False}],
    "named": {"name": "g"},
}
NO_TYPE = (
    "Abstract type '{0}' must resolve to an Object type at runtime for field 'Query.{1}'. Either the '{0}' type should"
    " provide a 'resolve_type' function or each possible type should provide an 'is_type_of' function."
)


@pytest.mark.parametrize(
    ("of", "text", "data", "errors"),
    [
        (_is, ALL, RIGHT, []),
        (_is_later, ALL, RIGHT, []),
        (_fails, ALL, {"pets": [None, None], "named": None},
         [("unknown", ["pets", 0]), ("unknown", ["pets", 1]), ("unknown", ["named"])]),
        (_fails_later, "{ pets { __typename } }", {"pets": [None, None]},
         [("unknown", ["pets", 0]), ("unknown", ["pets", 1])]),
        (_is, "{ pet { __typename } }", {"pet": None}, [(NO_TYPE.format("Pet", "pet"), ["pet"])]),
        (_is_later, "{ pet { __typename } named { name } }", {"pet": None, "named": {"name": "g"}},
         [(NO_TYPE.format("Pet", "pet"), ["pet"])]),
        (_is, "{ dog { name } }", {"dog": None}, [("Expected value of type 'Dog' but got: {'type': 'Cat'}.", ["dog"])]),
        (_is_later, "{ dog { name } }", {"dog": None},
         [("Expected value of type 'Dog' but got: {'type': 'Cat'}.", ["dog"])]),
        (_fails, "{ dog { name } }", {"dog": None}, [("unknown", ["dog"])]),
    ],
)  # fmt: skip
async def test_types_that_are_asked_for_what_is_theirs(of: Any, text: str, data: Any, errors: Messages) -> None:
    schema = menagerie(of)
    operation = parse_operation(text, None)
    assert validate(schema, operation.document) == []
    ours = await run(schema, operation, {}, resolver_fields, root=PETS)
    theirs = await core(schema, operation, {}, root=PETS)
    assert differences(ours, theirs) == []
    assert (ours.data, messages_of(ours.errors)) == (data, sorted(errors, key=repr))


async def test_a_resolver_is_told_what_it_is_told_by_the_other_executor() -> None:
    seen: list[Any] = []

    def resolve(source: Any, info: Any, **args: Any) -> Any:
        seen.append((
            source, args, info.field_name, [node.name.value for node in info.field_nodes], str(info.return_type),
            info.parent_type.name, info.path.as_list(), info.root_value, info.context, info.variable_values,
            sorted(info.fragments), info.operation.name.value, info.is_awaitable(later(1)),
        ))  # fmt: skip
        return [{"a": 1}]

    schema = build_schema("type Query { q(n: Int): [Query!], a: Int }")
    assert schema.query_type is not None
    schema.query_type.fields["q"].resolve = resolve
    text = "query Name($n: Int = 3) { x: q(n: $n) { ...F } } fragment F on Query { q { a } }"
    operation = parse_operation(text, None)
    ours = await run(schema, operation, {}, resolver_fields, root="root", context="context")
    theirs = await core(schema, operation, {}, root="root", context="context")
    assert ours.data == theirs.data == {"x": [{"q": [{"a": 1}]}]}
    assert len(seen) == 4
    assert seen[:2] == seen[2:]
