"""The levels of a run: the objects that are resolved together, and the parts of the response that they fill."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType, GraphQLResolveInfo
from graphql.pyutils import Path

from execution.plan.nodes import FieldPlan, SelectionPlan
from execution.plan.shapes import Shape


@dataclass(slots=True)
class Level:
    """Objects of one selection, the fields to resolve for them, and for each object the part of the response it fills.

    ``cost`` is what one of the objects costs, where that was not counted before.
    """

    selection: SelectionPlan
    fields: Collection[FieldPlan]
    cost: int = 0
    parents: list[Any] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    paths: list[Path | None] = field(default_factory=list)


@dataclass(slots=True)
class Position:
    """Where a value goes: ``container[key]``. ``path`` is known where a resolver may ask for it."""

    field: FieldPlan
    shape: Shape
    container: Any
    key: Any
    path: Path | None
    info: GraphQLResolveInfo[Any] | None = None


class Levels:
    """The levels of one run: those that are ``next``, by their selection, and ``all`` of them."""

    __slots__ = ("all", "next")

    def __init__(self) -> None:
        self.next: dict[int, Level] = {}
        self.all: list[Level] = []

    def of(self, field_: FieldPlan, type_: GraphQLObjectType) -> Level:
        """Return the next level for a field's objects of one type."""
        selection = field_.selection(type_)
        found = self.next.get(id(selection))
        if found is None:
            price = field_.field_kind.cost + selection.own
            found = self.next[id(selection)] = Level(selection, selection.fields.values(), price)
            self.all.append(found)
        return found

    def add_rest(self, selection: SelectionPlan, rows: Sequence[Any], results: list[dict[str, Any]]) -> None:
        """Add objects of which a serializer wrote all but the ``rest`` of their selection."""
        key = -id(selection)
        level = self.next.get(key)
        if level is None:
            level = self.next[key] = Level(selection, selection.rest)
            self.all.append(level)
        level.parents.extend(rows)
        level.results.extend(results)

    def take(self) -> list[Level]:
        """Return the next levels, and begin new ones."""
        taken, self.next = list(self.next.values()), {}
        return taken


def selections_of(levels: Sequence[Level]) -> dict[int, SelectionPlan]:
    """Return the selections of objects, by the identity of the parts of the response that they fill."""
    return {id(result): level.selection for level in levels for result in level.results}
