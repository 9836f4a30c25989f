"""Agent definitions: what they can be searched, filtered and sorted by."""

from models.agents import AGENT, AgentStatus, agent_definitions
from resolvers.collections.collection import COMMON_SORT_FIELDS, Collection, Relation, SortField, common_filters
from resolvers.lists.conditions import enum, text

AGENTS = Collection(
    AGENT,
    agent_definitions,
    searched=("name", "description"),
    sort_fields=COMMON_SORT_FIELDS | {"NAME": SortField("name_key", str, "Name, without regard to case.")},
    filters={
        **common_filters(AGENT),
        "status": enum("status", AgentStatus),
        "name": text("name_key", "name"),
        "agent_jobs": Relation("agent_jobs", "the definition's jobs", remote="definition_id"),
    },
)
