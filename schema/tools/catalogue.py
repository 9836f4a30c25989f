"""Which named operations are tools, and the scopes that each needs."""

from collections.abc import Mapping

from models.api_keys import API_KEY
from models.resources import RESOURCES
from models.settings import SETTINGS
from models.webhooks import WEBHOOK
from schema.graph import EXECUTOR
from schema.operations import OPERATIONS

# Who may change these could give an agent more than it was given. Those of agents have the scopes of their resources.
NEVER = frozenset(
    {str(each.scope) for each in (API_KEY, WEBHOOK, SETTINGS)}
    | {str(each.scope) for each in RESOURCES.values() if each.singular.startswith("agent_")}
)


def _scopes() -> dict[str, frozenset[str]]:
    """Return the scopes that each operation needs, for those that are tools: with one root field, which needs a key."""
    found = {}
    for name, operation in OPERATIONS.items():
        scopes = frozenset(EXECUTOR.cost(operation).analysis.requirements)
        if scopes and not {scope.partition(":")[0] for scope in scopes} & NEVER:
            found[name] = scopes
    return found


# Of each operation that is a tool, by its name: what a key must hold to run it.
TOOLS: Mapping[str, frozenset[str]] = _scopes()
