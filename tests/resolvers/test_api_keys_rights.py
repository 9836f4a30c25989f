"""What a key may do is what a server gave it: whoever can only write to the database gives it nothing more."""

from dataclasses import replace

import pytest

from models.typeid import decode
from resolvers.api_keys.rights import are_bound, bind_all
from resolvers.api_keys.verification import KeyVerifier
from resolvers.keyring import Keyring
from tests.support.api import Org
from tests.support.api_keys import KEYS, ROTATE, new_api_key
from tests.support.away import lines_with, log_lines
from tests.support.refusals import error, unchanged

__all__ = ["log_lines"]

READ, LAST_YEAR = "clients:read", "2099-01-01T00:00:00Z"
WIDENED = {
    "scopes": "update api_keys set scopes = '{*}' where id = $1",
    "expiry": "update api_keys set expires_at = null where id = $1",
    "limit": "update api_keys set trusted_documents_only = not trusted_documents_only where id = $1",
    "unbound": "update api_keys set scopes = '{*}', mac = null where id = $1",
    "as another key": """update api_keys set (scopes, expires_at, mac) =
      (select scopes, expires_at, mac from api_keys where scopes = '{*}' limit 1) where id = $1""",
}
REVIVED = "update api_keys set revoked_at = null where id = $1"
FROM_BEFORE = "update api_keys set mac = null where id = $1"


@pytest.mark.parametrize("how", WIDENED)
async def test_a_key_that_was_widened_in_the_database_works_no_more(
    acme: Org, how: str, log_lines: pytest.LogCaptureFixture
) -> None:
    made, key = await new_api_key(acme, READ, expiresAt=LAST_YEAR)
    found = await KeyVerifier(acme.runtime).actor_of(key.key)
    assert found is not None
    assert found.scopes == {READ}
    await acme.rows(WIDENED[how], decode("apikey", made["id"]))
    assert await KeyVerifier(acme.runtime).actor_of(key.key) is None
    [line] = lines_with(log_lines, "key.not_bound")
    assert made["id"] in line
    assert key.key not in line


async def test_within_the_seconds_of_its_verdict_it_makes_no_key(acme: Org) -> None:
    made, key = await new_api_key(acme, "api_keys:write", READ, expiresAt=LAST_YEAR)
    assert (await key.http.get(KEYS)).status_code == 200
    await acme.rows(WIDENED["expiry"], decode("apikey", made["id"]))
    count = await acme.count("api_keys")
    answer = await key.http.post(KEYS, json={"name": "child", "scopes": [READ]})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert await acme.count("api_keys") == count


async def test_a_stronger_key_does_not_launder_it_by_a_rotation(acme: Org) -> None:
    made, _ = await new_api_key(acme, READ)
    await acme.rows(WIDENED["scopes"], decode("apikey", made["id"]))
    async with unchanged(acme):
        refused = error(await acme.graphql(ROTATE, input={"id": made["id"]}), 200, "CONFLICT", "input.id")
    assert (refused["status"], refused["reason"]) == (409, "KEY_NOT_BOUND")


async def test_a_revoked_key_does_not_come_back(acme: Org) -> None:
    made, key = await new_api_key(acme, READ, "api_keys:write")
    _, child = await new_api_key(key, READ)
    assert (await acme.http.post(f"{KEYS}/{made['id']}/revoke")).status_code == 200
    for each in await acme.rows("select id from api_keys where revoked_at is not null"):
        await acme.rows(REVIVED, each["id"])
    keys = KeyVerifier(acme.runtime)
    assert [await keys.actor_of(raw) for raw in (key.key, child.key)] == [None, None]


async def test_rights_belong_to_one_organization_and_follow_a_new_pepper(acme: Org, other: Org) -> None:
    old = acme.runtime.peppers
    both = Keyring({**old.keys, max(old.keys) + 1: bytes(range(32))})
    made, _ = await new_api_key(acme, READ)
    this = "select * from api_keys where id = $1", decode("apikey", made["id"])
    [row] = await acme.rows(*this)
    assert (are_bound(both, acme.id, row), are_bound(both, other.id, row)) == (True, False)
    new = Keyring({max(both.keys): both.keys[max(both.keys)]})
    assert not are_bound(new, acme.id, row)


async def test_keys_from_before_are_bound_once_by_the_operator(acme: Org) -> None:
    made, key = await new_api_key(acme, READ)
    await acme.rows(FROM_BEFORE, decode("apikey", made["id"]))
    assert await KeyVerifier(acme.runtime).actor_of(key.key) is None
    unknown = replace(acme.runtime, peppers=Keyring({9: bytes(32)}))
    assert made["id"] not in [f"{row['id']}" for row in await bind_all(unknown)]
    bound = [row for row in await bind_all(acme.runtime) if row["org_id"] == acme.id]
    assert [(row["id"], row["scopes"]) for row in bound] == [(decode("apikey", made["id"]), [READ])]
    assert await KeyVerifier(acme.runtime).actor_of(key.key) is not None
    assert await bind_all(acme.runtime) == []
    [entry] = await acme.rows("select target_id from audit_entries where action = 'apikey:bind'")
    assert entry["target_id"] == decode("apikey", made["id"])
