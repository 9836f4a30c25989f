"""Who may do what with webhooks: scopes, other organizations, and keys weaker than the one that made an endpoint."""

import json
from collections import Counter
from typing import Any

from models.typeid import decode
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims
from tests.support.api import Org, new_client, new_order
from tests.support.jobs import JOB, Request, receiver, sender, slot_of
from tests.support.webhooks import (
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
from workers.webhooks.deliver import handler

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


MAY_RECEIVE = (
    "The endpoint may receive events that need the scope {}, which the API key lacks: all count that the key"
    " which created it could read, whatever its `events` are now."
)
STATE = """select url, events, description, e.status, version, secret, deleted_at, d.redeliveries, d.updated_at as moved
  from webhook_endpoints e left join deliveries d on d.endpoint_id = e.id where e.id = $1"""


async def test_a_weaker_key_changes_nothing_of_what_a_stronger_one_made(acme: Org) -> None:
    made = await new_webhook(acme)
    await new_client(acme)
    key = decode("webhook", made["publicId"])
    before, written = await acme.rows(STATE, key), await actions(acme)
    this = {"id": made["publicId"]}
    changes = [
        (UPDATE, this | {"url": "https://elsewhere.example.com/"}),
        (UPDATE, this | {"events": ["client.created"]}),
        (UPDATE, this | {"description": "mine"}),
        (UPDATE, this | {"status": "DISABLED"}),
        (UPDATE, this | {"description": None}),
        (ROTATE, this),
    ]
    every = (
        *("agent_jobs:read", "clients:read", "forms:read", "invoices:read", "messages:internal", "messages:write"),
        *("orders:write", "reports:read", "services:read", "subscriptions:read", "tickets:read"),
    )
    weak = [((), "agent_jobs:read"), (every[:4], "messages:internal"), (every[:-1], "tickets:read")]
    for held, scope in weak:
        async with with_scopes(acme, "webhooks:write", *held) as org:
            for change, given in changes:
                [error] = (await org.graphql(change, input=given)).json()["errors"]
                reported = error["extensions"]
                assert (reported["code"], reported["status"], reported["field"]) == ("FORBIDDEN", 403, "input.id")
                assert (reported["scope"], error["message"]) == (scope, MAY_RECEIVE.format(scope))
            assert (await org.data(SEND, input=this))["sendTestEvent"]["delivery"]["eventType"] == "webhook.test"
    await acme.rows("delete from deliveries where event_type = 'webhook.test'")
    assert await acme.rows(STATE, key) == before
    assert await actions(acme) == written + ["webhook:test"] * len(weak)
    # All that an endpoint can hear of is enough, though its maker could do more.
    async with with_scopes(acme, "webhooks:write", *every) as equal:
        for change, given in changes:
            await equal.data(change, input=given | ({"status": "ENABLED"} if change is UPDATE else {}))


async def test_the_events_of_an_endpoint_do_not_say_who_may_change_it(acme: Org) -> None:
    made = await new_webhook(acme, PUBLIC, "client.created")
    async with with_scopes(acme, "webhooks:write", "clients:read") as equal, with_scopes(acme, "*") as all_of_them:
        for change, given in ((UPDATE, {"url": "https://elsewhere.example.com/"}), (ROTATE, {})):
            this = {"id": made["publicId"], **given}
            [error] = (await equal.graphql(change, input=this)).json()["errors"]
            assert error["message"] == MAY_RECEIVE.format("agent_jobs:read")
            await all_of_them.data(change, input=this)
        # One that was made with the scopes of its events is changed with them.
        own = await new_webhook(equal, PUBLIC, "client.created")
        for change in (UPDATE, ROTATE):
            await equal.data(change, input={"id": own["publicId"]})


async def test_a_weaker_key_may_delete_what_a_stronger_one_made(acme: Org) -> None:
    made = [await new_webhook(acme) for _ in range(2)]
    async with with_scopes(acme, "webhooks:write") as weak:
        assert (await weak.http.delete(f"{HOOKS}/{made[0]['publicId']}")).status_code == 204
        await weak.data(DELETE, input={"id": made[1]["publicId"]})
    assert (await acme.data(LIST))["webhooks"]["totalCount"] == 0


async def test_a_key_changes_what_it_and_weaker_ones_made(acme: Org) -> None:
    async with with_scopes(acme, "webhooks:write", "clients:read") as weak, with_scopes(acme, "webhooks:write") as none:
        for maker, actor in ((weak, weak), (none, weak), (none, none), (weak, acme)):
            own = await new_webhook(maker)
            moved = {"id": own["publicId"], "url": "https://elsewhere.example.com/"}
            assert (await actor.data(UPDATE, input=moved))["updateWebhook"]["webhook"]["url"] == moved["url"]
            await actor.data(ROTATE, input={"id": own["publicId"]})
        await new_order(acme)
    heard = "select distinct event_type, e.scopes from deliveries d join webhook_endpoints e on e.id = d.endpoint_id"
    assert {(row["event_type"], *row["scopes"]) for row in await acme.rows(heard)} == {
        ("client.created", "clients:read", "webhooks:write")
    }


ATTEMPTS = """query($id: ID!, $body: Boolean = true) { webhook(id: $id) { deliveries { nodes {
  eventType attempts { responseCode body @include(if: $body) } } } } }"""
MESSAGE = "mutation($input: CreateMessageInput!) { createMessage(input: $input) { message { id } } }"


async def _echo(request: Request) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(request.body), request.body)


