"""Rotating an API key: one id, two secrets for a while."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from resolvers.api_keys import verification
from tests.support.api import Org
from tests.support.api_keys import KEYS, ONE, ROTATE, actions, new_api_key, works
from tests.support.refusals import error, unchanged


@pytest.fixture(autouse=True)
def uncached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "CACHED_SECONDS", 0.0)


async def rotate(org: Org, key: str, **given: Any) -> tuple[dict[str, Any], Org]:
    payload = (await org.data(ROTATE, input={"id": key} | given))["rotateApiKey"]
    return payload["apiKey"], org.holding(payload["rawKey"])


def after(key: dict[str, Any], seconds: int) -> str:
    """The time some seconds after a key's last change."""
    moment = datetime.fromisoformat(key["updatedAt"]) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_both_secrets_work_until_the_overlap_ends(acme: Org) -> None:
    made, old = await new_api_key(acme, "clients:read")
    turned, new = await rotate(acme, made["id"])
    assert turned == made | {
        "lastFour": new.key[-4:],
        "previousUntil": turned["previousUntil"],
        "updatedAt": turned["updatedAt"],
        "version": 2,
    }
    assert after(turned, 86_399) <= turned["previousUntil"] <= after(turned, 86_400)
    assert old.key != new.key
    assert old.key[:34] == new.key[:34] == made["prefix"]
    assert (await works(old), await works(new)) == (True, True)
    await acme.rows("update api_keys set previous_until = now() - interval '1 s' where name = 'made'")
    assert (await works(old), await works(new)) == (False, True)
    assert (await acme.data(ONE, id=made["id"]))["apiKey"]["lastFour"] == new.key[-4:]
    assert await actions(acme) == ["apikey:create", "apikey:rotate"]


async def test_the_overlap_is_judged_at_each_use(acme: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    made, old = await new_api_key(acme)
    turned, new = await rotate(acme, made["id"], overlap=3_600)
    monkeypatch.setattr(verification, "CACHED_SECONDS", 60.0)
    keys = verification.KeyVerifier(acme.runtime)
    assert await keys.actor_of(old.key) is not None
    assert await keys.actor_of(new.key) is not None
    ends = {verdict.expires_at for verdict in keys.cache.values()}
    assert ends == {None, datetime.fromisoformat(turned["previousUntil"])}


async def test_without_an_overlap_the_old_secret_ends_at_once(acme: Org) -> None:
    made, old = await new_api_key(acme)
    turned, new = await rotate(acme, made["id"], overlap=0)
    assert turned["previousUntil"] is None
    assert (await works(old), await works(new)) == (False, True)
    assert await acme.rows("select from api_keys where previous_digest is not null") == []


async def test_another_rotation_replaces_the_new_secret_and_gives_the_old_one_no_more_time(acme: Org) -> None:
    made, old = await new_api_key(acme)
    first, lost = await rotate(acme, made["id"], overlap=3_600)
    second, new = await rotate(acme, made["id"], overlap=604_800)
    assert second["previousUntil"] == first["previousUntil"]
    assert [await works(each) for each in (old, lost, new)] == [True, False, True]
    third, newest = await rotate(acme, made["id"], overlap=60)
    assert third["previousUntil"] < first["previousUntil"]
    assert [await works(each) for each in (old, new, newest)] == [True, False, True]
    _, last = await rotate(acme, made["id"], overlap=0)
    assert [await works(each) for each in (old, newest, last)] == [False, False, True]


async def test_a_key_rotates_itself_with_either_secret(acme: Org) -> None:
    made, old = await new_api_key(acme)
    _, new = await rotate(old, made["id"])
    _, newer = await rotate(old, made["id"])
    assert [await works(each) for each in (old, new, newer)] == [True, False, True]


async def test_a_replaced_secret_makes_nothing_while_it_still_works_elsewhere(
    acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, old = await new_api_key(acme)
    monkeypatch.setattr(verification, "CACHED_SECONDS", 600.0)
    assert await works(old)
    await rotate(acme, made["id"], overlap=0)
    async with unchanged(acme):
        assert await works(old)
        extensions = error(await old.graphql(ROTATE, input={"id": made["id"]}), 401, "UNAUTHENTICATED")
        assert extensions["status"] == 401
        assert (await old.http.post(KEYS, json={"name": "x", "scopes": ["*"]})).status_code == 401


async def test_a_key_that_has_expired_is_not_rotated(acme: Org) -> None:
    made, _ = await new_api_key(acme)
    await acme.rows("update api_keys set expires_at = now() where name = 'made'")
    async with unchanged(acme):
        extensions = error(await acme.graphql(ROTATE, input={"id": made["id"]}), 200, "CONFLICT", "input.id")
        assert (extensions["status"], extensions["reason"]) == (409, "KEY_EXPIRED")
