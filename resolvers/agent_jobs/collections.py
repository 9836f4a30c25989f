"""Agent jobs and their steps: what they can be filtered and sorted by."""

from datetime import datetime

from models.agent_jobs import AGENT_JOB, WAITING, AgentJobStatus, agent_jobs
from models.agent_jobs_steps import AGENT_STEP, AgentDecision, AgentStepKind, agent_steps
from models.agents import AGENT
from models.clients import CLIENT
from models.orders import ORDER
from models.tickets import TICKET
from resolvers.collections.collection import (
    COMMON_SORT_FIELDS,
    CREATED,
    Collection,
    Relation,
    SortField,
    common_filters,
)
from resolvers.errors import Conflict
from resolvers.lists.conditions import created, enum, ids, moment

HAS_AGENT_JOBS = Conflict(
    "HAS_AGENT_JOBS", "Agent jobs refer to the object: cancel an order, archive an agent definition instead."
)
AGENT_JOBS = Collection(
    AGENT_JOB,
    agent_jobs,
    sort_fields=COMMON_SORT_FIELDS
    | {
        "QUEUED_AT": SortField("queued_at", datetime, "Time at which the job was last queued.", grows=True),
        "EXPIRES_AT": SortField(
            "expires_at", datetime, "Time until which the job waits; jobs that do not wait come last.", nullable=True
        ),
    },
    filters={
        **common_filters(AGENT_JOB),
        "status": enum("status", AgentJobStatus, times={"expires_at": WAITING}),
        "definition_id": ids("definition_id", AGENT, "the agent definition's ID"),
        "order_id": ids("order_id", ORDER, "the order's ID", nullable=True),
        "ticket_id": ids("ticket_id", TICKET, "the ticket's ID", nullable=True),
        "client_id": ids("client_id", CLIENT, "the client's ID", nullable=True),
        "definition": Relation("agent_definitions", "the agent definition", "definition_id"),
        "order": Relation("orders", "the order", "order_id"),
        "ticket": Relation("tickets", "the ticket", "ticket_id"),
        "client": Relation("clients", "the client", "client_id"),
    },
)
AGENT_STEPS = Collection(
    AGENT_STEP,
    agent_steps,
    sort_fields={"CREATED_AT": CREATED},
    filters={
        "id": ids("id", AGENT_STEP, "ID"),
        "created_at": created(),
        "kind": enum("kind", AgentStepKind),
        "decision": enum("decision", AgentDecision, nullable=True),
        "expires_at": moment("expires_at", "time until which the step waits for a person", nullable=True),
        "finished_at": moment("finished_at", "time at which the step ended", nullable=True),
    },
)
