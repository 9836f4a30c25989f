"""API keys through both APIs: made, listed, deleted, refused; what a key may make and manage."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.typeid import encode, new_uuid
from tests.support.api import Org
from tests.support.api_keys import CREATE, DELETE, KEYS, LIST, ONE, REVOKE, ROTATE, actions, new_api_key, works
from tests.support.refusals import error, problem, unchanged

SOON, LATER = "2099-01-01T00:00:00.000Z", "2099-01-02T00:00:00.000Z"


async def test_both_apis_create_list_and_delete_alike(acme: Org) -> None:
    body = {"name": " Shop ", "scopes": ["orders:write", "clients:read", "orders:write"], "expiresAt": SOON}
    answer = await acme.http.post(KEYS, json=body)
    assert answer.status_code == 201
    assert "location" not in answer.headers
    rest = answer.json()["data"]
    raw = rest.pop("rawKey")
    assert rest == {
        "publicId": rest["publicId"],
        "name": "Shop",
        "prefix": f"sk_live_{rest['publicId'].removeprefix('apikey_')}",
        "lastFour": raw[-4:],
        "scopes": ["clients:read", "orders:write"],
        "status": "ACTIVE",
        "expiresAt": SOON,
        "previousUntil": None,
        "lastUsedAt": None,
        "revokedAt": None,
        "trustedDocumentsOnly": False,
        "createdBy": "test",
        "createdByKeyId": rest["createdByKeyId"],
        "createdAt": rest["createdAt"],
        "updatedAt": rest["updatedAt"],
        "version": 1,
    }
    assert raw.startswith(rest["prefix"])
    one = (await acme.data(ONE, id=rest["publicId"]))["apiKey"]
    assert one.pop("createdByKey") == {"id": rest["createdByKeyId"], "name": "test"}
    assert {"publicId" if name == "id" else name: value for name, value in one.items()} == rest
    made, shop = await new_api_key(acme, "clients:read")
    assert (await shop.http.get("/api/v1/clients")).status_code == 200
    listed = (await acme.http.get(KEYS)).json()["data"]
    assert [key["publicId"] for key in listed] == [made["id"], rest["publicId"], rest["createdByKeyId"]]
    assert listed[1] == rest
    assert (listed[2]["createdBy"], listed[2]["createdByKeyId"]) == ("command line", None)
    for key in (rest["publicId"], made["id"]):
        assert (await acme.http.post(f"{KEYS}/{key}/revoke")).json()["data"]["status"] == "REVOKED"
    gone = await acme.http.delete(f"{KEYS}/{rest['publicId']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert await acme.data(DELETE, input={"id": made["id"]}) == {"deleteApiKey": {"deletedId": made["id"]}}
    assert (await acme.data(ONE, id=made["id"]))["apiKey"] is None
    assert (await acme.http.delete(f"{KEYS}/{made['id']}")).status_code == 404
    assert await acme.count("api_keys") == 1
    assert len(await acme.rows("select from directory where resource = 'apikey' and org_id = $1", acme.id)) == 1
    assert await actions(acme) == ["apikey:create"] * 2 + ["apikey:revoke"] * 2 + ["apikey:delete"] * 2
    assert await acme.count("events") == 0


async def test_the_key_is_shown_once_and_not_kept(acme: Org) -> None:
    body, keyed = {"name": "Shop", "scopes": ["*"]}, {"Idempotency-Key": "once"}
    first = (await acme.http.post(KEYS, json=body, headers=keyed)).json()["data"]
    again = await acme.http.post(KEYS, json=body, headers=keyed)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json()["data"] == first | {"rawKey": None}
    this = {"input": {"id": first["publicId"]}}
    turned = [(await acme.graphql(ROTATE, keyed, **this)).json()["data"]["rotateApiKey"] for _ in range(2)]
    assert turned[0]["rawKey"] not in (None, first["rawKey"])
    assert turned[1] == turned[0] | {"rawKey": None}
    kept = "select to_jsonb(k)::text as text from api_keys k union all select result from idempotency_records"
    texts = await acme.rows(f"{kept} union all select changes from audit_changes")
    digests = await acme.rows("select encode(digest, 'hex') as digest from api_keys")
    for text in (row["text"] for row in texts):
        assert first["rawKey"] not in text
        assert turned[0]["rawKey"] not in text
    [logged] = await acme.rows("select string_agg(changes, '') as all from audit_changes")
    assert [row["digest"] for row in digests if row["digest"] in logged["all"]] == []
    assert "igest" not in logged["all"]
    assert "rawKey" not in (await acme.http.get(KEYS)).json()["data"][0]


@pytest.mark.parametrize(
    ("held", "wanted", "lacked"),
    [
        (["api_keys:write"], ["clients:read"], "clients:read"),
        (["api_keys:write", "clients:read"], ["clients:read", "clients:write"], "clients:write"),
        (["api_keys:write", "clients:write"], ["*"], "*"),
        (["api_keys:write", "messages:write"], ["messages:internal"], "messages:internal"),
    ],
)
async def test_a_key_makes_none_that_is_stronger(acme: Org, held: list[str], wanted: list[str], lacked: str) -> None:
    weak = acme.holding(await acme.new_key(*held))
    body = {"name": "x", "scopes": wanted}
    async with unchanged(acme), weak.http:
        details = problem(await weak.http.post(KEYS, json=body), 403, "FORBIDDEN", "body.scopes")
        assert details["scope"] == lacked
        extensions = error(await weak.graphql(CREATE, input=body), 403, "FORBIDDEN", "input.scopes")
        assert (extensions["status"], extensions["scope"]) == (403, lacked)


async def test_a_key_makes_none_that_lives_longer(acme: Org) -> None:
    made, short = await new_api_key(acme, "*", expiresAt=SOON)
    async with short.http:
        assert (await new_api_key(short))[0]["expiresAt"] == SOON
        before = (datetime.fromisoformat(SOON) - timedelta(days=1)).isoformat(timespec="milliseconds")
        assert (await new_api_key(short, expiresAt=before))[0]["expiresAt"] == "2098-12-31T00:00:00.000Z"
        assert (await new_api_key(short, expiresAt=None))[0]["expiresAt"] == SOON
        async with unchanged(acme):
            body = {"name": "x", "scopes": ["*"], "expiresAt": LATER}
            problem(await short.http.post(KEYS, json=body), 403, "FORBIDDEN", "body.expiresAt")
            extensions = error(await short.graphql(CREATE, input=body), 403, "FORBIDDEN", "input.expiresAt")
            assert extensions["status"] == 403
            # Who rotated a key that lives longer would hold it.
            own = made["createdByKeyId"]
            extensions = error(await short.graphql(ROTATE, input={"id": own}), 403, "FORBIDDEN", "input.id")
            assert (extensions["status"], "scope" in extensions) == (403, False)
    assert (await new_api_key(acme))[0]["expiresAt"] is None


async def test_an_expiry_is_in_the_future(acme: Org) -> None:
    past = datetime.now(UTC).isoformat(timespec="milliseconds")
    body = {"name": "x", "scopes": ["*"], "expiresAt": past}
    async with unchanged(acme):
        problem(await acme.http.post(KEYS, json=body), 400, "BAD_INPUT", "body.expiresAt")
        assert error(await acme.graphql(CREATE, input=body), 200, "BAD_INPUT", "input.expiresAt")["reason"] == "INVALID"


async def test_a_key_manages_only_keys_whose_scopes_it_has(acme: Org) -> None:
    made, _ = await new_api_key(acme, "clients:write", "orders:read")
    gone, _ = await new_api_key(acme, "clients:write", "orders:read")
    await acme.data(REVOKE, input={"id": gone["id"]})
    weak = acme.holding(await acme.new_key("api_keys:write", "clients:write"))
    enough = acme.holding(await acme.new_key("api_keys:write", "clients:write", "orders:write"))
    async with weak.http, enough.http:
        async with unchanged(acme):
            for text, key in ((ROTATE, made), (REVOKE, made), (DELETE, gone)):
                extensions = error(await weak.graphql(text, input={"id": key["id"]}), 403, "FORBIDDEN", "input.id")
                assert (extensions["status"], extensions["scope"]) == (403, "orders:read")
            details = problem(await weak.http.post(f"{KEYS}/{made['id']}/revoke"), 403, "FORBIDDEN", "path.publicId")
            assert details["scope"] == "orders:read"
            problem(await weak.http.delete(f"{KEYS}/{gone['id']}"), 403, "FORBIDDEN", "path.publicId")
        for text, key in ((ROTATE, made), (REVOKE, made), (DELETE, gone)):
            await enough.data(text, input={"id": key["id"]})


async def test_only_a_revoked_key_is_deleted_and_what_it_made_stays(acme: Org) -> None:
    maker, held = await new_api_key(acme, name="maker")
    async with held.http:
        child, _ = await new_api_key(held)
        hook = {"url": "https://93.184.216.34/hook", "events": ["*"]}
        assert (await held.http.post("/api/v1/webhooks", json=hook)).status_code == 201
    async with unchanged(acme):
        details = problem(await acme.http.delete(f"{KEYS}/{maker['id']}"), 409, "CONFLICT", "path.publicId")
        assert details["reason"] == "KEY_NOT_REVOKED"
        extensions = error(await acme.graphql(DELETE, input={"id": maker["id"]}), 200, "CONFLICT", "input.id")
        assert (extensions["status"], extensions["reason"]) == (409, "KEY_NOT_REVOKED")
    await acme.data(REVOKE, input={"id": maker["id"]})
    await acme.data(DELETE, input={"id": maker["id"]})
    left = (await acme.data(ONE, id=child["id"]))["apiKey"]
    assert (left["createdBy"], left["createdByKeyId"], left["createdByKey"]) == ("maker", None, None)
    assert await acme.rows("select from webhook_endpoints where created_by_key is not null") == []
    assert await acme.count("webhook_endpoints") == 1


async def test_a_list_is_filtered_by_what_time_and_people_did(acme: Org) -> None:
    for name in ("expired", "revoked", "both", "soon"):
        await new_api_key(acme, name=name, expiresAt=SOON)
    past = "update api_keys set expires_at = now() - interval '1 s' where name = any($1)"
    await acme.rows(past, ["expired", "both"])
    await acme.rows("update api_keys set revoked_at = now() where name = any($1)", ["revoked", "both"])
    states = {"test": "ACTIVE", "expired": "EXPIRED", "revoked": "REVOKED", "both": "REVOKED", "soon": "ACTIVE"}
    conditions: list[tuple[dict[str, Any], set[str]]] = [
        ({"eq": "ACTIVE"}, {"ACTIVE"}),
        ({"eq": "EXPIRED"}, {"EXPIRED"}),
        ({"in": ["REVOKED"]}, {"REVOKED"}),
        ({"in": ["REVOKED", "ACTIVE"]}, {"REVOKED", "ACTIVE"}),
        ({"in": ["EXPIRED", "REVOKED"]}, {"EXPIRED", "REVOKED"}),
        ({"in": []}, set()),
        ({"notIn": ["ACTIVE"]}, {"EXPIRED", "REVOKED"}),
        ({"notIn": ["EXPIRED"]}, {"ACTIVE", "REVOKED"}),
        ({"notIn": []}, {"ACTIVE", "EXPIRED", "REVOKED"}),
    ]
    for condition, wanted in conditions:
        for filter_, found in (
            ({"status": condition}, {name: state for name, state in states.items() if state in wanted}),
            ({"not": {"status": condition}}, {name: state for name, state in states.items() if state not in wanted}),
        ):
            page = (await acme.data(LIST, filter=filter_))["apiKeys"]
            assert {node["name"]: node["status"] for node in page["nodes"]} == found, filter_
            assert page["totalCount"] == len(found)
    rest = await acme.http.get(KEYS, params={"status": "REVOKED,EXPIRED"})
    assert {key["name"] for key in rest.json()["data"]} == {"expired", "revoked", "both"}


async def test_another_organization_s_key_is_not_there(acme: Org, other: Org) -> None:
    made, _ = await new_api_key(other)
    async with unchanged(other), unchanged(acme):
        assert (await acme.data(ONE, id=made["id"]))["apiKey"] is None
        for key in (made["id"], encode("apikey", new_uuid()), encode("client", new_uuid())):
            for text in (ROTATE, REVOKE, DELETE):
                assert error(await acme.graphql(text, input={"id": key}), 200, "NOT_FOUND", "input.id")["status"] == 404
            problem(await acme.http.post(f"{KEYS}/{key}/revoke"), 404, "NOT_FOUND", "path.publicId")
            problem(await acme.http.delete(f"{KEYS}/{key}"), 404, "NOT_FOUND", "path.publicId")
    assert await works(other)
