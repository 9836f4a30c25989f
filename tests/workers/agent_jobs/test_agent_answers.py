"""Answers of a model that are none, or that nobody could use: what becomes of the job, and what it is charged."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.agency import Agency
from tests.support.chat import Turn, calls, chatting, ends, fails, http, says
from workers.agent_jobs import loop

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
_CHOICE = (
    b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",%s}]}'
)
UNREADABLE = [
    b"null",
    b"[]",
    b'{"error":{"message":"overloaded"}}',
    b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[]}',
    _CHOICE % b'"message":null',
    _CHOICE % b'"message":{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f"}}]}',
    (_CHOICE % b'"message":{"role":"assistant","content":"x"}').replace(b'"created":1', b'"created":1%s' % (b"0" * 20)),
    _CHOICE
    % b'"message":{"role":"assistant","tool_calls":[{"id":"a","type":"custom","custom":{"name":"f","input":""}}]}',
    (_CHOICE % b'"message":{"role":"assistant","content":"x"}')[:-1] + b',"usage":{"prompt_tokens":"many"}}',
]


@pytest.mark.parametrize("body", UNREADABLE, ids=range(len(UNREADABLE)))
@pytest.mark.parametrize("schema", [None, SCHEMA], ids=["text", "schema"])
async def test_an_answer_that_cannot_be_read_ends_the_job(agency: Agency, body: bytes, schema: object) -> None:
    job = await agency.queued(outputSchema=schema)
    async with chatting(lambda _: http("200 OK", body)) as chat:
        with capture_logs() as logs:
            row = await agency.worked(job, chat.base_url)
    (said,) = [each for each in logs if each["event"] == "agent.unreadable"]
    assert 0 < len(said["message"]) <= 500
    (step,) = await agency.steps(job)
    assert (row["error_code"], row["attempt"], len(chat.asked)) == ("MODEL_MISBEHAVED", 1, 1)
    assert row["error_message"] == "The model's answer cannot be read."
    assert (step["cost"], step["reserved"], step["finished_at"] is None) == (row["cost"], 0, False)
    assert 8_192 * 10 < row["cost"] < 2 * 8_192 * 10


async def test_an_error_of_ours_is_not_the_model_s(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(answer: object) -> object:
        raise TypeError("a mistake of ours")

    monkeypatch.setattr(loop, "believed", broken)
    job = await agency.queued()
    async with chatting(says("Done.")) as chat:
        row = await agency.tried(job, chat.base_url)
    assert (row["status"], row["error_code"]) == ("QUEUED", None)


CALL = [{"id": "a", "type": "function", "function": {"name": "GetOrder", "arguments": '{"id":'}}]
CUT = "The model's answer was cut off: it is longer than what may come back to a call."
FILTERED = "The model refused to answer, or the provider filtered what it answered."
EMPTY = "The model gave an answer without content, again and again."
UNKNOWN = "The model called a tool that does not exist, or with arguments that are no JSON, again and again."
# A turn that is given for ever, how often the model is asked, and what the job says.
USELESS: list[tuple[Turn, int, str]] = [
    (ends("stop", content=None), 2, EMPTY),
    (ends("stop", content=""), 2, EMPTY),
    (ends("length", content=None), 1, CUT),
    (ends("length", tool_calls=CALL), 3, CUT),
    (ends("content_filter", content=None), 1, FILTERED),
    (ends("content_filter", content="half of"), 1, FILTERED),
    (ends("stop", refusal="I will not."), 1, FILTERED),
    (calls(("NoSuchTool", {})), 3, UNKNOWN),
]


@pytest.mark.parametrize(("turn", "asked", "said"), USELESS, ids=range(len(USELESS)))
@pytest.mark.parametrize("schema", [None, SCHEMA], ids=["text", "schema"])
async def test_a_job_says_why_answers_were_of_no_use(
    agency: Agency, turn: Turn, asked: int, said: str, schema: object
) -> None:
    job = await agency.queued("GetOrder", outputSchema=schema)
    async with chatting(turn) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["error_code"], row["error_message"]) == ("MODEL_MISBEHAVED", said)
    assert (row["attempt"], len(chat.asked), row["model_calls"]) == (1, asked, asked)


@pytest.mark.parametrize(
    ("second", "status", "said"), [(says("All."), "SUCCEEDED", None), (ends("length", content="ha"), "FAILED", CUT)]
)
async def test_half_a_text_is_no_output(agency: Agency, second: Turn, status: str, said: str | None) -> None:
    job = await agency.queued()
    async with chatting(ends("length", content="half of"), second) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["error_message"], len(chat.asked)) == (status, said, 2)
    assert "cut off" in chat.asked[1]["messages"][-1]["content"]


NUMBERS = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}


@pytest.mark.parametrize("number", [2**64, 10**400, -(2**63) - 1, float("inf"), float("nan")])
async def test_a_number_that_cannot_be_written_is_reported_to_the_model(agency: Agency, number: float) -> None:
    job = await agency.queued("GetOrder", outputSchema=NUMBERS)
    turns = (calls(("GetOrder", {"id": number})), calls(("final_result", {"n": number})))
    async with chatting(*turns, calls(("final_result", {"n": 2**64 - 1}))) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["attempt"], len(chat.asked)) == ("SUCCEEDED", 1, 3)
    assert ["too large" in each for each in chat.told()] == [True, True]


async def test_an_output_of_such_a_number_is_invalid(agency: Agency) -> None:
    job = await agency.queued(outputSchema=NUMBERS)
    async with chatting(calls(("final_result", {"n": 2**64}))) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["error_code"], row["attempt"], len(chat.asked)) == ("INVALID_OUTPUT", 1, 2)


@pytest.mark.parametrize("usage", [{"sent": 10**12}, {"received": 10**20}, {"received": 10_000_001}])
async def test_a_usage_that_cannot_be_is_not_believed(agency: Agency, usage: dict[str, Any]) -> None:
    """It costs what was reserved, as where the provider says nothing."""
    job = await agency.queued()
    async with chatting(says("Done.", **usage)) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["input_tokens"], row["output_tokens"]) == ("SUCCEEDED", 0, 0)
    assert (row["attempt"], 8_192 * 10 < row["cost"] < 2 * 8_192 * 10) == (1, True)
    shown = await agency.data("GetAgentJob", id=job)
    assert shown["usage"]["inputTokens"] == 0


async def test_a_redirect_costs_nothing(agency: Agency) -> None:
    job = await agency.queued(limits={"maxAttempts": 1})
    async with chatting(fails("302 Found", "Location: /v1/chat/completions")) as chat:
        row = await agency.worked(job, chat.base_url)
    (step,) = await agency.steps(job)
    assert (row["error_code"], row["error_message"]) == ("PROVIDER_FAILED", "The provider answered with 302.")
    assert (row["cost"], step["cost"], step["reserved"], len(chat.asked)) == (0, 0, 0, 1)
