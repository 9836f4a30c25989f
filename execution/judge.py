"""Judges a document before it is validated: its depth, breadth and cost, and the scopes it needs.

One pass over the document; a fragment is measured once for each type it meets and counted at each spread, so that
neither a cycle nor a bomb takes longer than reading it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    is_abstract_type,
    value_from_ast_untyped,
)

from execution.asked import PAGE, is_given, items, page_size, root_of, type_of
from execution.documents import Operation
from execution.nesting import CONDITIONS

# What counting the rows of a connection costs, and how many times the price of its filters: it looks at every row.
COUNT, COUNTED = 2, 5
# What JSON puts around a key and its value.
AROUND = 6
# So many fields of a document are free; of the others, each of which is compiled, five cost as much as an object.
FREE_FIELDS, FIELDS_FOR_ONE = 100, 5
# A bomb's figures have hundreds of digits; no more than this is told of them.
MOST_TOLD = 10**9


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field costs and needs. ``cost`` is for one; a ``connection`` costs 2 + n × what it holds. A field that
    ``introspects`` holds ``times`` objects, one that finds ``each`` of a list argument's items as many as there are.

    ``public`` fields need no key. ``scope`` is needed; ``scope_of`` tells more from the arguments that it ``reads``.
    ``filters`` are the arguments that narrow what it holds, ``price`` says what they cost. A field that ``counts`` the
    rows of its connection costs ``COUNT``, and ``COUNTED`` times the price of its filters. ``weight`` is the cost of
    the field's own size, ``size`` how many bytes it may have, 0 where its length is counted when it is loaded.
    """

    cost: int = 0
    scope: str | None = None
    connection: bool = False
    public: bool = False
    scope_of: Callable[[Mapping[str, Any]], list[str]] | None = None
    reads: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    price: Callable[[Mapping[str, Any]], int] | None = None
    counts: bool = False
    weight: int = 0
    size: int = 64
    introspects: int = 0
    times: int = 1
    each: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may be at most."""

    depth: int = 15
    aliases: int = 100
    directives: int = 50
    root_fields: int = 20
    mutations: int = 5
    expanded: int = 1_000
    cost: int = 5_000


@dataclass(slots=True)
class Measure:
    """What a selection is. ``scopes`` has, for each scope, the path of the first field that needs it.

    ``filtered``: some field of it is given one of its filters, and not as null. ``searched`` is
    the part of the cost for filters and counts, each once however many objects have it. ``counts`` is how many of its
    fields count the rows of the connection around it. ``size`` is how many bytes the answer may have, without what is
    counted when it is loaded.
    ``expanded`` is how many fields there are with each fragment written out at each spread, once for each type that an
    object with the field can have.
    """

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0
    cost: int = 0
    introspected: int = 0
    expanded: int = 0
    public: bool = True
    filtered: bool = False
    searched: int = 0
    counts: int = 0
    size: int = 0
    scopes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, other: "Measure", prefix: tuple[str, ...] = (), times: int = 1) -> None:
        """Take a part into the whole."""
        self.depth = max(self.depth, other.depth)
        self.aliases += other.aliases
        self.directives += other.directives
        self.cost += other.cost * times
        self.size += other.size * times
        self.searched += other.searched
        self.counts += other.counts
        self.introspected += other.introspected * times
        self.expanded += other.expanded
        self.public = self.public and other.public
        self.filtered = self.filtered or other.filtered
        for scope, path in other.scopes.items():
            self.scopes.setdefault(scope, prefix + path)


class _Judge:
    def __init__(
        self, schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any], rules: Mapping[Any, Rule]
    ) -> None:
        self.schema, self.operation, self.variables, self.rules = schema, operation, variables, rules
        self.memo: dict[tuple[str, str], Measure] = {}
        self.open: set[str] = set()

    def selection(self, node: SelectionSetNode, parent: GraphQLNamedType | None) -> Measure:
        whole = Measure()
        for part in node.selections:
            whole.directives += len(part.directives or ())
            if any(left_out(directive, self.variables) for directive in part.directives or ()):
                continue
            if isinstance(part, FieldNode):
                whole.fields += 1
                whole.aliases += part.alias is not None
                whole.add(self._field(part, parent))
            elif isinstance(part, InlineFragmentNode):
                condition = part.type_condition
                on = parent if condition is None else self.schema.type_map.get(condition.name.value)
                inner = self.selection(part.selection_set, on)
                whole.fields += inner.fields
                whole.add(inner)
            elif isinstance(part, FragmentSpreadNode):
                inner = self._fragment(part.name.value)
                whole.fields += inner.fields
                whole.add(inner)
        return whole

    def _fragment(self, name: str) -> Measure:
        node = self.operation.fragments.get(name)
        if node is None or name in self.open:
            return Measure()  # validation tells of a missing fragment, and of a cycle
        condition = node.type_condition.name.value
        if (name, condition) not in self.memo:
            self.open.add(name)
            self.memo[name, condition] = self.selection(node.selection_set, self.schema.type_map.get(condition))
            self.open.discard(name)
        return self.memo[name, condition]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Measure:
        name = node.name.value
        rule = self.rules.get((parent.name if parent is not None else "", name), Rule(public=name.startswith("__")))
        arguments = _arguments_of(node, rule, self.variables)
        each = 1 if rule.each is None else items(arguments, rule.each)
        price = 0 if rule.price is None else rule.price(arguments)
        key = node.alias.value if node.alias is not None else name
        measure = Measure(
            depth=1, cost=rule.cost * each + rule.weight + price, introspected=rule.introspects * rule.times,
            public=rule.public, searched=price, size=len(key) + AROUND + rule.size, expanded=1,
        )  # fmt: skip
        if rule.scope is not None:
            measure.scopes[rule.scope] = (key,)
        measure.filtered = is_given(arguments, rule.filters)
        if rule.scope_of is not None:
            for scope in rule.scope_of(arguments):
                measure.scopes.setdefault(scope, (key,))
        if node.selection_set is not None:
            held = self.selection(node.selection_set, type_of(node, parent))
            measure.add(held, (key,), page_size(arguments) if rule.connection else rule.times * each)
            measure.depth = held.depth + 1
            counted = held.counts * (COUNT + COUNTED * price)
            measure.cost += counted
            measure.searched += counted
            # What lies under a public field was judged by it, as introspection's own fields are.
            measure.public = rule.public
        measure.counts = int(rule.counts)
        if is_abstract_type(parent):
            measure.expanded *= len(self.schema.get_possible_types(parent))
        return measure


def _arguments_of(node: FieldNode, rule: Rule, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The values of those of a field's arguments that its rule reads."""
    wanted = {*rule.reads, *rule.filters, *(PAGE if rule.connection else ())}
    return {
        part.name.value: value_from_ast_untyped(part.value, cast(dict[str, Any], variables))
        for part in node.arguments or ()
        if part.name.value in wanted
    }


