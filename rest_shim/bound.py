"""A route bound to its operation: what follows from the operation's document and the graph."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    ListValueNode,
    NonNullTypeNode,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_list_type,
    print_ast,
    visit,
)

from execution import Operation, collect_fields
from models.resources import RESOURCES, Resource
from rest_shim.parameters import Parameter
from rest_shim.route import Route, Shows, VariablePath
from schema.declaration.filters import SEARCH, SEARCH_WORDS
from schema.declaration.json_schema import root_type
from schema.graph import CORE
from schema.operations import OPERATIONS
from schema.requests.places import uses_of

Selected = tuple[Any, FieldNode]
VERSION: VariablePath = ("input", "expectedVersion")
# What a page takes beside the route's own parameters, by the operation's arguments.
_PAGING: Mapping[str, str] = {"first": "limit", "after": "cursor", "page": "page", "orderBy": "sort"}

# The variables of every page.
_PAGED = frozenset({"first", "after", "page", "counted"})


@dataclass(frozen=True, slots=True, eq=False)
class BoundRoute:
    """A route with its operation, and what follows from both."""

    route: Route
    operation: Operation
    # Where in the data the object or the page stands; its type and its node.
    at: tuple[str, ...]
    selected: Selected
    # The parameters of the query by their names, those of the path with the places of their values.
    parameters: Mapping[str, Parameter]
    path: tuple[tuple[str, VariablePath], ...]
    # What an object is called that is not there.
    missing: str
    # Whether the operation takes the version that the object must have.
    versioned: bool
    # The type of the body; its fields, None where it may have any; those that are lists; what may be sent in vain.
    body: Any
    fields: frozenset[str] | None
    lists: frozenset[VariablePath]
    ignored: frozenset[str]
    # Of its fields that are lists of objects: what of each object may be sent in vain.
    ignored_within: Mapping[str, frozenset[str]]
    # The operation's arguments with where in the request they come from; those within others first.
    origins: Mapping[tuple[str, ...], str]

    @property
    def changes(self) -> bool:
        """Return whether its operation changes something, so that it can be tried."""
        return self.operation.operation_type == "mutation"

    def origin_of(self, field: str) -> str:
        """Return where in the request a field of the operation's arguments came from, also a condition as a whole."""
        steps = tuple(field.split("."))
        for argument, name in self.origins.items():
            if steps[: len(argument)] == argument:
                rest = ".".join(steps[len(argument) :])
                return f"{name}.{rest}" if rest and name == "body" else name
        within = {name for argument, name in self.origins.items() if argument[: len(steps)] == steps}
        return within.pop() if len(within) == 1 else "body" if steps[0] == "input" else f"query.{field}"


@cache
def bound(route: Route) -> BoundRoute:
    """Return a route with its operation. Raises ValueError for a row that its operation does not fit."""
    operation = OPERATIONS[route.operation]
    at, selected = _shown(route, operation)
    arguments = {name: tuple(use.field.split(".")) for name, use in uses_of(CORE, operation).first.items()}
    needed = {place[0] for place in (*route.parameters.values(), route.body) if place}
    missing = (needed | _PAGED if route.shows is Shows.PAGE else needed) - arguments.keys()
    if missing:
        raise ValueError(f"{route.operation} has no variable {', '.join(sorted(missing))}")
    in_path = {name: place for name, place in route.parameters.items() if f"{{{name}}}" in route.path}
    query = {name: place for name, place in route.parameters.items() if name not in in_path}
    input_: Any = _value_of(operation, VERSION[:1])[0] if VERSION[0] in arguments else None
    versioned = input_ is not None and VERSION[1] in input_.fields
    body = _value_of(operation, route.body)[0] if route.body else None
    fields: dict[str, GraphQLInputField] = {}
    closed = isinstance(body, GraphQLInputObjectType)
    if isinstance(body, GraphQLInputObjectType):
        taken = {place[-1] for place in (*in_path.values(), VERSION) if place[:-1] == route.body}
        fields = {name: field for name, field in body.fields.items() if name not in taken}
    shown: Any = get_named_type(selected[0])
    ignored: frozenset[str] = frozenset()
    within: dict[str, frozenset[str]] = {}
    if route.merges:
        ignored = frozenset({"publicId", *shown.fields} - {"id", *fields})
        for name, field in fields.items():
            item: Any = get_named_type(field.type)
            if isinstance(item, GraphQLInputObjectType) and name in shown.fields:
                part: Any = get_named_type(shown.fields[name].type)
                within[name] = frozenset(part.fields.keys() - item.fields.keys())
    if route.flat is not None:
        # Its own fields are names of the organization's choice, beside what is only read.
        ignored -= {"publicId", route.flat}
    origins = {
        **{(*arguments[place[0]], *place[1:]): f"path.{name}" for name, place in in_path.items()},
        **{(*arguments[place[0]], *place[1:]): f"query.{name}" for name, place in query.items()},
        **({VERSION: "header.If-Match"} if versioned else {}),
        **({(*arguments[route.body[0]], *route.body[1:]): "body"} if route.body else {}),
    }
    if route.shows is Shows.PAGE:
        origins |= {(argument,): f"query.{name}" for argument, name in _PAGING.items()}
    return BoundRoute(
        route=route,
        operation=operation,
        at=at,
        selected=selected,
        parameters={name: _parameter(route, operation, name, place) for name, place in query.items()},
        path=tuple(in_path.items()),
        missing=_label(operation, route.resource),
        versioned=versioned,
        body=body,
        fields=frozenset(fields) if closed else None,
        lists=frozenset(_lists_in(fields)),
        ignored=ignored,
        ignored_within=within,
        origins=origins,
    )


