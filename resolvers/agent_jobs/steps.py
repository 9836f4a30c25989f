"""Steps of agent jobs: how one is added, with the sums that its job keeps."""

from typing import Any

import sqlalchemy as sa

from models.agent_jobs import AGENT_JOB, agent_jobs
from models.agent_jobs_steps import AgentStepKind, agent_steps
from models.typeid import new_uuid
from resolvers.changes.edits import Edit
from resolvers.context import Row, now
from resolvers.database.sql import ORG, statement
from resolvers.live.notes import note

_NUMBERS = ("input_tokens", "output_tokens", "cost")


@statement
def _insert() -> sa.Insert:
    columns = [column for column in agent_steps.c if column.name != "org_id"]
    return agent_steps.insert().values(
        org_id=ORG, **{column.name: sa.bindparam(f"new_{column.name}", type_=column.type) for column in columns}
    )


def next_step(job: Row, kind: AgentStepKind, **columns: Any) -> Row:
    """Return the next step of a job, with some of its columns, and add it to the job's sums."""
    known = {
        "id": new_uuid(), "job_id": job["id"], "index": job["step_count"], "kind": kind, "started_at": now(),
        "reserved": 0, **dict.fromkeys(_NUMBERS, 0),
    }  # fmt: skip
    step = dict.fromkeys((column.name for column in agent_steps.c if column.name != "org_id"), None) | known | columns
    job |= {name: job[name] + step[name] for name in _NUMBERS}
    job |= {"step_count": job["step_count"] + 1, "model_calls": job["model_calls"] + (kind is AgentStepKind.MODEL)}
    return step


async def add_step(edit: Edit, kind: AgentStepKind, **columns: Any) -> Row:
    """Insert the next step of a locked job, with some of its columns, and add it to the job's sums.

    The job is not saved yet. Its change is no entry of the audit log: that has what the step does.
    """
    step = next_step(edit.row, kind, **columns)
    await edit.ctx.fetch(_insert(), **{f"new_{name}": value for name, value in step.items()})
    edit.touch()
    await note(edit.ctx, AGENT_JOB, agent_jobs, edit.row["id"], "step")
    return step
