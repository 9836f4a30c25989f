"""What tests of reports need: reports that a worker has computed, and rows to compute them of."""

from typing import Any

from models.jobs import JobState
from resolvers.jobs import claims as jobs
from resolvers.jobs.claims import Claim
from tests.support.api import Org
from tests.support.jobs import slot_of
from workers.reports import compute

PATH = "/api/v1/reports"
# Workers see the jobs of all organizations, and so does a statement that names none.
JOB = "select id, state from jobs where org_id = $1 and function = 'REPORT' order by id"
NOW = {"from": "2026-01-01", "to": "2035-01-01", "interval": "YEAR"}
EVENTS = "select type, data from events where type like 'report.%' and type <> 'report.progress' order by id"
ACTIONS = "select action, actor_kind from audit_entries where action like 'report:%' order by id"
YEAR = {"from": "2025-01-01", "to": "2026-01-01"}


async def ask(org: Org, kind: str, **parameters: Any) -> dict[str, Any]:
    """A new report over REST."""
    answer = await org.http.post(PATH, json={"kind": kind, "parameters": parameters})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def claimed(org: Org, lease_seconds: float = 45) -> Claim:
    """The claim of the organization's first queued report, or of one whose lease has expired."""
    waiting = [row["id"] for row in await org.rows(JOB, org.id) if row["state"] in (JobState.QUEUED, JobState.RUNNING)]
    claim = await jobs.claim(org.runtime, org.id, waiting[0], lease_seconds)
    assert claim is not None
    return claim


async def work(org: Org) -> None:
    """Compute the organization's first queued report, as a worker does."""
    claim = await claimed(org)
    await compute.HANDLER.run(org.runtime, claim, slot_of(claim))


async def give_up(org: Org) -> None:
    """Let the organization's first queued report fail, as a worker does after its last attempt."""
    claim = await claimed(org)
    async with jobs.held(org.runtime, claim) as ctx:
        await compute.HANDLER.ended(ctx, claim, JobState.FAILED, None)
        await jobs.finish(ctx, claim, JobState.FAILED, error_code="INTERNAL")


async def shown(org: Org, key: str) -> dict[str, Any]:
    """A report as REST shows it."""
    found: dict[str, Any] = (await org.http.get(f"{PATH}/{key}")).json()["data"]
    return found


async def computed(org: Org, kind: str, **parameters: Any) -> dict[str, Any]:
    """A report that a worker has computed, as REST shows it."""
    made = await ask(org, kind, **parameters)
    await work(org)
    return await shown(org, made["publicId"])
