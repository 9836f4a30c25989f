"""Compiles a validated operation into a plan: the fields of each object type, their shapes and their kinds.

A plan holds for one choice of the operation's conditions (``@skip``, ``@include``); the operation keeps its plans.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from weakref import proxy

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    TypeNameMetaFieldDef,
    get_named_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from graphql.type.directives import GraphQLDisableErrorPropagationDirective

from execution.guard.cost import defaults_of
from execution.guard.documents import Operation
from execution.plan.arguments import Arguments
from execution.plan.eligibility import Eligibility, eligibility_of
from execution.plan.field_kinds import BatchField, ColumnReader, FieldKinds, ReadField, ResolverField
from execution.plan.nodes import FieldPlan, SelectionPlan
from execution.plan.serializable import (
    MAX_HEIGHT,
    can_be_joined,
    height_of,
    is_serializable,
    own_weight,
    selection_weight,
)
from execution.plan.settings import ExecutorSettings, Serializers
from execution.plan.shapes import shape_of
from execution.plan.variables import Variables

MAX_PLANS = 8
# Selections are compiled within each other up to here; those below when an object is first met, or loaded.
MAX_DEPTH = 30
# A compiled field, with its share of the functions that write it, takes no more bytes than this.
FIELD_BYTES = 2_000
# A process has one schema; tests have some more.
SCHEMAS_KEPT = 16


@dataclass(slots=True, eq=False, weakref_slot=True)
class Plan:
    """An operation, compiled. ``paths``: some resolver below the root is given the path of its object.

    ``size`` is how many fields it has so far, ``depth`` how many selections are being compiled within each other. It
    does not own its operation, nor do its fields own it: what is no longer kept is freed at once, not by the garbage
    collector.
    """

    serializers: Serializers
    schema: GraphQLSchema
    operation: Any
    fields: FieldKinds
    details: dict[str, FragmentDetails]
    variables: VariableValues
    paths: bool
    error_propagation: bool = True
    size: int = 0
    depth: int = 0
    root: SelectionPlan = field(init=False)

    def __del__(self) -> None:
        left = [self.root] if hasattr(self, "root") else []
        while left:
            selection = left.pop()
            for each in selection.fields.values():
                left += each.selections.values()
                each.selections, each.source = {}, None
            selection.serializers, selection.source = {}, None

    def under(self, field: FieldPlan, type_: GraphQLObjectType) -> SelectionPlan:
        """Return the selection of a field's objects of one type."""
        grouped = collect_subfields(
            self.schema, self.details, self.variables, self.operation.definition, type_, field.details
        ).grouped_field_set
        self.depth += 1
        try:
            return self.select(type_, grouped, field.source)
        finally:
            self.depth -= 1

    def select(self, type_: GraphQLObjectType, grouped: Mapping[str, Any], source: FieldPlan | None) -> SelectionPlan:
        """Compile the fields of a type that graphql-core collected; its objects are rows of ``source``."""
        fields: dict[str, FieldPlan] = {}
        for key, details in grouped.items():
            nodes = [detail.node for detail in details]
            name = nodes[0].name.value
            definition = self.schema.get_field(type_, name)
            if definition is not None:
                fields[key] = self._field(type_, key, name, details, nodes, definition, source)
        made = SelectionPlan(type_, fields, dict.fromkeys(fields), source=source)
        if self.serializers is Serializers.OFF or self.depth > MAX_DEPTH:
            made.rest = list(fields.values())
        else:
            made.rest = [each for each in fields.values() if not is_serializable(each)]
            made.height = height_of(made)
        made.own = own_weight(made)
        made.weight = selection_weight(made)
        self.size += len(fields)
        self.operation.grow(FIELD_BYTES * len(fields))
        return made

    def _field(
        self, type_: Any, key: str, name: str, details: Any, nodes: Any, definition: GraphQLField,
        source: FieldPlan | None,
    ) -> FieldPlan:  # fmt: skip
        own = definition is TypeNameMetaFieldDef
        field_kind = _typename(type_.name) if own else self.fields(type_, name, definition)
        is_leaf = is_leaf_type(get_named_type(definition.type))
        shape = shape_of(definition.type)
        made = FieldPlan(proxy(self), type_, key, name, details, nodes, definition, shape, field_kind, is_leaf)
        if isinstance(field_kind, ReadField):
            made.source = source if field_kind.same_row else None
        elif isinstance(field_kind, BatchField):
            self._batched(made, field_kind, source)
        return made

    def _batched(self, made: FieldPlan, field_kind: BatchField, source: FieldPlan | None) -> None:
        # The selection of its objects is compiled as one of rows of its own: only then is it known whether they can be
        # joined to the parent's rows.
        made.source = made
        if self.serializers is Serializers.OFF:
            source = None
        joins = source is not None and isinstance(source.field_kind, BatchField) and source.field_kind.joins_inline
        deep = self.depth > MAX_DEPTH
        if joins and not deep and field_kind.joined_by is not None and not made.definition.args and made.shape.one_type:
            inner = made.selection(made.shape.named)
            made.inline_join = not inner.rest and inner.height < MAX_HEIGHT and can_be_joined(inner)
            if made.inline_join:
                made.source = source
                return
        made.arguments = Arguments(made.definition, made.nodes[0], field_kind.arguments, field_kind.names)
        if made.is_leaf:
            made.arguments.columns = ()
        elif not deep:
            made.set_columns()


