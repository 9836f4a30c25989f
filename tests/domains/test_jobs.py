"""Jobs that failed: which there are, and that a retried one has its object wait for it again."""

import asyncio
from typing import Any

import pytest

from models.jobs import JobFunction
from models.typeid import decode, encode, new_uuid
from resolvers.collections.rows import Key
from resolvers.jobs.claims import context_of
from resolvers.jobs.mutations import cancel
from resolvers.jobs.subjects import JOB_SUBJECTS
from resolvers.reports import mutations as reports
from tests.support.agents import do, fail, happened, new_job, runs, shown
from tests.support.api import Org
from tests.support.refusals import error

LIST = """
query($filter: FailedJobFilter) {
  failedJobs(filter: $filter) {
    totalCount nodes { id function queue subjectId attempt errorCode finishedAt createdAt }
  }
}
"""
RETRY = "mutation($id: ID!) { retryFailedJob(input: {id: $id}) { failedJob { id attempt errorCode subjectId } } }"
DIE = """
    update jobs set state = 'FAILED', attempt = 10, error_code = 'ATTEMPTS_EXHAUSTED', finished_at = now()
    where function = 'WEBHOOK_DELIVERY' and state = 'QUEUED' returning id, subject_id
"""
FAIL = "update deliveries set status = 'FAILED', next_attempt_at = null"
STATE = "select state, attempt, error_code, finished_at, run_at <= now() as due from jobs where id = $1"
DELIVERY = "select status, redeliveries, next_attempt_at is not null as due from deliveries where id = $1"
REPORT = "select status, error, progress from reports where id = $1"
RUN = "select id from jobs where subject_id = $1 and function = 'AGENT'"
ENTRIES = "select action, actor_kind, source from audit_entries where action = 'task:retry'"


async def failed(org: Org, status: str = "FAILED") -> tuple[str, Any, Any]:
    """The id of a delivery's job that failed, and both keys."""
    hook = {"url": "https://93.184.216.34/hook", "events": ["client.created"]}
    await org.data(
        "mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } } }", input=hook
    )
    await org.http.post("/api/v1/clients", json={"name": "Ada", "email": "ada@example.com"})
    (job,) = await org.rows(DIE)
    await org.rows(f"{FAIL} where id = $1", job["subject_id"])
    await org.rows("update deliveries set status = $1", status)
    return encode("task", job["id"]), job["id"], job["subject_id"]


async def refused(org: Org, job: str) -> Any:
    """The reason for which a job is not retried."""
    return error(await org.graphql(RETRY, id=job), 200, "CONFLICT", "input.id")["reason"]


def test_each_function_says_what_a_person_can_do() -> None:
    assert JOB_SUBJECTS.keys() == {*JobFunction}


async def test_failed_jobs_are_listed_and_no_others(acme: Org, other: Org) -> None:
    job, _, delivery = await failed(acme)
    page = (await acme.data(LIST))["failedJobs"]
    assert page["totalCount"] == 1
    (found,) = page["nodes"]
    assert found.pop("finishedAt")
    assert found.pop("createdAt")
    assert found == {
        "id": job, "function": "WEBHOOK_DELIVERY", "queue": "WEBHOOKS", "subjectId": encode("delivery", delivery),
        "attempt": 10, "errorCode": "ATTEMPTS_EXHAUSTED",
    }  # fmt: skip
    for condition, number in (
        ({"queue": {"eq": "WEBHOOKS"}}, 1),
        ({"queue": {"notIn": ["WEBHOOKS"]}}, 0),
        ({"function": {"in": ["AUDIT_SEAL", "WEBHOOK_DELIVERY"]}}, 1),
        ({"function": {"eq": "AUDIT_SEAL"}}, 0),
        ({"finishedAt": {"gt": "2020-01-01T00:00:00Z"}}, 1),
        ({"finishedAt": {"gt": "2100-01-01T00:00:00Z"}}, 0),
    ):
        page = (await acme.data(LIST, filter=condition))["failedJobs"]
        assert (page["totalCount"], len(page["nodes"])) == (number, number)
    # The seal of the same change is queued, which no one sees here.
    seal = (await acme.rows("select id from jobs where function = 'AUDIT_SEAL'"))[0]["id"]
    asked = "query($id: ID!) { failedJob(id: $id) { id } node(id: $id) { id } }"
    assert await acme.data(asked, id=encode("task", seal)) == {"failedJob": None, "node": None}
    assert await acme.data(asked, id=job) == {"failedJob": {"id": job}, "node": {"id": job}}
    assert (await other.data(LIST))["failedJobs"]["totalCount"] == 0
    assert await other.data(asked, id=job) == {"failedJob": None, "node": None}


