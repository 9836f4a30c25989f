"""Serializes whole objects of a run where their fields promise what they are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from execution.plan.field_kinds import ResolverField
from execution.plan.nodes import FieldPlan, SelectionPlan
from execution.plan.serializer import SerializerState, serialize
from execution.plan.shapes import Shape
from execution.run.levels import Levels
from execution.run.null_propagation import Failure


class BrokenPromiseError(Exception):
    """A field's column reader, or its loader, does not give what it promises."""


class Serialization:
    """One run's serialized objects. ``cost`` is what they cost, ``failures`` how often a serializer failed."""

    __slots__ = ("_checks", "_counter", "_levels", "cost", "failures")

    def __init__(self, levels: Levels, counter: Counter[str], *, checked: bool) -> None:
        self._levels, self._counter = levels, counter
        self._checks: list[tuple[FieldPlan, list[dict[str, Any]], list[Any]]] | None = [] if checked else None
        self.cost = self.failures = 0

    def write(self, field: FieldPlan, values: Sequence[Any], results: Iterable[dict[str, Any]]) -> bool:
        """Serialize a field's objects, or lists of them, into their parents' results.

        Return False, with nothing written, where the field does not promise their type, or a value breaks the promise.
        """
        field_kind, shape, key = field.field_kind, field.shape, field.key
        if isinstance(field_kind, ResolverField) or not field_kind.trusted:
            return False
        for value in values:
            if value is None or isinstance(value, Exception):
                return False
        item = shape.item
        named = shape.named if item is None else item.named
        if not (shape.one_type if item is None else item.one_type and item.nonnull):
            return False
        selection, state = field.selection(named), SerializerState()
        price = field_kind.cost + selection.weight
        try:
            made: list[Any]
            if item is None:
                made = serialize(selection, values, state)
                state.cost += price * len(made)
                if selection.rest:
                    state.pending.append((selection, values, made))
            elif selection.rest:
                made = [state.take(selection, price, rows) for rows in values]
            else:
                made = [serialize(selection, state.count(price, rows), state) for rows in values]
            state.finish()
        except Exception:  # the error of an unusual value is found where each is completed by itself
            self.failures += 1
            self._counter[named.name] += 1
            return False
        if self._checks is not None:
            self._checks.append((field, list(results), made))
            return False
        for result, value in zip(results, made, strict=True):
            result[key] = value
        self.cost += state.cost
        for pending, rows, objects in state.pending:
            self._levels.add_rest(pending, rows, objects)
        return True

    def check(self) -> None:
        """Compare what was serialized with what was completed. Raises BrokenPromiseError where they differ."""
        for field, results, made in self._checks or ():
            for result, value in zip(results, made, strict=True):
                left = [(field, field.shape, value, result[field.key])]
                while left:
                    left += reversed(_parts(*left.pop()))


_Pair = tuple[FieldPlan, Shape, Any, Any]


def _parts(field: FieldPlan, shape: Shape, serialized: Any, completed: Any) -> list[_Pair]:
    """Return what has to be equal for two values to be equal. Raises BrokenPromiseError where they differ."""
    if shape.column is None and shape.item is None and isinstance(serialized, dict) and isinstance(completed, dict):
        selection: SelectionPlan = field.selection(shape.named)
        asked = [(key, each) for key, each in selection.fields.items() if each not in selection.rest]
        return [(each, each.shape, serialized[key], completed[key]) for key, each in asked]
    if shape.item is not None and type(serialized) is list and type(completed) is list:
        if len(serialized) == len(completed):
            return [(field, shape.item, *pair) for pair in zip(serialized, completed, strict=True)]
    elif type(serialized) is type(completed) and serialized == completed:
        return []
    shown = repr(completed.error) if isinstance(completed, Failure) else repr(completed)
    where = f"{field.parent.name}.{field.name}"
    raise BrokenPromiseError(f"{where} is serialized as {serialized!r} and completed as {shown}.")
