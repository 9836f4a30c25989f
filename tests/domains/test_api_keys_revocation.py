"""Revoking an API key: what goes with it, how soon it holds, and that nothing gets around it meanwhile."""

import asyncio

import pytest

from models.typeid import decode
from resolvers import organizations
from resolvers.api_keys import mutations as api_keys
from resolvers.api_keys import verification
from resolvers.api_keys.verification import KeyVerifier
from resolvers.collections.rows import Key
from resolvers.database.runtime import Runtime
from tests.support.api import Org
from tests.support.api_keys import CREATE, KEYS, ONE, REVOKE, ROTATE, actions, new_api_key, works
from tests.support.clock import Clock
from tests.support.refusals import error, problem, unchanged
from tests.support.webhooks import CREATE as HOOK
from tests.support.webhooks import ONE as ONE_HOOK
from tests.support.webhooks import UPDATE, new_webhook

PUBLIC = "https://93.184.216.34/hook"


async def test_what_a_key_made_goes_with_it(acme: Org) -> None:
    kept = await new_webhook(acme, PUBLIC)
    spared, _ = await new_api_key(acme, name="spared")
    top, first = await new_api_key(acme, name="top")
    hook = await new_webhook(first, PUBLIC)
    middle, second = await new_api_key(first, name="middle")
    bottom, third = await new_api_key(second, name="bottom")
    deep = await new_webhook(third, PUBLIC)
    off = await new_webhook(third, PUBLIC)
    await acme.data(UPDATE, input={"id": off["publicId"], "status": "DISABLED"})
    answer = await acme.http.post(f"{KEYS}/{top['id']}/revoke")
    found = answer.json()["data"]
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert found["status"] == "REVOKED"
    assert found["revokedAt"] == found["updatedAt"]
    assert (found["disabledWebhookIds"], found["alsoRevoked"]) == ([hook["publicId"], deep["publicId"]], 2)
    for key, status, version in ((middle, "REVOKED", 2), (bottom, "REVOKED", 2), (spared, "ACTIVE", 1)):
        shown = (await acme.data(ONE, id=key["id"]))["apiKey"]
        assert (shown["status"], shown["version"]) == (status, version)
    for endpoint, status, reason in (
        (kept, "ENABLED", None),
        (hook, "DISABLED", "The API key that created the endpoint was revoked."),
        (deep, "DISABLED", "The API key that created the endpoint was revoked."),
        (off, "DISABLED", "Disabled through the API."),
    ):
        shown = (await acme.data(ONE_HOOK, id=endpoint["publicId"]))["webhook"]
        assert (shown["status"], shown["disabledReason"]) == (status, reason)
    assert (await actions(acme))[-5:] == ["apikey:revoke"] * 3 + ["webhook:disable"] * 2
    targets = await acme.rows("select target_id from audit_entries where action = 'apikey:revoke' order by id")
    assert {row["target_id"] for row in targets} == {decode("apikey", each["id"]) for each in (top, middle, bottom)}


async def test_a_key_is_revoked_once(acme: Org) -> None:
    made, _ = await new_api_key(acme)
    this = {"id": made["id"]}
    await acme.data(REVOKE, input=this | {"expectedVersion": 1})
    async with unchanged(acme):
        extensions = error(await acme.graphql(REVOKE, input=this), 200, "CONFLICT", "input.id")
        assert (extensions["status"], extensions["reason"]) == (409, "KEY_REVOKED")
        details = problem(await acme.http.post(f"{KEYS}/{made['id']}/revoke"), 409, "CONFLICT", "path.publicId")
        assert details["reason"] == "KEY_REVOKED"
        extensions = error(await acme.graphql(ROTATE, input=this), 200, "CONFLICT", "input.id")
        assert (extensions["status"], extensions["reason"]) == (409, "KEY_REVOKED")


