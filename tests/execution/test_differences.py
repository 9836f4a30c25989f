"""Where an executor that resolves level by level could differ from graphql-core, and does not."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    specified_directives,
)
from graphql.type.directives import GraphQLDisableErrorPropagationDirective, GraphQLStreamDirective
from strawberry.directive import DirectiveLocation, DirectiveValue
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from execution import (
    Args,
    BatchField,
    Executor,
    ReadField,
    parse_operation,
    resolver_fields,
)
from tests.execution.support import batch, compared, given, kinds, no_arguments


async def test_one_batch_of_two_types_is_given_the_arguments_of_each() -> None:
    async def load(_context: Any, parents: list[Any], args: Args) -> list[Any]:
        return [args.values["size"] for _ in parents]

    def sized(default: int) -> GraphQLField:
        argument = GraphQLArgument(GraphQLInt, default_value=default)
        return GraphQLField(GraphQLInt, {"size": argument}, resolve=lambda _source, _info, size: size)

    pet = GraphQLInterfaceType("Pet", lambda: {"size": sized(0)}, resolve_type=lambda value, *_: value)
    types = [GraphQLObjectType(name, {"size": sized(n)}, [pet]) for name, n in (("Dog", 1), ("Cat", 2))]
    pets = GraphQLField(GraphQLList(pet), resolve=lambda *_: ["Dog", "Cat", "Dog"])
    schema = GraphQLSchema(GraphQLObjectType("Query", {"pets": pets}), types=types)
    fields = kinds(size=BatchField(load, no_arguments))
    answer = await compared(schema, "{ pets { size } }", fields)
    assert answer.data == {"pets": [{"size": 1}, {"size": 2}, {"size": 1}]}


async def test_an_operation_that_two_executors_run_has_a_plan_in_each() -> None:
    schema = given(GraphQLInt, lambda: 1)
    other = given(GraphQLString, lambda: "other")
    operation = parse_operation("{ a }", None)
    made = [
        Executor(schema),
        Executor(schema, fields=kinds(a=batch(lambda parents: [2 for _ in parents]))),
        Executor(schema, fields=kinds(a=batch(lambda parents: [3 for _ in parents]))),
        Executor(other),
    ]
    for _ in range(2):
        answers = [await each.run(operation) for each in made]
        assert [answer.data for answer in answers] == [{"a": 1}, {"a": 2}, {"a": 3}, {"a": "other"}]


def _task(value: Any) -> Awaitable[Any]:
    return asyncio.ensure_future(_later(value))


async def _later(value: Any) -> Any:
    await asyncio.sleep(0)
    if isinstance(value, Exception):
        raise value
    return value


@pytest.mark.parametrize("later", [_later, _task])
@pytest.mark.parametrize("kind", ["resolver", "read", "batch"])
@pytest.mark.parametrize("wrap", ["", "L", "LL"])
async def test_a_scalar_that_is_serialized_later_is_awaited_and_serialized_once(
    later: Callable[[Any], Awaitable[Any]], kind: str, wrap: str
) -> None:
    calls: list[Any] = []

    def serialize(value: Any) -> Awaitable[Any]:
        calls.append(value)
        return later(value + 1)

    type_: Any = GraphQLScalarType("Late", serialize=serialize)
    value: Any = 1
    for _ in wrap:
        type_, value = GraphQLList(type_), [value]
    schema = given(type_, lambda: value)
    read = ReadField(lambda _: value, lambda parents: [value for _ in parents])
    loaded = batch(lambda parents: [value for _ in parents])
    fields = {"resolver": kinds(), "read": kinds(a=read), "batch": kinds(a=loaded)}[kind]
    answer = await compared(schema, "{ a }", fields)
    assert answer.data == {"a": {"": 2, "L": [2], "LL": [[2]]}[wrap]}
    gc.collect()
    # The first coroutine of a column is closed, not awaited; nothing else is asked for twice.
    assert len(calls) <= 3


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("wrap", ["", "L"])
@pytest.mark.parametrize("raises", [False, True])
@pytest.mark.parametrize("by", ["is_type_of", "resolve_type"])
async def test_a_type_check_that_answers_an_exception(by: str, raises: bool, wrap: str, later: bool) -> None:
    def answer(*_: Any) -> Any:
        if later:
            return _later(ValueError("no")) if raises else _returned(ValueError("no"))
        if raises:
            raise ValueError("no")
        return ValueError("no")

    fields = {"name": GraphQLField(GraphQLString, resolve=lambda *_: "x")}
    shop: Any
    if by == "is_type_of":
        shop, types = GraphQLObjectType("Shop", fields, is_type_of=answer), []
    else:
        shop = GraphQLInterfaceType("Shop", fields, resolve_type=answer)
        types = [GraphQLObjectType("Real", fields, [shop])]
    type_: Any = GraphQLList(shop) if wrap else shop
    a = GraphQLField(type_, resolve=lambda *_: [{}, {}] if wrap else {})
    schema = GraphQLSchema(GraphQLObjectType("Query", {"a": a}), types=types)
    answered = await compared(schema, "{ a { name } }", exact=False)
    # What is_type_of returns is taken as true or false: an exception is true.
    assert (answered.errors is None) is (by == "is_type_of" and not raises)


async def _returned(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


@pytest.mark.parametrize("read", [False, True])
async def test_error_propagation_can_be_disabled_by_the_directive(read: bool) -> None:
    nonnull = GraphQLNonNull(GraphQLInt)
    node = GraphQLObjectType("Node", {"n": GraphQLField(nonnull), "ok": GraphQLField(nonnull)})
    rows: list[Any] = [{"n": None, "ok": 1}, {"n": 2, "ok": 3}, None]
    schema = GraphQLSchema(
        GraphQLObjectType(
            "Query", {"a": GraphQLField(GraphQLNonNull(GraphQLList(GraphQLNonNull(node))), resolve=lambda *_: rows)}
        ),
        directives=[*specified_directives, GraphQLDisableErrorPropagationDirective],
    )
    n = ReadField(lambda parent: parent["n"], lambda parents: [parent["n"] for parent in parents])
    fields = kinds(n=n) if read else resolver_fields
    name = GraphQLDisableErrorPropagationDirective.name
    answer = await compared(schema, f"query @{name} {{ a {{ n ok }} }}", fields)
    assert answer.data == {"a": [{"n": None, "ok": 1}, {"n": 2, "ok": 3}, None]}
    assert len(answer.errors or ()) == 2
    risen = await compared(schema, "{ a { n ok } }", fields)
    assert risen.data is None


def test_a_schema_with_extensions_or_a_context_class_of_its_own_is_refused() -> None:
    @strawberry.type
    class Query:
        a: int = 1

    class Context(StrawberryGraphQLCoreExecutionContext):
        pass

    class Extension(SchemaExtension):
        pass

    class Extending(strawberry.Schema):
        def get_extensions(self, sync: bool = False) -> list[SchemaExtension]:
            return [Extension()]

    options: dict[str, Any] = {"middleware": []}
    wrong: Any = Query
    extended = strawberry.Schema(Query, extensions=[Extension])
    extending = Extending(Query)
    for schema in (extended, extended._schema, extending, extending._schema):
        with pytest.raises(ValueError, match="extensions"):
            Executor(schema)
    with pytest.raises(ValueError, match="execution context class"):
        Executor(strawberry.Schema(Query, execution_context_class=Context))
    with pytest.raises(TypeError, match="is not a schema"):
        Executor(wrong)
    with pytest.raises(TypeError, match="middleware"):
        Executor(strawberry.Schema(Query), **options)


def test_a_schema_with_operation_directives_is_refused() -> None:
    @strawberry.directive(locations=[DirectiveLocation.FIELD])
    def upper(value: DirectiveValue[str]) -> str:
        return value.upper()

    @strawberry.type
    class Query:
        name: str = "abc"

    schema = strawberry.Schema(Query, directives=[upper])
    for given_schema in (schema, schema._schema):
        with pytest.raises(ValueError, match="directives of operations"):
            Executor(given_schema)


def test_a_schema_with_incremental_delivery_is_refused() -> None:
    @strawberry.type
    class Query:
        name: str = "abc"

    schema = strawberry.Schema(Query, config=StrawberryConfig(enable_experimental_incremental_execution=True))
    plain = GraphQLSchema(
        GraphQLObjectType("Query", {"a": GraphQLField(GraphQLInt)}),
        directives=[*specified_directives, GraphQLStreamDirective],
    )
    for given_schema in (schema, schema._schema, plain):
        with pytest.raises(ValueError, match="incremental delivery"):
            Executor(given_schema)
