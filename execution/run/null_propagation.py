"""What becomes of an answer in which something failed: nulls rise to where null is allowed, errors get their paths.

Only a run that failed somewhere comes here. The answer is walked depth first, in the order in which graphql-core
would have met the failures, so that it tells the same ones.
"""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, located_error

from execution.plan.nodes import FieldPlan, SelectionPlan
from execution.plan.shapes import Shape


class Failure:
    """Stands in an answer where a value could not be made."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class Broken(Failure):
    """Stands for a list that failed while it was read; ``items`` came before."""

    __slots__ = ("items",)

    def __init__(self, error: Exception, items: list[Any]) -> None:
        super().__init__(error)
        self.items = items


class NullPropagation:
    """Walks an answer. ``selections`` tells, by identity, of which selection an object is whose type is not known."""

    def __init__(self, selections: Mapping[int, SelectionPlan]) -> None:
        self.selections = selections
        self.errors: list[GraphQLError] = []

    def object(self, selection: SelectionPlan, out: dict[str, Any], path: list[str | int]) -> dict[str, Any]:
        """An object. Raises the error of a field that may not be null."""
        for key, field in selection.fields.items():
            out[key] = self._guarded(field, field.shape, out[key], [*path, key])
        return out

    def _guarded(self, field: FieldPlan, shape: Shape, value: Any, path: list[str | int]) -> Any:
        try:
            return self._value(field, shape, value, path)
        except Exception as error:
            located = located_error(error, field.nodes, path)
            if shape.nonnull:
                raise located from None
            self.errors.append(located)
            return None

    def _value(self, field: FieldPlan, shape: Shape, value: Any, path: list[str | int]) -> Any:
        if isinstance(value, Broken) and shape.item is not None:
            for index, item in enumerate(value.items):
                self._guarded(field, shape.item, item, [*path, index])
        if isinstance(value, Failure):
            raise value.error
        if value is None or shape.column is not None:
            return value
        if shape.item is None:
            selection = self.selections[id(value)] if shape.abstract else field.selection(shape.named)
            return self.object(selection, value, path)
        for index, item in enumerate(value):
            value[index] = self._guarded(field, shape.item, item, [*path, index])
        return value
