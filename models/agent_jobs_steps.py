"""The steps of agent jobs, each committed before the next; and what agents may cost for a client in a month."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from models.agents import OperationName
from models.base import TIMESTAMP, Owned, column, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.resources import Resource
from models.types import JSON_LIMIT, Body, Currency, JsonObject, Moment, Reason

AGENT_STEP = Resource("agent_step", plural="steps", prefix="step", scope="agent_jobs")
# The greatest length of a step's input or output as JSON.
STEP_LIMIT = 8 * JSON_LIMIT
MAX_CHANGES = 200


class AgentStepKind(DescribedEnum):
    """Kind of a step."""

    MODEL = "MODEL", "A call of the model."
    TOOL = "TOOL", "A tool that was run. What it changed is committed with the step."
    APPROVAL = "APPROVAL", "A tool's call that a person approves or rejects before it is run."
    INPUT = "INPUT", "A question to a person."


class AgentDecision(DescribedEnum):
    """Outcome of a step that waited for a person."""

    APPROVED = "APPROVED", "Approved: the operation is run."
    REJECTED = "REJECTED", "Rejected: the agent gets the reason."
    ANSWERED = "ANSWERED", "Answered: the agent gets the answer."
    EXPIRED = "EXPIRED", "Not decided in time: the agent goes on without."
    SUPERSEDED = (
        "SUPERSEDED",
        "Approved, and not run: what it would change had been changed meanwhile by others. The step `supersededById`"
        " asks again.",
    )
    CANCELLED = "CANCELLED", "Not decided: the job was cancelled."


class AgentStep(Owned, table=True):
    """A step of an agent job.

    Of a MODEL step ``messages`` are the request and the answer as the library writes them; one whose call is under way
    may be there already. Steps of other kinds come from a tool call: ``model_step`` is the index of the MODEL step that
    made it, ``tool_call_id`` its ID there.
    """

    __tablename__ = "agent_steps"
    __table_args__ = table_args(
        one_of("kind", AgentStepKind),
        one_of("decision", AgentDecision),
        sa.CheckConstraint("(kind = 'MODEL') = (num_nulls(model_step, tool_call_id) = 2)", name="tool_call"),
        sa.CheckConstraint("num_nulls(model_step, tool_call_id) in (0, 2)", name="model_step"),
        sa.CheckConstraint("kind = 'MODEL' or messages is null", name="messages"),
        sa.CheckConstraint("(kind in ('TOOL', 'APPROVAL')) = (operation is not null)", name="operation"),
        sa.CheckConstraint("(kind = 'APPROVAL') = (hash is not null)", name="hash"),
        sa.CheckConstraint("(kind = 'INPUT') = (question is not null)", name="question"),
        sa.CheckConstraint("(decision is not distinct from 'ANSWERED') = (answer is not null)", name="answer"),
        sa.CheckConstraint(
            "(decision is not distinct from 'SUPERSEDED') = (superseded_by is not null)", name="superseded_by"
        ),
        sa.CheckConstraint("kind in ('APPROVAL', 'INPUT') or num_nulls(expires_at, decision) = 2", name="waits"),
        sa.CheckConstraint(
            "kind in ('MODEL', 'TOOL') or (expires_at is not null and (decision is null) = (finished_at is null))",
            name="open",
        ),
        sa.ForeignKeyConstraint(["org_id", "job_id"], ["agent_jobs.org_id", "agent_jobs.id"]),
        sa.UniqueConstraint("org_id", "job_id", "index", name="agent_steps_index_key"),
        # What a call of a tool does is done once, and asked for once at a time.
        sa.Index(
            "agent_steps_tool_key", "org_id", "job_id", "model_step", "tool_call_id", unique=True,
            postgresql_where=sa.text("kind = 'TOOL'"),
        ),
        sa.Index(
            "agent_steps_open_key", "org_id", "job_id", "model_step", "tool_call_id", unique=True,
            postgresql_where=sa.text("finished_at is null"),
        ),
        sa.Index("agent_steps_job_idx", "org_id", "job_id", "id"),
        sa.Index("agent_steps_finished_idx", "org_id", "finished_at", "id"),
        grants="SELECT, INSERT, UPDATE",
    )  # fmt: skip

    id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    job_id: UUID = column(sa.Uuid, description="ID of the job.")
    index: int = column(sa.Integer, description="Number of the step in the job, from 0.")
    kind: AgentStepKind = column(sa.Text, description="Kind of the step.")
    model_step: int | None = column(
        sa.Integer, nullable=True, description="Index of the `MODEL` step whose answer called for the step."
    )
    tool_call_id: str | None = column(sa.Text, nullable=True, description="ID of the tool call in that answer.")
    messages: str | None = column(sa.Text, nullable=True, description="The messages of the model, as JSON.")
    operation: OperationName | None = column(
        sa.Text, nullable=True, description="Name of the operation that is run, or that would be."
    )
    input: JsonObject | None = column(
        pg.JSONB, nullable=True, info={"most": STEP_LIMIT}, description="The variables of the operation."
    )
    output: JsonObject | None = column(
        pg.JSONB,
        nullable=True,
        info={"most": STEP_LIMIT},
        description="The operation's result, or what the model answered: its text and its calls of tools.",
    )
    hash: bytes | None = column(
        pg.BYTEA, nullable=True, description="Digests of operation, variables, versions and changes of the rows."
    )
    moved: JsonObject | None = column(
        pg.JSONB, nullable=True, description="How many versions a tool made of the objects that it found, by their IDs."
    )
    changes: list[Any] | None = column(
        pg.JSONB,
        nullable=True,
        info={"most": STEP_LIMIT},
        description="Changes that the operation would make, as a dry run found: target, field, before, after.",
    )
    events: list[str] | None = column(
        pg.ARRAY(sa.Text), nullable=True, info={"most": 40 * 10}, description="Types of the events that would follow."
    )
    question: Body | None = column(sa.Text, nullable=True, description="The agent's question.")
    answer: Body | None = column(sa.Text, nullable=True, description="The answer: 1 to 20,000 characters.")
    expires_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time until which the step waits for a person."
    )
    decision: AgentDecision | None = column(
        sa.Text, nullable=True, description="Outcome of the step; null while it is open."
    )
    superseded_by: UUID | None = column(
        sa.Uuid,
        nullable=True,
        info={"refers_to": "steps"},
        description="ID of the step that asks again, where the decision is `SUPERSEDED`.",
    )
    reason: Reason | None = column(sa.Text, nullable=True, description="Reason for the decision.")
    input_tokens: int = column(sa.BigInteger, default=0, description="Tokens that were sent to the model.")
    output_tokens: int = column(sa.BigInteger, default=0, description="Tokens of the model's answer.")
    cost: int = column(sa.BigInteger, default=0, description="Cost in micro-units of the job's currency.")
    reserved: int = column(sa.BigInteger, default=0, description="What of the budget is reserved for an open call.")
    started_at: Moment = column(TIMESTAMP, description="Time at which the step began.")
    finished_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time at which the step ended; null while it is open."
    )


class AgentBudget(Owned, table=True):
    """What agents cost for a client in a month of the organization's time zone.

    The worst case of a call is reserved before it, and settled after it.
    """

    __tablename__ = "agent_budgets"
    __table_args__ = table_args(
        sa.CheckConstraint("reserved >= 0 and spent >= 0", name="amounts"),
        sa.ForeignKeyConstraint(["org_id", "client_id"], ["clients.org_id", "clients.id"]),
        grants="SELECT, INSERT, UPDATE",
    )

    client_id: UUID = Field(primary_key=True, sa_type=sa.Uuid)
    month: date = Field(primary_key=True, sa_type=sa.Date, description="The first day of the month.")
    currency: Currency = Field(primary_key=True, sa_type=sa.Text)
    reserved: int = column(sa.BigInteger, default=0)
    spent: int = column(sa.BigInteger, default=0)


agent_steps = table_of(AgentStep)
agent_budgets = table_of(AgentBudget)
