"""Serializes whole objects of a run where their fields promise what they are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from execution.plan.field_kinds import ResolverField
from execution.plan.nodes import FieldPlan
from execution.plan.serializer import SerializerState, serialize
from execution.run.levels import Levels

# How often objects that could be serialized whole had to be completed field by field, by their type.
SERIALIZER_FAILURES: Counter[str] = Counter()


class Serialization:
    """One run's serialized objects. ``cost`` is what they cost, ``failures`` how often a serializer failed."""

    __slots__ = ("_levels", "cost", "failures")

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self.cost = self.failures = 0

    def write(self, field: FieldPlan, values: Sequence[Any], results: Iterable[dict[str, Any]]) -> bool:
        """Serialize a field's objects, or lists of them, into their parents' results.

        Return False, with nothing written, where the field does not promise their type, or a value breaks the promise.
        """
        kind, shape, key = field.kind, field.shape, field.key
        if isinstance(kind, ResolverField) or not kind.trusted:
            return False
        if any(value is None or isinstance(value, Exception) for value in values):
            return False
        item = shape.item
        named = shape.named if item is None else item.named
        if not (shape.one_type if item is None else item.one_type and item.nonnull):
            return False
        selection, state = field.selection(named), SerializerState()
        price = kind.cost + selection.weight
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
        except Exception:  # the error of an unusual value is found where each is completed by itself
            self.failures += 1
            SERIALIZER_FAILURES[named.name] += 1
            return False
        for result, value in zip(results, made, strict=True):
            result[key] = value
        self.cost += state.cost
        for pending, rows, objects in state.pending:
            self._levels.add_rest(pending, rows, objects)
        return True