async def test_a_revocation_holds_in_every_process_within_five_seconds(
    acme: Org, api_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock().read_by(monkeypatch, verification)
    made, held = await new_api_key(acme)
    processes = [KeyVerifier(api_runtime), KeyVerifier(api_runtime)]
    for process in processes:
        assert await process.actor_of(held.key) is not None
    await acme.data(REVOKE, input={"id": made["id"]})
    clock.advance(verification.CACHED_SECONDS - 0.1)
    for process in processes:
        assert await process.actor_of(held.key) is not None
    clock.advance(0.1)
    for process in processes:
        assert await process.actor_of(held.key) is None
    # A process that has not seen the key before knows at once.
    assert await KeyVerifier(api_runtime).actor_of(held.key) is None


async def test_a_revoked_key_is_refused(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "CACHED_SECONDS", 0.0)
    made, held = await new_api_key(acme)
    _, child = await new_api_key(held)
    assert await works(held)
    assert await works(child)
    await held.data(REVOKE, input={"id": made["id"]})
    for each in (held, child):
        problem(await each.http.get("/api/v1/clients"), 401, "UNAUTHENTICATED")
        assert not await works(each)
    assert await works(acme)


async def test_while_it_still_works_elsewhere_it_makes_nothing_that_stays(
    acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server keeps the key's verdict for longer than this test takes.
    monkeypatch.setattr(verification, "CACHED_SECONDS", 600.0)
    other, _ = await new_api_key(acme)
    made, held = await new_api_key(acme)
    hook = await new_webhook(held, PUBLIC)
    assert await works(held)
    await acme.data(REVOKE, input={"id": made["id"]})
    async with unchanged(acme):
        for text, given in (
            (CREATE, {"name": "x", "scopes": ["*"]}),
            (ROTATE, {"id": other["id"]}),
            (REVOKE, {"id": other["id"]}),
            (HOOK, {"url": PUBLIC, "events": ["*"]}),
            (UPDATE, {"id": hook["publicId"], "status": "ENABLED"}),
        ):
            extensions = error(await held.graphql(text, input=given), 401, "UNAUTHENTICATED")
            assert extensions["status"] == 401


async def test_a_key_that_is_made_while_its_maker_is_revoked_does_not_stay(acme: Org) -> None:
    for _ in range(5):
        made, held = await new_api_key(acme)
        body = {"name": "child", "scopes": ["*"]}
        creating = [held.http.post(KEYS, json=body) for _ in range(4)]
        hooks = [held.http.post("/api/v1/webhooks", json={"url": PUBLIC, "events": ["*"]}) for _ in range(2)]
        revoking = acme.http.post(f"{KEYS}/{made['id']}/revoke")
        answers = await asyncio.gather(*creating, revoking, *hooks)
        assert {answer.status_code for answer in answers} <= {200, 201, 401}
        assert answers[4].status_code == 200
        assert await acme.rows("select from api_keys where name = 'child' and revoked_at is null") == []
        assert await acme.rows("select from webhook_endpoints where status = 'ENABLED'") == []


async def test_a_thousand_keys_are_revoked_by_as_many_statements_as_one(acme: Org, api_runtime: Runtime) -> None:
    counts = []
    for number in (1, 1_000):
        made, _ = await new_api_key(acme)
        await acme.rows(
            "insert into api_keys (org_id, id, version, updated_at, name, digest, pepper_version, last_four, scopes,"
            " created_by, created_by_key) select $1, gen_random_uuid(), 1, now(), 'many', '', 1, 'xxxx', '{*}', 'x', $2"
            " from generate_series(1, $3)",
            acme.id, decode("apikey", made["id"]), number,
        )  # fmt: skip
        ctx = organizations.command_line(api_runtime, acme.id)
        async with ctx.transaction():
            _, _, others = await api_keys.revoke(ctx, Key(made["id"]))
        assert others == number
        counts.append(ctx.statements)
    assert counts[0] == counts[1]
    assert await acme.rows("select from api_keys where name = 'many' and revoked_at is null") == []
    [row] = await acme.rows("select count(*) as n from audit_entries where action = 'apikey:revoke'")
    assert row["n"] == 1_003
