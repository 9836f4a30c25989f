"""Compiles a validated operation into a plan: which fields each object type has, of what shape, and how they are got.

A plan holds for one choice of the operation's conditions (``@skip``, ``@include``); the operation keeps its plans.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    TypeNameMetaFieldDef,
    VariableNode,
    get_variable_values,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from graphql.language import DirectiveNode, Visitor, visit

from execution.documents import Operation
from execution.kinds import Batch, Fields, Kind, Plain
from execution.shapes import Shape, shape_of

MOST_PLANS = 8
# How often an operation was left, whole, to graphql-core, by the reason.
FALLBACKS: Counter[str] = Counter()
_CONDITIONS = frozenset({"skip", "include"})
_INCREMENTAL = frozenset({"defer", "stream"})
_INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(slots=True, eq=False)
class Planned:
    """One field of one object type in a plan."""

    plan: "Plan"
    parent: GraphQLObjectType
    key: str
    name: str
    details: Any
    nodes: list[FieldNode]
    definition: GraphQLField
    shape: Shape
    kind: Kind
    columns: tuple[str, ...] = ()
    selections: dict[str, "Selection"] = field(default_factory=dict)

    def selection(self, type_: GraphQLObjectType) -> "Selection":
        """What is asked of the field's objects of one type: made when such an object is first met."""
        found = self.selections.get(type_.name)
        if found is None:
            plan = self.plan
            grouped = collect_subfields(
                plan.schema, plan.details, plan.variables, plan.operation.definition, type_, self.details
            ).grouped_field_set
            found = self.selections[type_.name] = plan.select(type_, grouped)
        return found


@dataclass(slots=True, eq=False)
class Selection:
    """The fields that are asked of objects of one type. ``empty`` has their keys in the answer's order."""

    type_: GraphQLObjectType
    fields: dict[str, Planned]
    empty: dict[str, None]


@dataclass(slots=True, eq=False)
class Plan:
    """An operation, compiled. ``paths`` is whether some resolver will be told where its object stands."""

    schema: GraphQLSchema
    operation: Operation
    fields: Fields
    details: dict[str, FragmentDetails]
    variables: VariableValues
    paths: bool
    root: Selection = field(init=False)

    def select(self, type_: GraphQLObjectType, grouped: Mapping[str, Any]) -> Selection:
        """The fields of a type, from what graphql-core collected for it."""
        fields: dict[str, Planned] = {}
        for key, details in grouped.items():
            nodes = [detail.node for detail in details]
            name = nodes[0].name.value
            definition = self.schema.get_field(type_, name)
            if definition is not None:
                fields[key] = self._field(type_, key, name, details, nodes, definition)
        return Selection(type_, fields, dict.fromkeys(fields))

    def _field(self, type_: Any, key: str, name: str, details: Any, nodes: Any, definition: GraphQLField) -> Planned:
        kind = _typename(type_.name) if definition is TypeNameMetaFieldDef else self.fields(type_, name, definition)
        made = Planned(self, type_, key, name, details, nodes, definition, shape_of(definition.type), kind)
        if isinstance(kind, Batch):
            made.columns = kind.columns(nodes, definition.type, self.operation.fragments)
        return made


def _typename(name: str) -> Plain:
    return Plain(lambda _: name, lambda parents: [name] * len(parents))


@dataclass(slots=True)
class _Survey(Visitor):
    """What a document holds that decides how it can be run."""

    names: set[str] = field(default_factory=set)
    directives: set[str] = field(default_factory=set)
    conditions: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        Visitor.__init__(self)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        self.names.add(node.name.value)

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        self.directives.add(node.name.value)
        if node.name.value in _CONDITIONS:
            values = [argument.value for argument in node.arguments or ()]
            self.conditions |= {value.name.value for value in values if isinstance(value, VariableNode)}


@dataclass(frozen=True, slots=True)
class _Known:
    reason: str | None
    conditions: tuple[str, ...]
    names: frozenset[str]


def _survey(schema: GraphQLSchema, operation: Operation) -> _Known:
    survey = _Survey()
    fragments: list[FragmentDefinitionNode] = list(operation.fragments.values())
    for node in (operation.definition, *fragments):
        visit(node, survey)
    reason = None
    if operation.kind == "subscription":
        reason = "subscription"
    elif survey.names & _INTROSPECTION:
        reason = "introspection"
    elif survey.directives & _INCREMENTAL or any(schema.get_directive(name) for name in _INCREMENTAL):
        reason = "incremental"
    elif any(fragment.variable_definitions for fragment in fragments):
        reason = "fragment variables"
    return _Known(reason, tuple(sorted(survey.conditions)), frozenset(survey.names))


def plan_of(
    schema: GraphQLSchema, operation: Operation, given: Mapping[str, Any], fields: Fields
) -> tuple[Plan, VariableValues] | list[GraphQLError] | None:
    """The plan and the coerced variables; the errors of the variables; None for what is left to graphql-core."""
    known: _Known | None = operation.plans.get("known")
    if known is None:
        known = operation.plans["known"] = _survey(schema, operation)
    if known.reason is not None:
        FALLBACKS[known.reason] += 1
        return None
    variables = get_variable_values(schema, operation.definition.variable_definitions or (), dict(given), 50)
    if isinstance(variables, list):
        return variables
    choice = tuple(variables.coerced.get(name) for name in known.conditions)
    if any(not isinstance(value, bool) for value in choice):
        FALLBACKS["condition"] += 1
        return None
    plan = operation.plans.get(choice)
    if plan is None:
        plan = _compile(schema, operation, variables, fields, known)
        if plan is None:
            FALLBACKS["no root type"] += 1
            return None
        if len(operation.plans) > MOST_PLANS:
            operation.plans.pop(next(key for key in operation.plans if key != "known"))
        operation.plans[choice] = plan
    return plan, variables


def _compile(
    schema: GraphQLSchema, operation: Operation, variables: VariableValues, fields: Fields, known: _Known
) -> Plan | None:
    root = schema.get_root_type(operation.definition.operation)
    if root is None:
        return None
    # A plan outlives its request: of the variables it keeps the conditions alone.
    kept = VariableValues(
        {name: variables.sources[name] for name in known.conditions},
        {name: variables.coerced[name] for name in known.conditions},
    )
    details = {name: FragmentDetails(node) for name, node in operation.fragments.items()}
    plan = Plan(schema, operation, fields, details, kept, _tells_paths(schema, known.names, fields))
    plan.root = plan.select(root, collect_fields(schema, details, kept, root, operation.definition).grouped_field_set)
    return plan


def _tells_paths(schema: GraphQLSchema, names: frozenset[str], fields: Fields) -> bool:
    """Whether a field of one of these names is got by a resolver of its own, which is told its path."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name in names & type_.fields.keys():
                if fields(type_, name, type_.fields[name]) is None:
                    return True
    return False
