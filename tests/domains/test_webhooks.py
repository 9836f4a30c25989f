"""Webhook endpoints through both APIs: made, listed, changed, refused; their secrets."""

import pytest

from tests.support.api import Org, new_client
from tests.support.webhooks import (
    CREATE,
    DELETE,
    HOOKS,
    LIST,
    ONE,
    PUBLIC,
    ROTATE,
    SEND,
    UPDATE,
    actions,
    as_rest,
    new_webhook,
)


async def test_both_doors_create_list_and_delete_alike(acme: Org) -> None:
    answer = await acme.http.post(
        HOOKS,
        json={"url": PUBLIC, "events": ["order.created", "order.created", "client.updated"], "description": "CRM"},
    )
    assert answer.status_code == 201
    assert "location" not in answer.headers
    assert answer.headers["x-graphql-operation"] == "CreateWebhook"
    rest = answer.json()["data"]
    made = (await acme.data(CREATE, input={"url": PUBLIC, "events": ["*"]}))["createWebhook"]
    assert rest == {
        "publicId": rest["publicId"],
        "url": PUBLIC,
        "events": ["order.created", "client.updated"],
        "description": "CRM",
        "apiVersion": "2026-11-01",
        "status": "ENABLED",
        "disabledReason": None,
        "failingSince": None,
        "lastSuccessAt": None,
        "lastFailureAt": None,
        "circuit": "CLOSED",
        "pausedUntil": None,
        "createdAt": rest["createdAt"],
        "updatedAt": rest["updatedAt"],
        "version": 1,
        "secret": rest["secret"],
    }
    assert (rest["publicId"][:8], rest["secret"][:6], len(rest["secret"])) == ("webhook_", "whsec_", 50)
    assert (made["secret"][:6], len(made["secret"])) == ("whsec_", 50)
    assert made["secret"] != rest.pop("secret")
    assert set(as_rest(made["webhook"])) == set(rest)
    graph = (await acme.data(LIST))["webhooks"]
    assert graph == {
        "nodes": [made["webhook"], (await acme.data(ONE, id=rest["publicId"]))["webhook"]],
        "totalCount": 2,
    }
    listed = (await acme.http.get(HOOKS, params={"page": "1"})).json()
    assert listed["data"] == [as_rest(node) for node in graph["nodes"]]
    assert listed["data"][1] == rest
    assert listed["pagination"]["total"] == 2
    gone = await acme.http.delete(f"{HOOKS}/{rest['publicId']}")
    assert (gone.status_code, gone.content) == (204, b"")
    also = await acme.data(DELETE, input={"id": made["webhook"]["id"]})
    assert also == {"deleteWebhook": {"deletedId": made["webhook"]["id"]}}
    assert (await acme.data(LIST))["webhooks"] == {"nodes": [], "totalCount": 0}
    assert (await acme.http.get(HOOKS)).json()["data"] == []
    assert (await acme.data(ONE, id=rest["publicId"]))["webhook"] is None
    assert (await acme.http.delete(f"{HOOKS}/{rest['publicId']}")).status_code == 404
    assert await acme.count("webhook_endpoints") == 2
    assert await actions(acme) == ["webhook:create", "webhook:create", "webhook:delete", "webhook:delete"]
    assert await acme.count("events") == 0


async def test_the_parents_of_the_setting_answer_too(acme: Org) -> None:
    made = await new_webhook(acme)
    made.pop("secret")
    for parent in ("integrations", "settings", "org-settings"):
        for slash in ("", "/"):
            assert (await acme.http.get(f"/api/v1/{parent}/webhooks{slash}")).json()["data"] == [made]
    second = await acme.http.post("/api/v1/settings/webhooks", json={"url": PUBLIC, "events": ["*"]})
    assert (second.status_code, "secret" in second.json()["data"]) == (201, True)
    gone = await acme.http.delete(f"/api/v1/integrations/webhooks/{second.json()['data']['publicId']}")
    assert gone.status_code == 204
    assert (await acme.http.get("/api/v1/other/webhooks")).status_code == 404


