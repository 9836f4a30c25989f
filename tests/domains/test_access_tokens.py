"""Access tokens: handed out, what they say, whom they act as, and how each of them ends."""

from datetime import UTC, datetime, timedelta

import pytest

from models.typeid import decode, encode
from resolvers.api_keys.verification import key_id_of
from tests.support.api import Org, new_client
from tests.support.api_keys import CREATE as CREATE_KEY
from tests.support.api_keys import REVOKE, ROTATE, new_api_key
from tests.support.refusals import error, problem, unchanged
from tests.support.tokens import CREATE, WHO, as_client, as_member, new_member, sections_of
from tests.support.webhooks import CREATE as NEW_WEBHOOK
from tests.support.webhooks import HOOKS, SEND, new_webhook
from tests.support.webhooks import ROTATE as ROTATE_WEBHOOK
from tests.support.webhooks import UPDATE as UPDATE_WEBHOOK

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
    head, said = sections_of(payload["accessToken"])
    ends = datetime.fromtimestamp(said["exp"], UTC)
    assert payload["expiresAt"] == ends.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert timedelta(seconds=898) < ends - datetime.now(UTC) <= timedelta(seconds=901)
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
    assert (await ada.data(WHO))["viewer"] == {
        "memberId": None, "clientId": client, "key": {"name": "Ada", "scopes": ["clients:read"]},
    }  # fmt: skip
    assert (await max_.data(WHO))["viewer"] == {
        "memberId": member, "clientId": None, "key": {"name": "Admin", "scopes": ["*"]},
    }  # fmt: skip
    assert (await acme.data(WHO))["viewer"]["clientId"] is None
    # The key that made the token is nobody's to know who holds one.
    for holder in (ada, max_):
        found = error(await holder.graphql("{ viewer { key { id } } }"), 403, "FORBIDDEN")
        assert "scope" not in found
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


async def test_a_token_leaves_no_webhook_endpoint_behind(acme: Org) -> None:
    """What an endpoint is sent, and who knows its secret, would outlive whoever the token is for."""
    owner, made = await as_member(acme, await new_member(acme, "OWNER")), await new_webhook(acme)
    moved = {"id": made["publicId"], "url": "https://elsewhere.example.com/"}
    async with unchanged(acme):
        for text, given in (
            (NEW_WEBHOOK, {"url": "https://elsewhere.example.com/", "events": ["*"]}),
            (UPDATE_WEBHOOK, moved),
            (UPDATE_WEBHOOK, {"id": made["publicId"], "status": "DISABLED"}),
            (ROTATE_WEBHOOK, {"id": made["publicId"]}),
        ):
            assert "scope" not in error(await owner.graphql(text, input=given), 403, "FORBIDDEN")
        answer = await owner.http.post(HOOKS, json={"url": moved["url"], "events": ["*"]})
        problem(answer, 403, "FORBIDDEN")
    assert (await owner.http.get(HOOKS)).json()["data"][0]["publicId"] == made["publicId"]
    await owner.data(SEND, input={"id": made["publicId"]})
    assert (await owner.http.delete(f"{HOOKS}/{made['publicId']}")).status_code == 204


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
