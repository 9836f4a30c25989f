"""Whether an operation can be planned, or must be run by graphql-core."""

from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, FragmentDefinitionNode, GraphQLSchema
from graphql.language import Visitor, visit

from execution.guard.arguments import INTROSPECTION
from execution.guard.documents import Operation


@dataclass(slots=True)
class _Names(Visitor):
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        Visitor.__init__(self)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.names.add(node.name.value)


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Why graphql-core must run an operation, if it must; its variables in conditions; the fields that it names."""

    reason: str | None
    conditions: tuple[str, ...]
    names: frozenset[str]


def eligibility_of(schema: GraphQLSchema, operation: Operation) -> Eligibility:
    """Return the eligibility of an operation, which is found once and kept with it."""
    found: Eligibility | None = operation.cache.get(schema)
    if found is None:
        found = operation.cache[schema] = _find(operation)
    return found


def _find(operation: Operation) -> Eligibility:
    names = _Names()
    fragments: list[FragmentDefinitionNode] = list(operation.fragments.values())
    for node in (operation.definition, *fragments):
        visit(node, names)
    reason = None
    if names.names & INTROSPECTION.keys():
        reason = "introspection"
    elif any(fragment.variable_definitions for fragment in fragments):
        reason = "fragment variables"
    return Eligibility(reason, tuple(sorted(operation.conditions)), frozenset(names.names))
