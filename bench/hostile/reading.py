"""How slow this machine is, so that bounds of time hold on a slower one in proportion."""

from time import process_time

from graphql import get_introspection_query, parse

# What the machine on which the bounds were set takes to parse READING, in milliseconds.
READING, READING_MS = get_introspection_query(), 0.55


def slowness() -> float:
    """Return how many times as long as that machine this one takes; at least 1."""
    return max(1.0, min(_reading() for _ in range(20)) / READING_MS)


def _reading() -> float:
    start = process_time()
    parse(READING)
    return (process_time() - start) * 1_000
