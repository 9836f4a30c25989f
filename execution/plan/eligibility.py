"""What a document holds that decides how it can be run."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, FragmentDefinitionNode, GraphQLSchema
from graphql.language import DirectiveNode, Visitor, visit

from execution.guard.arguments import INTROSPECTION
from execution.guard.documents import Operation

# How often an operation was left, whole, to graphql-core, by the reason.
FALLBACKS: Counter[str] = Counter()
_INCREMENTAL = frozenset({"defer", "stream"})


@dataclass(slots=True)
class _Names(Visitor):
    names: set[str] = field(default_factory=set)
    directives: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        Visitor.__init__(self)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.names.add(node.name.value)

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self.directives.add(node.name.value)


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Why an operation is left to graphql-core, if it is; its variables in conditions; the fields that it names."""

    reason: str | None
    conditions: tuple[str, ...]
    names: frozenset[str]


def eligibility_of(schema: GraphQLSchema, operation: Operation) -> Eligibility:
    """What an operation holds, found once."""
    survey = _Names()
    fragments: list[FragmentDefinitionNode] = list(operation.fragments.values())
    for node in (operation.definition, *fragments):
        visit(node, survey)
    reason = None
    if survey.names & INTROSPECTION.keys():
        reason = "introspection"
    elif survey.directives & _INCREMENTAL or any(schema.get_directive(name) for name in _INCREMENTAL):
        reason = "incremental"
    elif any(fragment.variable_definitions for fragment in fragments):
        reason = "fragment variables"
    return Eligibility(reason, tuple(sorted(operation.conditions)), frozenset(survey.names))
