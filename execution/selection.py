"""What a selection needs of a row: the columns of its fields, known from the document alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
)

# The fields that lead through to what they hold, rather than being of a row themselves.
THROUGH = "through"
Needs = Mapping[tuple[str, str], tuple[str, ...] | str]


def fields_of(
    node: SelectionSetNode, on: GraphQLObjectType, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[FieldNode]:
    """The fields that a selection may ask of an object of one type, through its fragments (conditions ignored)."""
    names = {on.name, *(interface.name for interface in on.interfaces)}
    for part in node.selections:
        if isinstance(part, FieldNode):
            yield part
        elif isinstance(part, InlineFragmentNode):
            if part.type_condition is None or part.type_condition.name.value in names:
                yield from fields_of(part.selection_set, on, fragments)
        elif isinstance(part, FragmentSpreadNode):
            fragment = fragments[part.name.value]
            if fragment.type_condition.name.value in names:
                yield from fields_of(fragment.selection_set, on, fragments)


def columns_of(
    nodes: Sequence[FieldNode], on: GraphQLObjectType, fragments: Mapping[str, FragmentDefinitionNode], needs: Needs
) -> tuple[str, ...]:
    """The columns that the selections of some fields need of a row, sorted."""
    found: set[str] = set()
    _collect(nodes, on, fragments, needs, found)
    return tuple(sorted(found))


def _collect(nodes: Sequence[FieldNode], on: GraphQLObjectType, fragments: Any, needs: Needs, found: set[str]) -> None:
    for node in nodes:
        if node.selection_set is None:
            continue
        for part in fields_of(node.selection_set, on, fragments):
            name = part.name.value
            wanted = needs.get((on.name, name), ())
            if wanted == THROUGH:
                inner = get_named_type(on.fields[name].type)
                if isinstance(inner, GraphQLObjectType):
                    _collect([part], inner, fragments, needs, found)
            else:
                found.update(wanted)
