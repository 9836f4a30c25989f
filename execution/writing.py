"""Gathers the objects of a run into levels, and writes those whole of which it is known what they are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from graphql import GraphQLObjectType

from execution.kinds import Own
from execution.places import Level
from execution.plan import Plan
from execution.planned import Planned, Selection
from execution.writers import Collector, write

# How often objects that were to be written whole had to be looked at field by field, by their type.
UNWRITTEN: Counter[str] = Counter()


class Writing:
    """The levels of one run. ``cost`` is what its objects cost; ``unwritten`` how often a writer gave up."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.cost = 0
        self.unwritten = 0
        self.next: dict[int, Level] = {}
        self.levels: list[Level] = []

    def level(self, field_: Planned, type_: GraphQLObjectType) -> Level:
        """The next level's objects of one type under a field."""
        selection = field_.selection(type_)
        found = self.next.get(id(selection))
        if found is None:
            price = field_.kind.cost + selection.own
            found = self.next[id(selection)] = Level(selection, selection.fields.values(), price)
            self.levels.append(found)
        return found

    def write(self, field_: Planned, values: Sequence[Any], outs: Iterable[dict[str, Any]]) -> bool:
        """Write whole objects where the field promises that its objects, or lists of them, are of its type.

        False, and nothing is written, where some value is none of that: then each is looked at by itself.
        """
        kind, shape, key = field_.kind, field_.shape, field_.key
        if isinstance(kind, Own) or not kind.sure or self.plan.paths:
            return False
        if any(value is None or isinstance(value, Exception) for value in values):
            return False
        item = shape.item
        named = shape.named if item is None else item.named
        if not (shape.one_type if item is None else item.one_type and item.nonnull):
            return False
        selection, collector = field_.selection(named), Collector()
        price = kind.cost + selection.weight
        try:
            made: list[Any]
            if item is None:
                made = write(selection, values, collector)
                collector.cost += price * len(made)
                if selection.rest:
                    collector.met.append((selection, values, made))
            elif selection.rest:
                made = [collector.take(selection, price, rows) for rows in values]
            else:
                made = [write(selection, collector.count(price, rows), collector) for rows in values]
        except Exception:  # some value is unusual, and its error is told where it is looked at by itself
            self.unwritten += 1
            UNWRITTEN[named.name] += 1
            return False
        for out, value in zip(outs, made, strict=True):
            out[key] = value
        self.cost += collector.cost
        for met, rows, objects in collector.met:
            self._met(met, rows, objects)
        return True

    def _met(self, selection: Selection, rows: Sequence[Any], outs: list[dict[str, Any]]) -> None:
        """Objects that are written, to be asked what is left of them."""
        key = -id(selection)
        level = self.next.get(key)
        if level is None:
            level = self.next[key] = Level(selection, selection.rest)
            self.levels.append(level)
        level.parents.extend(rows)
        level.outs.extend(outs)
