"""The steps of agent jobs in the graph."""

from datetime import datetime

import strawberry

from models.agent_jobs_steps import AGENT_STEP, MAX_CHANGES, AgentDecision, AgentStepKind
from models.agent_jobs_steps import AgentStep as Table
from schema.declaration.fields import creation, member, object_type, public_id, related_id
from schema.declaration.scalars import JsonValue, LargeJson, MicroUnits


@object_type(resource=AGENT_STEP)
class AgentChange:
    """A field that an operation would change, as a dry run of it found."""

    target: str = member("target", "ID of the object. That of a new one is provisional.")
    field: str = member("field", "Name of the field.")
    before: JsonValue | None = member("before", "Its value before; null where the object would be new.", null=True)
    after: JsonValue | None = member("after", "Its value after; null where the object would be gone.", null=True)


@object_type(Table, AGENT_STEP)
class AgentStep:
    """A step of an agent job: a call of the model, a tool that was run, or what a person is asked. Each is committed
    before the next one begins."""

    id: strawberry.ID = public_id(AGENT_STEP)
    index: int
    kind: AgentStepKind
    operation: str | None
    input: LargeJson | None
    output: LargeJson | None
    changes: list[AgentChange] | None = strawberry.field(
        description="Every field that the operation would change. An operation that would change more than"
        f" {MAX_CHANGES}, or that cannot be shown whole, is refused and not asked for. Null for a step that is not"
        " an `APPROVAL`."
    )
    events: list[str] | None = strawberry.field(
        description="Types of the events that would follow, such as `order.updated`. Null for a step that is not an"
        " `APPROVAL`."
    )
    question: str | None
    answer: str | None
    expires_at: datetime | None
    decision: AgentDecision | None
    superseded_by_id: strawberry.ID | None = related_id(
        AGENT_STEP, "superseded_by", "ID of the step that asks again, where the decision is `SUPERSEDED`.", null=True
    )
    reason: str | None
    input_tokens: int
    output_tokens: int
    cost: MicroUnits
    started_at: datetime
    finished_at: datetime | None
    created_at: datetime = creation()
