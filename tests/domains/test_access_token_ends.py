"""How an access token ends: by its time, with its key, with whom it is for; and one that is altered."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from models.typeid import decode, encode, new_uuid
from resolvers.api_keys import access_tokens, verification
from resolvers.api_keys.verification import KeyVerifier, key_id_of
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from tests.support.api import Org, new_client
from tests.support.api_keys import REVOKE, new_api_key
from tests.support.clock import Clock
from tests.support.mcp import JSON_AND_STREAM, failed, message
from tests.support.refusals import error, problem, unchanged
from tests.support.tokens import forged, new_member, new_token, token_of

ARCHIVE = "mutation($input: UpdateClientInput!) { updateClient(input: $input) { client { id } } }"
MEMBER = "mutation($input: UpdateMemberInput!) { updateMember(input: $input) { member { id } } }"
MESSAGES = ["messages:read"]


async def _client(org: Org, **given: str) -> str:
    found: str = (await new_client(org, **given))["publicId"]
    return found


async def _refused(org: Org, token: str, reason: str | None) -> None:
    """Nothing is answered to a token by any road, and why is said."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=org.http.base_url, headers=headers) as http, unchanged(org):
        answer = await http.post("/graphql", json={"query": "{ clients { totalCount } }"})
        found = error(answer, 401, "UNAUTHENTICATED")
        assert (found.get("reason"), answer.headers["www-authenticate"]) == (reason, "Bearer")
        for path in ("/api/v1/messages?orderId=x", "/api/v1/invoices/x.pdf"):
            assert problem(await http.get(path), 401, "UNAUTHENTICATED").get("reason") == reason
        answer = await http.post("/mcp", json=message("tools/list"), headers=JSON_AND_STREAM)
        assert failed(answer, 401, -32600)["data"].get("reason") == reason


async def test_a_token_that_is_expired_or_altered(acme: Org, other: Org) -> None:
    client, own = await _client(acme), key_id_of(acme.key)
    assert own is not None
    token = await new_token(acme, clientId=client)
    await _refused(acme, token_of(acme, own, client, datetime.now(UTC) - timedelta(seconds=1)), "TOKEN_EXPIRED")
    theirs = await _client(other)
    for wrong in (
        forged(1, token, scope="*"), forged(1, token, sub=theirs), forged(1, token, exp=4_102_444_800),
        forged(1, token, org=encode("org", other.id)), forged(0, token, kid="2"), forged(0, token, alg="none"),
        forged(0, token, typ="JWT"), token[:-2] + ("AA" if token[-2:] != "AA" else "BB"),
        token.rpartition(".")[0] + ".", "a.b.c", "..", token + "x" * 9_000, forged(0, token, kid="9" * 5_000),
        urlsafe_b64encode(b"[" * 5_000).decode() + ".b.c",
    ):  # fmt: skip
        await _refused(acme, wrong, "TOKEN_INVALID")
    await _refused(acme, token.rpartition(".")[0], None)


async def test_a_token_of_a_key_or_for_somebody_that_is_gone(acme: Org, other: Org) -> None:
    client, own = await _client(acme), key_id_of(acme.key)
    assert own is not None
    await _refused(acme, token_of(acme, new_uuid(), client), "TOKEN_KEY_ENDED")
    await _refused(acme, token_of(acme, own, encode("client", new_uuid())), "TOKEN_SUBJECT_ENDED")
    await _refused(acme, token_of(acme, own, await _client(other)), "TOKEN_SUBJECT_ENDED")
    await _refused(acme, token_of(acme, own, encode("member", new_uuid())), "TOKEN_SUBJECT_ENDED")
    for how in ("revoked_at", "expires_at"):
        made, holder = await new_api_key(acme)
        token = await new_token(holder, clientId=client)
        await acme.rows(
            f"update api_keys set {how} = now() - interval '1 s' where id = $1", decode("apikey", made["id"])
        )
        await _refused(acme, token, "TOKEN_KEY_ENDED")


async def _reason(keys: KeyVerifier, token: str) -> str | None:
    try:
        assert await keys.actor_of(token) is not None
    except Refusal as refused:
        reason: str = refused.extra["reason"]
        return reason
    return None


async def test_a_token_ends_within_five_seconds(
    acme: Org, api_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, keys = Clock(datetime.now(UTC)).read_by(monkeypatch, verification, access_tokens), KeyVerifier(api_runtime)
    client, member = await _client(acme), await new_member(acme, "STAFF")
    made, holder = await new_api_key(acme)
    of_client, of_member = (
        await new_token(acme, clientId=client),
        await new_token(acme, memberId=member, scopes=MESSAGES),
    )
    of_key = await new_token(holder, clientId=await _client(acme))
    tokens = {
        of_client: "TOKEN_SUBJECT_ENDED", of_member: "TOKEN_SUBJECT_ENDED", of_key: "TOKEN_KEY_ENDED",
    }  # fmt: skip
    assert [await _reason(keys, token) for token in tokens] == [None] * 3
    await acme.data(ARCHIVE, input={"id": client, "status": "ARCHIVED"})
    await acme.data(MEMBER, input={"id": member, "status": "SUSPENDED"})
    await acme.data(REVOKE, input={"id": made["id"]})
    clock.advance(verification.CACHED_SECONDS - 0.1)
    assert [await _reason(keys, token) for token in tokens] == [None] * 3
    clock.advance(0.2)
    assert [await _reason(keys, token) for token in tokens] == [*tokens.values()]
    # Another process looks for itself, and one that comes back works again.
    assert await _reason(KeyVerifier(api_runtime), of_client) == "TOKEN_SUBJECT_ENDED"
    await acme.data(MEMBER, input={"id": member, "status": "ACTIVE"})
    clock.advance(5.1)
    assert await _reason(keys, of_member) is None


async def test_scopes_follow_the_role_and_the_key(acme: Org, api_runtime: Runtime) -> None:
    member = await new_member(acme, "ADMIN")
    token = await new_token(acme, memberId=member, scopes=["settings:read", "orders:read", "members:write"])
    actor = await KeyVerifier(api_runtime).actor_of(token)
    assert actor is not None
    assert actor.scopes == {"settings:read", "orders:read", "members:write"}
    await acme.data(MEMBER, input={"id": member, "role": "STAFF"})
    actor = await KeyVerifier(api_runtime).actor_of(token)
    assert actor is not None
    assert actor.scopes == {"orders:read", "members:read"}
