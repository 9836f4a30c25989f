"""Cost analysis: an operation's depth, breadth, cost and requirements, worked out before it is validated.

One pass over the document. A fragment is analyzed once for each type condition and counted at each spread, so that
neither a cycle nor a fragment bomb takes longer than reading the document.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    is_abstract_type,
    value_from_ast_untyped,
)

from execution.guard.arguments import is_given, root_of, type_of
from execution.guard.documents import Operation
from execution.guard.effort import Effort
from execution.guard.nesting import left_out, root_keys

# What JSON puts around a key and its value.
AROUND = 6
# So many fields of a document are free; of the others, each of which is compiled, five cost as much as an object.
FREE_FIELDS, FIELDS_FOR_ONE = 100, 5
# The figures of a fragment bomb have hundreds of digits; a message shows no larger number.
LARGEST_SHOWN = 10**9


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What a field costs and what it requires.

    ``cost`` is for one object. What a field holds costs ``times`` as much, or as often as ``multiplier`` returns from
    the arguments ``multiplied_by``; ``cost_each``: the field's own cost is multiplied too. ``most`` is how many objects
    it may hold, where that is more.

    ``requirement`` is what whoever asks for the field must have, ``further`` what beside it, and ``requirements_of``
    returns more from the arguments that it ``reads``: any hashable values, which mean something to the caller alone.
    ``unrestricted`` fields are for everybody, with all that they hold.

    ``filters`` are the arguments that narrow what it holds, ``price`` returns what they cost. ``charges`` are what the
    field adds to the cost of the field around it: an amount, and how many times the price of that field's filters.
    Both functions spend of the effort they are given, a unit for each part of the arguments that they look at.

    ``weight`` is the cost of the field's own size, ``size`` how many bytes it may have, 0 where its length is counted
    when it is loaded; ``short``: no value has more. ``introspects`` is how many objects of the schema it shows.
    """

    cost: int = 0
    requirement: Any = None
    further: tuple[Any, ...] = ()
    unrestricted: bool = False
    requirements_of: Callable[[Mapping[str, Any], Effort], list[Any]] | None = None
    reads: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    price: Callable[[Mapping[str, Any], Effort], int] | None = None
    charges: tuple[int, int] = (0, 0)
    weight: int = 0
    size: int = 64
    short: bool = False
    introspects: int = 0
    times: int = 1
    most: int = 0
    multiplier: Callable[[Mapping[str, Any]], int] | None = None
    multiplied_by: tuple[str, ...] = ()
    cost_each: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of an operation."""

    depth: int = 15
    aliases: int = 100
    directives: int = 50
    root_fields: int = 20
    mutations: int = 5
    expanded: int = 1_000
    cost: int = 5_000


@dataclass(slots=True)
class CostAnalysis:
    """What analyzing a selection found. ``requirements`` has for each the path of the first field that has it.

    ``unrestricted``: all of its fields are. ``filtered``: some field of it is given one of its filters, and not as
    null. ``fields`` is how many root fields there are, by their response keys. ``searched`` is the part of the cost for
    filters and charges, each once however many objects have it.
    ``repeats`` is how many of its aliases may show once more what is counted when it is loaded.
    ``charges`` is what its fields add to the cost of the field around it. ``size`` is how many bytes the response may
    have, without what is counted when it is loaded. ``expanded`` is how many fields there are with each fragment
    written out at each spread, once for each type that an object with the field can have.
    """

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0
    cost: int = 0
    introspected: int = 0
    expanded: int = 0
    unrestricted: bool = True
    filtered: bool = False
    searched: int = 0
    charges: tuple[int, int] = (0, 0)
    size: int = 0
    repeats: int = 0
    requirements: dict[Any, tuple[str, ...]] = field(default_factory=dict)

    def add(self, other: "CostAnalysis", prefix: tuple[str, ...] = (), times: int = 1, most: int = 1) -> None:
        """Add a part whose fields are at ``prefix``: ``times`` over, and in size ``most`` times."""
        self.depth = max(self.depth, other.depth)
        self.aliases += other.aliases
        self.repeats += other.repeats
        self.directives += other.directives
        self.cost += other.cost * times
        self.size += other.size * most
        self.searched += other.searched
        self.charges = self.charges[0] + other.charges[0], self.charges[1] + other.charges[1]
        self.introspected += other.introspected * times
        self.expanded += other.expanded
        self.unrestricted = self.unrestricted and other.unrestricted
        self.filtered = self.filtered or other.filtered
        for requirement, path in other.requirements.items():
            self.requirements.setdefault(requirement, prefix + path)


class _Analyzer:
    def __init__(
        self, schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any], rules: Mapping[Any, FieldRule]
    ) -> None:
        self.schema, self.operation, self.variables, self.rules = schema, operation, variables, rules
        self.memo: dict[tuple[str, str], CostAnalysis] = {}
        self.open: set[str] = set()
        self.effort = Effort()

    def selection(self, node: SelectionSetNode, parent: GraphQLNamedType | None) -> CostAnalysis:
        whole = CostAnalysis()
        for part in node.selections:
            whole.directives += len(part.directives or ())
            if any(left_out(directive, self.variables) for directive in part.directives or ()):
                continue
            if isinstance(part, FieldNode):
                whole.add(self._field(part, parent))
            elif isinstance(part, InlineFragmentNode):
                condition = part.type_condition
                on = parent if condition is None else self.schema.type_map.get(condition.name.value)
                whole.add(self.selection(part.selection_set, on))
            elif isinstance(part, FragmentSpreadNode):
                whole.add(self._fragment(part.name.value))
        return whole

    def _fragment(self, name: str) -> CostAnalysis:
        node = self.operation.fragments.get(name)
        if node is None or name in self.open:
            return CostAnalysis()  # validation reports a missing fragment, and a cycle
        condition = node.type_condition.name.value
        if (name, condition) not in self.memo:
            self.open.add(name)
            self.memo[name, condition] = self.selection(node.selection_set, self.schema.type_map.get(condition))
            self.open.discard(name)
        return self.memo[name, condition]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> CostAnalysis:
        name = node.name.value
        on = parent.name if parent is not None else ""
        rule = self.rules.get((on, name)) or FieldRule(unrestricted=name.startswith("__"), short=True)
        arguments = _arguments_of(node, rule, self.variables)
        times = rule.times if rule.multiplier is None else rule.multiplier(arguments)
        own = rule.cost * (times if rule.cost_each else 1) + rule.weight
        price = 0 if rule.price is None else rule.price(arguments, self.effort)
        response_key = node.alias.value if node.alias is not None else name
        aliases = int(node.alias is not None)
        measure = CostAnalysis(
            depth=1, aliases=aliases, repeats=0 if rule.short else aliases,
            cost=own + price, introspected=rule.introspects * rule.times,
            unrestricted=rule.unrestricted, searched=price, size=len(response_key) + AROUND + rule.size, expanded=1,
        )  # fmt: skip
        if rule.requirement is not None:
            measure.requirements[rule.requirement] = (response_key,)
        for requirement in rule.further:
            measure.requirements[requirement] = (response_key,)
        measure.filtered = is_given(arguments, rule.filters)
        if rule.requirements_of is not None:
            for requirement in rule.requirements_of(arguments, self.effort):
                measure.requirements.setdefault(requirement, (response_key,))
        if node.selection_set is not None:
            held = self.selection(node.selection_set, type_of(node, parent))
            measure.add(held, (response_key,), times, rule.most or times)
            measure.depth = held.depth + 1
            amount, factor = held.charges
            charged = amount + factor * price
            measure.cost += charged
            measure.searched += charged
            # What lies under an unrestricted field is for everybody too, as introspection's own fields are.
            measure.unrestricted = rule.unrestricted
        measure.charges = rule.charges
        if is_abstract_type(parent):
            measure.expanded *= len(self.schema.get_possible_types(parent))
        return measure


def _arguments_of(node: FieldNode, rule: FieldRule, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of those of a field's arguments that its rule reads."""
    wanted = {*rule.reads, *rule.filters, *rule.multiplied_by}
    return {
        part.name.value: value_from_ast_untyped(part.value, cast(dict[str, Any], variables))
        for part in node.arguments or ()
        if part.name.value in wanted
    }


