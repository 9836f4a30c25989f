"""The span of a call of a model, by the conventions for generative AI: which model, how much, and nothing that was
said."""

from pydantic_ai.messages import ModelResponse

from resolvers.tracing import Attributes, Span, Tracing

# The name of the model that answered is the server's to choose.
NAME_LENGTH = 100


def begin_chat(tracing: Tracing, model: str, output_tokens: int) -> Span:
    """Begin the span of a call of a model, such as `openai:gpt-5`."""
    provider, _, name = model.partition(":")
    attributes: Attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": name or provider,
        "gen_ai.request.max_tokens": output_tokens,
    }
    return tracing.begin(f"chat {name or provider}", "client", attributes)


def answered(answer: ModelResponse) -> Attributes:
    """Return what the span of a call has of its answer."""
    found: dict[str, str | int | list[str]] = {
        "gen_ai.usage.input_tokens": answer.usage.input_tokens,
        "gen_ai.usage.output_tokens": answer.usage.output_tokens,
    }
    if answer.model_name is not None:
        found["gen_ai.response.model"] = answer.model_name[:NAME_LENGTH]
    if answer.finish_reason is not None:
        found["gen_ai.response.finish_reasons"] = [answer.finish_reason]
    return found