def left_out(directive: DirectiveNode, variables: Mapping[str, Any]) -> bool:
    """Whether a directive leaves out what it stands at."""
    if directive.name.value not in CONDITIONS:
        return False
    for argument in directive.arguments or ():
        wanted = value_from_ast_untyped(argument.value, cast(dict[str, Any], variables))
        if argument.name.value == "if" and wanted is (directive.name.value == "skip"):
            return True
    return False


def defaults_of(operation: Operation) -> dict[str, Any]:
    """What the variables of an operation are where they are not given."""
    return {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.definition.variable_definitions or ()
        if each.default_value is not None
    }


def judge(
    schema: GraphQLSchema, operation: Operation, variables: Mapping[str, Any], rules: Mapping[Any, Rule]
) -> Measure:
    """Measure an operation with its real variables; what is unknown in it costs nothing and is left to validation."""
    judged = _Judge(schema, operation, defaults_of(operation) | dict(variables), rules)
    measure = judged.selection(operation.definition.selection_set, root_of(schema, operation.kind))
    measure.directives += len(operation.definition.directives or ())
    measure.cost += max(0, measure.expanded - FREE_FIELDS) // FIELDS_FOR_ONE
    return measure


def excess(measure: Measure, kind: str, limits: Limits) -> str | None:
    """What about an operation is too much, as a sentence; None when nothing is."""
    for what, found, most in (
        ("levels", measure.depth, limits.depth),
        ("aliases", measure.aliases, limits.aliases),
        ("directives", measure.directives, limits.directives),
        ("root fields", measure.fields, limits.mutations if kind == "mutation" else limits.root_fields),
        ("fields, each fragment counted at each spread", measure.expanded, limits.expanded),
    ):
        if found > most:
            return f"The operation has {min(found, MOST_TOLD)} {what}; {most} are allowed."
    if measure.cost > limits.cost:
        return f"The operation costs {min(measure.cost, MOST_TOLD)}; {limits.cost} is allowed. Ask for smaller pages."
    return None
