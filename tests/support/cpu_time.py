"""Bounds of CPU time, which were set on a faster machine."""

from bench.hostile.reading import slowness


def within(seconds: float, most: float) -> bool:
    """Return whether CPU seconds are within a bound; a machine that is slower at this moment is given more, in
    proportion."""
    return seconds < most or seconds < most * slowness()
