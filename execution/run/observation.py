"""Observation of a run: whoever asks is told of each level when it begins and when it ends."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from execution.run.levels import Level

# Is called when a level begins, with how many levels are above it and its objects by the names of their types; what it
# returns is called when the level ends, with whether a field of it was the first of the run to fail.
ObserveLevel = Callable[[int, Mapping[str, int]], Callable[[bool], object]]


def observed(observe: ObserveLevel, depth: int, levels: Sequence[Level]) -> Callable[[bool], object]:
    """Tell that a level begins, and return what is to be called when it ends."""
    objects: Counter[str] = Counter()
    for level in levels:
        objects[level.selection.type_.name] += len(level.parents)
    return observe(depth, objects)
