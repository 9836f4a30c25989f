"""Steps of agent jobs that wait for a person: who may decide them, what follows, and what is refused."""

import pytest

from models.agent_jobs import AGENT_JOB, AgentJobStatus
from models.agent_jobs_steps import AgentStepKind
from models.jobs import JobQueue
from models.typeid import decode, new_uuid
from resolvers.agent_jobs.decisions import expire
from resolvers.context import now
from resolvers.jobs.claims import context_of
from tests.support.agents import ask, do, happened, lead, new_job, runs, shown, steps
from tests.support.api import Org
from tests.support.jobs import eventually, working
from tests.support.refusals import error, unchanged

_S, _K = AgentJobStatus, AgentStepKind
TIMERS = "select run_at, state from jobs where org_id = $1 and function = 'AGENT_EXPIRY'"


async def _waiting(org: Org, *kinds: AgentStepKind, hours: float = 1) -> tuple[str, list[str]]:
    """A job that waits for decisions, in its version 3, and its steps."""
    job = await new_job(org)
    await lead(org, job, _S.RUNNING)
    return job, await ask(org, job, *kinds, hours=hours)


@pytest.mark.parametrize(
    ("verb", "decision", "given"),
    [("approve", "APPROVED", {}), ("approve", "APPROVED", {"reason": "Yes"}), ("reject", "REJECTED", {"reason": "No"})],
)
async def test_a_decided_job_goes_on(acme: Org, verb: str, decision: str, given: dict[str, str]) -> None:
    job, (step,) = await _waiting(acme, _K.APPROVAL)
    waiting = await shown(acme, job)
    assert (waiting["status"], waiting["expiresAt"] is None, waiting["version"]) == ("AWAITING_APPROVAL", False, 3)
    answer = await do(acme, verb, job, stepId=step, expectedVersion=3, **given)
    assert answer.json()["data"] == {f"{verb}AgentJob": {"agentJob": {"id": job, "status": "QUEUED"}}}
    (found,) = await steps(acme, job)
    assert (found["decision"], found["reason"], found["answer"]) == (decision, given.get("reason"), None)
    after = await shown(acme, job)
    assert (after["version"], after["expiresAt"], await runs(acme, job)) == (4, None, ["QUEUED", "QUEUED"])
    assert await happened(acme, job) == ["queued", "started", "awaiting_approval", "queued"]
    sql = """select e.action, c.changes from audit_entries e join audit_changes c on c.entry_id = e.id
             where e.target_id = $1 and e.action = $2"""
    (entry,) = await acme.rows(sql, decode(AGENT_JOB.prefix, job), f"job:{verb}")
    assert step in entry["changes"]


async def test_a_question_is_answered(acme: Org) -> None:
    job, (step,) = await _waiting(acme, _K.INPUT)
    assert (await shown(acme, job))["status"] == "AWAITING_INPUT"
    assert "errors" not in (await do(acme, "answer", job, stepId=step, expectedVersion=3, answer=" Blue ")).json()
    (found,) = await steps(acme, job)
    assert (found["decision"], found["answer"], await runs(acme, job)) == ("ANSWERED", "Blue", ["QUEUED", "QUEUED"])


async def test_a_job_waits_for_all_its_steps(acme: Org) -> None:
    job, (question, first, second) = await _waiting(acme, _K.INPUT, _K.APPROVAL, _K.APPROVAL)
    assert (await shown(acme, job))["status"] == "AWAITING_INPUT"
    for version, (verb, step, given, status) in enumerate(
        (
            ("approve", second, {}, "AWAITING_INPUT"),
            ("answer", question, {"answer": "Blue"}, "AWAITING_APPROVAL"),
            ("reject", first, {"reason": "No"}, "QUEUED"),
        ),
        3,
    ):
        answer = await do(acme, verb, job, stepId=step, expectedVersion=version, **given)
        assert answer.json()["data"][f"{verb}AgentJob"]["agentJob"]["status"] == status
        assert len(await runs(acme, job)) == (2 if status == "QUEUED" else 1)
    assert [each["decision"] for each in await steps(acme, job)] == ["ANSWERED", "REJECTED", "APPROVED"]
    assert await happened(acme, job) == ["queued", "started", "awaiting_input", "awaiting_approval", "queued"]


async def test_a_job_that_waits_for_nobody(acme: Org) -> None:
    job = await new_job(acme)
    for state in (None, _S.RUNNING, _S.SUCCEEDED):
        if state is not None:
            await lead(acme, job, state, **({"output": {}} if state is _S.SUCCEEDED else {}))
        given = {"stepId": "step_00000000000000000000000001", "expectedVersion": (await shown(acme, job))["version"]}
        async with unchanged(acme):
            for verb, said in (("approve", {}), ("reject", {"reason": "No"}), ("answer", {"answer": "Blue"})):
                refused = error(await do(acme, verb, job, **given, **said), 200, "CONFLICT", "input.id")
                assert (refused["status"], refused["reason"]) == (409, "NOT_WAITING")


