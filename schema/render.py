"""Renders a row as its named operation shows it, without a statement: what an event carries."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from graphql import FieldNode, GraphQLObjectType, get_named_type, get_nullable_type, is_leaf_type, is_list_type

from execution.documents import Operation
from execution.selection import fields_of
from resolvers.context import Row
from schema.fields import resolve_default
from schema.graph import CORE
from schema.operations import OPERATIONS

Part = Callable[[Any], Any]


def _value(type_: Any, node: FieldNode, operation: Operation) -> Part:
    """What makes a field's value into JSON."""
    bare = get_nullable_type(type_)
    if is_list_type(bare):
        one = _value(bare.of_type, node, operation)
        return lambda value: None if value is None else [one(item) for item in value]
    if is_leaf_type(bare):
        serialize = bare.serialize
        return lambda value: None if value is None else serialize(value)
    assert node.selection_set is not None, "an object has a selection"
    parts = _parts(get_named_type(bare), node, operation)
    return lambda value: None if value is None else {key: read(value) for key, read in parts.items()}


def _parts(on: GraphQLObjectType, node: FieldNode, operation: Operation) -> Mapping[str, Part]:
    assert node.selection_set is not None, "an object has a selection"
    found: dict[str, Part] = {}
    for part in fields_of(node.selection_set, on, operation.fragments):
        field = on.fields[part.name.value]
        declared = field.extensions["strawberry-definition"]
        read = _reader(declared)
        show = _value(field.type, part, operation)
        found[part.alias.value if part.alias is not None else part.name.value] = _joined(read, show)
    return found


def _reader(declared: Any) -> Part:
    if declared.base_resolver is not None:
        resolve: Part = declared.base_resolver.wrapped_func
        return resolve
    name: str = declared.python_name
    return lambda row: resolve_default(row, name)


def _joined(read: Part, show: Part) -> Part:
    return lambda row: show(read(row))


def renderer(operation_name: str) -> Callable[[Row], str]:
    """A function from a whole row to the JSON text of a named operation's single object."""
    operation = OPERATIONS[operation_name]
    assert CORE.query_type is not None, "the graph has queries"
    node = next(fields_of(operation.definition.selection_set, CORE.query_type, operation.fragments))
    on = get_named_type(CORE.query_type.fields[node.name.value].type)
    assert isinstance(on, GraphQLObjectType), "a named operation of one object"
    parts = _parts(on, node, operation)
    return lambda row: orjson.dumps({key: read(row) for key, read in parts.items()}).decode()


RENDERERS: dict[str, Callable[[Row], str]] = {
    "client": renderer("GetClient"),
    "service": renderer("GetService"),
    "order": renderer("GetOrder"),
    "message": renderer("GetMessage"),
    "webhook": renderer("GetWebhook"),
}