def _lists_in(fields: Mapping[str, GraphQLInputField]) -> Iterator[VariablePath]:
    """Yield the places of the lists in an input's fields, and in those of the objects in it."""
    for name, field in fields.items():
        bare = get_nullable_type(field.type)
        if is_list_type(bare):
            yield (name,)
        elif isinstance(bare, GraphQLInputObjectType):
            yield from ((name, *place) for place in _lists_in(bare.fields))


def _shown(route: Route, operation: Operation) -> tuple[tuple[str, ...], Selected]:
    """Return where what is shown stands: a query's object is its root, a mutation's in its payload, a page is the
    first object that has ``pageInfo``."""
    found = root_type(CORE, operation)
    at = [_name_of(found[1])]
    below = operation.operation_type == "mutation"
    while route.shows is not Shows.NOTHING:
        on: Any = get_named_type(found[0])
        if route.shows is Shows.PAGE:
            below = "pageInfo" not in _names_of(found, operation)
        if not below:
            break
        inner = list(_objects(on, found[1].selection_set, operation))
        if len(inner) != 1:
            raise ValueError(f"{route.operation} does not show one {route.shows}")
        (name, found), below = inner[0], False
        at.append(name)
    return tuple(at), found


def _label(operation: Operation, shown: Resource) -> str:
    """Return what the object of an operation's root is called: of a nested page it is the page's parent."""
    type_name = get_named_type(root_type(CORE, operation)[0]).name
    return next((each.label for each in RESOURCES.values() if each.type_name == type_name), shown.label)


def _objects(on: GraphQLObjectType, selection: Any, operation: Operation) -> Iterator[tuple[str, Selected]]:
    """Yield the selected fields that are objects, by their response keys."""
    for part in collect_fields(selection, on, operation.fragments):
        if part.selection_set is not None:
            yield _name_of(part), (on.fields[part.name.value].type, part)


def _name_of(node: FieldNode) -> str:
    return node.name.value if node.alias is None else node.alias.value


def _names_of(selected: Selected, operation: Operation) -> set[str]:
    """Return the names of the fields that are selected in an object, as the response has them."""
    type_, node = selected
    on: Any = get_named_type(type_)
    assert node.selection_set is not None, "an object has a selection"
    return {_name_of(part) for part in collect_fields(node.selection_set, on, operation.fragments)}


def _value_of(operation: Operation, place: VariablePath) -> tuple[Any, bool, list[str]]:
    """Return the type of the value at a place of the variables, whether it is a list of it, and what is said of it."""
    taken, around = _taking(operation, place[0])
    type_: Any = taken.type
    said = [] if len(place) > 1 else [*around, taken.description or ""]
    for step in place[1:]:
        field = get_named_type(type_).fields[step]
        # Here a search without a word is refused: a typing error shows nobody the whole list.
        said.append((field.description or "").replace(SEARCH, f"{SEARCH_WORDS} At least one is required."))
        type_ = field.type
    return get_named_type(type_), bool(is_list_type(get_nullable_type(type_))), said


def _taking(operation: Operation, variable: str) -> tuple[GraphQLArgument | GraphQLInputField, list[str]]:
    """Return the argument, or the field of an input, that takes a variable first, and what is said of the fields around
    it."""
    finder = _Taking(variable)
    for part in (operation.definition, *operation.fragments.values()):
        visit(part, TypeInfoVisitor(finder.info, finder))
    return finder.found[0]


class _Taking(Visitor):
    def __init__(self, variable: str) -> None:
        super().__init__()
        self.variable, self.info = variable, TypeInfo(CORE)
        self.around: list[str] = []
        self.found: list[tuple[GraphQLArgument | GraphQLInputField, list[str]]] = []

    def enter_argument(self, node: ArgumentNode, *_rest: Any) -> None:
        argument = self.info.get_argument()
        if isinstance(node.value, VariableNode) and node.value.name.value == self.variable and argument is not None:
            self.found.append((argument, []))

    def enter_object_field(self, node: ObjectFieldNode, *_rest: Any) -> None:
        on = get_named_type(self.info.get_parent_input_type())
        assert isinstance(on, GraphQLInputObjectType), "a field of an object is an input's"
        field = on.fields[node.name.value]
        given = node.value.values if isinstance(node.value, ListValueNode) else (node.value,)
        if any(isinstance(each, VariableNode) and each.name.value == self.variable for each in given):
            self.found.append((field, [*self.around]))
        self.around.append(field.description or "")

    def leave_object_field(self, *_rest: Any) -> None:
        self.around.pop()


def _parameter(route: Route, operation: Operation, name: str, place: VariablePath) -> Parameter:
    type_, many, said = _value_of(operation, place)
    declared = next(
        each for each in operation.definition.variable_definitions or () if each.variable.name.value == place[0]
    )
    required = len(place) == 1 and isinstance(declared.type, NonNullTypeNode) and declared.default_value is None
    if len(place) == 1 and declared.default_value is not None:
        said.append(f"Default: `{print_ast(declared.default_value)}`.")
    return Parameter(name, place, type_, many, required, " ".join(said), route.known.get(name))
