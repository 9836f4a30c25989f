"""Keeps verdicts: a known operation is judged once for each of the few things that its variables decide."""

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

from execution.asked import PAGE, is_given, items, page_size, root_of, type_of
from execution.documents import Operation
from execution.judge import Limits, Measure, Rule, defaults_of, excess, judge
from execution.nesting import CONDITIONS

MOST_VERDICTS = 16
# A verdict, and each place that decides it, take no more bytes than this.
VERDICT_BYTES, PLACE_BYTES = 3_000, 200
# What a place in the document makes of the variables: a size, scopes, a price, whether something is left out.
Place = Callable[[Mapping[str, Any]], Any]


@dataclass(slots=True)
class Verdict:
    """What an operation is, and what about it is too much (None: nothing). ``met`` is whether it was found before."""

    measure: Measure
    excess: str | None
    limits: Limits
    met: bool = False


@dataclass(slots=True)
class _Known:
    """The places of an operation where a variable changes the verdict, and the latest verdicts by what they made."""

    places: list[Place]
    defaults: dict[str, Any]
    kept: dict[Any, Verdict] = field(default_factory=dict)


class Verdicts:
    """Judges operations over a schema; the verdicts of a valid one are kept with it, at most ``MOST_VERDICTS``."""

    def __init__(self, schema: GraphQLSchema, rules: Mapping[Any, Rule], limits: Limits) -> None:
        self.schema, self.rules, self.limits = schema, rules, limits

    def of(self, operation: Operation, variables: Mapping[str, Any]) -> Verdict:
        """The verdict on an operation with these variables, which may have any types."""
        known: _Known | None = operation.verdicts
        if known is None:
            if not operation.valid:
                return self._judge(operation, variables)
            known = operation.verdicts = _Known(_Places(self, operation).found, defaults_of(operation))
        key: tuple[Any, ...] = ()
        if known.places:
            values = {**known.defaults, **variables} if known.defaults else variables
            key = tuple([place(values) for place in known.places])
        verdict = known.kept.get(key)
        # Our own operations are judged by every engine, each with its own limits.
        if verdict is None or verdict.limits is not self.limits:
            fresh = verdict is None
            verdict = known.kept[key] = self._judge(operation, variables)
            if len(known.kept) > MOST_VERDICTS:
                del known.kept[next(iter(known.kept))]
            elif fresh:
                operation.grow(VERDICT_BYTES + PLACE_BYTES * len(key))
        else:
            verdict.met = True
        return verdict

    def _judge(self, operation: Operation, variables: Mapping[str, Any]) -> Verdict:
        measure = judge(self.schema, operation, variables, self.rules)
        return Verdict(measure, excess(measure, operation.kind, self.limits), self.limits)


class _Places:
    """Finds the places of a valid operation, in every fragment once."""

    def __init__(self, verdicts: Verdicts, operation: Operation) -> None:
        self.schema, self.rules = verdicts.schema, verdicts.rules
        self.fragments = operation.fragments
        self.met: set[str] = set()
        self.found: list[Place] = []
        self._selection(operation.definition.selection_set, root_of(self.schema, operation.kind))

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
            if rule.connection:
                self._add(page_size, given, PAGE)
            if rule.each is not None:
                self._add(partial(items, name=rule.each), given, (rule.each,))
            if rule.scope_of is not None:
                self._add(_tuple(rule.scope_of), given, rule.reads)
            if rule.filters:
                self._add(partial(is_given, names=rule.filters), given, rule.filters)
            if rule.price is not None:
                self._add(rule.price, given, rule.filters)
        if node.selection_set is not None:
            self._selection(node.selection_set, type_of(node, parent))

    def _add(
        self, of: Callable[[Mapping[str, Any]], Any], given: Mapping[str, ValueNode], reads: Iterable[str]
    ) -> None:
        if any(_varies(given[name]) for name in reads if name in given):
            readers = [(name, _reader(given[name])) for name in reads if name in given]
            self.found.append(lambda variables: of({name: read(variables) for name, read in readers}))


def _is(name: str, wanted: bool) -> Place:
    return lambda variables: variables.get(name) is wanted


def _tuple(scope_of: Callable[[Mapping[str, Any]], list[str]]) -> Callable[[Mapping[str, Any]], tuple[str, ...]]:
    return lambda arguments: tuple(scope_of(arguments))


def _reader(node: ValueNode) -> Place:
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
