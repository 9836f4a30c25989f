"""What a document's selection asks for, known without a plan: its fields, and the columns that they need of a row."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)

from execution.plan.field_kinds import FieldKinds, ReadField


def collect_fields(
    node: SelectionSetNode, on: GraphQLObjectType, fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any] | None = None,
) -> Iterator[FieldNode]:  # fmt: skip
    """Return the fields that a selection asks of an object of one type, through its fragments: with variables, which
    have their defaults, those that are not left out by a condition; without them all that it may ask.

    Each fragment is looked into once, as the specification has it: one that is spread again adds nothing.
    """
    return _fields(node, {on.name, *(interface.name for interface in on.interfaces)}, fragments, variables, set())


def is_included(part: SelectionNode, variables: Mapping[str, Any]) -> bool:
    """Return whether no @skip or @include leaves out a part of a selection, for variables that have their defaults."""
    for directive in part.directives or ():
        if directive.name.value in ("skip", "include") and directive.arguments:
            value = value_from_ast_untyped(directive.arguments[0].value, dict(variables))
            if bool(value) is (directive.name.value == "skip"):
                return False
    return True


def _fields(
    node: SelectionSetNode, names: set[str], fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any] | None, met: set[str],
) -> Iterator[FieldNode]:  # fmt: skip
    for part in node.selections:
        if variables is not None and not is_included(part, variables):
            continue
        if isinstance(part, FieldNode):
            yield part
        elif isinstance(part, InlineFragmentNode):
            if part.type_condition is None or part.type_condition.name.value in names:
                yield from _fields(part.selection_set, names, fragments, variables, met)
        elif isinstance(part, FragmentSpreadNode) and part.name.value not in met:
            met.add(part.name.value)
            fragment = fragments[part.name.value]
            if fragment.type_condition.name.value in names:
                yield from _fields(fragment.selection_set, names, fragments, variables, met)


def columns_of(
    nodes: Iterable[FieldNode],
    types: Iterable[GraphQLObjectType],
    fragments: Mapping[str, FragmentDefinitionNode],
    fields: FieldKinds,
) -> tuple[str, ...]:
    """Return the columns that the selections of some fields need of their rows, whichever of the types those have;
    sorted."""
    found: set[str] = set()
    looked_at = list(nodes)
    left = [(node, type_) for type_ in types for node in looked_at]
    while left:
        node, on = left.pop()
        if node.selection_set is None:
            continue
        for part in collect_fields(node.selection_set, on, fragments):
            definition = on.fields.get(part.name.value)
            if definition is None:
                continue  # __typename
            field_kind = fields(on, part.name.value, definition)
            if not isinstance(field_kind, ReadField):
                found.update(field_kind.needs)
                continue
            found.update(field_kind.columns)
            inner = get_named_type(definition.type)
            if field_kind.same_row and isinstance(inner, GraphQLObjectType):
                left.append((part, inner))
    return tuple(sorted(found))
