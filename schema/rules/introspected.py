"""What introspection shows beyond the declarations: scopes, since it has no directives, and the defaults of inputs."""

from collections.abc import Mapping

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
)

from execution import FieldRule
from models.actors import STAFF_ONLY
from models.enums import DescribedEnum
from resolvers.collections.collection import COLLECTIONS
from resolvers.lists.page_window import DEFAULT_FIRST
from schema.declaration.client_inputs import ClientInput
from schema.declaration.fields import RESOURCE_TYPES
from schema.declaration.scopes import required_scope, requires
from schema.rules.prices import led_to
from schema.rules.reserved import reserved_filters

_HOLDERS = ("Payload", "Connection", "Edge")
STAFFS = "A client's access token may not ask for it."
BY_TYPE = "Requires the read scope of the object's type."


def name_scopes(graph: GraphQLSchema, rules: Mapping[tuple[str, str], FieldRule]) -> None:
    """Add the scope that a field needs to its description, unless its object needs the same one.

    A filter on related objects needs the scope to read these.
    """
    for (type_name, field_name), rule in rules.items():
        on = graph.type_map[type_name]
        # Who gets a payload, a connection or an edge holds the scope of what is in it.
        if not isinstance(on, GraphQLObjectType) or field_name not in on.fields or type_name.endswith(_HOLDERS):
            continue
        field = on.fields[field_name]
        scope = rule.requirement
        if scope is not None and scope != required_scope(on.extensions["strawberry-definition"].directives):
            _add(field, requires(scope))
        elif rule.requirements_of is not None and "ids" in rule.reads:
            _add(field, BY_TYPE)
    for type_ in graph.type_map.values():
        if isinstance(type_, GraphQLInputObjectType) and type_.name.endswith("Filter"):
            for name in type_.fields.keys() & led_to().keys():
                _add(type_.fields[name], requires(led_to()[name].resource.read_scope))


def name_reserved(graph: GraphQLSchema, rules: Mapping[tuple[str, str], FieldRule]) -> None:
    """Say in the descriptions what clients may not ask for, filter and search by, and which mutations they may make."""
    for (type_name, field_name), rule in rules.items():
        on = graph.type_map[type_name]
        if type_name != "Mutation" and isinstance(on, GraphQLObjectType) and STAFF_ONLY in rule.further:
            _add(on.fields[field_name], STAFFS)
        elif isinstance(given := getattr(rule.requirements_of, "__self__", None), ClientInput):
            _add(_field_of(graph, type_name, field_name), given.says())
    for cls, resource in RESOURCE_TYPES.items():
        made = graph.type_map.get(f"{cls.__strawberry_definition__.name}Filter")
        if isinstance(made, GraphQLInputObjectType):
            for name in reserved_filters(COLLECTIONS[resource.plural]):
                _add(made.fields[name], STAFFS)


def _field_of(graph: GraphQLSchema, type_name: str, field_name: str) -> GraphQLField:
    on = graph.type_map[type_name]
    assert isinstance(on, GraphQLObjectType), "a rule is of an object's field"
    field: GraphQLField = on.fields[field_name]
    return field


def name_nodes(graph: GraphQLSchema) -> None:
    """Say in the descriptions of connections and edges what they hold."""
    for cls, resource in RESOURCE_TYPES.items():
        name = cls.__strawberry_definition__.name
        connection, edge = graph.type_map.get(f"{name}Connection"), graph.type_map.get(f"{name}Edge")
        if connection is not None and edge is not None:
            connection.description = f"A page of a list of {resource.labels}."
            edge.description = f"An edge of a list of {resource.labels}: {resource.a_label} and its cursor."


def described(type_: GraphQLNamedType) -> type[DescribedEnum]:
    """Return the enum that a type of the graph is made of."""
    members: type[DescribedEnum] = type_.extensions["strawberry-definition"].wrapped_cls
    return members


def describe_enums(graph: GraphQLSchema) -> None:
    """Give enums and their members the descriptions that stand beside them."""
    for type_ in graph.type_map.values():
        if isinstance(type_, GraphQLEnumType) and "strawberry-definition" in type_.extensions:
            members = described(type_)
            type_.description = members.__doc__
            for name, value in type_.values.items():
                value.description = members[name].meaning


def _add(field: GraphQLField | GraphQLInputField, text: str) -> None:
    field.description = f"{field.description} {text}"


def show_defaults(graph: GraphQLSchema) -> None:
    """Give the optional fields of inputs the defaults of their models' columns, which hold where they are absent, and
    the arguments ``first`` the size of a page."""
    for type_ in graph.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            definition = type_.extensions["strawberry-definition"]
            defaults: Mapping[str, object] = getattr(definition.origin, "defaults", {})
            for field in type_.fields.values():
                name = field.extensions["strawberry-definition"].python_name
                if name in defaults:
                    field.default_value = defaults[name]
        elif isinstance(type_, GraphQLObjectType):
            for field in type_.fields.values():
                if (size := field.args.get("first")) is not None:
                    size.default_value = DEFAULT_FIRST
