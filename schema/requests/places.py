"""Where the variables of an operation are used: for which argument, and for which field of the response."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLScalarType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    Node,
    ObjectValueNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_interface_type,
    is_list_type,
    is_object_type,
)

from execution import Operation, root_of

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """``field`` is the argument and the path within it, ``path`` the field's place in the response, up to a list."""

    field: str
    path: Path


@dataclass(frozen=True, slots=True)
class Embedding:
    """A literal of a custom scalar that holds variables, whose value is known only with them."""

    scalar: GraphQLScalarType
    node: ValueNode
    use: Use


@dataclass(slots=True)
class Uses:
    """The first use of each variable, and the literals in which some are embedded."""

    first: dict[str, Use] = field(default_factory=dict)
    embedded: list[Embedding] = field(default_factory=list)


def uses_of(schema: GraphQLSchema, operation: Operation) -> Uses:
    """Return where the variables of a valid operation are used, in the order of the document."""
    finder = _Finder(schema, operation)
    finder.directives(operation.definition.directives, ())
    finder.selection(operation.definition.selection_set, root_of(schema, operation.operation_type), (), listed=False)
    for name, use in finder.conditions.items():
        finder.found.first.setdefault(name, use)
    return finder.found


class _Finder:
    def __init__(self, schema: GraphQLSchema, operation: Operation) -> None:
        self.schema, self.fragments = schema, operation.fragments
        self.met: set[str] = set()
        self.found = Uses()
        # A directive's variable is named as itself, where no field takes it.
        self.conditions: dict[str, Use] = {}

    def directives(self, nodes: Iterable[DirectiveNode] | None, path: Path) -> None:
        for node in nodes or ():
            for argument in node.arguments or ():
                if isinstance(argument.value, VariableNode):
                    name = argument.value.name.value
                    self.conditions.setdefault(name, Use(name, path))

    def selection(self, node: SelectionSetNode, parent: GraphQLNamedType | None, path: Path, *, listed: bool) -> None:
        """Look through a selection; ``listed``: it is of the items of a list, which a path cannot tell apart."""
        for part in node.selections:
            if isinstance(part, FieldNode):
                self._field(part, parent, path, listed)
                continue
            self.directives(part.directives, path)
            if isinstance(part, InlineFragmentNode):
                condition = part.type_condition
                on = parent if condition is None else self.schema.type_map.get(condition.name.value)
                self.selection(part.selection_set, on, path, listed=listed)
            elif isinstance(part, FragmentSpreadNode) and part.name.value not in self.met:
                self.met.add(part.name.value)
                fragment = self.fragments[part.name.value]
                on = self.schema.type_map.get(fragment.type_condition.name.value)
                self.selection(fragment.selection_set, on, path, listed=listed)

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, path: Path, listed: bool) -> None:
        here = path if listed else (*path, node.alias.value if node.alias is not None else node.name.value)
        self.directives(node.directives, here)
        known = parent.fields.get(node.name.value) if is_object_type(parent) or is_interface_type(parent) else None
        for argument in node.arguments or ():
            name = argument.name.value
            declared = known.args.get(name) if known is not None else None
            self._value(argument.value, None if declared is None else declared.type, name, here)
        if node.selection_set is not None:
            held = None if known is None else get_named_type(known.type)
            many = known is not None and is_list_type(get_nullable_type(known.type))
            self.selection(node.selection_set, held, here, listed=listed or many)

    def _value(self, node: ValueNode, type_: Any, field_: str, path: Path) -> None:
        if isinstance(node, VariableNode):
            self.found.first.setdefault(node.name.value, Use(field_, path))
            return
        bare: Any = None if type_ is None else get_nullable_type(type_)
        if is_list_type(bare) and not isinstance(node, ListValueNode):
            self._value(node, bare.of_type, field_, path)
            return
        inner = list(_parts(node, field_))
        if isinstance(bare, GraphQLScalarType) and any(embeds(value) for _, value, _ in inner):
            self.found.embedded.append(Embedding(bare, node, Use(field_, path)))
        for name, value, where in inner:
            self._value(value, _member(bare, name), where, path)


def _member(type_: Any, name: str | None) -> Any:
    """Return the type of a field, or of the items where there is no name; None within a scalar."""
    if name is None:
        return type_.of_type if is_list_type(type_) else None
    return type_.fields[name].type if is_input_object_type(type_) and name in type_.fields else None


def _parts(node: ValueNode, path: str) -> Iterator[tuple[str | None, ValueNode, str]]:
    """Yield the items or fields of a literal: a field's name, its value and its path."""
    if isinstance(node, ListValueNode):
        for index, item in enumerate(node.values):
            yield None, item, f"{path}.{index}"
    elif isinstance(node, ObjectValueNode):
        for part in node.fields:
            yield part.name.value, part.value, f"{path}.{part.name.value}"


def variable_at(nodes: Collection[Node] | None, place: str | None) -> str | None:
    """Return the variable that gives equal field nodes the value at a place (``input.lines.3``), None where a literal
    does."""
    head, *path = (place or "").split(".")
    for node in list(nodes or ())[:1]:
        for argument in node.arguments or () if isinstance(node, FieldNode) else ():
            if argument.name.value == head:
                return _variable_within(argument.value, path)
    return None


def _variable_within(node: ValueNode, path: Sequence[str]) -> str | None:
    for name in path:
        if isinstance(node, VariableNode):
            break
        inner = {where: value for _, value, where in _parts(node, "")}
        if f".{name}" not in inner:
            return None
        node = inner[f".{name}"]
    return node.name.value if isinstance(node, VariableNode) else None


def embeds(node: ValueNode) -> bool:
    """Return whether a value is a variable, or a literal that holds one."""
    return isinstance(node, VariableNode) or any(embeds(value) for _, value, _ in _parts(node, ""))
