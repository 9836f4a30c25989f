"""The named operations: what REST routes, events and tools run, each parsed once, at start.

They are known to be valid: a test validates each, which takes longer than all else of a start that is theirs.
"""

from pathlib import Path

from graphql import parse, separate_operations

from execution import Operation, parse_operation
from schema.graph import CORE


def _load() -> dict[str, Operation]:
    """Return every operation by its name."""
    found: dict[str, Operation] = {}
    for path in sorted(Path(__file__).parent.glob("*.graphql")):
        text = path.read_text(encoding="utf-8")
        for name, own in separate_operations(parse(text)).items():
            # Its own text alone: a file would be parsed once for each of its operations.
            parts = (text[node.loc.start : node.loc.end] for node in own.definitions if node.loc is not None)
            found[name] = parse_operation("\n\n".join(parts), name)
            found[name].valid = CORE
    return found


OPERATIONS = _load()
