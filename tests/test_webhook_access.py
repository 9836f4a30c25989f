"""Who may do what with webhooks: scopes, other organizations, and keys weaker than the one that made an endpoint."""

from models.typeid import encode, new_uuid
from tests.api_support import Org, new_order
from tests.webhooks_support import (
    DELETE,
    HOOKS,
    LIST,
    ONE,
    PUBLIC,
    ROTATE,
    SEND,
    UPDATE,
    actions,
    new_webhook,
    with_scopes,
)

CHANGES: tuple[tuple[str, dict[str, str]], ...] = (
    (UPDATE, {"status": "DISABLED"}),
    (DELETE, {}),
    (ROTATE, {}),
    (SEND, {}),
)


async def test_scopes_are_asked_for(acme: Org) -> None:
    made = await new_webhook(acme)
    async with with_scopes(acme, "webhooks:read") as reader, with_scopes(acme, "clients:write") as nobody:
        assert [hook["publicId"] for hook in (await reader.http.get(HOOKS)).json()["data"]] == [made["publicId"]]
        node = "query($id: ID!) { node(id: $id) { __typename id } }"
        found = await reader.data(node, id=made["publicId"])
        assert found == {"node": {"__typename": "WebhookEndpoint", "id": made["publicId"]}}
        for org, scope in ((nobody, "webhooks:read"), (reader, "webhooks:write")):
            answer = await (org.http.get(HOOKS) if org is nobody else org.http.post(HOOKS, json={}))
            assert (answer.status_code, answer.json()["code"], answer.json()["scope"]) == (403, "FORBIDDEN", scope)
        assert await nobody.refused(node, id=made["publicId"]) == [("FORBIDDEN", None)]
        assert await nobody.refused(LIST) == [("FORBIDDEN", None)]
        for change, more in CHANGES:
            assert await reader.refused(change, input={"id": made["publicId"], **more}) == [("FORBIDDEN", None)]
        assert (await reader.http.delete(f"{HOOKS}/{made['publicId']}")).status_code == 403
        assert (await acme.data(ONE, id=made["publicId"]))["webhook"]["version"] == 1


async def test_a_weaker_key_cannot_move_what_a_stronger_one_hears(acme: Org) -> None:
    made = await new_webhook(acme)
    async with with_scopes(acme, "webhooks:write", "clients:read") as weak:
        elsewhere = {"id": made["publicId"], "url": "https://elsewhere.example.com/"}
        error = (await weak.graphql(UPDATE, input=elsewhere)).json()["errors"][0]["extensions"]
        assert (error["code"], error["field"], error["scope"]) == ("FORBIDDEN", "input.url", "messages:internal")
        assert (await acme.data(ONE, id=made["publicId"]))["webhook"]["url"] == PUBLIC
        own = await new_webhook(weak)
        moved = await weak.data(UPDATE, input=elsewhere | {"id": own["publicId"]})
        assert moved["updateWebhook"]["webhook"]["url"] == elsewhere["url"]
        await new_order(acme)
        heard = "select event_type from deliveries d join webhook_endpoints e on e.id = d.endpoint_id where e.url = $1"
        assert [row["event_type"] for row in await acme.rows(heard, elsewhere["url"])] == ["client.created"]


async def test_a_foreign_webhook_is_as_a_missing_one(acme: Org, other: Org) -> None:
    made = await new_webhook(acme)
    for public_id in (made["publicId"], encode("webhook", new_uuid()), "client_" + made["publicId"][8:], "x"):
        assert (await other.data(ONE, id=public_id))["webhook"] is None
        for change, more in CHANGES:
            assert await other.refused(change, input={"id": public_id, **more}) == [("NOT_FOUND", "input.id")]
        answer = await other.http.delete(f"{HOOKS}/{public_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert (await acme.data(ONE, id=made["publicId"]))["webhook"]["version"] == 1
    assert await actions(acme) == ["webhook:create"]
