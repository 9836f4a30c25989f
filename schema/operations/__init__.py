"""The named operations: what REST routes, events and tools run, each parsed and validated once, at start."""

from pathlib import Path

from graphql import parse, separate_operations

from execution import Documents, Operation, parse_operation
from schema.graph import CORE


def _load() -> dict[str, Operation]:
    """Return every operation by its name. Raises DocumentError for one that the schema does not have."""
    documents = Documents(CORE)
    found: dict[str, Operation] = {}
    for path in sorted(Path(__file__).parent.glob("*.graphql")):
        text = path.read_text(encoding="utf-8")
        for name, own in separate_operations(parse(text)).items():
            # Its own text alone: a file would be parsed and validated once for each of its operations.
            parts = (text[node.loc.start : node.loc.end] for node in own.definitions if node.loc is not None)
            found[name] = documents.validated(parse_operation("\n\n".join(parts), name), name)
    return found


OPERATIONS = _load()
