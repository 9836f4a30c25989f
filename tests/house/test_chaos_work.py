"""Chaos: the accounts of workers' work find what they should, and models answer as they are called."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from bench.chaos.changes import parameters_of
from bench.chaos.controls import SUMS, differences
from bench.chaos.listeners import healthy, listening, ways
from bench.chaos.models import HEALTHY, MESSAGES, Models, body_of
from bench.chaos.stored import Stored
from bench.chaos.worked import Worked, astray
from models.reports import ReportKind
from tests.support.chaos import row, worked

RIGHT = dict.fromkeys(
    (
        "jobs lost", "jobs of the healthy model that failed", "messages of agents missing or doubled",
        "model calls paid twice", "budgets that are not settled", "periods billed twice", "periods not billed",
        "invoice numbers doubled or missing", "reports that do not agree",
    ),
    0,
)  # fmt: skip


def found(models: Models, stored: Stored, done: Worked) -> dict[str, int]:
    """The accounts that are not 0."""
    return {name: number for name, number in astray(models, stored, done).items() if number}


def test_what_is_right_has_nothing_to_account_for() -> None:
    assert astray(*worked()) == RIGHT


def test_a_job_that_nobody_runs_is_lost() -> None:
    models, stored, done = worked()
    assert found(models, stored, replace(done, late=2)) == {"jobs lost": 2}
    for lost in (replace(done.agents[1], status="RUNNING", error=None), replace(done.agents[1], error=None)):
        assert found(models, stored, replace(done, agents=[done.agents[0], lost])) == {"jobs lost": 1}
    waits = replace(done.reports[1], status="QUEUED", error=None)
    lost_report = {"jobs lost": 1, "reports that do not agree": 1}
    assert found(models, stored, replace(done, reports=[waits])) == lost_report


def test_a_job_of_the_healthy_model_does_not_fail() -> None:
    models, stored, done = worked()
    failed = replace(done.agents[0], status="FAILED", error="INTERNAL")
    # What it wrote stays.
    assert found(models, stored, replace(done, agents=[failed])) == {"jobs of the healthy model that failed": 1}


def test_each_message_of_an_agent_is_there_once() -> None:
    models, stored, done = worked()
    stored.marks[body_of("k-4", 0)] = 3
    assert found(models, stored, done) == {"messages of agents missing or doubled": 2}
    stored.marks[body_of("k-4", 0)] = 0
    assert found(models, stored, done) == {"messages of agents missing or doubled": 1}
    stored.marks[body_of("k-4", 0)] = 1
    stored.marks[body_of("k-5", 0)] = 2
    assert found(models, stored, done) == {"messages of agents missing or doubled": 1}


def test_a_call_is_not_made_again_once_its_answer_is_committed() -> None:
    models, stored, done = worked()
    # The same question under another key.
    models.asked["job_1:6"] = [9.0]
    again = replace(done, answered={**done.answered, "job_1:6": 10.0})
    assert found(models, stored, again) == {"model calls paid twice": 1}
    models.asked["job_1:0"].append(2.5)
    assert found(models, stored, done) == {"model calls paid twice": 1}
    del models.asked["job_1:0"]
    assert found(models, stored, done) == {"model calls paid twice": 1}


@pytest.mark.parametrize(("budget", "number"), [((1, 7, 7), 1), ((0, 6, 7), 1), ((1, 8, 7), 2)])
def test_a_budget_is_settled(budget: tuple[int, int, int], number: int) -> None:
    models, stored, done = worked()
    assert found(models, stored, replace(done, budget=budget)) == {"budgets that are not settled": number}


def test_each_period_is_billed_once() -> None:
    models, stored, done = worked()
    second = [*done.invoices, ("subscription_1", "invoice_9")]
    assert found(models, stored, replace(done, invoices=second)) == {"periods billed twice": 1}
    shared = [*done.billed[:-1], done.billed[0]]
    assert found(models, stored, replace(done, billed=shared))["periods billed twice"] == 2
    assert found(models, stored, replace(done, billed=done.billed[1:], invoices=done.invoices[1:])) == {
        "periods not billed": 1
    }
    gone = [*done.billed[:-1], (*done.billed[-1][:2], False)]
    assert found(models, stored, replace(done, billed=gone, invoices=done.invoices[:-1])) == {"periods not billed": 1}
    assert found(models, stored, replace(done, subscriptions=["subscription_1", "subscription_2"])) == {
        "periods not billed": len(done.billed)
    }


@pytest.mark.parametrize("numbers", [[1, 2, 4], [1, 2, 2], [2, 3]])
def test_numbers_of_invoices_have_no_gap_and_no_double(numbers: list[int]) -> None:
    models, stored, done = worked()
    assert found(models, stored, replace(done, numbers=numbers)) == {"invoice numbers doubled or missing": 1}


@pytest.mark.parametrize(
    "falsified",
    [
        {"rows": [row(2)], "numbers": [1]},
        {"rows": [row(2), row(2), row(1)], "numbers": [1, 2, 2]},
        {"numbers": [1, 3]},
        {"status": "FAILED"},
        {"status": "FAILED", "error": "INTERNAL"},
    ],
    ids=["a row is gone", "a row is doubled", "a number is gone", "without a reason", "with rows"],
)
def test_a_report_agrees_with_its_rows(falsified: dict[str, Any]) -> None:
    models, stored, done = worked()
    wrong = [replace(done.reports[0], **falsified)]
    assert found(models, stored, replace(done, reports=wrong)) == {"reports that do not agree": 1}


def test_a_report_is_held_against_the_database_and_its_file() -> None:
    shown = {"totals": {"created": 5}, "rows": [row(2), row(3)]}
    assert differences("X", shown, "a\r\n1\r\n2\r\n", "created", 5) == []
    assert differences("X", shown, "a\r\n1\r\n2\r\n", "created", 6) == ["X: created is not 6"]
    assert differences("X", shown, "a\r\n1\r\n", "created", 5) == ["X: the file has other rows"]
    assert SUMS.keys() == set(ReportKind)
    assert {"from", "interval"} & parameters_of(ReportKind.RECEIVABLES_AGING).keys() == set()


def request(model: str, results: int) -> dict[str, Any]:
    """A request to a model, with so many results of tools."""
    prompt = "order: order_1\nInput:\n" + orjson.dumps({"mark": "k-4", "orderId": "order_1"}).decode()
    messages = [{"role": "system", "content": "Help."}, {"role": "user", "content": prompt}]
    return {"model": model, "messages": messages + [{"role": "tool", "content": "{}"}] * results}


async def test_models_answer_as_they_are_called() -> None:
    elsewhere = healthy()
    async with listening(elsewhere), httpx.AsyncClient() as http:
        models = Models(ways(elsewhere.url))
        async with listening(models):

            async def post(model: str, results: int = 0) -> httpx.Response:
                url, headers = f"{models.base_url}/chat/completions", {"Idempotency-Key": f"{model}:{results}"}
                return await http.post(url, json=request(model, results), headers=headers, timeout=60)

            for number in range(MESSAGES):
                (call,) = (await post(HEALTHY, number)).json()["choices"][0]["message"]["tool_calls"]
                given = orjson.loads(call["function"]["arguments"])["input"]
                assert given == {"orderId": "order_1", "body": body_of("k-4", number)}
            last = (await post(HEALTHY, MESSAGES)).json()["choices"][0]
            assert (last["finish_reason"], last["message"]["content"]) == ("stop", "Written.")
            assert ((await post("fails")).status_code, (await post("redirects")).status_code) == (500, 307)
            with pytest.raises(httpx.TransportError):
                await post("resets")
            for name in ("hangs", "drips", "sends-10-GB"):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(post(name), 0.5)
    assert elsewhere.asked == 0
    assert models.by_model == {HEALTHY: MESSAGES + 1} | dict.fromkeys(ways(""), 1)
    assert all(len(times) == 1 for times in models.asked.values())
