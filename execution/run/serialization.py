"""Serializes whole objects of a run where their fields promise what they are."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from execution.plan.field_kinds import ResolverField
from execution.plan.nodes import FieldPlan, SelectionPlan
from execution.plan.serializer import SerializerState, serialize
from execution.plan.shapes import Shape
from execution.run.levels import Level, Levels
from execution.run.null_propagation import Failure


class BrokenPromiseError(Exception):
    """A field's column reader, or its loader, does not give what it promises."""


@dataclass(slots=True)
class Writing:
    """A field's objects of one level, or lists of them, while a serializer writes them: ``turns`` are those to come."""

    field: FieldPlan
    level: Level
    values: Sequence[Any]
    made: list[Any]
    state: SerializerState
    turns: Iterator[None]


class Serialization:
    """One run's serialized objects. ``cost`` is what they cost, ``failures`` how often a serializer failed.

    What is too long to be written in one turn is added to ``unfinished``.
    """

    __slots__ = ("_checks", "_counter", "_levels", "cost", "failures", "unfinished")

    def __init__(self, levels: Levels, unfinished: list["Writing"], counter: Counter[str], *, checked: bool) -> None:
        self._levels, self.unfinished, self._counter = levels, unfinished, counter
        self._checks: list[tuple[FieldPlan, list[dict[str, Any]], list[Any]]] | None = [] if checked else None
        self.cost = self.failures = 0

    def write(self, field: FieldPlan, level: Level, values: Sequence[Any]) -> bool:
        """Serialize a field's objects, or lists of them, into their parents' results.

        Return False, with nothing written, where the field does not promise their type, or a value breaks the promise.
        """
        field_kind, shape = field.field_kind, field.shape
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
            else:
                made = [state.take(selection, price, rows) for rows in values]
        except Exception:  # the error of an unusual value is found where each is completed by itself
            return self._failed(field)
        if state.lists:
            return self.go_on(Writing(field, level, values, made, state, state.write_lists()))
        return self._written(field, level, made, state)

    def go_on(self, writing: Writing) -> bool:
        """Write one turn; what is left then is unfinished. Return False as ``write`` does."""
        try:
            for _ in writing.turns:
                # It does not lead back here: an operation that is cancelled leaves no cycle.
                self.unfinished.append(writing)
                return True
        except Exception:  # as above
            return self._failed(writing.field)
        return self._written(writing.field, writing.level, writing.made, writing.state)

    def _failed(self, field: FieldPlan) -> bool:
        self.failures += 1
        self._counter[(field.shape.item or field.shape).named.name] += 1
        return False

    def _written(self, field: FieldPlan, level: Level, made: list[Any], state: SerializerState) -> bool:
        if self._checks is not None:
            self._checks.append((field, list(level.results), made))
            return False
        key = field.key
        for result, value in zip(level.results, made, strict=True):
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