async def test_a_retried_delivery_is_pending_with_its_job(acme: Org) -> None:
    job, key, delivery = await failed(acme)
    answer = (await acme.data(RETRY, id=job))["retryFailedJob"]["failedJob"]
    subject = encode("delivery", delivery)
    assert answer == {"id": job, "attempt": 10, "errorCode": "ATTEMPTS_EXHAUSTED", "subjectId": subject}
    assert [dict(row) for row in await acme.rows(STATE, key)] == [
        {"state": "QUEUED", "attempt": 0, "error_code": None, "finished_at": None, "due": True}
    ]
    assert [dict(row) for row in await acme.rows(DELIVERY, delivery)] == [
        {"status": "PENDING", "redeliveries": 1, "due": True}
    ]
    assert [tuple(row) for row in await acme.rows(ENTRIES)] == [("task:retry", "KEY", "GRAPHQL")]
    # Once more finds it queued.
    assert await refused(acme, job) == "JOB_NOT_FAILED"
    assert len(await acme.rows(ENTRIES)) == 1


async def test_of_two_that_retry_one_job_one_is_refused(acme: Org) -> None:
    job, _, delivery = await failed(acme)
    answers = await asyncio.gather(*(acme.graphql(RETRY, id=job) for _ in range(4)))
    said = [answer.json().get("errors", [{}])[0].get("extensions", {}).get("reason") for answer in answers]
    assert said.count(None) == 1
    assert {*said} <= {None, "JOB_NOT_FAILED", "NOTHING_TO_RETRY"}
    assert [tuple(row) for row in await acme.rows(DELIVERY, delivery)] == [("PENDING", 1, True)]
    assert len(await acme.rows(ENTRIES)) == 1


@pytest.mark.parametrize(
    ("prepared", "reason"),
    [
        ("update deliveries set status = 'SUCCEEDED'", "NOTHING_TO_RETRY"),
        ("update deliveries set status = 'CANCELLED'", "NOTHING_TO_RETRY"),
        ("update webhook_endpoints set deleted_at = now()", "NOTHING_TO_RETRY"),
        ("update webhook_endpoints set status = 'DISABLED'", "WEBHOOK_DISABLED"),
        ("update deliveries set redeliveries = 10", "TOO_MANY_REDELIVERIES"),
    ],
)
async def test_what_nothing_waits_for_is_not_retried(acme: Org, prepared: str, reason: str) -> None:
    job, key, delivery = await failed(acme)
    await acme.rows(prepared)
    before = await acme.rows(DELIVERY, delivery)
    assert await refused(acme, job) == reason
    assert [row["state"] for row in await acme.rows(STATE, key)] == ["FAILED"]
    assert await acme.rows(DELIVERY, delivery) == before
    assert await acme.rows(ENTRIES) == []


async def test_a_key_retries_no_delivery_of_events_that_it_may_not_read(acme: Org) -> None:
    job, key, _ = await failed(acme)
    weak = acme.holding(await acme.new_key("failed_jobs:write"))
    error(await weak.graphql(RETRY, id=job), 403, "FORBIDDEN", "input.id")
    assert [row["state"] for row in await acme.rows(STATE, key)] == ["FAILED"]
    ended = "update jobs set state = 'FAILED', error_code = 'CHAIN_BROKEN', finished_at = now()"
    seals = await acme.rows(f"{ended} where function = 'AUDIT_SEAL' returning id")
    await weak.data(RETRY, id=encode("task", seals[0]["id"]))
    # The event that it sends again counts, and not what else the endpoint may receive.
    reader = acme.holding(await acme.new_key("failed_jobs:write", "clients:read"))
    await reader.data(RETRY, id=job)


