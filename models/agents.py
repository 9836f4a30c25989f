"""Agent definitions: the instructions of an AI agent, which operations it may use, and how much it may take.

Each version is kept, and a job has one.
"""

import re
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field, SQLModel

from models.base import TIMESTAMP, Owned, Versioned, column, key_column, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.resources import Resource, ToolFor
from models.types import (
    JSON_LIMIT,
    MAX_SAFE_INTEGER,
    Body,
    JsonObject,
    LongText,
    Moment,
    Name,
    SchemaExtra,
    Text,
    Whole,
)

AGENT = Resource(
    "agent_definition",
    actions=("archive",),
    prefix="agent",
    scope="agents",
    path="agents/definitions",
    tool_for=ToolFor.MCP,
    description="The definitions of AI agents: model, instructions, tools and limits. Each version is kept.",
)
MAX_TOOLS = 50
# The model that needs no provider: its answers follow from the tools and the schema of the output.
TEST_MODEL = "test"
PROVIDERS = ("openai", "anthropic")
_MODEL = rf"({TEST_MODEL}|({'|'.join(PROVIDERS)}):[A-Za-z0-9][A-Za-z0-9._:/@-]*)"
_OPERATION = r"[A-Z][A-Za-z0-9]*"
# The operations that agents may run, once the graph is there from which they follow.
TOOL_NAMES: set[str] = set()


class AgentStatus(DescribedEnum):
    """Status of an agent definition. Jobs are queued only of an `ACTIVE` one."""

    DRAFT = "DRAFT", "Being written: no jobs can be queued of it yet."
    ACTIVE = "ACTIVE", "Jobs can be queued of it."
    ARCHIVED = "ARCHIVED", "No further jobs can be queued of it. Those already queued go on."


def _model(value: str) -> str:
    if not re.fullmatch(_MODEL, value):
        raise ValueError("must be test, or a provider and its model, such as openai:gpt-5 or anthropic:claude-sonnet-5")
    return value


def _operation(value: str) -> str:
    if not re.fullmatch(_OPERATION, value):
        raise ValueError("must be the name of an operation, such as GetOrder")
    return value


def _tool(value: str) -> str:
    if value not in TOOL_NAMES:
        raise PydanticCustomError("NOT_ONE_OF", "there is no such tool", {"allowed": sorted(TOOL_NAMES)})
    return value


Model = Annotated[str, Text, MinLen(1), MaxLen(100), AfterValidator(_model), SchemaExtra(pattern=f"^{_MODEL}$")]
OperationName = Annotated[
    str, Text, MinLen(1), MaxLen(80), AfterValidator(_operation), SchemaExtra(pattern=f"^{_OPERATION}$")
]
ToolName = Annotated[OperationName, AfterValidator(_tool)]
Tools = Annotated[list[Any], MaxLen(MAX_TOOLS)]
Steps = Annotated[int, Ge(1), Le(200), Whole]
Tokens = Annotated[int, Ge(1), Le(100_000_000), Whole]
Cost = Annotated[int, Ge(0), Le(MAX_SAFE_INTEGER)]
Seconds = Annotated[int, Ge(1), Le(86_400), Whole]
Attempts = Annotated[int, Ge(1), Le(10), Whole]


class AgentTool(SQLModel):
    """A tool of an agent, as the definition's column keeps it."""

    operation: ToolName = Field(description="Name of the operation, such as `GetOrder`.")
    requires_approval: bool = Field(
        False, description="Whether a person approves each call first. `false` when absent."
    )


