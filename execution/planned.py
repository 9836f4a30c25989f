"""What a plan is made of: the fields that are asked of each type, and how each is got."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import FieldNode, GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type

from execution.arguments import Arguments
from execution.kinds import Batch, Kind, Plain
from execution.shapes import Shape


class Compiler(Protocol):
    """Whoever makes selections of documents: a plan."""

    schema: GraphQLSchema

    def under(self, field: "Planned", type_: GraphQLObjectType) -> "Selection":
        """What is asked of a field's objects of one type."""
        ...


@dataclass(slots=True, eq=False)
class Planned:
    """One field of one object type in a plan.

    ``source`` is the batched field whose rows its objects are; ``folded`` is whether its one object comes with its
    parent's row.
    """

    plan: "Compiler"
    parent: GraphQLObjectType
    key: str
    name: str
    details: Any
    nodes: list[FieldNode]
    definition: GraphQLField
    shape: Shape
    kind: Kind
    is_leaf: bool
    source: "Planned | None" = None
    folded: bool = False
    arguments: Arguments | None = None
    selections: dict[str, "Selection"] = field(default_factory=dict)

    def selection(self, type_: GraphQLObjectType) -> "Selection":
        """What is asked of the field's objects of one type: made when such an object is first met."""
        found = self.selections.get(type_.name)
        if found is None:
            found = self.selections[type_.name] = self.plan.under(self, type_)
        return found

    def types(self) -> list[GraphQLObjectType]:
        """The types that its objects can have."""
        named: Any = get_named_type(self.definition.type)
        return [named] if isinstance(named, GraphQLObjectType) else list(self.plan.schema.get_possible_types(named))


@dataclass(slots=True, eq=False)
class Selection:
    """The fields that are asked of objects of one type. ``empty`` has their keys in the answer's order.

    A writer writes all of an object but its ``rest``; what it writes within one object costs ``weight``, of which
    ``own`` is for the size of the object's own fields.
    """

    type_: GraphQLObjectType
    fields: dict[str, Planned]
    empty: dict[str, None]
    rest: list[Planned] = field(default_factory=list)
    own: int = 0
    weight: int = 0
    source: Planned | None = None
    writers: dict[bool, Any] = field(default_factory=dict)

    def columns(self, prefix: str = "") -> set[str]:
        """The columns that its fields need of a row."""
        found: set[str] = set()
        for each in self.fields.values():
            kind = each.kind
            if isinstance(kind, Batch) and each.folded:
                found |= each.selection(each.shape.named).columns(f"{prefix}{kind.fold}.")
            elif isinstance(kind, Plain):
                found |= {prefix + name for name in kind.columns}
                if kind.through and not each.is_leaf:
                    found |= each.selection(each.types()[0]).columns(prefix)
            else:
                found |= {prefix + name for name in kind.needs}
        return found