async def test_a_retried_export_is_queued_again(acme: Org) -> None:
    made = await acme.data("mutation { exportAuditLog(input: {}) { auditExport { id } } }")
    export = decode("export", made["exportAuditLog"]["auditExport"]["id"])
    ended = "update jobs set state = 'FAILED', error_code = 'INTERNAL', finished_at = now() where subject_id = $1"
    (job,) = await acme.rows(f"{ended} returning id", export)
    name = encode("task", job["id"])
    assert await refused(acme, name) == "NOTHING_TO_RETRY"
    await acme.rows("update audit_exports set status = 'FAILED', error = 'INTERNAL' where id = $1", export)
    await acme.data(RETRY, id=name)
    assert [tuple(row) for row in await acme.rows("select status, error from audit_exports where id = $1", export)] == [
        ("QUEUED", None)
    ]
    assert [row["state"] for row in await acme.rows(STATE, job["id"])] == ["QUEUED"]


async def new_report(org: Org) -> tuple[str, Any, Any]:
    """The id of the job of a report, and both keys."""
    made = await org.http.post(
        "/api/v1/reports", json={"kind": "RECEIVABLES_AGING", "parameters": {"to": "2026-01-01"}}
    )
    report = decode("report", made.json()["data"]["publicId"])
    (job,) = await org.rows("select id from jobs where subject_id = $1 and function = 'REPORT'", report)
    return encode("task", job["id"]), job["id"], report


async def give_up(org: Org, key: Any) -> None:
    """Let a job have failed."""
    ended = "state = 'FAILED', error_code = 'INTERNAL', finished_at = now()"
    await org.rows(f"update jobs set {ended} where id = $1", key)


async def cancelled(org: Org, job: str) -> None:
    """Cancel a job, as the command does."""
    ctx = context_of(org.runtime, org.id, new_uuid())
    async with ctx.transaction():
        await cancel(ctx, Key(job))


async def test_a_retried_report_is_queued_again(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    job, key, report = await new_report(acme)
    await give_up(acme, key)
    assert await refused(acme, job) == "NOTHING_TO_RETRY"
    await acme.rows("update reports set status = 'FAILED', error = 'TOO_SLOW', progress = 40 where id = $1", report)
    weak = acme.holding(await acme.new_key("failed_jobs:write", "invoices:read"))
    assert error(await weak.graphql(RETRY, id=job), 403, "FORBIDDEN", "input.id")["scope"] == "clients:read"
    with monkeypatch.context() as patched:
        patched.setattr(reports, "MAX_WAITING", 0)
        answer = await acme.graphql(RETRY, id=job)
        assert error(answer, 200, "CONFLICT")["reason"] == "TOO_MANY_REPORTS"
    await acme.data(RETRY, id=job)
    assert [tuple(row) for row in await acme.rows(REPORT, report)] == [("QUEUED", None, 0)]
    assert [row["state"] for row in await acme.rows(STATE, key)] == ["QUEUED"]


async def test_a_report_whose_job_is_cancelled_has_failed(acme: Org) -> None:
    job, key, report = await new_report(acme)
    await cancelled(acme, job)
    assert [tuple(row) for row in await acme.rows(REPORT, report)] == [("FAILED", "CANCELLED", 0)]
    assert [row["state"] for row in await acme.rows(STATE, key)] == ["CANCELLED"]


async def test_the_run_of_an_agent_job_is_not_retried_without_it(acme: Org) -> None:
    agent_job = await new_job(acme)
    (run,) = await acme.rows(RUN, decode("job", agent_job))
    await give_up(acme, run["id"])
    name = encode("task", run["id"])
    assert await refused(acme, name) == "NOTHING_TO_RETRY"
    await fail(acme, agent_job)
    assert await refused(acme, name) == "AGENT_JOB_FAILED"
    assert (await acme.data(LIST))["failedJobs"]["totalCount"] == 1
    await do(acme, "retry", agent_job)
    # Another run follows: that one is no failed job any more.
    assert await runs(acme, agent_job) == ["DONE", "QUEUED"]
    assert (await acme.data(LIST))["failedJobs"]["totalCount"] == 0
    assert await refused(acme, name) == "JOB_NOT_FAILED"


async def test_an_agent_job_whose_run_is_cancelled_is_cancelled(acme: Org) -> None:
    agent_job = await new_job(acme)
    (run,) = await acme.rows(RUN, decode("job", agent_job))
    await cancelled(acme, encode("task", run["id"]))
    found = await shown(acme, agent_job)
    assert (found["status"], found["finishedAt"] is None) == ("CANCELLED", False)
    assert await runs(acme, agent_job) == ["CANCELLED"]
    assert await happened(acme, agent_job) == ["queued", "cancelled"]
