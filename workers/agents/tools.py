"""The tools of an agent as the library has them: its operations, and how it asks a person and writes a plan."""

from typing import Any

from pydantic_ai import ApprovalRequired, CallDeferred, RunContext, Tool

from resolvers.agents.runs import Run
from schema.tools.schemas import description_of, schema_of
from workers.agents.texts import clean
from workers.agents.work import CallKey, Waits, Work

QUESTION_LENGTH, PLAN_LENGTH = 20_000, 5_000


def _text(name: str, description: str, length: int) -> dict[str, Any]:
    property_ = {"type": "string", "minLength": 1, "maxLength": length, "description": description}
    return {"type": "object", "properties": {name: property_}, "required": [name], "additionalProperties": False}


def operations_of(run: Run) -> list[str]:
    """Return the names of the operations that an agent may run, which are tools still."""
    return [tool["operation"] for tool in run.definition["tools"]]


def tools_of(work: Work) -> list[Tool[None]]:
    """Return the tools of a job."""
    listed = [_operation(work, tool["operation"], tool["requiresApproval"]) for tool in work.run.definition["tools"]]
    return [*listed, _ask(work), _plan(work)]


def _key(work: Work, ctx: RunContext[None]) -> CallKey:
    """Return what a call is known by: its answer and its name, as servers name calls alike in several answers."""
    assert ctx.tool_call_id is not None, "a tool is called by an answer"
    return work.run.answers[-1]["index"], clean(ctx.tool_call_id)


def _operation(work: Work, name: str, approval: bool) -> Tool[None]:
    async def call(ctx: RunContext[None], **arguments: Any) -> Any:
        try:
            return await work.operate(name, _key(work, ctx), arguments, approval=approval)
        except Waits:
            raise ApprovalRequired from None

    return Tool.from_schema(call, name, description_of(name), schema_of(name), takes_ctx=True, sequential=True)


def _ask(work: Work) -> Tool[None]:
    async def call(ctx: RunContext[None], question: Any = None) -> Any:
        if not isinstance(question, str) or not 0 < len(question.strip()) <= QUESTION_LENGTH:
            return {"errors": [{"message": "It needs a question, as a text.", "field": "question"}]}
        try:
            return work.ask(_key(work, ctx), clean(question))
        except Waits:
            raise CallDeferred(kind="question") from None

    description = "Ask a person of the staff, and wait for the answer. Ask only what no other tool can tell."
    schema = _text("question", "The question, with what is needed to answer it.", QUESTION_LENGTH)
    return Tool.from_schema(call, "ask_person", description, schema, takes_ctx=True, sequential=True)


def _plan(work: Work) -> Tool[None]:
    async def call(plan: Any = None) -> Any:
        if not isinstance(plan, str) or not 0 < len(plan.strip()) <= PLAN_LENGTH:
            return {"errors": [{"message": "It needs a plan, as a text.", "field": "plan"}]}
        await work.plan(clean(plan))
        return "The plan is written."

    description = "Write down the plan, or replace it: what is to be done, and how far it is. The staff reads it."
    return Tool.from_schema(call, "write_plan", description, _text("plan", "The plan.", PLAN_LENGTH), sequential=True)
