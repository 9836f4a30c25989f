"""Calls of the model, each a step: it is begun, with its worst case reserved, before the model is asked, and ended with
its answer before anything follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.agent_jobs_errors import AgentErrorCode
from models.agent_jobs_steps import AgentStepKind
from resolvers.agent_jobs.budgets import JobStopped, budget_of, price_of
from resolvers.agent_jobs.open_model_calls import begin_job_edit, charge_lost, write_model_call
from resolvers.agent_jobs.runs import Run, scopes_of
from resolvers.agent_jobs.steps import add_step
from resolvers.context import Context, now

# The most tokens that may come back to one call, and how few are too few to ask for.
OUTPUT_TOKENS, LEAST_TOKENS = 8_192, 100
# A token of a request has so many bytes at least, on average: more of them in prose, fewer in scripts that are not
# Latin.
BYTES_OF_TOKEN = 2
_E = AgentErrorCode


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A call that may be made: its step, and how many tokens may come back."""

    step: Mapping[str, Any]
    output_tokens: int


def _least(most: int, allowed: int | None, code: AgentErrorCode, limit: str) -> int:
    """Return how many tokens may come back. Raises JobStopped for too few."""
    found = most if allowed is None else min(most, allowed)
    if found < LEAST_TOKENS:
        raise JobStopped(code, f"The next call of the model could exceed {limit}.")
    return found


async def begin_model_call(ctx: Context, run: Run, size: int) -> ModelCall:
    """Begin the next call of the model, whose request has so many bytes.

    Raises JobStopped when it could exceed a limit of the definition or the client's budget, or the key does not work.
    """
    edit, limits = await begin_job_edit(ctx, run.job["id"]), run.definition
    job = edit.row
    await scopes_of(ctx, job)
    step: Mapping[str, Any] | None = _unanswered(run)
    answered = job["model_calls"]
    if step is not None:
        step, answered = await charge_lost(edit, step), answered - 1
    if answered >= limits["max_steps"]:
        raise JobStopped(_E.STEPS_EXCEEDED, f"The model was called {limits['max_steps']} times: maxSteps.")
    sent = -(-size // BYTES_OF_TOKEN)
    left = limits["max_tokens"] - job["input_tokens"] - job["output_tokens"] - sent
    received = _least(OUTPUT_TOKENS, left, _E.TOKENS_EXCEEDED, "maxTokens")
    price = await price_of(ctx, limits["model"], job["currency"])
    affordable = price.affordable(limits["max_cost"] - job["cost"], sent)
    received = _least(received, affordable, _E.COST_EXCEEDED, "maxCost")
    moment = now()
    budget = await budget_of(ctx, job, moment)
    rest = await budget.left(ctx)
    if rest is not None:
        received = _least(received, price.affordable(rest, sent), _E.BUDGET_EXCEEDED, "agents.monthlyBudget")
    reserved = price.of(sent, received)
    await budget.add(ctx, reserved=reserved)
    if step is None:
        step = await add_step(edit, AgentStepKind.MODEL, started_at=moment, reserved=reserved)
        run.steps.append(step)
    else:
        step = _replace(run, await write_model_call(edit, step, reserved=reserved, started_at=moment))
    run.job = await edit.save()
    return ModelCall(step, received)


async def end_model_call(
    ctx: Context, run: Run, call: ModelCall, *, messages: str, output: dict[str, Any], sent: int, received: int
) -> None:
    """Write the answer to a call, and count what it cost: as much as was reserved, where the provider does not say."""
    edit, step = await begin_job_edit(ctx, run.job["id"]), call.step
    price = await price_of(ctx, run.definition["model"], edit.row["currency"])
    cost = price.of(sent, received) if sent or received else step["reserved"]
    budget = await budget_of(ctx, edit.row, step["started_at"])
    await budget.add(ctx, reserved=-step["reserved"], spent=cost)
    counted = {"input_tokens": sent, "output_tokens": received, "cost": cost}
    for name, more in counted.items():
        edit.row[name] += more
    ended = {"messages": messages, "output": output, "input_tokens": sent, "output_tokens": received}
    ended |= {"cost": step["cost"] + cost, "reserved": 0, "finished_at": now()}
    _replace(run, await write_model_call(edit, step, **ended))
    run.job = await edit.save()


def check_limits(run: Run) -> None:
    """Refuse to go on from calls that took more than they were to. Raises JobStopped: a provider counts as it likes."""
    job, limits = run.job, run.definition
    if job["input_tokens"] + job["output_tokens"] > limits["max_tokens"]:
        raise JobStopped(_E.TOKENS_EXCEEDED, "The last call of the model took more tokens than maxTokens allows.")
    if job["cost"] > limits["max_cost"]:
        raise JobStopped(_E.COST_EXCEEDED, "The last call of the model cost more than maxCost allows.")


async def release_model_call(ctx: Context, run: Run, call: ModelCall) -> None:
    """Give back what was reserved for a call that the provider refused, and so did not charge."""
    edit, step = await begin_job_edit(ctx, run.job["id"]), call.step
    budget = await budget_of(ctx, edit.row, step["started_at"])
    await budget.add(ctx, reserved=-step["reserved"])
    _replace(run, await write_model_call(edit, step, reserved=0))
    run.job = await edit.save()


def _unanswered(run: Run) -> Mapping[str, Any] | None:
    """Return the step of a call whose answer was never written."""
    calls = [step for step in run.steps if step["kind"] == AgentStepKind.MODEL and step["finished_at"] is None]
    return calls[0] if calls else None


def _replace(run: Run, step: dict[str, Any]) -> dict[str, Any]:
    run.steps = [step if each["id"] == step["id"] else each for each in run.steps]
    return step