async def test_one_webhook_has_a_delete_only(acme: Org) -> None:
    made = await new_webhook(acme)
    for method in ("GET", "PUT", "PATCH", "POST"):
        answer = await acme.http.request(method, f"{HOOKS}/{made['publicId']}")
        assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, OPTIONS")
        assert answer.json()["code"] == "METHOD_NOT_ALLOWED"
    stale = await acme.http.delete(f"{HOOKS}/{made['publicId']}", headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "VERSION_MISMATCH")
    assert (await acme.data(ONE, id=made["publicId"]))["webhook"]["version"] == 1


async def test_the_secret_is_shown_once_and_rests_encrypted(acme: Org) -> None:
    body, keyed = {"url": PUBLIC, "events": ["*"]}, {"Idempotency-Key": "once"}
    first = (await acme.http.post(HOOKS, json=body, headers=keyed)).json()["data"]
    again = await acme.http.post(HOOKS, json=body, headers=keyed)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json()["data"] == first | {"secret": None}
    assert await acme.count("webhook_endpoints") == 1
    keyed = {"Idempotency-Key": "rotate"}
    variables = {"input": {"id": first["publicId"]}}
    turned = [(await acme.graphql(ROTATE, keyed, **variables)).json()["data"]["rotateWebhookSecret"] for _ in range(2)]
    assert turned[0]["secret"] != first["secret"]
    assert turned[1] == turned[0] | {"secret": None}
    assert turned[0]["webhook"]["version"] == 2
    [row] = await acme.rows("select secret, previous_secret from webhook_endpoints")
    [text] = await acme.rows(
        "select concat((select string_agg(result, '') from idempotency_records),"
        " (select string_agg(changes, '') from audit_changes)) as all"
    )
    for secret in (first["secret"], turned[0]["secret"]):
        assert secret.encode() not in row["secret"] + row["previous_secret"]
        assert secret not in text["all"]
    shown = (await acme.http.get(HOOKS)).json()["data"][0]
    assert "secret" not in shown


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/hooks",
        "http://localhost:8000/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[fe80::1]/",
        "http://0x7f000001/",
        "http://127.1/",
        "ftp://example.com/",
        "javascript:alert(1)",
        "https://user:pass@example.com/",
        "http://[v1.x]/",
        "https://[2606:4700::1%25eth0]/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com\\@10.0.0.1/",
        "https://exam\u0007ple.com/",
        "https://example.com/\r\nHost: x",
        "https://",
        "hooks",
        "",
        "https://example.com/" + "x" * 2_000,
    ],
)
async def test_an_address_that_is_not_public_http_is_refused(acme: Org, url: str) -> None:
    answer = await acme.http.post(HOOKS, json={"url": url, "events": ["*"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "BAD_INPUT")
    [reported] = answer.json()["errors"]
    assert (reported["field"], reported["code"] in ("INVALID_FORMAT", "TOO_SHORT", "TOO_LONG")) == ("body.url", True)
    assert reported["message"].startswith("It must ")
    assert await acme.refused(CREATE, input={"url": url, "events": ["*"]}) == [("BAD_INPUT", "input.url")]
    assert await acme.count("webhook_endpoints") == 0
    made = await new_webhook(acme)
    assert await acme.refused(UPDATE, input={"id": made["publicId"], "url": url}) == [("BAD_INPUT", "input.url")]
    assert (await acme.data(ONE, id=made["publicId"]))["webhook"]["url"] == PUBLIC


async def test_events_are_known_names(acme: Org) -> None:
    wrong = {"url": PUBLIC, "events": ["order.created", "order.exploded", "*", "ORDER.CREATED"]}
    expected = [("BAD_INPUT", "input.events.1"), ("BAD_INPUT", "input.events.3")]
    assert await acme.refused(CREATE, input=wrong) == expected
    assert await acme.refused(CREATE, input={"url": PUBLIC, "events": []}) == [("BAD_INPUT", "input.events")]
    answer = await acme.http.post(HOOKS, json=wrong)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["body.events.1", "body.events.3"]
    unknown = await acme.http.post(HOOKS, json={"url": PUBLIC, "events": ["*"], "secret": "mine"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "body.secret")
    assert await acme.count("webhook_endpoints") == 0


async def test_a_webhook_changes_what_is_given(acme: Org) -> None:
    this = {"id": (await new_webhook(acme))["publicId"]}
    named = (await acme.data(UPDATE, input=this | {"description": " CRM ", "expectedVersion": 1}))["updateWebhook"]
    assert (named["webhook"]["description"], named["webhook"]["version"]) == ("CRM", 2)
    heard = (await acme.data(UPDATE, input=this | {"events": ["order.created"], "description": None}))["updateWebhook"]
    assert heard["webhook"] == named["webhook"] | {
        "events": ["order.created"],
        "description": None,
        "version": 3,
        "updatedAt": heard["webhook"]["updatedAt"],
    }
    assert (await acme.data(UPDATE, input=this | {"description": None}))["updateWebhook"] == heard
    for change in (UPDATE, ROTATE, DELETE):
        stale = await acme.refused(change, input=this | {"expectedVersion": 2})
        assert stale == [("VERSION_MISMATCH", "input.expectedVersion")]
    assert await acme.refused(UPDATE, input=this | {"url": None}) == [("BAD_INPUT", "input.url")]
    assert (await acme.data(ONE, **this))["webhook"] == heard["webhook"]
    assert await actions(acme) == ["webhook:create", "webhook:update", "webhook:update"]


async def test_disabling_stops_and_enabling_starts_the_clock_again(acme: Org) -> None:
    made = await new_webhook(acme)
    this = {"id": made["publicId"]}
    off = (await acme.data(UPDATE, input=this | {"status": "DISABLED"}))["updateWebhook"]["webhook"]
    assert (off["status"], off["disabledReason"], off["version"]) == ("DISABLED", "Disabled through the API.", 2)
    await new_client(acme)
    assert await acme.count("deliveries") == 0
    error = (await acme.graphql(SEND, input=this)).json()["errors"][0]["extensions"]
    assert (error["code"], error["reason"], error["field"]) == ("CONFLICT", "WEBHOOK_DISABLED", "input.id")
    await acme.rows(
        "update webhook_endpoints set failing_since = now(), last_failure_at = now(), timeouts = 3, circuit = 'OPEN',"
        " paused_until = now() + interval '1 minute'"
    )
    spared = (await acme.data(ONE, **this))["webhook"]
    assert spared["circuit"] == "OPEN"
    assert spared["pausedUntil"] > spared["lastFailureAt"]
    filtered = (await acme.http.get(HOOKS, params={"status": "DISABLED"})).json()["data"]
    assert [hook["publicId"] for hook in filtered] == [made["publicId"]]
    assert (await acme.http.get(HOOKS, params={"status": "ENABLED"})).json()["data"] == []
    on = (await acme.data(UPDATE, input=this | {"status": "ENABLED"}))["updateWebhook"]["webhook"]
    assert (on["status"], on["disabledReason"], on["failingSince"], on["version"]) == ("ENABLED", None, None, 3)
    assert (on["circuit"], on["pausedUntil"]) == ("CLOSED", None)
    assert on["lastFailureAt"] == spared["lastFailureAt"]
    assert [row["timeouts"] for row in await acme.rows("select timeouts from webhook_endpoints")] == [0]
    same = (await acme.data(UPDATE, input=this | {"status": "ENABLED"}))["updateWebhook"]["webhook"]
    assert same == on
    await new_client(acme)
    assert await acme.count("deliveries") == 1
    assert await actions(acme) == ["webhook:create", "webhook:disable", "webhook:update"]
