"""Runs of agent jobs by a worker: how one begins, what it goes on from, and how it ends."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.actors import within
from models.agent_jobs import MACHINE, AgentJobStatus, event_of, ran_until
from models.agent_jobs_errors import AgentErrorCode
from models.agents import agent_definition_versions
from models.api_keys import ApiKeyStatus, api_keys, status_of
from resolvers.agent_jobs.budgets import JobStopped
from resolvers.agent_jobs.open_model_calls import begin_job_edit, close_model_calls, steps_of
from resolvers.api_keys.rights import are_bound
from resolvers.changes.edits import Edit
from resolvers.context import Context, Row, now
from resolvers.database.sql import owned, statement

_S = AgentJobStatus
MESSAGE_LENGTH = 200


@dataclass(slots=True)
class Run:
    """A job that a worker runs: its row, the version of its definition, and its steps so far.

    ``exhausted`` is whether it had its last attempt before.
    """

    job: Row
    definition: Row
    steps: list[Row]
    exhausted: bool = False

    @property
    def seconds_left(self) -> float:
        """Return how long it may go on, of what its definition allows for all its runs."""
        allowed: float = self.definition["timeout_seconds"] - self.job["ran_ms"] / 1_000
        return max(allowed, 0.0)

    @property
    def answers(self) -> list[Row]:
        """Return the steps of the calls that were answered; one whose answer was lost may follow them."""
        return [step for step in self.steps if step["messages"] is not None]


@statement
def _definition() -> sa.Select[Any]:
    versions = agent_definition_versions.c
    return owned(agent_definition_versions).where(
        versions.definition_id == sa.bindparam("definition_id", type_=sa.Uuid),
        versions.version == sa.bindparam("version", type_=sa.Integer),
    )


@statement
def _key() -> sa.Select[Any]:
    names = ("id", "scopes", "expires_at", "revoked_at", "pepper_version", "mac", "trusted_documents_only")
    mine = api_keys.c.id == sa.bindparam("id", type_=sa.Uuid)
    return owned(api_keys, *(api_keys.c[name] for name in names)).where(mine)


async def begin(ctx: Context, job_id: UUID, *, again: bool) -> Run | None:
    """Begin to run a job that is QUEUED, or whose worker died; None for one that is neither.

    ``again`` is whether an attempt was made before which did not end as it should.
    """
    edit = await begin_job_edit(ctx, job_id)
    if edit.row["status"] not in (_S.QUEUED, _S.RUNNING):
        return None
    values = {"definition_id": edit.row["definition_id"], "version": edit.row["definition_version"]}
    definition = await ctx.row(_definition(), **values)
    assert definition is not None, "a job refers to its version"
    exhausted = again and edit.row["attempt"] >= definition["max_attempts"]
    if not exhausted and (again or edit.row["attempt"] == 0):
        edit.row["attempt"] += 1
        edit.touch()
    if edit.row["status"] == _S.QUEUED:
        edit.set(MACHINE.transitioned(edit.row, _S.RUNNING, now()), "transition", event_of(_S.RUNNING))
    else:
        # How long the worker that died went on after its last step, nobody knows.
        edit.row |= ran_until(edit.row, edit.row["updated_at"]) | {"resumed_at": now()}
        edit.touch()
    return Run(await edit.save(), definition, await steps_of(ctx, job_id), exhausted)


async def scopes_of(ctx: Context, job: Row) -> frozenset[str]:
    """Return the scopes of a job that its key still has. Raises JobStopped KEY_INVALID for a key that does not work."""
    row = None if job["created_by_key"] is None else await ctx.row(_key(), id=job["created_by_key"])
    works = row is not None and status_of(row, now()) is ApiKeyStatus.ACTIVE
    if row is None or not works or not are_bound(ctx.runtime.peppers, ctx.org_id, row):
        message = "The API key that queued the job was revoked, has expired or was deleted."
        raise JobStopped(AgentErrorCode.KEY_INVALID, message)
    return within(job["scopes"], frozenset(row["scopes"]))


async def succeed(ctx: Context, job_id: UUID, output: dict[str, Any]) -> None:
    """End a job that is done."""
    edit = await begin_job_edit(ctx, job_id)
    await _end(edit, _S.SUCCEEDED, output=output)


async def fail(ctx: Context, job_id: UUID, code: AgentErrorCode, message: str) -> None:
    """End a job that cannot go on, if it has not ended."""
    edit = await begin_job_edit(ctx, job_id)
    if edit.row["status"] == _S.QUEUED:
        # Its workers died before they could say that it runs.
        edit.set(MACHINE.transitioned(edit.row, _S.RUNNING, now()), "transition", None)
    if edit.row["status"] != _S.RUNNING:
        return
    await close_model_calls(edit)
    await _end(edit, _S.FAILED, error_code=code, error_message=message[:MESSAGE_LENGTH])


async def retry_later(ctx: Context, job_id: UUID, delay: float | None = None, *, counted: bool = True) -> None:
    """Let a job wait for another attempt, which follows after a delay in seconds. One that is not to be
    ``counted`` was by ``begin``."""
    edit = await begin_job_edit(ctx, job_id)
    if edit.row["status"] == _S.RUNNING:
        if not counted:
            edit.row["attempt"] = max(edit.row["attempt"] - 1, 0)
        await _end(edit, _S.QUEUED, retry_at=now() + timedelta(seconds=delay or 0))


async def note_plan(ctx: Context, job_id: UUID, plan: str) -> None:
    """Write the agent's plan."""
    edit = await begin_job_edit(ctx, job_id)
    edit.row["plan"] = plan
    edit.touch()
    await edit.save()


async def _end(edit: Edit, status: AgentJobStatus, **columns: Any) -> None:
    edit.set(MACHINE.transitioned(edit.row, status, now()) | columns, "transition", event_of(status))
    await edit.save()
