"""The nodes of a plan: the selections of object types, and their fields."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import FieldNode, GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type

from execution.plan.arguments import Arguments
from execution.plan.field_kinds import BatchField, FieldKind, ReadField
from execution.plan.shapes import Shape


class Compiler(Protocol):
    """What compiles selections: a plan."""

    schema: GraphQLSchema

    def under(self, field: "FieldPlan", type_: GraphQLObjectType) -> "SelectionPlan":
        """Return the selection of a field's objects of one type."""
        ...


@dataclass(slots=True, eq=False)
class FieldPlan:
    """One field of one object type in a plan.

    ``source`` is the batch field whose rows its objects are; ``inline_join``: its one object is joined to its parent's
    row.
    """

    plan: "Compiler"
    parent: GraphQLObjectType
    key: str
    name: str
    details: Any
    nodes: list[FieldNode]
    definition: GraphQLField
    shape: Shape
    field_kind: FieldKind
    is_leaf: bool
    source: "FieldPlan | None" = None
    inline_join: bool = False
    arguments: Arguments | None = None
    selections: dict[str, "SelectionPlan"] = field(default_factory=dict)
    # Of batch fields: equal for those that are one selection in several places, whose objects are loaded together.
    together: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Note what a batch field is loaded together with."""
        if isinstance(self.field_kind, BatchField):
            self.together = id(self.field_kind), id(self.definition), *map(id, self.nodes)

    def selection(self, type_: GraphQLObjectType) -> "SelectionPlan":
        """Return the selection of the field's objects of one type, compiled when such an object is first met."""
        found = self.selections.get(type_.name)
        if found is None:
            found = self.selections[type_.name] = self.plan.under(self, type_)
        return found

    def load_key(self) -> tuple[Any, ...]:
        """Return what is equal for the batch fields that are loaded at once: one selection of the same columns.

        Where a place of it lies deeper than selections are compiled within each other, its columns are others.
        """
        assert self.arguments is not None, "a batch field has arguments, even if none"
        if self.arguments.columns is None:
            self.set_columns()
        return self.together, self.arguments.columns

    def set_columns(self) -> None:
        """Work out which columns of its objects' rows a batch field selects."""
        assert self.arguments is not None, "a batch field has arguments, even if none"
        self.arguments.columns = tuple(
            sorted({name for each in self.types() for name in self.selection(each).columns()})
        )

    def types(self) -> list[GraphQLObjectType]:
        """Return the types that its objects can have."""
        named: Any = get_named_type(self.definition.type)
        return [named] if isinstance(named, GraphQLObjectType) else list(self.plan.schema.get_possible_types(named))


@dataclass(slots=True, eq=False)
class SelectionPlan:
    """The fields that are asked of objects of one type. ``empty`` has their keys in the response's order.

    A serializer writes all of an object but its ``rest``; what it writes within one object costs ``weight``, of which
    ``own`` is for the size of the object's own fields. ``height`` is how many selections it writes within each other.
    """

    type_: GraphQLObjectType
    fields: dict[str, FieldPlan]
    empty: dict[str, None]
    rest: list[FieldPlan] = field(default_factory=list)
    own: int = 0
    weight: int = 0
    height: int = 1
    source: FieldPlan | None = None
    serializers: dict[bool, Any] = field(default_factory=dict)

    def columns(self) -> set[str]:
        """Return the columns that its fields read from a row."""
        found: set[str] = set()
        left = [(self, "")]
        while left:
            selection, prefix = left.pop()
            for each in selection.fields.values():
                field_kind = each.field_kind
                if isinstance(field_kind, BatchField) and each.inline_join:
                    left.append((each.selection(each.shape.named), f"{prefix}{field_kind.joined_by}."))
                elif isinstance(field_kind, ReadField):
                    found |= {prefix + name for name in field_kind.columns}
                    if field_kind.same_row and not each.is_leaf:
                        left.append((each.selection(each.types()[0]), prefix))
                else:
                    found |= {prefix + name for name in field_kind.needs}
        return found
