"""The tools of MCP: the operations that it offers, as ``tools/list`` shows them."""

import re
from functools import cache
from typing import Any

from resolvers.actor import Actor
from schema.declaration.json_schema import JsonSchema
from schema.operations import OPERATIONS
from schema.requests.tools import OFFERED, RESERVED
from schema.tools.schemas import description_of, output_schema_of, schema_of
from web.dry_run import PARAMETER
from web.idempotency import IDEMPOTENCY_KEY_LENGTH

# The arguments by which a call that changes something can be repeated, and only tried. No operation has variables of
# these names.
IDEMPOTENCY_KEY, DRY_RUN = "idempotencyKey", PARAMETER
_KEY: JsonSchema = {
    "type": "string",
    "minLength": 1,
    "maxLength": IDEMPOTENCY_KEY_LENGTH,
    "pattern": "^[ -~]+$",
    "description": "Key of the call, such as a new UUID. A call that is repeated with the same key and arguments within"
    " 24 hours changes nothing more and has the result of the first one. Repeat a call in this way when its"
    " outcome is unknown.",
}
_DRY: JsonSchema = {
    "type": "boolean",
    "description": "True to try the call: the result is that of the change, but nothing is changed.",
}
# The verbs of mutations that only add something, and of those that change nothing more when they are repeated.
_ADDING, _REPEATABLE = ("Create", "Queue", "Export"), ("Update", "Delete")


def changes(name: str) -> bool:
    """Return whether a tool changes something."""
    return OPERATIONS[name].operation_type == "mutation"


def tools_of(actor: Actor) -> list[str]:
    """Return the names of the tools that an actor may call."""
    return [
        name for name, scopes in OFFERED.items() if actor.kind not in RESERVED[name] and all(map(actor.may, scopes))
    ]


@cache
def tool(name: str) -> dict[str, Any]:
    """Return a tool as a client sees it."""
    taken, writes = schema_of(name), changes(name)
    if writes:
        taken = taken | {"properties": taken["properties"] | {IDEMPOTENCY_KEY: _KEY, DRY_RUN: _DRY}}
    return {
        "name": name,
        "title": re.sub("(?<!^)[A-Z]", lambda found: f" {found[0].lower()}", name),
        "description": description_of(name),
        "inputSchema": taken,
        "outputSchema": output_schema_of(name),
        "annotations": {
            "readOnlyHint": not writes,
            "destructiveHint": writes and not name.startswith(_ADDING),
            "idempotentHint": not writes or name.startswith(_REPEATABLE),
            "openWorldHint": False,
        },
    }