async def test_a_step_of_another_kind_or_job(acme: Org) -> None:
    job, (approval, question) = await _waiting(acme, _K.APPROVAL, _K.INPUT)
    _, (strange,) = await _waiting(acme, _K.APPROVAL)
    async with unchanged(acme):
        for verb, step, reason in (
            ("approve", question, "NOT_ALLOWED"),
            ("reject", question, "NOT_ALLOWED"),
            ("answer", approval, "NOT_ALLOWED"),
            ("approve", strange, "NOT_FOUND"),
            ("approve", job, "NOT_FOUND"),
        ):
            said = {"reject": {"reason": "No"}, "answer": {"answer": "Blue"}}.get(verb, {})
            answer = await do(acme, verb, job, stepId=step, expectedVersion=3, **said)
            refused = error(answer, 200, "BAD_INPUT", "input.stepId")
            assert (refused["status"], refused["reason"]) == (400, reason)


async def test_an_approval_of_what_has_moved_on(acme: Org) -> None:
    job, (first, second) = await _waiting(acme, _K.APPROVAL, _K.APPROVAL)
    await do(acme, "approve", job, stepId=first, expectedVersion=3)
    async with unchanged(acme):
        stale = error(
            await do(acme, "approve", job, stepId=second, expectedVersion=3), 200, "VERSION_MISMATCH",
            "input.expectedVersion",
        )  # fmt: skip
        assert (stale["status"], stale["currentVersion"]) == (412, 4)
        answer = await do(acme, "reject", job, stepId=first, expectedVersion=4, reason="After all")
        refused = error(answer, 200, "CONFLICT", "input.stepId")
        assert (refused["status"], refused["reason"]) == (409, "STEP_DECIDED")
    await do(acme, "approve", job, stepId=second, expectedVersion=4)
    async with unchanged(acme):
        answer = await do(acme, "approve", job, stepId=second, expectedVersion=5)
        assert error(answer, 200, "CONFLICT", "input.id")["reason"] == "NOT_WAITING"


async def test_an_approval_needs_the_scope_of_the_tool(acme: Org) -> None:
    job, (step,) = await _waiting(acme, _K.APPROVAL)
    weak = acme.holding(await acme.new_key("agent_jobs:write", "orders:read"))
    async with unchanged(acme):
        for verb, said in (("approve", {}), ("reject", {"reason": "No"})):
            answer = await do(weak, verb, job, stepId=step, expectedVersion=3, **said)
            refused = error(answer, 403, "FORBIDDEN", "input.stepId")
            assert (refused["status"], refused["scope"]) == (403, "orders:write")
    able = acme.holding(await acme.new_key("agent_jobs:write", "orders:write"))
    assert "errors" not in (await do(able, "approve", job, stepId=step, expectedVersion=3)).json()


async def test_an_answer_needs_the_scopes_of_the_job(acme: Org) -> None:
    job, (step,) = await _waiting(acme, _K.INPUT)
    weak = acme.holding(await acme.new_key("agent_jobs:write", "orders:read"))
    said = {"stepId": step, "expectedVersion": 3, "answer": "Cancel it."}
    async with unchanged(acme):
        assert error(await do(weak, "answer", job, **said), 403, "FORBIDDEN", "input.id")["scope"] == "orders:write"
    able = acme.holding(await acme.new_key("agent_jobs:write", "orders:write"))
    assert "errors" not in (await do(able, "answer", job, **said)).json()


async def test_a_cancelled_job_asks_nobody(acme: Org) -> None:
    job, (step,) = await _waiting(acme, _K.APPROVAL)
    await do(acme, "cancel", job)
    async with unchanged(acme):
        answer = await do(acme, "approve", job, stepId=step, expectedVersion=4)
        assert error(answer, 200, "CONFLICT", "input.id")["reason"] == "NOT_WAITING"
    assert [each["decision"] for each in await steps(acme, job)] == ["CANCELLED"]
    closed = "steps(filter: {decision: {eq: CANCELLED}}) { nodes { finishedAt } }"
    found = await acme.data(f"query($id: ID!) {{ agentJob(id: $id) {{ {closed} }} }}", id=job)
    assert [each["finishedAt"] is None for each in found["agentJob"]["steps"]["nodes"]] == [False]


async def test_a_step_whose_time_is_over_is_not_decided(acme: Org) -> None:
    job, (step,) = await _waiting(acme, _K.APPROVAL, hours=-1)
    async with unchanged(acme):
        answer = await do(acme, "approve", job, stepId=step, expectedVersion=3)
        assert error(answer, 200, "CONFLICT", "input.stepId")["reason"] == "STEP_DECIDED"


