"""The cost of introspection: the lists of a schema count as what they hold on average."""

from graphql import GraphQLNamedType, GraphQLSchema, get_named_type, is_object_type

from execution.guard.arguments import INTROSPECTION
from execution.guard.cost import CostAnalysis, FieldRule

# For each type of the schema. The standard query, all of it, asks for 28.
MAX_INTROSPECTED = 36
# What stands beside it is run by graphql-core too, which takes some six times as long for each object.
MAX_COST_BESIDE_INTROSPECTION = 200
# A type that is asked for by its name may be the largest; an average one has so many fields and arguments.
AVERAGE_SIZE = 4
# A type that a field leads to has fields more often than any type has.
_HELD = {
    ("__Type", "fields"): 5,
    ("__Type", "inputFields"): 2,
    ("__Type", "interfaces"): 1,
    ("__Type", "possibleTypes"): 1,
    ("__Type", "enumValues"): 1,
    ("__Field", "args"): 1,
    ("__Directive", "args"): 1,
}


def introspection_rules(schema: GraphQLSchema) -> dict[tuple[str, str], FieldRule]:
    """Return the rules of the fields of ``__schema`` and ``__type``, which are unrestricted."""
    rules = {}
    held = _HELD | {("__Schema", "types"): len(schema.type_map), ("__Schema", "directives"): len(schema.directives)}
    for type_ in schema.type_map.values():
        if type_.name.startswith("__") and is_object_type(type_):
            for name, field in type_.fields.items():
                # Most types are not of another.
                introspects = int(is_object_type(get_named_type(field.type)) and name != "ofType")
                times = held.get((type_.name, name), 1)
                rules[type_.name, name] = FieldRule(unrestricted=True, introspects=introspects, times=times)
    largest = max(map(_size_of, schema.type_map.values()))
    for root in (schema.query_type, schema.mutation_type, schema.subscription_type):
        if root is not None:
            for name in INTROSPECTION:
                times = largest // AVERAGE_SIZE if name == "__type" else 1
                rules[root.name, name] = FieldRule(unrestricted=True, introspects=1, times=max(1, times))
    return rules


def _size_of(type_: GraphQLNamedType) -> int:
    """Return the number of a type's fields and of their arguments."""
    fields = getattr(type_, "fields", {}).values()
    return sum(1 + len(getattr(field, "args", ())) for field in fields)


def introspects_too_much(schema: GraphQLSchema, measure: CostAnalysis) -> bool:
    """Return whether it would take much longer than the standard introspection query."""
    if measure.introspected and measure.cost > MAX_COST_BESIDE_INTROSPECTION:
        return True
    return measure.introspected > MAX_INTROSPECTED * len(schema.type_map)