def defaults_of(operation: Operation) -> dict[str, Any]:
    """Return the default values of an operation's variables, by name."""
    return {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.definition.variable_definitions or ()
        if each.default_value is not None
    }


def analyze_cost(
    schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any], rules: Mapping[Any, FieldRule]
) -> CostAnalysis:
    """Analyze an operation with its variables. Unknown fields cost nothing: validation reports them.

    Raises EffortLimitError where its arguments hold too much.
    """
    values = defaults_of(operation) | dict(variables)
    analyzer = _Analyzer(schema, operation, values, rules)
    measure = analyzer.selection(operation.definition.selection_set, root_of(schema, operation.operation_type))
    measure.fields = len(root_keys(operation.definition, operation.fragments, values))
    measure.directives += len(operation.definition.directives or ())
    measure.cost += max(0, measure.expanded - FREE_FIELDS) // FIELDS_FOR_ONE
    return measure


def limit_exceeded(measure: CostAnalysis, operation_type: str, limits: Limits) -> str | None:
    """Return which limit an operation exceeds, as a sentence; None where it exceeds none."""
    for what, found, most in (
        ("levels", measure.depth, limits.depth),
        ("aliases", measure.aliases, limits.aliases),
        ("directives", measure.directives, limits.directives),
        ("root fields", measure.fields, limits.mutations if operation_type == "mutation" else limits.root_fields),
        ("fields, each fragment counted at each spread", measure.expanded, limits.expanded),
    ):
        if found > most:
            return f"The operation has {min(found, LARGEST_SHOWN)} {what}; {most} are allowed."
    if measure.cost > limits.cost:
        return (
            f"The operation costs {min(measure.cost, LARGEST_SHOWN)}; {limits.cost} is allowed. Ask for smaller pages."
        )
    return None
