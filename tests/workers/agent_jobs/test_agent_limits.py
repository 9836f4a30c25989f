"""Agents with a model over real HTTP: what a provider does to them, and what they may take."""

import asyncio
from typing import Any

import pytest

from tests.support.agency import RUN, Agency
from tests.support.chat import Turn, calls, chatting, cuts, fails, floods, hangs, http, raw, says
from tests.support.jobs import make_due, one, rows

ADA = {"input": {"name": "Ada", "email": "ada@example.com"}}


async def test_retry_after_is_waited_for(agency: Agency) -> None:
    job = await agency.queued()
    async with chatting(fails("429 Too Many Requests", "Retry-After: 900"), says("Done.")) as chat:
        row = await agency.tried(job, chat.base_url)
        assert (row["status"], row["attempt"], len(chat.asked)) == ("QUEUED", 1, 1)
        (step,) = await agency.steps(job)
        assert (step["reserved"], step["finished_at"]) == (0, None)
        run = await one(agency.runtime, agency.org, RUN, agency.org)
        assert (run["run_at"] - row["updated_at"]).total_seconds() > 800
        assert abs((run["run_at"] - row["retry_at"]).total_seconds()) < 60
        await make_due(agency.runtime, agency.org)
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["attempt"], row["model_calls"], row["retry_at"]) == ("SUCCEEDED", 2, 1, None)
    assert chat.keys == [f"{job}:0"] * 2


EMPTY = http("200 OK", b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[]}')


async def test_a_job_that_waits_to_be_tried_again_is_tried_at_once_by_hand(agency: Agency) -> None:
    job = await agency.queued()
    async with chatting(fails("429 Too Many Requests", "Retry-After: 900"), says("Done.")) as chat:
        row = await agency.tried(job, chat.base_url)
        await agency.data("RetryAgentJob", id=job)
        again = await agency.row(job)
        assert (again["status"], again["version"], again["retry_at"]) == ("QUEUED", row["version"] + 1, None)
        # There is nothing more to hasten.
        await agency.data("RetryAgentJob", id=job)
        assert (await agency.row(job))["version"] == again["version"]
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["attempt"]) == ("SUCCEEDED", 2)


async def test_a_text_is_no_output_that_has_a_schema(agency: Agency) -> None:
    job = await agency.queued("CreateClient", outputSchema={"type": "object"}, limits={"maxAttempts": 1})
    async with chatting(says("Done.")) as chat:
        row = await agency.worked(job, chat.base_url)
    said = "The model's answer does not match outputSchema."
    assert (row["status"], row["error_code"], row["error_message"]) == ("FAILED", "INVALID_OUTPUT", said)


# A turn, the code, how often the model is asked, and limits of the definition.
FAILED: list[tuple[Turn, str, int, dict[str, Any]]] = [
    (fails("500 Internal Server Error"), "PROVIDER_FAILED", 1, {}),
    (cuts(), "PROVIDER_FAILED", 1, {}),
    (floods(10_000_000), "PROVIDER_FAILED", 1, {}),
    (fails("401 Unauthorized"), "PROVIDER_REFUSED", 1, {"maxAttempts": 5}),
    (fails("400 Bad Request"), "PROVIDER_REFUSED", 1, {"maxAttempts": 5}),
    (fails("302 Found", "Location: /v1/chat/completions"), "PROVIDER_FAILED", 1, {}),
    (calls(("NoSuchTool", {})), "MODEL_MISBEHAVED", 3, {}),
    (lambda _: raw(b'"\\ud800"'), "MODEL_MISBEHAVED", 1, {}),
    (lambda _: EMPTY, "MODEL_MISBEHAVED", 1, {"maxAttempts": 5}),
    (calls(*[("CreateClient", ADA)] * 1_000), "MODEL_MISBEHAVED", 1, {}),
    (says("Never.", sent=10), "TOKENS_EXCEEDED", 0, {"maxTokens": 1_000}),
    (says("Never.", sent=10), "COST_EXCEEDED", 0, {"maxCost": 2_000}),
    (says("Much.", sent=5, received=5_000_000), "TOKENS_EXCEEDED", 1, {"maxTokens": 100_000}),
    (calls(("CreateClient", ADA), sent=100_001), "TOKENS_EXCEEDED", 1, {"maxTokens": 100_000}),
    (says("Much.", sent=5, received=90_000), "COST_EXCEEDED", 1, {"maxCost": 500_000}),
]


