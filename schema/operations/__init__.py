"""The named operations: what REST routes, events and tools run, each parsed and validated once, at start."""

from pathlib import Path

from execution import Documents, Operation, parse_operation
from schema.graph import CORE


def _load() -> dict[str, Operation]:
    """Return every operation by its name. Raises DocumentError for one that the schema does not have."""
    documents = Documents(CORE)
    found: dict[str, Operation] = {}
    for path in sorted(Path(__file__).parent.glob("*.graphql")):
        text = path.read_text(encoding="utf-8")
        for node in documents.names_in(text):
            found[node] = documents.validated(parse_operation(text, node), node)
    return found


OPERATIONS = _load()
