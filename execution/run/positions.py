"""Where the values of a run go: the levels of objects, and the places in the answer."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLResolveInfo
from graphql.pyutils import Path

from execution.plan.nodes import FieldPlan, SelectionPlan
from execution.plan.shapes import Shape


@dataclass(slots=True)
class Level:
    """The objects that some fields of one selection are asked of, and for each the part of the answer that it fills.

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
