"""What a running agent job writes: each call of the model and of a tool is a transaction that holds the job."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import orjson

from models.actors import ActorKind, Source
from models.agent_jobs import AGENT_JOB
from models.agent_jobs_steps import MAX_CHANGES, STEP_LIMIT, AgentDecision, AgentStepKind
from models.jobs import JobState
from models.typeid import encode
from resolvers.actor import Actor
from resolvers.agent_jobs import model_calls, runs
from resolvers.agent_jobs.decisions import supersede, wait_or_queue
from resolvers.agent_jobs.model_calls import ModelCall
from resolvers.agent_jobs.open_model_calls import begin_job_edit
from resolvers.agent_jobs.runs import Run
from resolvers.agent_jobs.steps import add_step
from resolvers.changes.recorded_changes import RecordedChanges
from resolvers.context import Context, now
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from resolvers.settings import settings_of
from schema.requests.engine import Engine
from schema.requests.results import OperationResult
from schema.tools.calls import call_tool
from workers.agent_jobs.approvals import hash_of, is_approved
from workers.agent_jobs.texts import clean
from workers.agent_jobs.tool_results import shown_errors, shown_result, step_value
from workers.jobs.slot import Slot

ENGINE = Engine(introspection=False)
# A call of a tool: the index of the model's step, and the ID that its answer gives the call.
ToolCallKey = tuple[int, str]
_K, _D = AgentStepKind, AgentDecision
_TOO_LARGE = {
    "errors": [
        {
            "message": f"It is too large to be approved: a person is shown at most {MAX_CHANGES} changes, and"
            f" {STEP_LIMIT // 1024} KiB of them and of the arguments each. Do it in smaller parts.",
            "code": "TOO_COMPLEX",
        }
    ]
}


class Waits(Exception):
    """A call that waits for a person."""


class _RefusedError(Exception):
    """Ends the transaction of a tool whose operation was refused."""

    def __init__(self, result: OperationResult) -> None:
        super().__init__()
        self.result = result


class _MovedError(Exception):
    """Ends the transaction of a tool that would change something else than what was approved."""


@dataclass(slots=True)
class LeasedRun:
    """A job that is run while its claim holds. ``waiting`` are the steps that are to wait for a person when nothing
    else can be done.

    ``unmet`` is whether a call of the model's last answer had a result that the model must see before it goes on.
    """

    runtime: Runtime
    claim: Claim
    slot: Slot
    run: Run
    waiting: list[dict[str, Any]] = field(default_factory=list)
    unmet: bool = False

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Context]:
        """Run a block in a transaction that holds the job. Raises LeaseLost."""
        async with jobs.held(self.runtime, self.claim) as ctx:
            yield ctx

    async def begin_model_call(self, size: int) -> ModelCall:
        """Begin a call of the model. Raises Stopped."""
        async with self.held() as ctx:
            return await model_calls.begin_model_call(ctx, self.run, size)

    async def end_model_call(
        self, begun: ModelCall, messages: str, output: dict[str, Any], sent: int, received: int
    ) -> None:
        """Commit the answer of a call."""
        async with self.held() as ctx:
            await model_calls.end_model_call(
                ctx, self.run, begun, messages=messages, output=step_value(output), sent=sent, received=received
            )

    async def release_model_call(self, begun: ModelCall) -> None:
        """Give back what was reserved for a call that the provider refused."""
        async with self.held() as ctx:
            await model_calls.release_model_call(ctx, self.run, begun)

    def _last(self, kind: AgentStepKind, key: ToolCallKey) -> Mapping[str, Any] | None:
        found = [
            step for step in self.run.steps
            if step["kind"] == kind and (step["model_step"], step["tool_call_id"]) == key
        ]  # fmt: skip
        return found[-1] if found else None

    async def operate(
        self, name: str, key: ToolCallKey, arguments: dict[str, Any], *, approval: bool
    ) -> dict[str, Any]:
        """Run an operation for a call of a tool, once, and return its result.

        Raises Waits where a person approves it first, or Stopped when the job's key does not work any more.
        """
        done = self._last(_K.TOOL, key)
        if done is not None:
            found: dict[str, Any] = done["output"]
            return found
        asked = self._last(_K.APPROVAL, key) if approval else None
        if asked is not None and asked["decision"] in (_D.REJECTED, _D.EXPIRED):
            reason = asked["reason"] or ("APPROVAL_EXPIRED" if asked["decision"] == _D.EXPIRED else None)
            return {"rejected": True, "reason": reason}
        if approval and (asked is None or asked["decision"] is None):
            return await self._ask(name, key, arguments)
        try:
            return await self._operated(name, key, arguments, asked)
        except _RefusedError as error:
            return await self._note(name, key, arguments, shown_errors(error.result))
        except _MovedError:
            return await self._ask(name, key, arguments, asked)

    async def _operated(
        self, name: str, key: ToolCallKey, arguments: dict[str, Any], asked: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        async with self.held() as ctx:
            worker, ctx.actor = ctx.actor, await self._actor(ctx)
            ctx.recorded = made = RecordedChanges()
            result = await call_tool(ENGINE, ctx, name, arguments)
            ctx.recorded = ctx.loaded = None
            if result.errors:
                raise _RefusedError(result)
            if asked is not None and not is_approved(asked["hash"], name, arguments, made, self._moved_since(asked)):
                raise _MovedError
            ctx.actor = worker
            return await self._write(ctx, name, key, arguments, shown_result(result), made.moved)

    def _moved_since(self, asked: Mapping[str, Any]) -> Counter[str]:
        """Return how many versions the job's own tools made of each object after a step had asked for an approval."""
        later = [step["moved"] for step in self.run.steps if step["index"] > asked["index"] and step["moved"]]
        return sum(map(Counter, later), Counter())

    async def _note(
        self, name: str, key: ToolCallKey, arguments: dict[str, Any], output: dict[str, Any]
    ) -> dict[str, Any]:
        """Commit a step that changed nothing."""
        async with self.held() as ctx:
            return await self._write(ctx, name, key, arguments, output)

    async def _write(
        self, ctx: Context, name: str, key: ToolCallKey, arguments: dict[str, Any], output: dict[str, Any],
        moved: Mapping[str, int] = MappingProxyType({}),
    ) -> dict[str, Any]:  # fmt: skip
        edit, moment = await begin_job_edit(ctx, self.run.job["id"]), now()
        columns = {"operation": name, "model_step": key[0], "tool_call_id": key[1], "input": step_value(arguments)}
        columns["moved"] = dict(moved) or None
        step = await add_step(edit, _K.TOOL, started_at=moment, **columns, output=output, finished_at=now())
        self.run.job = await edit.save()
        self.run.steps.append(step)
        return output

    async def _actor(self, ctx: Context) -> Actor:
        """Return who acts: the job, with what of its scopes its key still has. Raises Stopped."""
        scopes = await runs.scopes_of(ctx, self.run.job)
        name = self.run.definition["name"]
        return Actor(ActorKind.JOB, encode(AGENT_JOB.prefix, self.run.job["id"]), name, scopes, self.claim.org_id)

    async def _ask(
        self, name: str, key: ToolCallKey, arguments: dict[str, Any], asked: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Try an operation in a dry run, and let a person approve it: again, where a step ``asked`` before. What is
        refused anyway needs no approval.

        What a person cannot be shown whole is refused too: it would be approved unseen.
        """
        async with self.held() as ctx:
            actor = await self._actor(ctx)
        ctx = Context(self.runtime, actor, actor.id, Source.WORKER, dry_run=True)
        result = await call_tool(ENGINE, ctx, name, arguments)
        if result.errors:
            return await self._note(name, key, arguments, shown_errors(result))
        recorded = next(iter(result.recorded.values()), RecordedChanges())
        changes, sent = clean(recorded.changes), clean(arguments)
        if len(changes) > MAX_CHANGES or any(len(orjson.dumps(each)) > STEP_LIMIT for each in (changes, sent)):
            return await self._note(name, key, arguments, _TOO_LARGE)
        self.waiting.append(
            {"kind": _K.APPROVAL, "model_step": key[0], "tool_call_id": key[1], "operation": name,
             "input": sent, "hash": hash_of(name, arguments, recorded), "changes": changes,
             "events": recorded.events, "asked": asked}
        )  # fmt: skip
        raise Waits

    def ask(self, key: ToolCallKey, question: str) -> str:
        """Return a person's answer to a question. Raises Waits until there is one."""
        asked = self._last(_K.INPUT, key)
        if asked is None:
            columns = {"model_step": key[0], "tool_call_id": key[1], "question": question}
            self.waiting.append({"kind": _K.INPUT, "asked": None} | columns)
        if asked is None or asked["decision"] is None:
            raise Waits
        return asked["answer"] or "Nobody answered in time. Go on without an answer, or say why you cannot."

    async def plan(self, plan: str) -> None:
        """Write the agent's plan."""
        async with self.held() as ctx:
            await runs.note_plan(ctx, self.run.job["id"], plan)

    async def wait(self) -> None:
        """Let the job wait for a person, with a step for each thing that is asked."""
        async with self.held() as ctx:
            hours = (await settings_of(ctx))["agents.approvalHours"]
            edit, moment = await begin_job_edit(ctx, self.run.job["id"]), now()
            for columns in self.waiting:
                asked, until = columns.pop("asked"), moment + timedelta(hours=hours)
                step = await add_step(edit, started_at=moment, expires_at=until, **columns)
                if asked is not None:
                    await supersede(ctx, asked["id"], step["id"])
            await wait_or_queue(edit, moment)
            await edit.save()
            await jobs.finish(ctx, self.claim, JobState.DONE)

    async def succeed(self, output: dict[str, Any]) -> None:
        """End the job with its output."""
        async with self.held() as ctx:
            await runs.succeed(ctx, self.run.job["id"], clean(output))
            await jobs.finish(ctx, self.claim, JobState.DONE)
