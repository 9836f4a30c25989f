"""Caches cost analyses: a known operation is analyzed once for each outcome of what its variables decide."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    value_from_ast_untyped,
)

from execution.guard.arguments import is_given, root_of, type_of
from execution.guard.cost import CostAnalysis, FieldRule, Limits, analyze_cost, defaults_of, limit_exceeded
from execution.guard.documents import Operation
from execution.guard.effort import Effort, EffortLimitError
from execution.guard.nesting import CONDITIONS

MAX_COSTS = 16
# An analysis, and each of its decisions, takes no more bytes than this.
COST_BYTES, DECISION_BYTES = 3_000, 200
# What variables decide at one place of a document: a size, requirements, a price, whether something is left out.
Decision = Callable[[Mapping[str, Any], Effort], Any]
_Reader = Callable[[Mapping[str, Any]], Any]


@dataclass(slots=True)
class CostCheck:
    """An operation's analysis, and the limit that it exceeds, if any. ``cached``: it was not analyzed anew."""

    analysis: CostAnalysis
    excess: str | None
    limits: Limits
    cached: bool = False


@dataclass(slots=True)
class _Known:
    """What the variables of an operation decide about its cost, and the latest analyses by those decisions."""

    rules: Mapping[Any, FieldRule]
    decisions: list[Decision]
    defaults: dict[str, Any]
    checks: dict[Any, CostCheck] = field(default_factory=dict)


class CostCache:
    """Analyzes operations over a schema; the analyses of a valid one are kept with it, at most ``MAX_COSTS``."""

    def __init__(self, schema: GraphQLSchema, rules: Mapping[Any, FieldRule], limits: Limits) -> None:
        self.schema, self.rules, self.limits = schema, rules, limits

    def of(self, operation: Operation, variables: Mapping[str, Any]) -> CostCheck:
        """Return the analysis of an operation with these variables, which may be of any types.

        Raises EffortLimitError where these hold too much.
        """
        known: _Known | None = operation.costs
        if known is None or known.rules is not self.rules:
            if operation.valid is not self.schema:
                return self._check(operation, variables)
            known = operation.costs = _Known(self.rules, _Decisions(self, operation).found, defaults_of(operation))
        key: tuple[Any, ...] = ()
        if known.decisions:
            values = {**known.defaults, **variables} if known.defaults else variables
            effort = Effort()
            try:
                key = tuple([decide(values, effort) for decide in known.decisions])
            except EffortLimitError:
                # Of places that are left out, too: what is asked for may be less.
                return self._check(operation, variables)
        check = known.checks.get(key)
        # An operation may be shared by executors with other limits.
        if check is None or check.limits is not self.limits:
            fresh = check is None
            check = known.checks[key] = self._check(operation, variables)
            if len(known.checks) > MAX_COSTS:
                del known.checks[next(iter(known.checks))]
            elif fresh:
                operation.grow(COST_BYTES + DECISION_BYTES * len(key))
        else:
            check.cached = True
        return check

    def _check(self, operation: Operation, variables: Mapping[str, Any]) -> CostCheck:
        measure = analyze_cost(self.schema, operation, variables, self.rules)
        return CostCheck(measure, limit_exceeded(measure, operation.operation_type, self.limits), self.limits)


class _Decisions:
    """Finds the places of a valid operation where variables decide its cost; each fragment is searched once."""

    def __init__(self, costs: CostCache, operation: Operation) -> None:
        self.schema, self.rules = costs.schema, costs.rules
        self.fragments = operation.fragments
        self.met: set[str] = set()
        self.found: list[Decision] = []
        self._selection(operation.definition.selection_set, root_of(self.schema, operation.operation_type))

    def _selection(self, node: SelectionSetNode, parent: GraphQLNamedType | None) -> None:
        for part in node.selections:
            for directive in part.directives or ():
                self._directive(directive)
            if isinstance(part, FieldNode):
                self._field(part, parent)
            elif isinstance(part, InlineFragmentNode):
                condition = part.type_condition
                self._selection(part.selection_set, parent if condition is None else self._named(condition.name.value))
            elif isinstance(part, FragmentSpreadNode) and part.name.value not in self.met:
                self.met.add(part.name.value)
                fragment = self.fragments[part.name.value]
                self._selection(fragment.selection_set, self._named(fragment.type_condition.name.value))

    def _named(self, name: str) -> GraphQLNamedType | None:
        return self.schema.type_map.get(name)

    def _directive(self, node: DirectiveNode) -> None:
        if node.name.value in CONDITIONS:
            leaves_out = node.name.value == "skip"
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    self.found.append(_is(argument.value.name.value, leaves_out))

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> None:
        rule = self.rules.get((parent.name if parent is not None else "", node.name.value))
        if rule is not None:
            given = {argument.name.value: argument.value for argument in node.arguments or ()}
            if rule.multiplier is not None:
                self._add(_free(rule.multiplier), given, rule.multiplied_by)
            if rule.requirements_of is not None:
                self._add(_tuple(rule.requirements_of), given, rule.reads)
            if rule.filters:
                self._add(_free(partial(is_given, names=rule.filters)), given, rule.filters)
            if rule.price is not None:
                self._add(rule.price, given, rule.filters)
        if node.selection_set is not None:
            self._selection(node.selection_set, type_of(node, parent))

    def _add(self, of: Decision, given: Mapping[str, ValueNode], reads: Iterable[str]) -> None:
        if any(_varies(given[name]) for name in reads if name in given):
            readers = [(name, _reader(given[name])) for name in reads if name in given]
            self.found.append(lambda variables, effort: of({name: read(variables) for name, read in readers}, effort))


def _is(name: str, wanted: bool) -> Decision:
    return lambda variables, _: variables.get(name) is wanted


def _tuple(of: Callable[[Mapping[str, Any], Effort], list[Any]]) -> Decision:
    return lambda arguments, effort: tuple(of(arguments, effort))


def _free(of: _Reader) -> Decision:
    return lambda arguments, _: of(arguments)


def _reader(node: ValueNode) -> _Reader:
    if isinstance(node, VariableNode):
        name = node.name.value
        return lambda variables: variables.get(name, Undefined)
    if _varies(node):
        return lambda variables: value_from_ast_untyped(node, cast(dict[str, Any], variables))
    value = value_from_ast_untyped(node)
    return lambda _: value


def _varies(node: ValueNode) -> bool:
    if isinstance(node, ListValueNode):
        return any(_varies(value) for value in node.values)
    if isinstance(node, ObjectValueNode):
        return any(_varies(part.value) for part in node.fields)
    return isinstance(node, VariableNode)
