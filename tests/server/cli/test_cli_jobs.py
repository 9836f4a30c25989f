"""The commands on jobs: exact output, refusals that change nothing, and an audit entry for each change."""

from uuid import UUID

import pytest

from models.jobs import JobFunction, JobQueue, JobState
from models.typeid import encode
from tests.support.commands import environment, rows, run
from tests.support.servers import Backends

__all__ = ["environment"]

pytestmark = pytest.mark.usefixtures("logging_restored")

STATES = "select id, state, attempt, claim_no, error_code, finished_at from jobs where claim_no = 21 order by id"
ENTRIES = "select action, source, actor_kind, target_id from audit_entries where action like 'task:%' order by id"
INSERT = """
    insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt, claim_no,
                      error_code, finished_at)
    select org_id, id::uuid, function, org_id, org_id, queue, '2026-01-02 03:04:05Z', state, attempt, 21, code, ended
    from organizations, (values
        ('01900000-0000-7000-8000-000000000001', 'AUDIT_SEAL', 'audit', 'FAILED', 20, 'CHAIN_BROKEN',
         '2026-01-02 03:05:06Z'::timestamptz),
        ('01900000-0000-7000-8000-000000000002', 'AUDIT_SEAL', 'audit', 'RUNNING', 1, null, null),
        ('01900000-0000-7000-8000-000000000003', 'TICKET_WAKE', 'timers', 'QUEUED', 0, null, null),
        ('01900000-0000-7000-8000-000000000004', 'AUDIT_SEAL', 'audit', 'QUEUED', 2, null, null)
    ) as made(id, function, queue, state, attempt, code, ended) returning 1
"""
FAILED, RUNNING, TIMER, QUEUED = (encode("task", UUID(f"01900000-0000-7000-8000-00000000000{n}")) for n in range(1, 5))


@pytest.fixture
def org(environment: Backends, capsys: pytest.CaptureFixture[str]) -> str:
    """The id of an organization that has four jobs."""
    made = run(capsys, "org", "create", "--name", "One", "--slug", "one")[1].strip()
    rows(environment, "delete from jobs returning 1")
    rows(environment, INSERT)
    return made


def test_jobs_are_a_table(org: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "jobs", "list", "--org", "one")
    assert (code, err) == (0, "")
    header, *lines = [line.split("  ") for line in out.splitlines()]
    assert [cell.strip() for cell in header if cell] == [
        "ID", "FUNCTION", "QUEUE", "STATE", "ATTEMPT", "DUE", "FINISHED", "ERROR", "SUBJECT",
    ]  # fmt: skip
    assert [line[0] for line in lines] == [QUEUED, TIMER, RUNNING, FAILED]
    due = "2026-01-02 03:04Z"
    assert [cell.strip() for cell in lines[-1] if cell.strip()] == [
        FAILED, "AUDIT_SEAL", "audit", "FAILED", "20", due, "2026-01-02 03:05Z", "CHAIN_BROKEN", org,
    ]  # fmt: skip
    for options, found in (
        (("--state", "FAILED"), [FAILED]),
        (("--state", "failed", "--function", "audit_seal"), [FAILED]),
        (("--queue", "timers"), [TIMER]),
        (("--function", "AUDIT_SEAL", "--state", "QUEUED"), [QUEUED]),
        (("--queue", "webhooks"), []),
        (("--limit", "2"), [QUEUED, TIMER]),
    ):
        listed = run(capsys, "jobs", "list", "--org", "one", *options)[1].splitlines()[1:]
        assert [line.split(" ")[0] for line in listed] == found


