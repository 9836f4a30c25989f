"""Tools: the named operations that an agent may run, and those that MCP offers, with the scopes that each needs."""

from typing import Any

from execution import Operation, collect_fields, root_of
from models.actors import reduced
from models.agent_jobs import AGENT_JOB
from models.agents import AGENT
from models.api_keys import API_KEY
from models.resources import RESOURCES, Resource
from models.settings import SETTINGS
from models.webhooks import WEBHOOK
from schema.graph import CORE, EXECUTOR
from schema.operations import OPERATIONS

# What an agent could give itself more rights by, or more work. A member's role gives no rights, and an export of the
# audit log is a file for who has its scope: both are tools.
NEVER: tuple[Resource, ...] = (AGENT, AGENT_JOB, API_KEY, WEBHOOK, SETTINGS)
_NEVER = frozenset(f"{resource.scope}:{verb}" for resource in NEVER for verb in ("read", "write"))
# Whoever may see all failed jobs could run again those of agents, its own too.
_RETRY = "RetryFailedJob"
# What only renders events is no operation for a client.
_RENDERED = frozenset(each.rendered_by for each in RESOURCES.values() if each.rendered_by != each.get_operation)

# What an agent of somebody else does with ours, beside its own tools. What waits for a person is no tool of any agent.
_AGENTS = (
    "ListAgentDefinitions", "GetAgentDefinition", "ListAgentJobs", "GetAgentJob", "QueueAgentJob", "CancelAgentJob",
    "RetryAgentJob", _RETRY,
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
    if name not in _RENDERED | {_RETRY} and (scopes := _scopes_of(operation)) and not scopes & _NEVER
}
OFFERED: dict[str, frozenset[str]] = TOOLS | {name: reduced(_scopes_of(OPERATIONS[name])) for name in _AGENTS}