async def test_a_response_that_repeats_an_event_is_shown_to_those_who_may_read_it(
    local: Org, open_runtime: Runtime
) -> None:
    async with receiver() as there:
        there.answer = _echo
        made = await new_webhook(local, there.url)
        order = await new_order(local)
        for visibility in ("PUBLIC", "INTERNAL"):
            text = {"orderId": order["publicId"], "body": "Hello", "visibility": visibility}
            await local.data(MESSAGE, input=text)
        await local.data(SEND, input={"id": made["publicId"]})
        # One after another and without a worker, which would first try what other tests have left to be sent.
        for job in await local.rows(JOB, local.id):
            claim = await claims.claim(open_runtime, local.id, job["id"], 45)
            assert claim is not None
            await handler(sender()).run(open_runtime, claim, slot_of(claim))
    free, objects = {"webhook.test"}, {"client.created", "service.created", "order.created", "webhook.test"}
    public, internal = {"message.created PUBLIC"}, {"message.created INTERNAL"}
    for scopes, shown in (
        (("webhooks:read",), free),
        (("webhooks:write", "clients:write"), free | {"client.created"}),
        (("webhooks:read", "messages:read"), free | public),
        (("webhooks:read", "messages:internal"), free),
        (("webhooks:read", "messages:read", "messages:internal"), free | public | internal),
        (("webhooks:read", "clients:read", "services:read", "orders:read"), objects),
        (("*",), objects | public | internal),
    ):
        async with with_scopes(local, *scopes) as org:
            found = await org.data(ATTEMPTS, id=made["publicId"])
            nodes = found["webhook"]["deliveries"]["nodes"]
            assert Counter(node["eventType"] for node in nodes)["message.created"] == 2
            assert [len(node["attempts"]) for node in nodes] == [1] * 6
            assert {attempt["responseCode"] for node in nodes for attempt in node["attempts"]} == {200}
            assert _repeated(nodes) == shown, scopes


def _repeated(nodes: list[dict[str, Any]]) -> set[str]:
    """The events that the shown bodies repeat, those of messages with their visibility."""
    bodies = [attempt["body"] for node in nodes for attempt in node["attempts"]]
    sent = [json.loads(body) for body in bodies if body is not None]
    return {f"{each['type']} {each['data'].get('visibility', '')}".rstrip() for each in sent}


async def test_hiding_bodies_takes_one_statement_and_none_where_they_are_not_selected(acme: Org) -> None:
    made = await new_webhook(acme)
    order = await new_order(acme)
    for _ in range(3):
        await acme.data(MESSAGE, input={"orderId": order["publicId"], "body": "Hello"})
    async with with_scopes(acme, "webhooks:read", "messages:read") as reader:
        taken = {}
        for name, org in (("all", acme), ("some", reader)):
            for body in (True, False):
                answer = await org.graphql(ATTEMPTS, id=made["publicId"], body=body)
                taken[name, body] = int(answer.headers["server-timing"].split('"')[1])
    assert taken["some", True] == taken["all", True] + 1
    assert taken["some", False] == taken["all", False] == taken["all", True]
