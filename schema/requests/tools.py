"""Tools: the named operations that an agent may run, and those that MCP offers, with the scopes that each needs."""

from typing import Any

from execution import Operation, collect_fields, root_of
from models.actors import reduced
from models.agent_jobs import AGENT_JOB
from models.agents import AGENT
from models.api_keys import API_KEY
from models.resources import Resource
from models.settings import SETTINGS
from models.webhooks import WEBHOOK
from schema.graph import CORE, EXECUTOR
from schema.operations import OPERATIONS

# What an agent could give itself more rights by, or more work.
NEVER: tuple[Resource, ...] = (AGENT, AGENT_JOB, API_KEY, WEBHOOK, SETTINGS)
_NEVER = frozenset(f"{resource.scope}:{verb}" for resource in NEVER for verb in ("read", "write"))


# What an agent of somebody else does with ours, beside its own tools. What waits for a person is no tool of any agent.
_AGENTS = (
    "ListAgentDefinitions", "GetAgentDefinition", "ListAgentJobs", "GetAgentJob", "QueueAgentJob", "CancelAgentJob",
    "RetryAgentJob",
)  # fmt: skip


def _scopes_of(operation: Operation) -> frozenset[str]:
    """Return the scopes of an operation; none for one that cannot be a tool, which has one root field and needs a
    key."""
    root: Any = root_of(CORE, operation.operation_type)
    fields = list(collect_fields(operation.definition.selection_set, root, operation.fragments))
    measure = EXECUTOR.cost(operation).analysis
    return frozenset() if len(fields) != 1 or measure.unrestricted else frozenset(measure.requirements)


TOOLS: dict[str, frozenset[str]] = {
    name: reduced(scopes)
    for name, operation in OPERATIONS.items()
    if (scopes := _scopes_of(operation)) and not scopes & _NEVER
}
OFFERED: dict[str, frozenset[str]] = TOOLS | {name: reduced(_scopes_of(OPERATIONS[name])) for name in _AGENTS}
