"""Exports of the audit log: asked for through the API, written by a worker in chunks, kept for some days."""

from typing import Any
from uuid import UUID

import pytest

from models.audit_exports import CHUNK_BYTES, KEPT_DAYS
from models.jobs import JobState
from models.typeid import decode, encode
from resolvers import organizations
from resolvers.audit import exports
from resolvers.audit.bundle import check
from resolvers.audit.chain import public_keys
from resolvers.audit.exports import MAX_EXPORTS, MAX_OF_KEY, chunks
from resolvers.jobs import claims as jobs
from resolvers.jobs import retention
from resolvers.jobs.retention import Retention
from tests.support.api import Org, new_client
from tests.support.audit import SIGNING
from tests.support.audit_exports import EXPORT, FIELDS, JOB, ask, work
from tests.support.clock import Clock
from tests.support.jobs import slot_of
from tests.support.refusals import error, problem, unchanged
from workers.audit.exports import HANDLER

READ = f"query($id: ID!) {{ auditExport(id: $id) {{ {FIELDS} }} }}"


async def read(org: Org, key: str) -> Any:
    return (await org.data(READ, id=key))["auditExport"]


async def written(org: Org, key: str) -> list[bytes]:
    """The chunks of an export."""
    export_id = decode("export", key)
    assert export_id is not None
    ctx = organizations.command_line(org.runtime, org.id)
    return [chunk async for chunk in chunks(ctx, export_id)]


async def test_an_export_is_a_bundle_that_its_public_key_checks(acme: Org) -> None:
    for _ in range(3):
        await new_client(acme)
    made = await ask(acme)
    assert (made["status"], made["downloadUrl"], made["size"], made["version"]) == ("QUEUED", None, 0, 1)
    await work(acme)
    found = await read(acme, made["id"])
    lines = b"".join(await written(acme, made["id"]))
    assert (found["status"], found["error"], found["size"]) == ("READY", None, len(lines))
    assert found["downloadUrl"] == f"/api/v1/exports/{made['id']}.jsonl"
    bundle = check(lines.splitlines(keepends=True), public_keys(SIGNING), None, acme.id)
    # The export's own entry is in it: what was committed before the worker began is sealed first.
    count = await acme.count("audit_entries")
    assert (bundle.failure, bundle.shown, bundle.erased) == (None, (1, count), 0)
    assert bundle.head is not None
    assert found["head"] == f"{bundle.head[0]}:{bundle.head[1]}"
    assert (found["firstSequence"], found["lastSequence"]) == (1, count)
    (entry,) = await acme.rows("select target_id, actor_kind from audit_entries where action = 'export:create'")
    assert (encode("export", entry["target_id"]), entry["actor_kind"]) == (made["id"], "KEY")
    states = "select state from jobs where org_id = $1 and function = 'AUDIT_EXPORT'"
    assert [row["state"] for row in await acme.rows(states, acme.id)] == ["DONE"]


async def test_its_file_is_for_the_keys_of_its_organization_that_may_read_the_log(acme: Org, other: Org) -> None:
    made = await ask(acme)
    path = f"/api/v1/exports/{made['id']}.jsonl"
    # No worker has written it yet.
    told = problem(await acme.http.get(path), 409, "CONFLICT")
    assert (told["reason"], told["detail"]) == ("NOT_READY", "The export is QUEUED: wait until its status is READY.")
    problem(await other.http.get(path), 404, "NOT_FOUND", "path.publicId")
    await work(acme)
    found = await acme.http.get(path)
    assert (found.status_code, found.headers["content-type"]) == (200, "application/jsonl")
    assert found.content == b"".join(await written(acme, made["id"]))
    problem(await other.http.get(path), 404, "NOT_FOUND", "path.publicId")
    weak = acme.holding(await acme.new_key("clients:read"))
    assert problem(await weak.http.get(path), 403, "FORBIDDEN")["scope"] == "audit:read"
    await weak.close()
    problem(await acme.http.get(path, headers={"Authorization": ""}), 401, "UNAUTHENTICATED")


async def test_a_range(acme: Org) -> None:
    for _ in range(4):
        await new_client(acme)
    made = await ask(acme, firstSequence=2, lastSequence=4)
    await work(acme)
    lines = b"".join(await written(acme, made["id"])).splitlines(keepends=True)
    assert check(lines, public_keys(SIGNING), None, acme.id).shown == (2, 4)
    assert (await read(acme, made["id"]))["lastSequence"] == 4


async def test_a_large_log_is_written_in_chunks(acme: Org) -> None:
    text = """mutation($a: CreateClientInput!, $b: CreateClientInput!, $c: CreateClientInput!, $d: CreateClientInput!) {
      a: createClient(input: $a) { client { id } } b: createClient(input: $b) { client { id } }
      c: createClient(input: $c) { client { id } } d: createClient(input: $d) { client { id } } }"""
    notes = "Ä" * 5_000
    for number in range(30):
        given = {name: {"name": "x", "email": f"{name}{number}@example.com", "notes": notes} for name in "abcd"}
        await acme.data(text, **given)
    made = await ask(acme)
    await work(acme)
    parts = await written(acme, made["id"])
    assert len(parts) > 1
    assert {len(part) for part in parts[:-1]} == {CHUNK_BYTES}
    assert len(parts[-1]) <= CHUNK_BYTES
    lines = b"".join(parts)
    assert (await read(acme, made["id"]))["size"] == len(lines)
    assert check(lines.splitlines(keepends=True), public_keys(SIGNING)).failure is None


