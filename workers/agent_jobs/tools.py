"""The tools of an agent as the library has them: its operations, and how it asks a person and writes a plan."""

from collections.abc import Callable
from typing import Any

from pydantic_ai import ApprovalRequired, CallDeferred, RunContext, Tool
from pydantic_core import SchemaValidator, core_schema

from resolvers.agent_jobs.runs import Run
from schema.tools.schemas import description_of, schema_of
from workers.agent_jobs.leased_run import LeasedRun, ToolCallKey, Waits
from workers.agent_jobs.texts import TOO_LARGE, clean, is_written

QUESTION_LENGTH, PLAN_LENGTH = 20_000, 5_000
# The library calls functions by keyword, with whatever keys a model sends: here there is one.
_ANY = SchemaValidator(
    core_schema.no_info_after_validator_function(lambda sent: {"given": sent}, core_schema.any_schema())
)


def _text(name: str, description: str, length: int) -> dict[str, Any]:
    property_ = {"type": "string", "minLength": 1, "maxLength": length, "description": description}
    return {"type": "object", "properties": {name: property_}, "required": [name], "additionalProperties": False}


def operations_of(run: Run) -> list[str]:
    """Return the names of the operations that an agent may run, which are tools still."""
    return [tool["operation"] for tool in run.definition["tools"]]


def tools_of(leased: LeasedRun) -> list[Tool[None]]:
    """Return the tools of a job."""
    tools = leased.run.definition["tools"]
    listed = [_operation(leased, tool["operation"], tool["requiresApproval"]) for tool in tools]
    return [*listed, _ask(leased), _plan(leased)]


def _key(leased: LeasedRun, ctx: RunContext[None]) -> ToolCallKey:
    """Return what a call is known by: its answer and its name, as servers name calls alike in several answers."""
    assert ctx.tool_call_id is not None, "a tool is called by an answer"
    return leased.run.answers[-1]["index"], clean(ctx.tool_call_id)


def _tool(
    name: str, description: str, schema: dict[str, Any], function: Callable[..., Any], *, takes_ctx: bool
) -> Tool[None]:
    """Return a tool that takes its arguments as one value, whatever JSON they are: wrong ones are answered."""
    tool = Tool.from_schema(function, name, description, schema, takes_ctx=takes_ctx, sequential=True)
    tool.function_schema.validator = _ANY
    return tool


def _wrong(leased: LeasedRun, message: str, field: str | None = None) -> dict[str, Any]:
    leased.unmet = True
    return {"errors": [{"message": message} | ({} if field is None else {"field": field})]}


def _only(given: Any, name: str, length: int) -> str | None:
    """Return the one argument of a tool, a text; None where other arguments were sent."""
    text = given.get(name) if isinstance(given, dict) and set(given) == {name} else None
    return clean(text) if isinstance(text, str) and 0 < len(text.strip()) <= length else None


def _operation(leased: LeasedRun, name: str, approval: bool) -> Tool[None]:
    async def operate(ctx: RunContext[None], given: Any) -> Any:
        if not isinstance(given, dict):
            return _wrong(leased, "It needs its arguments as a JSON object.")
        if not is_written(given):
            return _wrong(leased, TOO_LARGE)
        try:
            result = await leased.operate(name, _key(leased, ctx), given, approval=approval)
        except Waits:
            raise ApprovalRequired from None
        leased.unmet |= "data" not in result
        return result

    return _tool(name, description_of(name), schema_of(name), operate, takes_ctx=True)


def _ask(leased: LeasedRun) -> Tool[None]:
    async def ask(ctx: RunContext[None], given: Any) -> Any:
        question = _only(given, "question", QUESTION_LENGTH)
        if question is None:
            return _wrong(leased, "It needs a question, as a text, and nothing else.", "question")
        try:
            answer = leased.ask(_key(leased, ctx), question)
        except Waits:
            raise CallDeferred(kind="question") from None
        leased.unmet = True
        return answer

    description = "Ask a person of the staff, and wait for the answer. Ask only what no other tool can tell."
    schema = _text("question", "The question, with what is needed to answer it.", QUESTION_LENGTH)
    return _tool("ask_person", description, schema, ask, takes_ctx=True)


def _plan(leased: LeasedRun) -> Tool[None]:
    async def write(given: Any) -> Any:
        plan = _only(given, "plan", PLAN_LENGTH)
        if plan is None:
            return _wrong(leased, "It needs a plan, as a text, and nothing else.", "plan")
        await leased.plan(plan)
        return "The plan is written."

    description = "Write down the plan, or replace it: what is to be done, and how far it is. The staff reads it."
    return _tool("write_plan", description, _text("plan", "The plan.", PLAN_LENGTH), write, takes_ctx=False)
