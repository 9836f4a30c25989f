"""Propagates nulls through a response in which something failed, up to where null is allowed, and locates its errors.

Only a run in which something failed comes here. The response is walked depth first, in the order in which graphql-core
meets failures, so that it reports the same ones.
"""

from collections.abc import Generator, Mapping
from typing import Any

from graphql import GraphQLError, located_error

from execution.plan.nodes import FieldPlan, SelectionPlan
from execution.plan.shapes import Shape

# A step of a walk yields the steps that it needs, is sent what they return, and raises what they raise.
_Step = Generator["_Step", Any, Any]


class Failure:
    """Stands in a response for a value that could not be completed."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class BrokenList(Failure):
    """Stands for a list that failed while it was read; ``items`` came before."""

    __slots__ = ("items",)

    def __init__(self, error: Exception, items: list[Any]) -> None:
        super().__init__(error)
        self.items = items


class NullPropagation:
    """Walks a response.

    ``selections`` has the selections of objects of abstract types, by the identity of their part of the response.
    Where an operation disables error propagation, ``nullable``, every null stays where it is.
    """

    def __init__(self, selections: Mapping[int, SelectionPlan], *, nullable: bool = False) -> None:
        self.selections = selections
        self.nullable = nullable
        self.errors: list[GraphQLError] = []

    def root(self, selection: SelectionPlan, data: dict[str, Any]) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """Return the data and the errors of a response."""
        try:
            return self.object(selection, data, []), self.errors
        except GraphQLError as error:
            return None, [*self.errors, error]

    def object(self, selection: SelectionPlan, result: dict[str, Any], path: list[str | int]) -> dict[str, Any]:
        """Return an object. Raises the error of a field that may not be null."""
        found: dict[str, Any] = _walked(self._object(selection, result, path))
        return found

    def _object(self, selection: SelectionPlan, result: dict[str, Any], path: list[str | int]) -> _Step:
        for key, field in selection.fields.items():
            result[key] = yield self._guarded(field, field.shape, result[key], [*path, key])
        return result

    def _guarded(self, field: FieldPlan, shape: Shape, value: Any, path: list[str | int]) -> _Step:
        try:
            return (yield self._value(field, shape, value, path))
        except Exception as error:
            located = located_error(error, field.nodes, path)
            if shape.nonnull and not self.nullable:
                raise located from None
            self.errors.append(located)
            return None

    def _value(self, field: FieldPlan, shape: Shape, value: Any, path: list[str | int]) -> _Step:
        if isinstance(value, BrokenList) and shape.item is not None:
            for index, item in enumerate(value.items):
                yield self._guarded(field, shape.item, item, [*path, index])
        if isinstance(value, Failure):
            # Located: a generator may not raise StopIteration, which a resolver may have raised.
            raise located_error(value.error, field.nodes, path)
        if value is None or shape.column is not None:
            return value
        if shape.item is None:
            selection = self.selections[id(value)] if shape.abstract else field.selection(shape.named)
            return (yield self._object(selection, value, path))
        for index, item in enumerate(value):
            value[index] = yield self._guarded(field, shape.item, item, [*path, index])
        return value


def _walked(first: _Step) -> Any:
    """Return what a step returns, or raise what it raises. A deep response takes no frames of Python's stack."""
    steps: list[_Step] = [first]
    value: Any = None
    error: Exception | None = None
    while steps:
        try:
            needed = steps[-1].send(value) if error is None else steps[-1].throw(error)
        except StopIteration as done:
            steps.pop()
            value, error = done.value, None
        except Exception as raised:
            steps.pop()
            value, error = None, raised
        else:
            steps.append(needed)
            value = error = None
    if error is None:
        return value
    try:
        raise error
    finally:
        error = None  # its traceback has this frame


def propagates(field: FieldPlan, shape: Shape, value: Any, selections: Mapping[int, SelectionPlan]) -> bool:
    """Return whether a null propagates out of a value, as far as it is complete: what is awaited is still None."""
    left = [(field, shape, value)]
    while left:
        field, shape, value = left.pop()
        if not shape.nonnull:
            continue
        if isinstance(value, Failure):
            return True
        if value is None or shape.column is not None:
            continue
        if shape.item is not None:
            left += [(field, shape.item, each) for each in value]
        else:
            selection = selections[id(value)] if shape.abstract else field.selection(shape.named)
            left += [(each, each.shape, value[key]) for key, each in selection.fields.items()]
    return False