async def test_an_attempt_that_was_lost_leaves_nothing(acme: Org) -> None:
    made = await ask(acme)
    (job,) = await acme.rows(JOB, acme.id)
    lost = await jobs.claim(acme.runtime, acme.id, job["id"], -1)
    assert lost is not None
    key = decode("export", made["id"])
    sql = "insert into audit_export_chunks (org_id, export_id, number, data) values ($1, $2, 0, 'half')"
    await acme.rows(sql, acme.id, key)
    again = await jobs.claim(acme.runtime, acme.id, job["id"], 45)
    assert again is not None
    with pytest.raises(jobs.LeaseLost):
        await HANDLER.run(acme.runtime, lost, slot_of(lost))
    acme.runtime.signing_keys = SIGNING
    await HANDLER.run(acme.runtime, again, slot_of(again))
    lines = b"".join(await written(acme, made["id"]))
    assert check(lines.splitlines(keepends=True), public_keys(SIGNING)).failure is None


# An entry that nobody with a seal key wrote.
FORGED = """insert into audit_entries (org_id, id, action, actor_kind, actor_id, actor_name, target_id, digest,
    request_id, source, occurred_at, mac)
  select org_id, gen_random_uuid(), 'client:update', 'KEY', 'x', 'x', target_id, digest, 'r', 'REST', now(),
    decode(repeat('00', 34), 'hex') from audit_entries limit 1"""


async def test_a_log_that_does_not_hold_is_not_exported(acme: Org) -> None:
    await acme.rows(FORGED)
    made = await ask(acme)
    await work(acme)
    found = await read(acme, made["id"])
    assert (found["status"], found["error"], found["downloadUrl"], found["size"]) == ("FAILED", "LOG_BROKEN", None, 0)
    assert await written(acme, made["id"]) == []


async def test_a_worker_without_a_key_exports_nothing(acme: Org) -> None:
    made = await ask(acme)
    await work(acme, None)
    found = await read(acme, made["id"])
    assert (found["status"], found["error"]) == ("FAILED", "SIGNING_NOT_CONFIGURED")
    assert await acme.count("audit_export_chunks") == 0


async def test_a_range_after_the_end_is_not_exported(acme: Org) -> None:
    made = await ask(acme, firstSequence=1_000)
    await work(acme)
    assert (await read(acme, made["id"]))["error"] == "OUT_OF_RANGE"
    assert await acme.count("audit_export_chunks") == 0


async def test_an_export_that_keeps_failing_is_failed(acme: Org) -> None:
    made = await ask(acme)
    (job,) = await acme.rows(JOB, acme.id)
    claim = await jobs.claim(acme.runtime, acme.id, job["id"], 45)
    assert claim is not None
    async with jobs.held(acme.runtime, claim) as ctx:
        await HANDLER.ended(ctx, claim, JobState.FAILED, None)
    found = await read(acme, made["id"])
    assert (found["status"], found["error"]) == ("FAILED", "INTERNAL")


async def test_an_organization_keeps_so_many_and_the_others_expire(acme: Org) -> None:
    second = acme.holding(await acme.new_key("audit:read"))
    keys = [(await ask(acme))["id"] for _ in range(MAX_OF_KEY)]
    keys += [(await ask(second))["id"] for _ in range(MAX_EXPORTS - MAX_OF_KEY)]
    for who in (acme, second):
        async with unchanged(acme):
            extensions = error(await who.graphql(EXPORT, input={}), 200, "CONFLICT")
            assert (extensions["reason"], extensions["status"]) == ("TOO_MANY_EXPORTS", 409)
    first: UUID | None = decode("export", keys[0])
    sql = "insert into audit_export_chunks (org_id, export_id, number, data) values ($1, $2, 0, 'x')"
    await acme.rows(sql, acme.id, first)
    await acme.rows(
        "update audit_exports set expires_at = now() - interval '1 second' where id = $1 returning id", first
    )
    assert await read(acme, keys[0]) is None
    await ask(acme)
    assert (await retention.purge(acme.runtime, acme.id, Retention()))["exports"] == 1
    assert (await acme.count("audit_exports"), await acme.count("audit_export_chunks")) == (MAX_EXPORTS, 0)


async def test_one_key_leaves_room_to_others_and_is_told_when_it_has_some(
    acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock().read_by(monkeypatch, exports)
    for _ in range(MAX_OF_KEY):
        await ask(acme)
        clock.advance(60)
    day = 24 * 3_600
    for passed, wait in ((0, KEPT_DAYS * day - MAX_OF_KEY * 60), (day, (KEPT_DAYS - 1) * day - MAX_OF_KEY * 60)):
        clock.advance(passed)
        async with unchanged(acme):
            extensions = error(await acme.graphql(EXPORT, input={}), 200, "CONFLICT")
            assert (extensions["reason"], extensions["retryAfter"]) == ("TOO_MANY_EXPORTS", wait)
    second = acme.holding(await acme.new_key("audit:read"))
    assert (await ask(second))["status"] == "QUEUED"
    clock.advance(wait)
    assert (await ask(acme))["status"] == "QUEUED"


async def test_one_that_failed_does_not_count(acme: Org) -> None:
    for _ in range(MAX_OF_KEY):
        await ask(acme)
    await acme.rows("update audit_exports set status = 'FAILED', error = 'INTERNAL'")
    assert (await ask(acme))["status"] == "QUEUED"


async def test_an_export_is_the_organization_s_and_needs_its_scope(acme: Org, other: Org) -> None:
    made = await ask(other)
    assert await read(acme, made["id"]) is None
    for wrong in ("x", "client_00000000000000000000000000", ""):
        assert await read(acme, wrong) is None
    weak = acme.holding(await acme.new_key("settings:write"))
    async with weak.http, unchanged(acme):
        assert error(await weak.graphql(EXPORT, input={}), 403, "FORBIDDEN")["scope"] == "audit:read"
        assert error(await weak.graphql(READ, id=made["id"]), 403, "FORBIDDEN")["scope"] == "audit:read"