@pytest.mark.parametrize(("turn", "code", "asked", "limits"), FAILED, ids=range(len(FAILED)))
async def test_what_cannot_go_on_fails_with_a_code(
    agency: Agency, turn: Turn, code: str, asked: int, limits: dict[str, Any]
) -> None:
    job = await agency.queued("CreateClient", limits={"maxAttempts": 1} | limits)
    async with chatting(turn) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["error_code"], await agency.count("clients")) == ("FAILED", code, 0)
    assert len(chat.asked) == asked
    assert "://" not in row["error_message"]
    run = await one(agency.runtime, agency.org, RUN, agency.org)
    # The worker has done its work: that it failed is said by the agent job alone.
    assert (run["state"], run["error_code"], run["attempt"]) == ("DONE", code, 1)
    assert await agency.events() == ["queued", "started", "failed"]


async def test_a_retry_makes_no_calls_that_were_too_many(agency: Agency) -> None:
    job = await agency.queued("CreateClient", limits={"maxAttempts": 1})
    async with chatting(calls(*[("CreateClient", ADA)] * 1_000)) as chat:
        await agency.worked(job, chat.base_url)
        await agency.data("RetryAgentJob", id=job)
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], row["error_code"]) == ("FAILED", "MODEL_MISBEHAVED")
    assert (len(chat.asked), await agency.count("clients")) == (1, 0)


async def test_an_answer_beyond_the_limits_is_kept_and_nothing_follows_from_it(agency: Agency) -> None:
    job = await agency.queued("CreateClient", limits={"maxAttempts": 1, "maxTokens": 100_000})
    async with chatting(calls(("CreateClient", ADA), sent=5, received=5_000_000)) as chat:
        row = await agency.worked(job, chat.base_url)
        assert (row["status"], row["error_code"], row["output_tokens"]) == ("FAILED", "TOKENS_EXCEEDED", 5_000_000)
        (step,) = await agency.steps(job)
        assert (step["output_tokens"], step["reserved"], step["finished_at"] is None) == (5_000_000, 0, False)
    assert len(chat.asked) == 1
    assert await agency.count("clients") == 0


async def test_an_answer_without_usage_costs_what_was_reserved(agency: Agency) -> None:
    job = await agency.queued()
    async with chatting(says("Done.", sent=0, received=0)) as chat:
        row = await agency.worked(job, chat.base_url)
    assert row["status"] == "SUCCEEDED"
    assert row["cost"] > 8_192 * 10


async def test_the_environment_leads_no_request_elsewhere(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    job = await agency.queued(limits={"maxAttempts": 1})
    async with chatting(says("Done.")) as chat:
        assert (await agency.worked(job, chat.base_url))["status"] == "SUCCEEDED"
    assert len(chat.asked) == 1


async def test_a_silent_provider_is_timed_out(agency: Agency) -> None:
    job, release = await agency.queued(limits={"timeoutSeconds": 1}), asyncio.Event()
    async with chatting(hangs(release)) as chat:
        row = await agency.worked(job, chat.base_url)
        release.set()
    assert (row["status"], row["error_code"], row["attempt"]) == ("FAILED", "TIMED_OUT", 1)
    # Nobody knows whether it was charged.
    (step,) = await agency.steps(job)
    assert (step["cost"], step["reserved"]) == (row["cost"], 0)
    assert row["cost"] > 0


async def test_the_time_holds_for_all_runs_together(agency: Agency) -> None:
    """What a run took is counted when it ends, in whatever way; the wait between two is not."""
    job = await agency.queued("CreateClient", approval=True, limits={"timeoutSeconds": 3_600})
    async with chatting(calls(("CreateClient", ADA)), says("Done.")) as chat:
        first = await agency.worked(job, chat.base_url, "AWAITING_APPROVAL")
        assert (first["resumed_at"], 0 < first["ran_ms"] < 3_600_000) == (None, True)
        # It waits for a day.
        day = "started_at = started_at - interval '1 day', updated_at = updated_at - interval '1 day'"
        await rows(agency.runtime, agency.org, f"update agent_jobs set {day}")
        await agency.decide("Approve", job)
        last = await agency.worked(job, chat.base_url)
    assert (last["status"], first["ran_ms"] < last["ran_ms"] < 3_600_000) == ("SUCCEEDED", True)


async def test_no_time_is_left_to_a_run_after_others_that_took_it(agency: Agency) -> None:
    job = await agency.queued("CreateClient", approval=True, limits={"timeoutSeconds": 3_600})
    async with chatting(calls(("CreateClient", ADA)), says("Done.")) as chat:
        await agency.worked(job, chat.base_url, "AWAITING_APPROVAL")
        await rows(agency.runtime, agency.org, "update agent_jobs set ran_ms = 3_600_000")
        await agency.decide("Approve", job)
        row = await agency.worked(job, chat.base_url)
        assert (row["status"], row["error_code"]) == ("FAILED", "TIMED_OUT")
        assert (len(chat.asked), await agency.count("clients")) == (1, 0)
        # Who retries it by hand gives it its time again.
        await agency.data("RetryAgentJob", id=job)
        assert (await agency.row(job))["ran_ms"] == 0
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], await agency.count("clients")) == ("SUCCEEDED", 1)


