"""Reports that are not computed: a worker died, a figure is too large, it takes too long, or too many wait."""

from typing import Any

import pytest

from models.typeid import decode, new_uuid
from models.types import MAX_SAFE_INTEGER
from resolvers.jobs import claims as jobs
from resolvers.jobs import retention
from resolvers.jobs.retention import Retention
from resolvers.reports import mutations, running, snapshots
from resolvers.reports.mutations import MAX_WAITING
from tests.support.api import Org
from tests.support.invoices import S, standing
from tests.support.jobs import slot_of
from tests.support.refusals import problem, unchanged
from tests.support.reports import ACTIONS, EVENTS, JOB, NOW, PATH, YEAR, ask, claimed, computed, give_up, shown, work
from workers.reports import compute as worker


async def test_a_worker_that_died_leaves_no_rows(acme: Org) -> None:
    made = await ask(acme, "REVENUE", **YEAR)
    lost = await claimed(acme, -1)
    async with jobs.held(acme.runtime, lost) as ctx:
        assert await running.begin(ctx, lost.subject_id)
        await running.write(ctx, lost.subject_id, 0, ['{"half": 1}'] * 3, 50)
    half = await shown(acme, made["publicId"])
    assert (half["status"], half["progress"], len(half["rows"])) == ("RUNNING", 50, 3)
    again = await claimed(acme)
    # The worker is alive after all: it changes nothing any more.
    with pytest.raises(jobs.LeaseLost):
        await worker.HANDLER.run(acme.runtime, lost, slot_of(lost))
    assert await shown(acme, made["publicId"]) == half
    await worker.HANDLER.run(acme.runtime, again, slot_of(again))
    found = await shown(acme, made["publicId"])
    assert (found["status"], len(found["rows"]), await acme.count("report_rows")) == ("READY", 12, 12)


async def _failed(org: Org, key: str) -> dict[str, Any]:
    found = await shown(org, key)
    assert (found["status"], found["rows"], found["totals"], found["csvUrl"]) == ("FAILED", [], None, None)
    assert await org.count("report_rows") == 0
    assert [row["type"] for row in await org.rows(EVENTS)] == ["report.failed"]
    assert [row["action"] for row in await org.rows(ACTIONS)] == ["report:create", "report:fail"]
    assert [row["state"] for row in await org.rows(JOB, org.id)] == ["FAILED"]
    return found


async def test_a_figure_that_is_too_large_is_said(acme: Org) -> None:
    for _ in range(2):
        await standing(acme, S.OPEN)
    most = MAX_SAFE_INTEGER
    await acme.rows("update invoices set subtotal = $1::bigint, tax = 0, total = $1", most)
    made = await ask(acme, "REVENUE", **NOW)
    await work(acme)
    assert (await _failed(acme, made["publicId"]))["error"] == "TOO_LARGE"


async def test_a_report_that_takes_too_long_is_said(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await ask(acme, "REVENUE", **YEAR)
    monkeypatch.setattr(snapshots, "TIMEOUT_MS", 100)
    async with acme.runtime.bound(acme.id) as connection:
        await connection.execute("lock table invoices in access exclusive mode")
        await work(acme)
    assert (await _failed(acme, made["publicId"]))["error"] == "TOO_SLOW"


async def test_a_report_that_keeps_failing_is_failed(acme: Org) -> None:
    made = await ask(acme, "REVENUE", **YEAR)
    await give_up(acme)
    assert (await _failed(acme, made["publicId"]))["error"] == "INTERNAL"


async def test_a_report_that_is_not_ready_has_no_file(acme: Org, other: Org) -> None:
    made = await ask(acme, "REVENUE", **YEAR)
    paths = [f"{PATH}/{made['publicId']}.{name}" for name in ("csv", "svg")]

    async def refused() -> set[str]:
        """What is said in place of each file."""
        told = [problem(await acme.http.get(path), 409, "CONFLICT") for path in paths]
        assert {each["reason"] for each in told} == {"NOT_READY"}
        return {each["detail"] for each in told}

    assert await refused() == {"The report is QUEUED: wait until its status is READY."}
    await give_up(acme)
    assert await refused() == {"The report is FAILED: its error says why. Request another one."}
    # Who may not see it does not learn that it is there.
    weak = acme.holding(await acme.new_key("reports:read"))
    for path in paths:
        assert (await acme.http.head(path)).status_code == 409
        for stranger in (other, weak):
            told = problem(await stranger.http.get(path), 404, "NOT_FOUND", "path.publicId")
            assert told["detail"] == "There is no such report."


async def test_a_report_that_has_ended_is_not_computed_again(acme: Org) -> None:
    made = await ask(acme, "REVENUE", **YEAR)
    await acme.rows("update reports set status = 'FAILED', error = 'INTERNAL'")
    await work(acme)
    assert (await shown(acme, made["publicId"]))["status"] == "FAILED"
    assert [row["state"] for row in await acme.rows(JOB, acme.id)] == ["CANCELLED"]


async def test_so_many_reports_wait(acme: Org) -> None:
    for _ in range(MAX_WAITING):
        await ask(acme, "REVENUE", **YEAR)
    async with unchanged(acme):
        told = problem(await acme.http.post(PATH, json={"kind": "MRR", "parameters": YEAR}), 409, "CONFLICT")
        assert told["reason"] == "TOO_MANY_REPORTS"
    await work(acme)
    await ask(acme, "REVENUE", **YEAR)


async def test_so_many_reports_are_kept(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutations, "MAX_KEPT", 2)
    waits = await ask(acme, "REVENUE", **YEAR)
    keys = [waits["publicId"]]
    for _ in range(3):
        keys.append((await ask(acme, "REVENUE", **YEAR))["publicId"])
        await acme.rows(
            "update reports set status = 'FAILED', error = 'INTERNAL' where id = $1", decode("report", keys[-1])
        )
    await ask(acme, "REVENUE", **YEAR)
    # The oldest waits still.
    statuses = [(await acme.http.get(f"{PATH}/{key}")).status_code for key in keys]
    assert statuses == [200, 404, 404, 200]
    assert await acme.count("reports") == 3


async def test_old_reports_are_deleted_with_their_rows(acme: Org) -> None:
    await computed(acme, "REVENUE", **YEAR)
    kept = await computed(acme, "REVENUE", **YEAR)
    old = decode("report", (await computed(acme, "REVENUE", **YEAR))["publicId"])
    moved = "with them as (update reports set id = $2 where id = $1 returning id) select id from them"
    past = "01800000-0000-7000-8000-000000000000"
    await acme.rows("delete from report_rows where report_id = $1", old)
    await acme.rows(moved, old, past)
    row = "insert into report_rows (org_id, id, report_id, number, data) values ($1, $2, $3, 1, '{}')"
    await acme.rows(row, acme.id, new_uuid(), past)
    deleted = await retention.purge(acme.runtime, acme.id, Retention())
    assert (deleted["reports"], await acme.count("reports"), await acme.count("report_rows")) == (1, 2, 24)
    assert (await shown(acme, kept["publicId"]))["status"] == "READY"
