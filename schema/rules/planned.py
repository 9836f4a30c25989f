"""Tells the executor how each field of the graph gets its values, from how the field is declared."""

from collections.abc import Awaitable, Mapping
from inspect import iscoroutinefunction
from typing import Any

import strawberry
from graphql import GraphQLField, GraphQLObjectType, get_named_type
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from execution import (
    RESOLVER_FIELD,
    Args,
    BatchField,
    ColumnReader,
    FieldKind,
    FieldKinds,
    FieldRule,
    ReadField,
    ResolverField,
)
from models.parts import column_of
from resolvers.context import Context
from schema.declaration.fields import ROOT, ROW_TYPES, ROWS, Batched, given
from schema.rules.column_readers import reader_of

Rules = Mapping[tuple[str, str], FieldRule]
FREE = FieldRule()


def fields_of_schema(schema: strawberry.Schema, rules: Rules) -> FieldKinds:
    """Return the kinds of a schema's fields, each worked out once. ``rules`` tell what their objects cost."""
    known: dict[tuple[str, str], FieldKind] = {}

    def kind_of(type_: GraphQLObjectType, name: str, field: GraphQLField) -> FieldKind:
        key = (type_.name, name)
        if key not in known:
            declared = field.extensions.get("strawberry-definition")
            rule = rules.get(key, FREE)
            known[key] = (
                _kind(schema, type_, field, declared, rule) if isinstance(declared, StrawberryField) else RESOLVER_FIELD
            )
        return known[key]

    return kind_of


def _kind(
    schema: strawberry.Schema, type_: GraphQLObjectType, field: GraphQLField, declared: StrawberryField, rule: FieldRule
) -> FieldKind:
    # A list's cost is that of as many objects as it may have; here it is counted for each that came.
    each, left = divmod(rule.cost, rule.times)
    cost = rule.cost if left else each
    needs = declared.metadata.get("needs", ())
    held = get_named_type(field.type)
    if declared.extensions:
        (first, *others) = declared.extensions
        if not isinstance(first, Batched) or others:
            return ResolverField(needs, cost)
        return _batch(schema, declared, first, held, cost)
    if declared.base_resolver is None:
        table = ROW_TYPES.get(_origin(type_))
        column = None if table is None else column_of(table, declared.python_name)
        read = _read_by(declared.default_resolver, declared.python_name)
        reader: ColumnReader | None = declared.metadata.get("reader") or reader_of(column, field.type)
        trusted = reader is not None or _origin(held) in ROW_TYPES
        return ReadField(*read, reader, (declared.python_name,), trusted, cost, rule.weight)
    resolver: Any = declared.base_resolver
    if not _asks_for_its_object_alone(resolver):
        return ResolverField(needs, cost)
    reader = declared.metadata.get("reader")
    return ReadField(*_computer(resolver), reader, needs, reader is not None, cost)


def _origin(type_: Any) -> Any:
    return getattr(type_.extensions.get("strawberry-definition"), "origin", None)


def _read_by(resolve: Any, name: str) -> tuple[Any, Any]:
    def many(parents: list[Any]) -> list[Any]:
        return [parent[name] if type(parent) in ROWS else resolve(parent, name) for parent in parents]

    return (lambda parent: resolve(parent, name)), many


def _asks_for_its_object_alone(resolver: Any) -> bool:
    asks = resolver.arguments or resolver.info_parameter or resolver.self_parameter or resolver.parent_parameter
    return not asks and not iscoroutinefunction(resolver.wrapped_func)


def _computer(resolver: Any) -> tuple[Any, Any]:
    function = resolver.wrapped_func
    if resolver.root_parameter is None:
        return (lambda _: function()), (lambda parents: [function() for _ in parents])
    return function, (lambda parents: [function(parent) for parent in parents])


def _batch(schema: strawberry.Schema, declared: StrawberryField, batched: Batched, held: Any, cost: int) -> BatchField:
    registry, config = schema.schema_converter.scalar_registry, schema.config

    def arguments(raw: dict[str, Any]) -> Mapping[str, Any]:
        converted = convert_arguments(raw, declared.arguments, scalar_registry=registry, config=config)
        return {name: given(value) for name, value in converted.items() if value is not None}

    def resolve(ctx: Context, parents: list[Any], args: Args) -> Awaitable[list[Any]]:
        asked = parents if None not in parents else [ROOT if parent is None else parent for parent in parents]
        return batched.resolve_batch(ctx, asked, args)

    is_object = isinstance(held, GraphQLObjectType)
    names = {config.name_converter.get_graphql_name(each): each.python_name for each in declared.arguments}
    needs, joined_by = declared.metadata.get("needs", ()), declared.metadata.get("joined_by")
    return BatchField(
        resolve, arguments, names, needs, trusted=is_object, joins_inline=is_object, joined_by=joined_by, cost=cost
    )