async def test_the_run_of_a_worker_that_died_counts_until_its_last_step(agency: Agency) -> None:
    job = await agency.queued(limits={"timeoutSeconds": 3_600})
    died = "status = 'RUNNING', attempt = 1, resumed_at = updated_at - interval '70 seconds'"
    await rows(agency.runtime, agency.org, f"update agent_jobs set {died}")
    async with chatting(says("Done.")) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["status"], 70_000 <= row["ran_ms"] < 3_600_000) == ("SUCCEEDED", True)


async def test_it_calls_the_model_so_often_and_no_more(agency: Agency) -> None:
    job = await agency.queued("ListClients", limits={"maxSteps": 2})
    async with chatting(calls(("ListClients", {}))) as chat:
        row = await agency.worked(job, chat.base_url)
    assert (row["error_code"], row["model_calls"], len(chat.asked)) == ("STEPS_EXCEEDED", 2, 2)


async def test_without_a_provider_it_fails_at_once(agency: Agency) -> None:
    job = await agency.queued()
    row = await agency.worked(job, None)
    assert (row["error_code"], row["attempt"], row["step_count"]) == ("PROVIDER_NOT_CONFIGURED", 1, 0)


async def test_a_model_without_a_price_is_not_asked(agency: Agency) -> None:
    await agency.set_setting("agents.prices", {})
    job = await agency.queued()
    async with chatting(says("Done.")) as chat:
        assert (await agency.worked(job, chat.base_url))["error_code"] == "NO_PRICE"
    assert chat.asked == []


async def test_a_budget_holds_for_all_jobs_of_a_client(agency: Agency) -> None:
    await agency.set_setting("agents.monthlyBudget", 20_000)
    order = await agency.order()
    jobs = [await agency.queued(about=order["publicId"]) for _ in range(2)]
    async with chatting(says("Done.", sent=1_000, received=1_900)) as chat:
        first = await agency.worked(jobs[0], chat.base_url)
        second = await agency.worked(jobs[1], chat.base_url)
    statuses = sorted([(first["status"], first["cost"]), (second["status"], second["cost"])])
    assert statuses == [("FAILED", 0), ("SUCCEEDED", 20_000)]
    assert {first["error_code"], second["error_code"]} == {None, "BUDGET_EXCEEDED"}
    budget = await one(agency.runtime, agency.org, "select * from agent_budgets where org_id = $1", agency.org)
    assert (budget["reserved"], budget["spent"], budget["currency"]) == (0, 20_000, "USD")
    assert [each["max_completion_tokens"] < 2_000 for each in chat.asked] == [True]


async def test_an_answer_that_cannot_be_read_is_charged_once(agency: Agency) -> None:
    job = await agency.queued()
    async with chatting(lambda _: EMPTY) as chat:
        row = await agency.worked(job, chat.base_url)
    (step,) = await agency.steps(job)
    assert (row["error_code"], row["attempt"], len(chat.asked)) == ("MODEL_MISBEHAVED", 1, 1)
    assert (step["cost"], step["reserved"], step["finished_at"] is None) == (row["cost"], 0, False)
    assert 8_192 * 10 < row["cost"] < 2 * 8_192 * 10
