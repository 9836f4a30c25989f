"""Answers of a model that have several calls of several kinds: each is run or asked once, and the model once too."""

from typing import Any

import pytest

from tests.support.agency import Agency
from tests.support.chat import calls, chatting, says

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
TOOLS = [{"operation": "CreateClient"}, {"operation": "UpdateClient", "requiresApproval": True}]
NEW = ("CreateClient", {"input": {"name": "Bob", "email": "bob@example.com"}})
WRONG = ("CreateClient", {"input": {"name": "Bob", "email": "no"}})
PLAN, QUESTION = ("write_plan", {"plan": "Look first."}), ("ask_person", {"question": "Which color?"})
OUTPUT, AFTER = ("final_result", {"n": 1}), ("final_result", {"n": 2})


async def _queued(agency: Agency, **given: Any) -> str:
    return await agency.queued("UpdateClient", tools=TOOLS, **given)


async def _update(agency: Agency) -> tuple[str, Any]:
    return "UpdateClient", {"input": {"id": await agency.client(), "company": "Acme"}}


async def _done(agency: Agency, job: str) -> list[str]:
    """The kinds of a job's steps, and what was decided of them."""
    return [step["decision"] or step["kind"] for step in await agency.steps(job)]


@pytest.mark.parametrize("first", [True, False])
async def test_a_tool_that_runs_beside_one_that_waits(agency: Agency, *, first: bool) -> None:
    update, job = await _update(agency), await _queued(agency)
    both = (NEW, update) if first else (update, NEW)
    async with chatting(calls(*both), says("Done.")) as chat:
        assert (await agency.worked(job, chat.base_url))["status"] == "AWAITING_APPROVAL"
        assert (await _done(agency, job), len(chat.asked)) == (["MODEL", "TOOL", "APPROVAL"], 1)
        await agency.decide("Approve", job)
        assert (await agency.worked(job, chat.base_url))["status"] == "SUCCEEDED"
    assert await _done(agency, job) == ["MODEL", "TOOL", "APPROVED", "TOOL", "MODEL"]
    assert (len(chat.asked), await agency.count("clients")) == (2, 2)


@pytest.mark.parametrize("beside", [(NEW, PLAN, OUTPUT), (OUTPUT, NEW, PLAN)])
async def test_an_output_beside_tools_is_taken_when_these_have_run(agency: Agency, beside: Any) -> None:
    job = await _queued(agency, outputSchema=SCHEMA)
    async with chatting(calls(*beside)) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["output"], row["plan"], len(chat.asked)) == ("SUCCEEDED", {"n": 1}, "Look first.", 1)
    assert (await _done(agency, job), await agency.count("clients")) == (["MODEL", "TOOL"], 1)


@pytest.mark.parametrize("first", [True, False])
async def test_an_output_beside_a_tool_that_waits_is_taken_once_it_is_approved(agency: Agency, *, first: bool) -> None:
    update, job = await _update(agency), await _queued(agency, outputSchema=SCHEMA)
    async with chatting(calls(*((OUTPUT, update) if first else (update, OUTPUT)))) as chat:
        assert (await agency.worked(job, chat.base_url))["status"] == "AWAITING_APPROVAL"
        await agency.decide("Approve", job)
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["output"], len(chat.asked)) == ("SUCCEEDED", {"n": 1}, 1)
    assert await _done(agency, job) == ["MODEL", "APPROVED", "TOOL"]


async def test_an_output_that_a_rejection_tells_against_is_asked_for_again(agency: Agency) -> None:
    update, job = await _update(agency), await _queued(agency, outputSchema=SCHEMA)
    async with chatting(calls(update, OUTPUT), calls(AFTER)) as chat:
        await agency.worked(job, chat.base_url)
        await agency.decide("Reject", job, reason="No.")
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["output"], len(chat.asked)) == ("SUCCEEDED", {"n": 2}, 2)
    assert '{"rejected":true,"reason":"No."}' in chat.told()
    assert await _done(agency, job) == ["MODEL", "REJECTED", "MODEL"]


async def test_an_output_that_a_refusal_tells_against_is_asked_for_again(agency: Agency) -> None:
    job = await _queued(agency, outputSchema=SCHEMA)
    async with chatting(calls(WRONG, OUTPUT), calls(AFTER)) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["output"], len(chat.asked)) == ("SUCCEEDED", {"n": 2}, 2)
    assert ['"field":"input.email"' in told for told in chat.told()] == [True, False]


async def test_an_output_beside_a_question_is_asked_for_again_with_the_answer(agency: Agency) -> None:
    job = await _queued(agency, outputSchema=SCHEMA)
    async with chatting(calls(QUESTION, OUTPUT), calls(AFTER)) as chat:
        assert (await agency.worked(job, chat.base_url))["status"] == "AWAITING_INPUT"
        await agency.decide("Answer", job, answer="Blue")
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["output"], "Blue" in chat.told(), len(chat.asked)) == ("SUCCEEDED", {"n": 2}, True, 2)


async def test_a_tool_that_there_is_not_beside_one_that_waits(agency: Agency) -> None:
    update, job = await _update(agency), await _queued(agency)
    async with chatting(calls(update, ("DropClients", {})), says("Done.")) as chat:
        assert (await agency.worked(job, chat.base_url))["status"] == "AWAITING_APPROVAL"
        await agency.decide("Approve", job)
        assert (await agency.worked(job, chat.base_url))["status"] == "SUCCEEDED"
    assert (len(chat.asked), ["Unknown tool name" in told for told in chat.told()]) == (2, [False, True])
