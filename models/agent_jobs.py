"""Agent jobs: what an agent was asked to do, how far it is, and what came of it; and the transitions of its status."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from models.agent_jobs_errors import AgentErrorCode
from models.agents import Model
from models.base import TIMESTAMP, Versioned, column, nullable_time, one_of, table_args, table_of
from models.enums import DescribedEnum
from models.machines import Block, Guard, Machine, Row, SettingValues, Transition, always
from models.resources import Resource, ToolFor
from models.types import JSON_LIMIT, Currency, JsonObject, LongText, Moment, ShortText

AGENT_JOB = Resource(
    "agent_job",
    actions=("transition", "retry", "approve", "reject", "answer", "expire"),
    prefix="job",
    # Events leave out input, output and plan, which need the job's scopes.
    rendered_by="AgentJobEvent",
    tool_for=ToolFor.MCP,
    description="The jobs of AI agents: what they were asked to do, how far they are, and what came of it.",
    live={"step": "A step of an agent job was added."},
    events={
        "queued": "An agent job was queued: newly, after a decision or an answer, or for another attempt.",
        "started": "A worker began to run an agent job.",
        "awaiting_approval": "An agent job waits for an approval.",
        "awaiting_input": "An agent job waits for an answer.",
        "succeeded": "An agent job succeeded.",
        "failed": "An agent job failed.",
        "cancelled": "An agent job was cancelled.",
    },
)
# The greatest number of bytes of an output, as compact JSON.
OUTPUT_LIMIT = 4 * JSON_LIMIT


class AgentJobStatus(DescribedEnum):
    """Status of an agent job."""

    QUEUED = "QUEUED", "Waiting for a worker."
    RUNNING = "RUNNING", "Being run."
    AWAITING_APPROVAL = "AWAITING_APPROVAL", "Waiting until a person approves or rejects a step."
    AWAITING_INPUT = "AWAITING_INPUT", "Waiting until a person answers a question."
    SUCCEEDED = "SUCCEEDED", "Done; see `output`."
    FAILED = "FAILED", "Not done; see `error`, and `availableTransitions` for whether it can be retried."
    CANCELLED = "CANCELLED", "Cancelled: it does not go on."


_S, _E = AgentJobStatus, AgentErrorCode
# What another attempt meets as well: the job keeps its limits, what it took, and its key.
FINAL = frozenset({_E.STEPS_EXCEEDED, _E.TOKENS_EXCEEDED, _E.COST_EXCEEDED, _E.KEY_INVALID})
ENDED = frozenset({_S.SUCCEEDED, _S.FAILED, _S.CANCELLED})
WAITING = frozenset({_S.AWAITING_APPROVAL, _S.AWAITING_INPUT})
_WAITS = {_S.AWAITING_APPROVAL: "The step is approved or rejected", _S.AWAITING_INPUT: "The question is answered"}
# The verbs of events that are not the names of the status.
_VERBS = {_S.RUNNING: "started"}


def event_of(status: AgentJobStatus) -> str:
    """Return the verb of the event of a job that has become one of the states."""
    return _VERBS.get(status, status.value.lower())


def ran_until(job: Row, moment: datetime) -> dict[str, Any]:
    """Return the columns of a job whose run ended at a moment: the clocks of two servers may differ."""
    run = max(moment - job["resumed_at"], timedelta())
    return {"ran_ms": job["ran_ms"] + run // timedelta(milliseconds=1), "resumed_at": None}


def _retryable(job: Row, settings: SettingValues, moment: datetime) -> Block | None:
    return Block(Guard.NOT_RETRYABLE) if job.get("error_code") in FINAL else None


def _effects(job: Row, made: Transition[AgentJobStatus], moment: datetime, reason: str | None) -> dict[str, Any]:
    changes: dict[str, Any] = {"finished_at": moment if made.target in ENDED else None, "retry_at": None}
    if made.target not in WAITING:
        changes["expires_at"] = None
    if made.target is _S.QUEUED:
        changes |= {"queued_at": moment, "error_code": None, "error_message": None}
    if made.target is _S.RUNNING:
        changes |= {"started_at": job["started_at"] or moment, "resumed_at": moment}
    if job["status"] == _S.RUNNING:
        changes |= ran_until(job, moment)
    return changes


_automatic, _decided = always(Guard.AUTOMATIC), always(Guard.DECISION)
MACHINE = Machine(
    AgentJobStatus,
    Transition(_S.QUEUED, _S.RUNNING, "A worker runs it.", _automatic),
    Transition(_S.RUNNING, _S.SUCCEEDED, "The agent's answer matches `outputSchema`.", _automatic),
    Transition(_S.RUNNING, _S.FAILED, "It cannot go on; see `error`.", _automatic),
    Transition(_S.RUNNING, _S.AWAITING_APPROVAL, "The agent calls a tool that requires approval.", _automatic),
    Transition(_S.RUNNING, _S.AWAITING_INPUT, "The agent asks a question.", _automatic),
    Transition(_S.RUNNING, _S.QUEUED, "An attempt failed, and another one follows.", _automatic),
    *(
        Transition(origin, _S.QUEUED, f"{what}, or its time is over, and no other step waits.", _decided)
        for origin, what in _WAITS.items()
    ),
    Transition(_S.AWAITING_APPROVAL, _S.AWAITING_INPUT, "The step is decided, and a question waits too.", _decided),
    Transition(_S.AWAITING_INPUT, _S.AWAITING_APPROVAL, "It is answered, and an approval waits too.", _decided),
    Transition(_S.FAILED, _S.QUEUED, "It is retried, and goes on from its steps.", _retryable),
    *(
        Transition(origin, _S.CANCELLED, "It is cancelled.")
        for origin in (_S.QUEUED, _S.RUNNING, _S.AWAITING_APPROVAL, _S.AWAITING_INPUT)
    ),
    effects=_effects,
)


class AgentJob(Versioned, table=True):
    """A job of an AI agent, which runs one version of its definition."""

    __tablename__ = "agent_jobs"
    __table_args__ = table_args(
        one_of("status", AgentJobStatus),
        one_of("error_code", AgentErrorCode),
        sa.CheckConstraint(
            "(status in ('SUCCEEDED', 'FAILED', 'CANCELLED')) = (finished_at is not null)", name="finished_at"
        ),
        sa.CheckConstraint("(status = 'FAILED') = (error_code is not null)", name="error"),
        sa.CheckConstraint("(status = 'SUCCEEDED') = (output is not null)", name="output"),
        sa.CheckConstraint(
            "(status in ('AWAITING_APPROVAL', 'AWAITING_INPUT')) = (expires_at is not null)", name="expires_at"
        ),
        sa.CheckConstraint("(status = 'RUNNING') = (resumed_at is not null)", name="resumed_at"),
        sa.CheckConstraint("retry_at is null or status = 'QUEUED'", name="retry_at"),
        sa.ForeignKeyConstraint(
            ["org_id", "definition_id", "definition_version"],
            [f"agent_definition_versions.{name}" for name in ("org_id", "definition_id", "version")],
        ),
        sa.ForeignKeyConstraint(["org_id", "order_id"], ["orders.org_id", "orders.id"]),
        sa.ForeignKeyConstraint(["org_id", "ticket_id"], ["tickets.org_id", "tickets.id"]),
        sa.ForeignKeyConstraint(["org_id", "client_id"], ["clients.org_id", "clients.id"]),
        sa.ForeignKeyConstraint(
            ["org_id", "created_by_key"], ["api_keys.org_id", "api_keys.id"], ondelete="SET NULL (created_by_key)"
        ),
        sa.Index("agent_jobs_definition_idx", "org_id", "definition_id", "id"),
        sa.Index("agent_jobs_order_idx", "org_id", "order_id", "id"),
        sa.Index("agent_jobs_ticket_idx", "org_id", "ticket_id", "id"),
        sa.Index("agent_jobs_client_idx", "org_id", "client_id", "id"),
        sa.Index("agent_jobs_status_idx", "org_id", "status", "id"),
        sa.Index("agent_jobs_updated_idx", "org_id", "updated_at", "id"),
        sa.Index("agent_jobs_queued_idx", "org_id", "queued_at", "id"),
        *nullable_time("agent_jobs_expires", "expires_at"),
        sa.Index(None, "org_id", "created_by_key"),
        grants="SELECT, INSERT, UPDATE",
    )

    # Its key leads to the version, and not to the definition's ID.
    definition_id: UUID = column(
        sa.Uuid, info={"refers_to": "agent_definitions"}, description="ID of the agent's definition."
    )
    definition_version: int = column(sa.Integer, description="Version of the definition that the job runs.")
    order_id: UUID | None = column(sa.Uuid, nullable=True, description="ID of the order that the job is about.")
    ticket_id: UUID | None = column(sa.Uuid, nullable=True, description="ID of the ticket that the job is about.")
    client_id: UUID | None = column(
        sa.Uuid, nullable=True, description="ID of the client of the order or ticket, when the job was queued."
    )
    input: JsonObject = column(pg.JSONB, info={"most": JSON_LIMIT}, description="Input of the job.")
    output: JsonObject | None = column(
        pg.JSONB,
        nullable=True,
        info={"most": OUTPUT_LIMIT},
        description="Output of the job, once it has `SUCCEEDED`.",
    )
    status: AgentJobStatus = column(sa.Text, default=AgentJobStatus.QUEUED, description="Status of the job.")
    attempt: int = column(
        sa.Integer,
        default=0,
        description="Number of attempts since it was queued or retried. Continuing after an approval or an answer is"
        " not counted.",
    )
    plan: LongText | None = column(sa.Text, nullable=True, description="The agent's plan, where it wrote one.")
    error_code: AgentErrorCode | None = column(
        sa.Text, info={"logged_as": "error.code"}, nullable=True, description="Code of the error."
    )
    error_message: ShortText | None = column(
        sa.Text, info={"logged_as": "error.message"}, nullable=True, description="Explanation for a person."
    )
    first_failure: JsonObject | None = column(
        pg.JSONB,
        info={"internal": True},
        nullable=True,
        description="How it failed for the first time, where it was retried since; null otherwise.",
    )
    scopes: list[str] = column(
        pg.ARRAY(sa.Text),
        info={"most": 40 * 25},
        description="The scopes that the job's tools need, and that it runs with. With a tool of reports it has those"
        " to read what reports sum too, as far as the API key that queued it has them. Input, output and steps are"
        " shown to API keys that have all of them.",
    )
    created_by_key: UUID | None = column(
        sa.Uuid, nullable=True, description="The key that queued it, if one did and was not deleted."
    )
    model: Model = column(
        sa.Text,
        info={"logged_as": "usage.model"},
        description="The model of the definition's version, such as `openai:gpt-5`; `test` is the built-in one, which"
        " asks no provider.",
    )
    currency: Currency = column(
        sa.Text, info={"logged_as": "usage.currency"}, description="ISO 4217 currency code of the cost."
    )
    step_count: int = column(sa.Integer, info={"internal": True}, default=0, description="Number of steps.")
    model_calls: int = column(
        sa.Integer, info={"logged_as": "usage.modelCalls"}, default=0, description="Number of calls of the model."
    )
    input_tokens: int = column(
        sa.BigInteger,
        info={"logged_as": "usage.inputTokens"},
        default=0,
        description="Tokens that were sent to the model.",
    )
    output_tokens: int = column(
        sa.BigInteger, info={"logged_as": "usage.outputTokens"}, default=0, description="Tokens of the model's answer."
    )
    cost: int = column(
        sa.BigInteger, info={"logged_as": "usage.cost"}, default=0, description="Cost in micro-units of `currency`."
    )
    queued_at: Moment = column(TIMESTAMP, description="Time at which the job was last queued.")
    started_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time at which the job first started.")
    finished_at: Moment | None = column(TIMESTAMP, nullable=True, description="Time at which the job ended.")
    retry_at: Moment | None = column(
        TIMESTAMP,
        nullable=True,
        description="Time of the next attempt, where the last one failed. `retryAgentJob` makes it at once.",
    )
    expires_at: Moment | None = column(
        TIMESTAMP, nullable=True, description="Time until which the job waits for an approval or an answer."
    )
    resumed_at: Moment | None = column(
        TIMESTAMP, info={"internal": True}, nullable=True, description="Time at which its present run began."
    )
    ran_ms: int = column(
        sa.BigInteger,
        info={"internal": True},
        default=0,
        description="Milliseconds that its runs took which have ended, since it was queued or retried.",
    )


agent_jobs = table_of(AgentJob)
