"""Observation of a run: a callback when each level begins, and one when it ends."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from execution.run.levels import Level

# Is called when a level begins, with how many levels are above it and its objects by the names of their types; what it
# returns is called when the level ends, with whether a field of it was the first of the run to fail.
ObserveLevel = Callable[[int, Mapping[str, int]], Callable[[bool], object]]


def observed(observe: ObserveLevel, depth: int, levels: Sequence[Level]) -> Callable[[bool], object]:
    """Call the observer for a level that begins, and return its callback for the level's end."""
    objects: Counter[str] = Counter()
    for level in levels:
        objects[level.selection.type_.name] += len(level.parents)
    return observe(depth, objects)
