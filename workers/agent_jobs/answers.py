"""What the answers of models are worth: which can be used, and what of them is believed."""

from dataclasses import replace

from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.usage import RequestUsage

from models.agent_jobs_errors import AgentErrorCode
from resolvers.agent_jobs.budgets import JobStopped

# The calls of tools that one answer may have: more of them are no work that anybody wants.
MAX_CALLS = 50
# No model takes or gives so many tokens in one call: who says more says nothing.
MOST_TOKENS = 10_000_000
# What the library calls the tool by which an output is given that has a schema.
OUTPUT_TOOL = "final_result"
_E = AgentErrorCode


def believed(answer: ModelResponse) -> ModelResponse:
    """Return an answer without what its provider says it took, where that is impossible."""
    said = (answer.usage.input_tokens, answer.usage.output_tokens)
    return answer if all(0 <= tokens <= MOST_TOKENS for tokens in said) else replace(answer, usage=RequestUsage())


def output_last(answer: ModelResponse, parameters: ModelRequestParameters) -> ModelResponse:
    """Return an answer whose output follows its calls of tools, which may tell against it."""
    names = {each.name for each in parameters.output_tools}
    parts = sorted(answer.parts, key=lambda part: isinstance(part, ToolCallPart) and part.tool_name in names)
    return replace(answer, parts=parts)


def check_usable(answer: ModelResponse) -> None:
    """Refuse an answer from which nothing may follow. Raises JobStopped."""
    if len(answer.tool_calls) > MAX_CALLS:
        message = f"The model called {len(answer.tool_calls)} tools at once, more than {MAX_CALLS}."
        raise JobStopped(_E.MODEL_MISBEHAVED, message)
    if answer.finish_reason == "content_filter":
        message = "The model refused to answer, or the provider filtered what it answered."
        raise JobStopped(_E.MODEL_MISBEHAVED, message)


def is_cut(answer: ModelResponse | None) -> bool:
    """Return whether an answer ends where the tokens did that it may have."""
    return answer is not None and answer.finish_reason == "length"


def no_output(answer: ModelResponse | None, schema: object) -> JobStopped:
    """Return why a job ends whose last answer is no output, after the model was asked once more."""
    if is_cut(answer):
        message = "The model's answer was cut off: it is longer than what may come back to a call."
        return JobStopped(_E.MODEL_MISBEHAVED, message)
    called = [] if answer is None else answer.tool_calls
    if schema is not None and answer is not None and (answer.text or called) and all(map(_is_output, called)):
        return invalid()
    if called:
        message = "The model called a tool that does not exist, or with arguments that are no JSON, again and again."
        return JobStopped(_E.MODEL_MISBEHAVED, message)
    return JobStopped(_E.MODEL_MISBEHAVED, "The model gave an answer without content, again and again.")


def invalid() -> JobStopped:
    """Return why a job ends whose output does not match its schema."""
    return JobStopped(_E.INVALID_OUTPUT, "The model's answer does not match outputSchema.")


def _is_output(call: ToolCallPart) -> bool:
    return call.tool_name == OUTPUT_TOOL
