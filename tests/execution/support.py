"""Schemas, field kinds and runs: by a plan, by graphql-core, or by both."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
)

from execution import (
    RESOLVER_FIELD,
    Args,
    BatchField,
    Executor,
    FieldKind,
    FieldKinds,
    Operation,
    Outcome,
    Serializers,
    Variables,
    parse_operation,
    resolver_fields,
)
from execution.plan.settings import ExecutorSettings
from execution.run import runner
from execution.run.compare import differences

# What the runs below count.
FALLBACKS: Counter[str] = Counter()
SERIALIZER_FAILURES: Counter[str] = Counter()

core = runner.run_core


class Row(tuple[Any, ...]):
    """A row as a driver gives it: values in their order, read by name too.

    Raises ValueError for a column that it does not have.
    """

    names: tuple[str, ...] = ()

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)


async def run(
    schema: GraphQLSchema,
    operation: Operation,
    given: Mapping[str, Any] | Variables,
    fields: FieldKinds = resolver_fields,
    *,
    serializers: Serializers = Serializers.ON,
    context: Any = None,
    root: Any = None,
    only: str | None = None,
) -> Outcome:
    """Run an operation by its plan."""
    settings = ExecutorSettings(schema, fields, serializers, FALLBACKS, SERIALIZER_FAILURES)
    return await runner.run(settings, operation, given, context=context, root=root, only=only)


async def compared(
    schema: GraphQLSchema,
    text: str,
    fields: FieldKinds = resolver_fields,
    *,
    exact: bool = True,
    serializers: Serializers = Serializers.OFF,
) -> Outcome:
    """Return the answer to a document, which is graphql-core's."""
    made = Executor(schema, fields=fields, serializers=serializers)
    operation = parse_operation(text, None)
    async with asyncio.timeout(20):
        ours = await made.run(operation)
        theirs = await core(made.schema, operation, {})
    assert differences(ours, theirs, exact=exact) == []
    return ours


def query(**fields: GraphQLField) -> GraphQLSchema:
    """Return a schema of some root fields."""
    return GraphQLSchema(GraphQLObjectType("Query", fields))


def given(type_: Any, value: Callable[[], Any]) -> GraphQLSchema:
    """Return a schema whose field ``a`` returns a value."""
    return query(a=GraphQLField(type_, resolve=lambda *_: value()))


def kinds(**found: FieldKind) -> FieldKinds:
    """Return some fields' kinds by their names; other fields are resolved by their resolvers."""
    return lambda _type, name, _field: found.get(name, RESOLVER_FIELD)


def no_arguments(raw: dict[str, Any]) -> dict[str, Any]:
    """Return arguments as they are."""
    return raw


def batch(values: Callable[[list[Any]], Any], **options: Any) -> BatchField:
    """Return a field that is loaded by a function of its parents."""

    async def load(_context: Any, parents: list[Any], _args: Args) -> Any:
        return values(parents)

    return BatchField(load, no_arguments, **options)


def is_json(value: Any) -> bool:
    """Whether an answer holds nothing but JSON's values."""
    if isinstance(value, dict):
        return all(is_json(part) for part in value.values())
    if isinstance(value, list):
        return all(is_json(part) for part in value)
    return value is None or isinstance(value, (str, int, float))