class AgentContent(SQLModel):
    """What an agent is made of: the columns of a definition, and of each version of it."""

    name: Name = column(sa.Text, description="Name of the agent.")
    model: Model = column(
        sa.Text,
        description="The model: `openai:` or `anthropic:` with the provider's name for it, or `test`, which calls each"
        " tool once and answers without a provider.",
    )
    instructions: Body = column(sa.Text, description="Instructions to the agent: 1 to 20,000 characters.")
    tools: Tools = column(
        pg.JSONB,
        info={"most": MAX_TOOLS * 140},
        description=f"The operations of this API that the agent may run, in order: at most {MAX_TOOLS}.",
    )
    input_schema: JsonObject | None = column(
        pg.JSONB,
        nullable=True,
        info={"most": JSON_LIMIT},
        description="JSON Schema of a job's input, whose `type` is `object`: at most 16 KiB. Null: any object.",
    )
    output_schema: JsonObject | None = column(
        pg.JSONB,
        nullable=True,
        info={"most": JSON_LIMIT},
        description="JSON Schema of a job's output, whose `type` is `object`: at most 16 KiB. Null: an object with the"
        " `text` of the answer.",
    )
    max_steps: Steps = column(
        sa.Integer,
        info={"logged_as": "limits.maxSteps"},
        default=20,
        description="Greatest number of calls of the model; steps of tools, approvals and questions do not count."
        " 1 to 200, 20 when absent.",
    )
    max_tokens: Tokens = column(
        sa.Integer,
        info={"logged_as": "limits.maxTokens"},
        default=100_000,
        description="Greatest number of tokens, of input and output together: 100,000 when absent.",
    )
    max_cost: Cost = column(
        sa.BigInteger,
        info={"logged_as": "limits.maxCost"},
        default=1_000_000,
        description="Most that a job may cost, in micro-units of the setting `agents.currency`: 1,000,000 when absent.",
    )
    timeout_seconds: Seconds = column(
        sa.Integer,
        info={"logged_as": "limits.timeoutSeconds"},
        default=600,
        description="Seconds that a job may run, in all its runs together, without the time in which it waits for a"
        " worker, an approval, an answer or another attempt; counted anew when it is retried by hand: 1 to 86,400, 600"
        " when absent.",
    )
    max_attempts: Attempts = column(
        sa.Integer,
        info={"logged_as": "limits.maxAttempts"},
        default=3,
        description="Number of attempts, of which each goes on from the steps of the one before: 1 to 10, 3 when"
        " absent.",
    )


def _within_limits() -> sa.CheckConstraint:
    least = "max_steps >= 1 and max_tokens >= 1 and max_cost >= 0 and timeout_seconds >= 1 and max_attempts >= 1"
    return sa.CheckConstraint(least, name="limits")


class AgentDefinition(AgentContent, Versioned, table=True):
    """The definition of an AI agent."""

    __tablename__ = "agent_definitions"
    __table_args__ = table_args(
        one_of("status", AgentStatus),
        _within_limits(),
        sa.Index("agent_definitions_status_idx", "org_id", "status", "id"),
        sa.Index("agent_definitions_name_idx", "org_id", "name_key", "id"),
        sa.Index("agent_definitions_updated_idx", "org_id", "updated_at", "id"),
    )

    name_key: str = key_column("name")
    description: LongText | None = column(
        sa.Text, nullable=True, description="Purpose of the agent: at most 5,000 characters."
    )
    status: AgentStatus = column(sa.Text, default=AgentStatus.DRAFT, description="Status of the definition.")


class AgentDefinitionVersion(AgentContent, Owned, table=True):
    """A definition as it was from one change to the next: what its jobs of that time run. Immutable."""

    __tablename__ = "agent_definition_versions"
    __table_args__ = table_args(
        _within_limits(),
        sa.ForeignKeyConstraint(
            ["org_id", "definition_id"], ["agent_definitions.org_id", "agent_definitions.id"], ondelete="CASCADE"
        ),
        grants="SELECT, INSERT",
    )

    definition_id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    version: int = Field(
        primary_key=True,
        sa_type=sa.Integer,
        sa_column_kwargs={"autoincrement": False},
        description="Version of the definition.",
    )
    created_at: Moment = column(TIMESTAMP, description="Time at which the version was made.")


agent_definitions = table_of(AgentDefinition)
agent_definition_versions = table_of(AgentDefinitionVersion)
