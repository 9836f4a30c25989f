"""Agent definitions in the graph."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from execution import ColumnReader
from models.agents import AGENT, AgentContent, AgentStatus
from models.agents import AgentDefinition as Table
from models.agents import AgentDefinitionVersion as VersionTable
from models.agents import AgentTool as ToolRow
from models.resources import ToolFor
from resolvers.agent_jobs.collections import AGENT_JOBS
from resolvers.agents import mutations
from resolvers.agents.collections import AGENTS
from schema.declaration.collections import many, one, to_many
from schema.declaration.fields import computed, creation, member, object_type, public_id, same_row
from schema.declaration.inputs import UpdateInput, input_type
from schema.declaration.lists import Connection
from schema.declaration.mutations import creates, deletes, tool_for, updates
from schema.declaration.nodes import Node
from schema.declaration.scalars import JsonSchema, MicroUnits

if TYPE_CHECKING:
    from schema.agent_jobs.types import AgentJob

LIMITS = "The limits of a job."


@object_type(resource=AGENT, part_of=ToolRow)
class AgentTool:
    """A tool of an agent: an operation of this API."""

    operation: str = member("operation")
    requires_approval: bool = computed(
        lambda tool: tool["requiresApproval"],
        description="",
        reader=ColumnReader("requiresApproval"),
    )


@object_type(resource=AGENT, part_of=AgentContent)
class AgentLimits:
    """The limits of an agent's job."""

    max_steps: int = member("max_steps")
    max_tokens: int = member("max_tokens")
    max_cost: MicroUnits = member("max_cost")
    timeout_seconds: int = member("timeout_seconds")
    max_attempts: int = member("max_attempts")


@object_type(Table, AGENT)
class AgentDefinition(Node):
    """The definition of an AI agent. Each change makes a version, which is kept: a job runs the one that was
    current when it was queued."""

    id: strawberry.ID = public_id(AGENT)
    name: str
    description: str | None
    model: str
    instructions: str
    tools: list[AgentTool]
    input_schema: JsonSchema | None
    output_schema: JsonSchema | None
    limits: AgentLimits = same_row(LIMITS, ColumnReader(same_row=True))
    status: AgentStatus
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    agent_jobs: Connection[Annotated["AgentJob", strawberry.lazy("schema.agent_jobs.types")]] = to_many(
        AGENT_JOBS, "definition_id", "The definition's jobs"
    )


@object_type(VersionTable, AGENT)
class AgentDefinitionVersion:
    """An agent definition as it was from one change to the next."""

    version: int
    name: str
    model: str
    instructions: str
    tools: list[AgentTool]
    input_schema: JsonSchema | None
    output_schema: JsonSchema | None
    limits: AgentLimits = same_row(LIMITS, ColumnReader(same_row=True))
    created_at: datetime


@input_type(ToolRow, apart=True)
class AgentToolInput:
    """A tool of an agent. The API key must have the scopes of the operation itself."""

    operation: str
    requires_approval: strawberry.Maybe[bool]


@input_type(AgentContent, clears=True)
class AgentLimitsInput:
    """The limits of a job."""

    max_steps: strawberry.Maybe[int]
    max_tokens: strawberry.Maybe[int]
    max_cost: strawberry.Maybe[MicroUnits]
    timeout_seconds: strawberry.Maybe[int]
    max_attempts: strawberry.Maybe[int]


@input_type(Table)
class CreateAgentDefinitionInput:
    """Fields of the new agent definition."""

    name: str
    description: strawberry.Maybe[str | None]
    model: str
    instructions: str
    tools: strawberry.Maybe[list[AgentToolInput]]
    input_schema: strawberry.Maybe[JsonSchema | None]
    output_schema: strawberry.Maybe[JsonSchema | None]
    limits: strawberry.Maybe[AgentLimitsInput] = strawberry.field(description=LIMITS)
    status: strawberry.Maybe[AgentStatus]


@input_type(Table, clears=True)
class UpdateAgentDefinitionInput(UpdateInput):
    """Fields of the agent definition to change. The API key must have the scopes of all its tools."""

    name: strawberry.Maybe[str]
    description: strawberry.Maybe[str | None]
    model: strawberry.Maybe[str]
    instructions: strawberry.Maybe[str]
    tools: strawberry.Maybe[list[AgentToolInput]]
    input_schema: strawberry.Maybe[JsonSchema | None]
    output_schema: strawberry.Maybe[JsonSchema | None]
    limits: strawberry.Maybe[AgentLimitsInput] = strawberry.field(description=LIMITS)
    status: strawberry.Maybe[AgentStatus]


@strawberry.type
class AgentDefinitionQuery:
    """Queries of agent definitions."""

    agent_definition: AgentDefinition | None = one(AGENTS)
    agent_definitions: Connection[AgentDefinition] | None = many(AGENTS)


@strawberry.type
class AgentDefinitionMutation:
    """Mutations of agent definitions."""

    create_agent_definition = tool_for(
        ToolFor.NOBODY,
        creates(
            AgentDefinition,
            CreateAgentDefinitionInput,
            mutations.create,
            "Create an agent definition. The API key must have the scopes of all its tools.",
            check=mutations.check,
        ),
    )
    update_agent_definition = tool_for(
        ToolFor.NOBODY,
        updates(
            AgentDefinition,
            UpdateAgentDefinitionInput,
            mutations.change,
            "Update an agent definition. A job keeps the version that was current when it was queued.",
            check=mutations.check,
        ),
    )
    delete_agent_definition = tool_for(
        ToolFor.NOBODY,
        deletes(
            AgentDefinition,
            mutations.remove,
            "Delete an agent definition of which no job was ever queued. Archive another one.",
        ),
    )
