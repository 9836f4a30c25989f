"""Providers of models: what each needs, and how it is asked."""

import gzip
from importlib import import_module
from typing import Any

import pytest
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    ToolCallPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from models.agent_jobs_errors import AgentErrorCode
from resolvers.agent_jobs.budgets import JobStopped
from tests.support.chat import completion, http
from tests.support.halls import hall
from tests.support.jobs import receiver
from workers.agent_jobs.loop import text_of
from workers.agent_jobs.providers import Provider, Providers
from workers.agent_jobs.transport import client

KEY, URL = "sk-1", "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("providers", "model", "expected"),
    [
        (Providers(), "test", None),
        (Providers(openai_api_key=KEY), "openai:gpt-5", Provider("workers.agent_jobs.openai", KEY)),
        (Providers(openai_base_url=URL), "openai:gpt-5", Provider("workers.agent_jobs.openai", "none", URL)),
        (Providers(anthropic_api_key=KEY), "anthropic:claude", Provider("workers.agent_jobs.anthropic", KEY)),
    ],
)
def test_a_model_has_its_provider(providers: Providers, model: str, expected: Provider | None) -> None:
    assert providers.of(model) == expected


@pytest.mark.parametrize(
    ("providers", "model"),
    [
        (Providers(), "openai:gpt-5"),
        (Providers(anthropic_api_key=KEY), "openai:gpt-5"),
        (Providers(openai_api_key=KEY), "anthropic:claude"),
    ],
)
def test_without_a_key_it_is_not_configured(providers: Providers, model: str) -> None:
    with pytest.raises(JobStopped) as stopped:
        providers.of(model)
    assert stopped.value.code is AgentErrorCode.PROVIDER_NOT_CONFIGURED


def test_a_key_is_never_shown() -> None:
    providers = Providers(openai_api_key=KEY, anthropic_api_key=KEY)
    assert KEY not in repr(providers) + repr(providers.of("openai:gpt-5"))


ANSWERS = {
    "workers.agent_jobs.openai": completion({"content": "Done."}, sent=7, received=3),
    "workers.agent_jobs.anthropic": http(
        "200 OK",
        b'{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Done."}],'
        b'"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":7,"output_tokens":3}}',
    ),
}


@pytest.mark.parametrize("module", ANSWERS)
async def test_a_model_of_each_provider_is_asked_once_with_its_key(module: str) -> None:
    async with receiver(ANSWERS[module], http("500 Internal Server Error", b"{}")) as there, client() as to:
        model = import_module(module).model("m", Provider(module, KEY, there.url.removesuffix("/hooks?a=1")), to)
        asked = [ModelRequest(parts=[UserPromptPart("Hello")])]
        settings = ModelSettings(max_tokens=50, extra_headers={"Idempotency-Key": "job:0"})
        answer = await model.request(asked, settings, ModelRequestParameters())
        assert (answer.text, answer.usage.input_tokens, answer.usage.output_tokens) == ("Done.", 7, 3)
        with pytest.raises(ModelAPIError):
            await model.request(asked, settings, ModelRequestParameters())
    assert [request.headers["idempotency-key"] for request in there.requests] == ["job:0"] * 2
    headers = there.requests[0].headers
    assert KEY in (headers.get("x-api-key"), headers.get("authorization", "").removeprefix("Bearer "))


@pytest.mark.parametrize("module", ANSWERS)
async def test_a_call_on_a_kept_connection_that_ends_is_not_repeated(module: str) -> None:
    kept = ANSWERS[module].replace(b"Connection: close\r\n", b"")
    async with hall(kept, b"", kept) as there, client() as to:
        model = import_module(module).model("m", Provider(module, KEY, there.url), to)
        asked = [ModelRequest(parts=[UserPromptPart("Hello")])]
        assert (await model.request(asked, None, ModelRequestParameters())).text == "Done."
        with pytest.raises(ModelAPIError):
            await model.request(asked, None, ModelRequestParameters())
        assert [len(requests) for requests in there.asked] == [2]


@pytest.mark.parametrize("module", ANSWERS)
@pytest.mark.parametrize(("status", "expected"), [("200 OK", None), ("503 Service Unavailable", 503)])
async def test_an_answer_that_is_encoded_is_not_read(module: str, status: str, expected: int | None) -> None:
    """A body of a few hundred kilobytes would become some hundred megabytes."""
    body = gzip.compress(ANSWERS[module].partition(b"\r\n\r\n")[2] + b" " * 1_000_000)
    async with receiver(http(status, body, "Content-Encoding: gzip")) as there, client() as to:
        model = import_module(module).model("m", Provider(module, KEY, there.url.removesuffix("/hooks?a=1")), to)
        with pytest.raises(ModelAPIError) as failed:
            await model.request([ModelRequest(parts=[UserPromptPart("Hello")])], None, ModelRequestParameters())
    assert [request.headers["accept-encoding"] for request in there.requests] == ["identity"]
    # What a status says holds without the body.
    error = failed.value
    assert (error.status_code if isinstance(error, ModelHTTPError) else None) == expected


@pytest.mark.parametrize("depth", [1, 100, 200, 250, 1_000])
def test_what_is_kept_of_an_answer_can_be_read_again(depth: int) -> None:
    nested: dict[str, Any] = {}
    for _ in range(depth):
        nested = {"a": nested}
    messages: list[ModelMessage] = [ModelResponse(parts=[ToolCallPart("GetOrder", nested, "call_0")])]
    if depth > 100:
        with pytest.raises(JobStopped) as stopped:
            text_of(messages)
        assert stopped.value.code is AgentErrorCode.MODEL_MISBEHAVED
    else:
        assert ModelMessagesTypeAdapter.validate_json(text_of(messages)) == messages
