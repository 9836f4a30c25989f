"""Tells the executor how each field of the graph gets its values, from how the field is declared."""

from collections.abc import Mapping
from inspect import iscoroutinefunction
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from execution.batch import Args
from execution.kinds import Batch, Fields, Kind, Plain
from resolvers.context import Context
from schema.fields import ROOT, ROWS, Batched, columns_under, given


def fields_of_schema(schema: strawberry.Schema) -> Fields:
    """The kinds of a schema's fields, each worked out once."""
    known: dict[tuple[str, str], Kind] = {}

    def kind_of(type_: GraphQLObjectType, name: str, field: GraphQLField) -> Kind:
        key = (type_.name, name)
        if key not in known:
            declared = field.extensions.get("strawberry-definition")
            known[key] = _kind(schema, declared) if isinstance(declared, StrawberryField) else None
        return known[key]

    return kind_of


def _kind(schema: strawberry.Schema, declared: StrawberryField) -> Kind:
    if declared.extensions:
        (first, *others) = declared.extensions
        return _batch(schema, declared, first) if isinstance(first, Batched) and not others else None
    if declared.base_resolver is None:
        return _read(declared.default_resolver, declared.python_name)
    return _computed(declared.base_resolver)


def _read(resolve: Any, name: str) -> Plain:
    def many(parents: list[Any]) -> list[Any]:
        return [parent[name] if type(parent) in ROWS else resolve(parent, name) for parent in parents]

    return Plain(lambda parent: resolve(parent, name), many)


def _computed(resolver: Any) -> Kind:
    """A resolver that asks for its object alone, or for nothing."""
    function = resolver.wrapped_func
    if iscoroutinefunction(function) or resolver.arguments or resolver.info_parameter or resolver.self_parameter:
        return None
    if resolver.parent_parameter is not None:
        return None
    if resolver.root_parameter is None:
        return Plain(lambda _: function(), lambda parents: [function() for _ in parents])
    return Plain(function, lambda parents: [function(parent) for parent in parents])


def _batch(schema: strawberry.Schema, declared: StrawberryField, batched: Batched) -> Batch:
    core: GraphQLSchema = schema._schema
    registry, config = schema.schema_converter.scalar_registry, schema.config

    def arguments(raw: dict[str, Any]) -> Mapping[str, Any]:
        converted = convert_arguments(raw, declared.arguments, scalar_registry=registry, config=config)
        return {name: given(value) for name, value in converted.items() if value is not None}

    async def resolve(ctx: Context, parents: list[Any], args: Args) -> list[Any]:
        asked = [ROOT if parent is None else parent for parent in parents]
        return await batched.resolve_batch(ctx, asked, args)

    return Batch(resolve, arguments, lambda nodes, type_, fragments: columns_under(core, nodes, type_, fragments))
