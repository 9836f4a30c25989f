"""Access tokens: handed out, what they say, whom they act as, and how each of them ends."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from models.typeid import decode, encode, new_uuid
from resolvers.api_keys import access_tokens, verification
from resolvers.api_keys.verification import Keys, key_id_of
from resolvers.database.runtime import Runtime
from resolvers.errors import Refusal
from tests.support.api import Org, new_client
from tests.support.api_keys import CREATE as CREATE_KEY
from tests.support.api_keys import REVOKE, ROTATE, new_api_key
from tests.support.clock import Clock
from tests.support.mcp import JSON_AND_STREAM, failed, message
from tests.support.refusals import error, problem, unchanged
from tests.support.tokens import CREATE, WHO, as_client, as_member, forged, new_member, new_token, parts_of, token_of

ARCHIVE = "mutation($input: UpdateClientInput!) { updateClient(input: $input) { client { id } } }"
MEMBER = "mutation($input: UpdateMemberInput!) { updateMember(input: $input) { member { id } } }"
MESSAGES = ["messages:read"]


async def _client(org: Org, **given: str) -> str:
    found: str = (await new_client(org, **given))["publicId"]
    return found


async def test_what_a_token_says(acme: Org) -> None:
    client = await _client(acme)
    payload = (await acme.data(CREATE, input={"clientId": client, "scopes": ["orders:write", "orders:read"]}))[
        "createAccessToken"
    ]
    head, said = parts_of(payload["accessToken"])
    ends = datetime.fromtimestamp(said["exp"], UTC)
    assert payload["expiresAt"] == ends.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert timedelta(seconds=898) < ends - datetime.now(UTC) <= timedelta(seconds=900)
    assert head == {"alg": "HS256", "typ": "at+jwt", "kid": "1"}
    assert (said["iss"], said["sub"], said["scope"]) == ("counterfoil", client, "orders:read orders:write")
    own = key_id_of(acme.key)
    assert own is not None
    assert said.keys() == {"iss", "sub", "iat", "exp", "org", "key", "scope"}
    assert said["key"] == encode("apikey", own)
    (entry,) = await acme.rows(
        "select action, actor_kind, target_id, changes from audit_entries join audit_changes on entry_id = id"
        " where action like '%create_token'"
    )
    assert (entry["action"], entry["actor_kind"]) == ("client:create_token", "KEY")
    assert entry["target_id"] == decode("client", client)
    assert '"scopes":[null,["orders:read","orders:write"]]' in entry["changes"]
    assert payload["accessToken"] not in str(await acme.rows("select changes from audit_changes"))


async def test_whom_a_token_acts_as(acme: Org) -> None:
    client, member = await _client(acme, name="Ada"), await new_member(acme, "ADMIN")
    ada, max_ = await as_client(acme, client, "clients:read"), await as_member(acme, member)
    own = key_id_of(acme.key)
    assert own is not None
    key = encode("apikey", own)
    assert (await ada.data(WHO))["viewer"] == {
        "memberId": None, "clientId": client, "key": {"id": key, "name": "Ada", "scopes": ["clients:read"]},
    }  # fmt: skip
    assert (await max_.data(WHO))["viewer"] == {
        "memberId": member, "clientId": None, "key": {"id": key, "name": "Admin", "scopes": ["*"]},
    }  # fmt: skip
    assert (await acme.data(WHO))["viewer"]["clientId"] is None
    # What a member does, over REST too, is the member's in the audit log.
    await new_client(max_, name="New")
    (entry,) = await acme.rows(
        "select actor_kind, actor_id, actor_name, source from audit_entries where action = 'client:create'"
        " order by id desc limit 1"
    )
    assert [*entry.values()] == ["MEMBER", member, "Admin", "REST"]


async def test_a_token_is_for_one(acme: Org) -> None:
    client, member = await _client(acme), await new_member(acme, "STAFF")
    async with unchanged(acme):
        given = {"scopes": MESSAGES}
        error(await acme.graphql(CREATE, input=given), 200, "BAD_INPUT", "input.clientId")
        both = given | {"clientId": client, "memberId": member}
        error(await acme.graphql(CREATE, input=both), 200, "BAD_INPUT", "input.memberId")


async def test_nobody_who_is_gone_gets_one(acme: Org) -> None:
    client, member = await _client(acme), await new_member(acme, "STAFF")
    await acme.data(ARCHIVE, input={"id": client, "status": "ARCHIVED"})
    await acme.data(MEMBER, input={"id": member, "status": "SUSPENDED"})
    async with unchanged(acme):
        for name, value in (("clientId", client), ("memberId", member)):
            answer = await acme.graphql(CREATE, input={name: value, "scopes": MESSAGES})
            assert error(answer, 200, "BAD_INPUT", f"input.{name}")["reason"] == "NOT_ALLOWED"


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        ("client", ["*", "audit:read", "members:read", "messages:internal", "clients:write", "agent_jobs:read"]),
        ("STAFF", ["*", "api_keys:read", "settings:read", "webhooks:write", "members:write", "audit:read"]),
    ],
)
async def test_scopes_that_somebody_cannot_have(acme: Org, role: str, scopes: list[str]) -> None:
    subject = {"clientId": await _client(acme)} if role == "client" else {"memberId": await new_member(acme, role)}
    async with unchanged(acme):
        for scope in scopes:
            found = error(
                await acme.graphql(CREATE, input=subject | {"scopes": ["orders:read", scope]}),
                200, "BAD_INPUT", "input.scopes",
            )  # fmt: skip
            assert found["reason"] == "NOT_ONE_OF"
            assert scope not in found["allowed"]


async def test_a_key_gives_no_more_than_it_has(acme: Org) -> None:
    client = await _client(acme)
    weak = acme.holding(await acme.new_key("api_keys:write", "orders:read", "clients:read"))
    other = acme.holding(await acme.new_key("orders:write", "clients:read"))
    async with unchanged(acme):
        answer = await weak.graphql(CREATE, input={"clientId": client, "scopes": ["orders:write"]})
        assert error(answer, 403, "FORBIDDEN", "input.scopes")["scope"] == "orders:write"
        answer = await other.graphql(CREATE, input={"clientId": client, "scopes": ["orders:read"]})
        assert error(answer, 403, "FORBIDDEN")["scope"] == "api_keys:write"
    soon = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    _, brief = await new_api_key(acme, expiresAt=soon)
    payload = await brief.data(CREATE, input={"clientId": client, "scopes": MESSAGES, "expiresIn": 3600})
    assert payload["createAccessToken"]["expiresAt"][:19] == soon[:19]


async def test_a_token_makes_neither_keys_nor_tokens(acme: Org) -> None:
    owner = await as_member(acme, await new_member(acme, "OWNER"))
    client = await _client(acme)
    made, _ = await new_api_key(acme)
    holders = (owner, await as_client(acme, client))
    async with unchanged(acme):
        for holder in holders:
            for text, given in (
                (CREATE, {"clientId": client, "scopes": MESSAGES}),
                (CREATE_KEY, {"name": "x", "scopes": MESSAGES}),
                (ROTATE, {"id": made["id"]}),
            ):
                answer = await holder.graphql(text, input=given)
                error(answer, 403, "FORBIDDEN")
        answer = await owner.http.post("/api/v1/api-keys", json={"name": "x", "scopes": MESSAGES})
        problem(answer, 403, "FORBIDDEN")
    # What takes no key it may do with the scope.
    await owner.data(REVOKE, input={"id": made["id"]})


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
        token.rpartition(".")[0] + ".", "a.b.c", "..", token + "x" * 9_000,
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


async def _reason(keys: Keys, token: str) -> str | None:
    try:
        assert await keys.actor_of(token) is not None
    except Refusal as refused:
        reason: str = refused.extra["reason"]
        return reason
    return None


async def test_a_token_ends_within_five_seconds(
    acme: Org, api_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, keys = Clock(datetime.now(UTC)).read_by(monkeypatch, verification, access_tokens), Keys(api_runtime)
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
    clock.advance(4.9)
    assert [await _reason(keys, token) for token in tokens] == [None] * 3
    clock.advance(0.2)
    assert [await _reason(keys, token) for token in tokens] == [*tokens.values()]
    # Another process looks for itself, and one that comes back works again.
    assert await _reason(Keys(api_runtime), of_client) == "TOKEN_SUBJECT_ENDED"
    await acme.data(MEMBER, input={"id": member, "status": "ACTIVE"})
    clock.advance(5.1)
    assert await _reason(keys, of_member) is None


async def test_scopes_follow_the_role_and_the_key(acme: Org, api_runtime: Runtime) -> None:
    member = await new_member(acme, "ADMIN")
    token = await new_token(acme, memberId=member, scopes=["settings:read", "orders:read", "members:write"])
    actor = await Keys(api_runtime).actor_of(token)
    assert actor is not None
    assert actor.scopes == {"settings:read", "orders:read", "members:write"}
    await acme.data(MEMBER, input={"id": member, "role": "STAFF"})
    actor = await Keys(api_runtime).actor_of(token)
    assert actor is not None
    assert actor.scopes == {"orders:read", "members:read"}


async def test_idempotency_keys_are_whose_the_token_is(acme: Org) -> None:
    one = await as_member(acme, await new_member(acme, "OWNER"))
    again = await as_member(acme, (await one.data(WHO))["viewer"]["memberId"])
    text = "mutation($input: CreateClientInput!) { createClient(input: $input) { client { id } } }"
    given = {"name": "Ada", "email": "ada@example.com"}
    headers = {"Idempotency-Key": "once"}
    first = await one.graphql(text, headers=headers, input=given)
    replayed = await again.graphql(text, headers=headers, input=given)
    assert first.json()["data"] == replayed.json()["data"]
    assert replayed.headers["idempotent-replayed"] == "true"
    # The key that made the token has keys of its own.
    error(await acme.graphql(text, headers=headers, input=given), 200, "CONFLICT", "input.email")


async def test_a_token_is_shown_once(acme: Org) -> None:
    headers, given = {"Idempotency-Key": "token"}, {"clientId": await _client(acme), "scopes": MESSAGES}
    first = (await acme.graphql(CREATE, headers=headers, input=given)).json()["data"]["createAccessToken"]
    again = (await acme.graphql(CREATE, headers=headers, input=given)).json()["data"]["createAccessToken"]
    assert first["accessToken"]
    assert again == first | {"accessToken": None}
    kept = "select result from idempotency_records"
    assert first["accessToken"] not in str(await acme.rows(kept))
