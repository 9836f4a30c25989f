"""How long an organization keeps what happened: its settings shorten what the server's own allow."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from models.audit import ERASE
from models.typeid import decode, new_uuid, uuid_at
from resolvers import organizations
from resolvers.audit import erase
from resolvers.audit.entries import new_entry
from resolvers.audit.verify import verify
from resolvers.changes.write import write_entries
from resolvers.context import now
from resolvers.jobs import retention
from resolvers.jobs.claims import context_of
from resolvers.jobs.retention import Retention
from tests.support.api import Org
from tests.support.forms import new_form

EVENT = """insert into events (org_id, id, type, resource_id, resource_version, data, occurred_at)
  values ($1, $2, 'client.updated', $2, 1, '{}', $3)"""


def _days_ago(days: float) -> UUID:
    return uuid_at(now() - timedelta(days=days))


ERASURES = """select target_id, actor_kind, changes from audit_entries e
  join audit_changes c on c.entry_id = e.id where action = $1 order by e.id"""


async def choose(org: Org, days: int | None) -> None:
    """Set how long the audit log keeps what changed, as a client does."""
    answer = await org.http.put("/api/v1/org-settings", json={"retention.auditChanges": days})
    assert answer.status_code == 200, answer.text


async def aged(org: Org, *days: float) -> None:
    """An audit entry of each age."""
    ctx = organizations.command_line(org.runtime, org.id)
    async with ctx.transaction():
        for age in days:
            old = replace(new_entry("client:update", {"name": "A"}, {"name": "B"}), id=_days_ago(age))
            await write_entries(ctx, [(old, new_uuid())])


async def forgotten(org: Org) -> int:
    """How many entries a purge lets the log forget; the log holds then."""
    number = (await retention.purge(org.runtime, org.id, Retention()))["audit_changes"]
    assert (await verify(org.runtime, org.id)).failure is None
    return number


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
    await aged(acme, 2, 5)
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["audit_changes"] == 0
    await choose(acme, 3)
    before = await acme.count("audit_entries")
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["audit_changes"] == 1
    # Once more there is nothing to forget, and an erasure is not erased.
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["audit_changes"] == 0
    (erasure,) = await acme.rows(ERASURES, ERASE)
    assert (erasure["actor_kind"], erasure["changes"]) == ("JOB", '{"retention.auditChanges":[null,3]}')
    assert _days_ago(6) < erasure["target_id"] < _days_ago(4)
    assert await acme.count("audit_entries") == before + 1
    found = await verify(acme.runtime, acme.id)
    assert (found.failure, found.erased, found.unsealed) == (None, 1, 0)


@pytest.mark.parametrize("stored", [-1, 0, 1, 3, 3_651, "x"])
async def test_what_the_database_role_writes_into_the_settings_lets_nothing_be_forgotten(
    acme: Org, stored: int | str
) -> None:
    await aged(acme, 2, 5)
    await choose(acme, 10)
    await acme.set_setting("retention.auditChanges", stored)
    assert await forgotten(acme) == 0
    await choose(acme, 4)
    await acme.set_setting("retention.auditChanges", stored)
    assert await forgotten(acme) == 1


async def test_a_retention_that_was_given_up_is_not_obeyed(acme: Org) -> None:
    await aged(acme, 5)
    await choose(acme, 3)
    await choose(acme, None)
    await acme.set_setting("retention.auditChanges", 3)
    assert await forgotten(acme) == 0


async def test_the_change_of_the_retention_is_not_forgotten(acme: Org) -> None:
    await choose(acme, 1)
    future = now() + timedelta(days=3)
    # Were it, nobody could tell whether later ones were as old as it says.
    ctx = context_of(acme.runtime, acme.id, new_uuid())
    async with ctx.transaction():
        assert await erase.erase_older(ctx, future) > 0
    kept = "select action from audit_entries e join audit_changes c on c.entry_id = e.id where action <> $1"
    assert [row["action"] for row in await acme.rows(kept, ERASE)] == ["settings:update"]


async def test_what_a_worker_forgets_before_its_time_is_seen(acme: Org) -> None:
    await aged(acme, 5)
    await choose(acme, 10)
    ctx = context_of(acme.runtime, acme.id, new_uuid())
    (old,) = await acme.rows("select id from audit_entries order by id limit 1")
    async with ctx.transaction():
        assert await erase.erase(ctx, old["id"]) == 1
    number = await acme.count("audit_entries")
    failure = f"entry {number} erased changes before their time: retention.auditChanges did not allow it"
    assert (await verify(acme.runtime, acme.id)).failure == failure


@pytest.mark.parametrize("text", ["{}", '{"retention.auditChanges":[null,1]}'])
async def test_a_proof_of_the_retention_that_was_altered_lets_nothing_be_forgotten(acme: Org, text: str) -> None:
    await aged(acme, 5)
    await choose(acme, 3)
    await choose(acme, 30)
    (row,) = await acme.rows(
        "delete from audit_changes where entry_id = (select max(id::text)::uuid from audit_entries) returning *"
    )
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["audit_changes"] == 0
    insert = "insert into audit_changes values ($1, $2, $3, $4)"
    await acme.rows(insert, acme.id, row["entry_id"], row["salt"], text)
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["audit_changes"] == 0
    assert (await verify(acme.runtime, acme.id)).failure == "the changes of entry 5 do not fit their digest"


async def test_a_proof_of_the_retention_that_was_erased_by_hand_ends_it(acme: Org) -> None:
    await aged(acme, 5, 8)
    await choose(acme, 7)
    assert await forgotten(acme) == 1
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with ctx.transaction():
        # The entry of the organization's creation too.
        assert await erase.erase(ctx, acme.id) == 2
    await acme.set_setting("retention.auditChanges", 1)
    assert await forgotten(acme) == 0
    await choose(acme, 3)
    assert await forgotten(acme) == 1
