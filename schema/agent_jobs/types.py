"""Agent jobs in the graph: what can be read of them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from execution import ColumnReader
from models.agent_jobs import AGENT_JOB, MACHINE, AgentJobStatus
from models.agent_jobs import AgentJob as Table
from models.agent_jobs_errors import AgentErrorCode
from models.agents import AGENT
from models.clients import CLIENT
from models.orders import ORDER
from models.tickets import TICKET
from resolvers.agent_jobs import scoped_fields
from resolvers.agent_jobs.collections import AGENT_JOBS, AGENT_STEPS
from resolvers.agents import loaders
from resolvers.agents.collections import AGENTS
from resolvers.clients import CLIENTS
from resolvers.orders import ORDERS
from resolvers.tickets.collections import TICKETS
from schema.agent_jobs.steps import AgentStep
from schema.agents import AgentDefinition, AgentDefinitionVersion
from schema.declaration.amounts import shown_amount
from schema.declaration.collections import many, one, pages_of, to_one
from schema.declaration.fields import batched, computed, creation, member, object_type, public_id, related_id, same_row
from schema.declaration.json_times import json_time
from schema.declaration.lists import Connection
from schema.declaration.nodes import Node
from schema.declaration.scalars import Currency, Json, LargeJson, MicroUnits
from schema.declaration.transitions import Transition, available_transitions

if TYPE_CHECKING:
    from schema.clients import Client
    from schema.orders import Order
    from schema.tickets import Ticket

SCOPED = "Null for an API key that lacks one of the job's `scopes`."
DESCRIPTIONS = {name: field.description or "" for name, field in Table.model_fields.items()}


@object_type(resource=AGENT_JOB, part_of=Table)
class AgentUsage:
    """Usage of a job: the sums of its steps."""

    model: str = member("model")
    model_calls: int = member("model_calls")
    input_tokens: int = member("input_tokens")
    output_tokens: int = member("output_tokens")
    cost: MicroUnits = member("cost")
    currency: Currency = member("currency")


@object_type(resource=AGENT_JOB)
class AgentCost:
    """The cost of agent jobs in one currency."""

    currency: Currency = member("currency", "ISO 4217 currency code.")
    cost: MicroUnits = member("cost", "Sum of the costs of the jobs' steps, in micro-units.", convert=shown_amount)


@object_type(resource=AGENT_JOB)
class AgentError:
    """Why a job failed."""

    code: AgentErrorCode = computed(
        lambda error: AgentErrorCode(error["code"]), description=DESCRIPTIONS["error_code"], reader=ColumnReader("code")
    )
    message: str = member("message", DESCRIPTIONS["error_message"])


@object_type(resource=AGENT_JOB)
class AgentFailure:
    """How a job failed."""

    code: AgentErrorCode = computed(
        lambda failure: AgentErrorCode(failure["code"]),
        description=DESCRIPTIONS["error_code"],
        reader=ColumnReader("code"),
    )
    message: str = member("message", DESCRIPTIONS["error_message"])
    failed_at: datetime = json_time("failedAt", "Time at which it failed.")


def _error(row: Any) -> Any:
    return None if row["error_code"] is None else {"code": row["error_code"], "message": row["error_message"]}


_ERROR = ColumnReader(convert=_error, null=True, needs=("error_code", "error_message"))


@object_type(Table, AGENT_JOB, machine=MACHINE)
class AgentJob(Node):
    """A job of an AI agent, which a worker runs, step by step."""

    id: strawberry.ID = public_id(AGENT_JOB)
    definition_id: strawberry.ID = related_id(AGENT, "definition_id", "ID of the agent's definition.")
    definition: AgentDefinition = to_one(AGENTS, "definition_id", "The agent's definition, as it is now.")
    definition_version: int
    definition_as_run: AgentDefinitionVersion = batched(
        loaders.versions_of_jobs,
        "definition_id",
        "definition_version",
        description="The definition in the version that the job runs: its tools, instructions and limits.",
    )
    order_id: strawberry.ID | None = related_id(ORDER, "order_id", "ID of the order that the job is about.", null=True)
    order: Annotated["Order", strawberry.lazy("schema.orders")] | None = to_one(
        ORDERS, "order_id", "The order that the job is about.", null=True
    )
    ticket_id: strawberry.ID | None = related_id(
        TICKET, "ticket_id", "ID of the ticket that the job is about.", null=True
    )
    ticket: Annotated["Ticket", strawberry.lazy("schema.tickets")] | None = to_one(
        TICKETS, "ticket_id", "The ticket that the job is about.", null=True
    )
    client_id: strawberry.ID | None = related_id(
        CLIENT, "client_id", "ID of the client of the order or ticket, when the job was queued.", null=True
    )
    client: Annotated["Client", strawberry.lazy("schema.clients")] | None = to_one(
        CLIENTS, "client_id", "The client of the order or ticket, when the job was queued.", null=True
    )
    input: Json | None = batched(
        scoped_fields.column("input"), "input", "scopes", description=f"{DESCRIPTIONS['input']} {SCOPED}", cost=1
    )
    output: LargeJson | None = batched(
        scoped_fields.column("output"), "output", "scopes", description=f"{DESCRIPTIONS['output']} {SCOPED}", cost=1
    )
    status: AgentJobStatus
    attempt: int
    plan: str | None = batched(
        scoped_fields.column("plan"), "plan", "scopes", description=f"{DESCRIPTIONS['plan']} {SCOPED}", cost=0
    )
    error: AgentError | None = same_row("Why it failed; null if it did not.", _ERROR)
    first_failure: AgentFailure | None = same_row(
        f"{DESCRIPTIONS['first_failure']} A retry changes it no more.", ColumnReader("first_failure", null=True)
    )
    usage: AgentUsage = same_row("Usage of the job so far.", ColumnReader(same_row=True))
    scopes: list[str]
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    retry_at: datetime | None
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    stale: bool = batched(
        scoped_fields.stale,
        "id",
        "status",
        description="Whether the job is `RUNNING` while no worker holds it: its worker has died, and another one goes"
        " on with it.",
        cost=1,
    )
    available_transitions: list[Transition[AgentJobStatus]] = available_transitions(MACHINE, "error_code")
    steps: Connection[AgentStep] | None = pages_of(
        AGENT_STEPS,
        scoped_fields.steps,
        "id",
        "scopes",
        description=f"The steps of the job, newest first by default. {SCOPED}",
    )


@strawberry.type
class AgentJobQuery:
    """Queries of agent jobs."""

    agent_job: AgentJob | None = one(AGENT_JOBS)
    agent_jobs: Connection[AgentJob] | None = many(AGENT_JOBS)