def test_an_organization_is_named_by_its_id_too(org: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (("jobs", "list"), ("keys", "list")):
        assert run(capsys, *command, "--org", org) == run(capsys, *command, "--org", "one")
        missing = encode("org", UUID(int=1))
        said = f"counterfoil: there is no organization {missing}\n"
        assert run(capsys, *command, "--org", missing) == (1, "", said)


def test_a_job_that_has_not_finished_has_a_dash(org: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "\nfinished     -\n" in run(capsys, "jobs", "show", "--org", "one", "--id", QUEUED)[1]


def test_a_job_is_shown(org: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "jobs", "show", "--org", "one", "--id", FAILED) == (
        0,
        f"id           {FAILED}\n"
        "function     AUDIT_SEAL\n"
        "queue        audit\n"
        "state        FAILED\n"
        "attempt      20\n"
        "due          2026-01-02 03:04Z\n"
        "finished     2026-01-02 03:05Z\n"
        "error        CHAIN_BROKEN\n"
        f"subject      {org}\n"
        "created      2024-06-10 02:35Z\n"
        "claims       21\n"
        "lease until  none\n",
        "",
    )


def test_a_failed_job_is_queued_again_and_a_queued_one_cancelled(
    org: str, environment: Backends, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "jobs", "retry", "--org", "one", "--id", FAILED) == (0, f"queued {FAILED}\n", "")
    assert run(capsys, "jobs", "cancel", "--org", "one", "--id", QUEUED) == (0, f"cancelled {QUEUED}\n", "")
    found = {encode("task", row[0]): row[1:] for row in rows(environment, STATES) if isinstance(row[0], UUID)}
    assert found[FAILED] == ("QUEUED", 0, 21, None, None)
    assert found[QUEUED][:4] == ("CANCELLED", 2, 21, None)
    assert found[QUEUED][4] is not None
    entries = [row[:3] for row in rows(environment, ENTRIES)]
    assert entries == [("task:retry", "CLI", "CLI"), ("task:cancel", "CLI", "CLI")]


def test_what_cannot_be_done_is_a_line_and_changes_nothing(
    org: str, environment: Backends, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rows(environment, STATES)
    known = (", ".join(JobQueue), ", ".join(JobFunction))
    not_failed = "The job is {}. Only a FAILED job can be retried."
    only_queued = "Only a job that is QUEUED can be cancelled."
    timer = "A timer cannot be cancelled: its object would wait for it forever."
    missing = "There is no such job."
    other, agents = (org.replace("org_", prefix) for prefix in ("task_", "job_"))
    is_agents = f"--id: {agents} is an agent's job: see `agentJob` of the API; IDs of workers' jobs begin with task_"
    for words, code, said in (
        (("retry", "--id", RUNNING), 1, not_failed.format("RUNNING")),
        (("retry", "--id", TIMER), 1, not_failed.format("QUEUED")),
        (("retry", "--id", other), 1, missing),
        (("retry", "--id", "x"), 1, missing),
        (("cancel", "--id", RUNNING), 1, only_queued),
        (("cancel", "--id", FAILED), 1, only_queued),
        (("cancel", "--id", TIMER), 1, timer),
        (("cancel", "--id", org), 1, missing),
        (("show", "--id", other), 1, missing),
        *(((verb, "--id", agents), 2, is_agents) for verb in ("show", "retry", "cancel")),
        (
            ("list", "--state", "dead"),
            2,
            f"--state: there is no state 'dead', only {', '.join(JobState)}",
        ),
        (("list", "--queue", "x"), 2, f"--queue: there is no queue 'x', only {known[0]}"),
        (("list", "--function", "x"), 2, f"--function: there is no function 'x', only {known[1]}"),
        (("list", "--limit", "0"), 2, "--limit: must be a number from 1 to 10000"),
        (("list", "--limit", "x"), 2, "--limit: must be a number from 1 to 10000"),
    ):
        assert run(capsys, "jobs", words[0], "--org", "one", *words[1:]) == (code, "", f"counterfoil: {said}\n")
    gone = "counterfoil: there is no organization none\n"
    assert run(capsys, "jobs", "retry", "--org", "none", "--id", FAILED) == (1, "", gone)
    # Of another organization the command knows nothing.
    run(capsys, "org", "create", "--name", "Two", "--slug", "two")
    assert run(capsys, "jobs", "retry", "--org", "two", "--id", FAILED) == (1, "", f"counterfoil: {missing}\n")
    assert rows(environment, STATES) == before
    assert rows(environment, ENTRIES) == []
