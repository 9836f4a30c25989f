"""Gathers the objects of a run into levels, and writes those whole of which it is known what they are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from graphql import GraphQLObjectType

from execution.plan.compiler import Plan
from execution.plan.field_kinds import ResolverField
from execution.plan.nodes import FieldPlan, SelectionPlan
from execution.plan.serializer import SerializerState, serialize
from execution.run.positions import Level

# How often objects that were to be written whole had to be looked at field by field, by their type.
SERIALIZER_FAILURES: Counter[str] = Counter()


class Writing:
    """The levels of one run. ``cost`` is what its objects cost; ``serializer_failures`` how often one gave up."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.cost = 0
        self.serializer_failures = 0
        self.next: dict[int, Level] = {}
        self.levels: list[Level] = []

    def level(self, field_: FieldPlan, type_: GraphQLObjectType) -> Level:
        """The next level's objects of one type under a field."""
        selection = field_.selection(type_)
        found = self.next.get(id(selection))
        if found is None:
            price = field_.kind.cost + selection.own
            found = self.next[id(selection)] = Level(selection, selection.fields.values(), price)
            self.levels.append(found)
        return found

    def write(self, field_: FieldPlan, values: Sequence[Any], results: Iterable[dict[str, Any]]) -> bool:
        """Serializer whole objects where the field promises that its objects, or lists of them, are of its type.

        False, and nothing is written, where some value is none of that: then each is looked at by itself.
        """
        kind, shape, key = field_.kind, field_.shape, field_.key
        if isinstance(kind, ResolverField) or not kind.trusted or self.plan.paths:
            return False
        if any(value is None or isinstance(value, Exception) for value in values):
            return False
        item = shape.item
        named = shape.named if item is None else item.named
        if not (shape.one_type if item is None else item.one_type and item.nonnull):
            return False
        selection, state = field_.selection(named), SerializerState()
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
        except Exception:  # some value is unusual, and its error is told where it is looked at by itself
            self.serializer_failures += 1
            SERIALIZER_FAILURES[named.name] += 1
            return False
        for out, value in zip(results, made, strict=True):
            out[key] = value
        self.cost += state.cost
        for met, rows, objects in state.pending:
            self._met(met, rows, objects)
        return True

    def _met(self, selection: SelectionPlan, rows: Sequence[Any], results: list[dict[str, Any]]) -> None:
        """Objects that are written, to be asked what is left of them."""
        key = -id(selection)
        level = self.next.get(key)
        if level is None:
            level = self.next[key] = Level(selection, selection.rest)
            self.levels.append(level)
        level.parents.extend(rows)
        level.results.extend(results)
