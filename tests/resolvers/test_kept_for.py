"""How long an organization keeps what happened: its settings shorten what the server's own allow."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from models.audit import ERASE
from models.typeid import decode, new_uuid, uuid_at
from resolvers import organizations
from resolvers.audit.entries import new_entry
from resolvers.audit.verify import verify
from resolvers.changes.write import write_entries
from resolvers.context import now
from resolvers.jobs import retention
from resolvers.jobs.retention import Retention
from tests.support.api import Org
from tests.support.forms import new_form

EVENT = """insert into events (org_id, id, type, resource_id, resource_version, data, occurred_at)
  values ($1, $2, 'client.updated', $2, 1, '{}', $3)"""


def _days_ago(days: float) -> UUID:
    return uuid_at(now() - timedelta(days=days))


async def test_events_are_kept_as_long_as_both_allow(acme: Org) -> None:
    for days in (2, 5, 40):
        await acme.rows(EVENT, acme.id, _days_ago(days), now() - timedelta(days=days))
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["events"] == 1
    await acme.set_setting("retention.events", 3)
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["events"] == 1
    await acme.set_setting("retention.events", 3_650)
    assert (await retention.purge(acme.runtime, acme.id, Retention(events=timedelta(days=1))))["events"] == 1


async def test_finished_jobs_too(acme: Org) -> None:
    sql = """insert into jobs (org_id, id, function, subject_id, concurrency_key, queue, run_at, state, attempt,
        claim_no, finished_at)
      values ($1, $2, 'AUDIT_SEAL', $1, $1, 'audit', now(), 'DONE', 1, 1, now() - interval '5 days')"""
    await acme.rows(sql, acme.id, new_uuid())
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["jobs"] == 0
    await acme.set_setting("retention.jobs", 4)
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["jobs"] == 1


async def test_submissions_that_are_spam_too(acme: Org) -> None:
    form = decode("form", (await new_form(acme))["publicId"])
    sql = """insert into submissions (org_id, id, version, updated_at, form_id, form_version, data, spam)
        values ($1, $2, 1, now(), $3, 1, '{}', $4)"""
    for days in (2, 5, 100):
        await acme.rows(sql, acme.id, _days_ago(days), form, True)
        await acme.rows(sql, acme.id, _days_ago(days + 0.5), form, False)
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["spam"] == 1
    await acme.set_setting("retention.submissionsSpam", 3)
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["spam"] == 1
    kept = await acme.rows("select spam from submissions order by id")
    assert [row["spam"] for row in kept] == [False, False, False, True]


async def test_the_audit_log_forgets_what_changed_and_still_holds(acme: Org) -> None:
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with ctx.transaction():
        for days in (2, 5):
            old = replace(new_entry("client:update", {"name": "A"}, {"name": "B"}), id=_days_ago(days))
            await write_entries(ctx, [(old, new_uuid())])
    assert "audit_changes" not in await retention.purge(acme.runtime, acme.id, Retention())
    await acme.set_setting("retention.auditChanges", 3)
    before = await acme.count("audit_entries")
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["audit_changes"] == 1
    # Once more there is nothing to forget, and an erasure is not erased.
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["audit_changes"] == 0
    (erasure,) = await acme.rows("select target_id, actor_kind from audit_entries where action = $1", ERASE)
    assert erasure["actor_kind"] == "JOB"
    assert _days_ago(6) < erasure["target_id"] < _days_ago(4)
    assert await acme.count("audit_entries") == before + 1
    found = await verify(acme.runtime, acme.id)
    assert (found.failure, found.erased, found.unsealed) == (None, 1, 0)