def _typename(name: str) -> ReadField:
    return ReadField(lambda _: name, lambda parents: [name] * len(parents), ColumnReader(name, constant=True))


def plan_of(settings: ExecutorSettings, operation: Operation, variables: Variables) -> Plan | str:
    """Return the plan of an operation for its conditions, or why graphql-core must run it."""
    eligibility = eligibility_of(settings.schema, operation)
    if eligibility.reason is not None:
        return eligibility.reason
    coerced = variables.coerced
    choice = (settings.key, *[coerced.get(name) for name in eligibility.conditions])
    plan: Plan | None = operation.plans.get(choice)
    if plan is None:
        plan = _compile(settings, operation, variables, eligibility)
        if plan is None:
            return "no root type"
        if len(operation.plans) >= MAX_PLANS:
            left = operation.plans.pop(next(iter(operation.plans)))
            operation.grow(-FIELD_BYTES * left.size)
        operation.plans[choice] = plan
    return plan


def is_planned(settings: ExecutorSettings, operation: Operation, given: Mapping[str, Any]) -> bool:
    """Return whether an operation has a plan for its conditions, or needs none."""
    eligibility: Eligibility | None = operation.cache.get(settings.schema)
    if eligibility is None or eligibility.reason is not None:
        return eligibility is not None
    chosen: list[Any] = []
    if eligibility.conditions:
        values = defaults_of(operation) | dict(given)
        chosen = [values.get(name) for name in eligibility.conditions]
        # Validation refuses what is not a boolean, which may be unhashable.
        if not all(isinstance(value, bool) for value in chosen):
            return False
    return (settings.key, *chosen) in operation.plans


def _compile(settings: ExecutorSettings, operation: Operation, variables: Variables, known: Eligibility) -> Plan | None:
    schema, fields = settings.schema, settings.fields
    root = schema.get_root_type(operation.definition.operation)
    if root is None:
        return None
    # A plan outlives its request: of the variables it keeps the conditions alone.
    coerced = VariableValues(
        {name: variables.whole.sources[name] for name in known.conditions},
        {name: variables.coerced[name] for name in known.conditions},
    )
    details = {name: FragmentDetails(node) for name, node in operation.fragments.items()}
    paths = not known.names.isdisjoint(_own(schema, root, fields))
    plan = Plan(
        settings.serializers, schema, proxy(operation), fields, details, coerced, paths, _propagates_errors(operation)
    )
    grouped = collect_fields(schema, details, coerced, root, operation.definition).grouped_field_set
    plan.root = plan.select(root, grouped, None)
    return plan


def _propagates_errors(operation: Operation) -> bool:
    named = {directive.name.value for directive in operation.definition.directives or ()}
    return GraphQLDisableErrorPropagationDirective.name not in named


@lru_cache(SCHEMAS_KEPT)
def _own(schema: GraphQLSchema, root: GraphQLObjectType, fields: FieldKinds) -> frozenset[str]:
    """Return the names of fields below a root whose own resolver is called, with its path."""
    types = [type_ for type_ in schema.type_map.values() if isinstance(type_, GraphQLObjectType)]
    below = {get_named_type(each.type) for type_ in types for each in type_.fields.values()}
    asked = [type_ for type_ in types if not type_.name.startswith("__") and (type_ is not root or type_ in below)]
    return frozenset(
        name
        for type_ in asked
        for name, definition in type_.fields.items()
        if isinstance(fields(type_, name, definition), ResolverField)
    )
