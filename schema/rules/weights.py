"""What the schema as text tells of costs: the rules that the guard charges by, as the directives of IBM's specification
of them. docs/graph.md says how they are read, and what they cannot say."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from execution import FieldRule
from resolvers.collections.nodes import MAX_IDS
from resolvers.lists.page_window import DEFAULT_PAGE
from schema.rules.multipliers import PAGE, page_size
from schema.rules.prices import CONDITION, RELATION, WORD, led_to

# What an object weighs where nothing is said, and an argument or a field of an input that is one. Leaves weigh 0.
USUAL = 1
_JOINING, _SOME = ("and", "or", "not"), {"some", "none"}
Rules = Mapping[tuple[str, str], FieldRule]


@dataclass(frozen=True, slots=True)
class ListSize:
    """How many objects a field holds: so many, or as its ``slicing`` arguments say, in those of its fields that are
    ``sized``."""

    assumed: int
    slicing: tuple[str, ...] = ()
    sized: tuple[str, ...] = ()


@dataclass(slots=True)
class Weights:
    """The weights that differ from what is usual, and the sizes of lists: of types and inputs by their names, of fields
    and of fields' arguments by the names that lead to them."""

    types: dict[str, int] = field(default_factory=dict)
    fields: dict[tuple[str, str], int] = field(default_factory=dict)
    arguments: dict[tuple[str, str, str], int] = field(default_factory=dict)
    inputs: dict[tuple[str, str], int] = field(default_factory=dict)
    lists: dict[tuple[str, str], ListSize] = field(default_factory=dict)


def weights_of(graph: GraphQLSchema, rules: Rules) -> Weights:
    """Return the weights that say what the rules do."""
    found = Weights()
    objects = {key: rule for key, rule in rules.items() if not key[1].startswith("__") and not key[0].startswith("__")}
    types = _types(graph, objects)
    found.types = {name: weight for name, weight in types.items() if weight != USUAL}
    for (on, name), rule in objects.items():
        declared = _field(graph, on, name)
        size = _size(declared, rule)
        if size is not None:
            found.lists[on, name] = size
        if _own(rule) != _expected(declared, rule, types, on):
            found.fields[on, name] = _own(rule)
        for argument, given in declared.args.items():
            if isinstance(get_named_type(given.type), GraphQLInputObjectType):
                found.arguments[on, name, argument] = 0
    found.inputs = _inputs(graph, objects)
    return found


def _field(graph: GraphQLSchema, on: str, name: str) -> GraphQLField:
    type_ = graph.type_map[on]
    assert isinstance(type_, GraphQLObjectType), "a rule is of an object's field"
    declared: GraphQLField = type_.fields[name]
    return declared


def _own(rule: FieldRule) -> int:
    """Return what a field costs itself, apart from filters: once, however many objects it holds, unless it costs for
    each of them."""
    return rule.cost + rule.weight + rule.charges[0]


def _is_list(declared: GraphQLField) -> bool:
    return is_list_type(get_nullable_type(declared.type))


def _is_sized(on: str, declared: GraphQLField, rule: FieldRule) -> bool:
    """Return whether a list is as long as an argument says: its own, or one of the connection that it is a page of."""
    return _is_list(declared) and (rule.cost_each or on.endswith("Connection"))


def _each(on: str, declared: GraphQLField, rule: FieldRule) -> int | None:
    """Return what a field costs for each of its objects; None where it costs something that does not depend on them."""
    if not _is_list(declared) or _is_sized(on, declared, rule):
        return _own(rule)
    each, left = divmod(_own(rule), rule.times)
    return None if left else each


def _types(graph: GraphQLSchema, rules: Rules) -> dict[str, int]:
    """Return what an object of each type costs in the lists that are as long as is asked for, which cannot say it
    themselves; of what is in none of these what it costs for most of the fields that lead to it."""
    found: dict[str, Counter[int]] = {}
    sized: dict[str, int] = {}
    for (on, name), rule in rules.items():
        declared = _field(graph, on, name)
        each = _each(on, declared, rule)
        held = get_named_type(declared.type)
        if isinstance(held, GraphQLObjectType) and each is not None and on != "Mutation":
            found.setdefault(held.name, Counter())[each] += 1
            if _is_sized(on, declared, rule) and sized.setdefault(held.name, each) != each:
                raise ValueError(f"an object of {held.name} costs {each} in {on}.{name}, and elsewhere something else")
    most = {name: max(counts, key=lambda each: (counts[each], each)) for name, counts in found.items()}
    return most | sized


def _expected(declared: GraphQLField, rule: FieldRule, types: Mapping[str, int], on: str) -> int | None:
    """Return what a field costs by its type alone; None for one that must say it."""
    held = get_named_type(declared.type)
    if not is_composite_type(held):
        return 0
    if on == "Mutation":
        return None
    weight = types.get(held.name, USUAL)
    return weight if _is_sized(on, declared, rule) or not _is_list(declared) else weight * rule.times


def _size(declared: GraphQLField, rule: FieldRule) -> ListSize | None:
    held = get_named_type(declared.type)
    if rule.multiplier is page_size:
        assert isinstance(held, GraphQLObjectType), "a connection is an object"
        sized = [name for name, each in held.fields.items() if _is_list(each)]
        return ListSize(DEFAULT_PAGE, PAGE, tuple(sized))
    if rule.cost_each:
        return ListSize(MAX_IDS)
    return ListSize(rule.times) if rule.times != 1 else None


def _inputs(graph: GraphQLSchema, rules: Rules) -> dict[tuple[str, str], int]:
    """Return what the fields of inputs weigh: those of filters what they cost, all others nothing."""
    filters = {
        get_named_type(_field(graph, on, name).args[argument].type).name
        for (on, name), rule in rules.items()
        for argument in rule.filters
    }
    asked: dict[tuple[str, str], int] = {}
    for name in sorted(filters):
        asked |= {(on, of): weight for on, of, weight in _of_filter(graph, _input(graph, name))}
    found = {}
    for type_ in graph.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            for name, given in type_.fields.items():
                usual = USUAL if isinstance(get_named_type(given.type), GraphQLInputObjectType) else 0
                weight = asked.get((type_.name, name), 0)
                if weight != usual:
                    found[type_.name, name] = weight
    return found


def _input(graph: GraphQLSchema, name: str) -> GraphQLInputObjectType:
    type_ = graph.type_map[name]
    assert isinstance(type_, GraphQLInputObjectType), "a filter is an input"
    return type_


def _of_filter(graph: GraphQLSchema, type_: GraphQLInputObjectType) -> Iterator[tuple[str, str, int]]:
    """Yield the weights of a filter's fields and of their operators, each with its type."""
    for name, given in type_.fields.items():
        held = get_named_type(given.type)
        if name in _JOINING:
            yield type_.name, name, CONDITION
        elif name == "search":
            yield type_.name, name, WORD
        elif name in led_to():
            # Of related rows of which there are many each of `some` and `none` is followed.
            many = isinstance(held, GraphQLInputObjectType) and held.fields.keys() == _SOME
            yield type_.name, name, 0 if many else RELATION
            yield from ((held.name, each, RELATION + CONDITION) for each in (_SOME if many else ()))
        elif isinstance(held, GraphQLInputObjectType):
            yield from ((held.name, operator, CONDITION) for operator in held.fields)
