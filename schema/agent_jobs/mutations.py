"""Agent jobs in the graph: how they are queued, cancelled and retried, and what a person decides of them."""

import strawberry

from models.agent_jobs import AgentJob as Table
from models.agent_jobs_steps import AgentStep as StepTable
from models.resources import ToolFor
from resolvers.agent_jobs import decisions, mutations
from schema.agent_jobs.types import AgentJob
from schema.declaration.inputs import EXPECTED, UpdateInput, input_type
from schema.declaration.mutations import JOB_COST, acts_on, creates, tool_for, updates
from schema.declaration.scalars import Json

GOES_ON = " The job goes on when no other step of it waits."


@strawberry.input
class _DecideInput:
    """Which step to decide, of a job as it was looked at."""

    id: strawberry.ID = strawberry.field(description="ID of the object.")
    expected_version: int = strawberry.field(description=EXPECTED)
    step_id: strawberry.ID = strawberry.field(description="ID of the step that waits.")


@input_type(Table)
class QueueAgentJobInput:
    """The job to queue.

    The API key must have the scopes of all tools of the definition, and those to read its order and ticket.
    """

    definition_id: strawberry.ID = strawberry.field(
        description="ID of the agent's definition, which is `ACTIVE`. The job runs its present version."
    )
    order_id: strawberry.Maybe[strawberry.ID | None]
    ticket_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="ID of the ticket that the job is about. With an order, it must be that order's and its client's."
    )
    input: strawberry.Maybe[Json] = strawberry.field(
        description="Input of the job, as `inputSchema` of the definition says: at most 16 KiB, without the character"
        " U+0000. `{}` when absent."
    )


@input_type()
class CancelAgentJobInput(UpdateInput):
    """The agent job to cancel."""


@input_type()
class RetryAgentJobInput(UpdateInput):
    """The agent job to retry."""


@input_type(StepTable)
class ApproveAgentJobInput(_DecideInput):
    """The step of an agent job to approve."""

    reason: strawberry.Maybe[str | None]


@input_type(StepTable)
class RejectAgentJobInput(_DecideInput):
    """The step of an agent job to reject."""

    reason: str = strawberry.field(description="Reason for the rejection, which the agent gets: 1 to 500 characters.")


@input_type(StepTable)
class AnswerAgentJobInput(_DecideInput):
    """The question of an agent job to answer."""

    answer: str = strawberry.field(description="The answer, which the agent gets: 1 to 20,000 characters.")


@strawberry.type
class AgentJobMutation:
    """Mutations of agent jobs."""

    queue_agent_job = creates(
        AgentJob,
        QueueAgentJobInput,
        mutations.queue,
        "Queue a job of an agent. It runs with the scopes that its tools need, less those that the API key has lost."
        " With a tool of reports these include the scopes to read what reports sum, of which the API key needs only"
        " those of the kinds that the agent is to request or read.",
        cost=JOB_COST,
    )
    cancel_agent_job = acts_on(
        AgentJob,
        CancelAgentJobInput,
        mutations.cancel,
        "Cancel an agent job that has not ended. What its steps have done stays done, and steps that wait for a person"
        " are `CANCELLED`. A job that is cancelled stays as it is.",
    )
    retry_agent_job = acts_on(
        AgentJob,
        RetryAgentJobInput,
        mutations.retry,
        "Retry an agent job that has `FAILED`: it goes on from its steps. One that waits until `retryAt` is tried at"
        " once, and another one that is `QUEUED` stays as it is. The API key must have the scopes of the job.",
    )
    approve_agent_job = tool_for(
        ToolFor.NOBODY,
        updates(
            AgentJob,
            ApproveAgentJobInput,
            decisions.approve,
            "Approve a step of an agent job. The API key must have the scopes of the step's operation itself."
            f" `changes` of the step shows what would change.{GOES_ON}",
        ),
    )
    reject_agent_job = tool_for(
        ToolFor.NOBODY,
        updates(
            AgentJob,
            RejectAgentJobInput,
            decisions.reject,
            "Reject a step of an agent job. The agent gets the reason. The API key must have the scopes of the step's"
            f" operation itself.{GOES_ON}",
        ),
    )
    answer_agent_job = tool_for(
        ToolFor.NOBODY,
        updates(
            AgentJob,
            AnswerAgentJobInput,
            decisions.answer,
            f"Answer a question of an agent job. The API key must have the scopes of the job.{GOES_ON}",
        ),
    )