async def test_a_timer_lets_the_job_go_on(acme: Org) -> None:
    job, _ = await _waiting(acme, _K.INPUT, _K.APPROVAL)
    (timer,) = await acme.rows(TIMERS, acme.id)
    assert timer["run_at"].isoformat()[:23] == (await shown(acme, job))["expiresAt"][:23]
    key = decode(AGENT_JOB.prefix, job)
    assert key is not None
    async with unchanged(acme):
        ctx = context_of(acme.runtime, acme.id, new_uuid())
        async with ctx.transaction():
            again = await expire(ctx, key)
    assert again == timer["run_at"] > now()
    await acme.rows("update agent_steps set expires_at = now() - interval '1 s' where job_id = $1", key)
    await acme.rows("update jobs set run_at = now() where org_id = $1 and function = 'AGENT_EXPIRY'", acme.id)

    async def gone_on() -> bool:
        return bool((await shown(acme, job))["status"] == "QUEUED")

    # A worker of the queue of agents would take the runs, and other tests' jobs before them.
    async with working(acme.runtime, queues={JobQueue.TIMERS: 1}):
        await eventually(gone_on)
    assert [each["decision"] for each in await steps(acme, job)] == ["EXPIRED", "EXPIRED"]
    assert (await runs(acme, job), await happened(acme, job)) == (
        ["QUEUED", "QUEUED"], ["queued", "started", "awaiting_input", "queued"],
    )  # fmt: skip


async def test_one_step_is_over_and_another_waits(acme: Org) -> None:
    job, (first, second) = await _waiting(acme, _K.INPUT, _K.APPROVAL)
    key = decode(AGENT_JOB.prefix, job)
    assert key is not None
    await acme.rows("update agent_steps set expires_at = now() - interval '1 s' where id = $1", decode("step", first))
    ctx = context_of(acme.runtime, acme.id, new_uuid())
    async with ctx.transaction():
        again = await expire(ctx, key)
    assert again is not None
    found = await shown(acme, job)
    assert (found["status"], await runs(acme, job)) == ("AWAITING_APPROVAL", ["QUEUED"])
    await do(acme, "approve", job, stepId=second, expectedVersion=found["version"])
    ctx = context_of(acme.runtime, acme.id, new_uuid())
    async with unchanged(acme), ctx.transaction():
        assert await expire(ctx, key) is None


INBOX = """{ agentJobs(filter: {status: {in: [AWAITING_APPROVAL, AWAITING_INPUT]}}, orderBy: [{field: EXPIRES_AT}]) {
  nodes { id version status expiresAt definition { name } client { name }
    steps(filter: {expiresAt: {isNull: false}, decision: {isNull: true}}, orderBy: [{field: CREATED_AT}]) {
      nodes { id kind operation changes { target field before after } events question expiresAt } } } } }"""


async def test_an_inbox_shows_what_waits_for_a_person_in_few_statements(acme: Org) -> None:
    later, (approval,) = await _waiting(acme, _K.APPROVAL, hours=2)
    sooner, (question, other) = await _waiting(acme, _K.INPUT, _K.APPROVAL)
    await do(acme, "approve", sooner, stepId=other, expectedVersion=3)
    await new_job(acme)
    answer = await acme.graphql(INBOX)
    first, second = answer.json()["data"]["agentJobs"]["nodes"]
    assert answer.headers["server-timing"] == 'sql;desc="2"'
    assert ([first["id"], first["status"]], [second["id"], second["status"]]) == (
        [sooner, "AWAITING_INPUT"], [later, "AWAITING_APPROVAL"],
    )  # fmt: skip
    assert [(each["id"], each["question"]) for each in first["steps"]["nodes"]] == [(question, "Which color?")]
    (step,) = second["steps"]["nodes"]
    assert (step["id"], step["operation"], step["expiresAt"]) == (approval, "UpdateOrder", second["expiresAt"])
    assert (step["changes"][0]["after"], step["events"]) == ("Late", ["order.updated"])


async def test_steps_are_found_by_what_they_have_not(acme: Org) -> None:
    job, (_, second) = await _waiting(acme, _K.APPROVAL, _K.INPUT)
    await do(acme, "answer", job, stepId=second, expectedVersion=3, answer="Blue")
    text = "query($id: ID!, $f: AgentStepFilter!) { agentJob(id: $id) { steps(filter: $f) { nodes { kind } } } }"
    for given, kinds in (
        ({"decision": {"isNull": True}}, ["APPROVAL"]),
        ({"decision": {"isNull": False}}, ["INPUT"]),
        ({"finishedAt": {"isNull": True}}, ["APPROVAL"]),
        ({"not": {"finishedAt": {"isNull": True}}}, ["INPUT"]),
        ({"expiresAt": {"isNull": True}}, []),
        ({"decision": {"isNull": True, "eq": "ANSWERED"}}, []),
    ):
        found = (await acme.data(text, id=job, f=given))["agentJob"]["steps"]["nodes"]
        assert [each["kind"] for each in found] == kinds, given
