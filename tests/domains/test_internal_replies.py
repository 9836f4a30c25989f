"""INTERNAL replies: without messages:internal they are not there, on any road."""

import orjson

from tests.support.api import Org
from tests.support.refusals import error, problem, unchanged
from tests.support.tickets import PATH, REPLY, new_ticket, reply

THREAD = """query($id: ID!) { replies(ticketId: $id) { totalCount nodes { id } }
  ticket(id: $id) { replies { totalCount edges { node { id } } } } }"""
FILTERED = "query($f: ReplyFilter, $id: ID!) { replies(ticketId: $id, filter: $f) { totalCount nodes { id } } }"
SOME = "query($f: TicketFilter) { tickets(filter: $f) { totalCount } }"
ONE = "query($id: ID!) { reply(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }"
WEBHOOK = {"url": "https://93.184.216.34/hook", "events": ["ticket.replied"]}


async def test_internal_replies_are_for_those_who_may(acme: Org) -> None:
    key = (await new_ticket(acme))["publicId"]
    ids = {name: (await reply(acme, key, visibility=name))["id"] for name in ("PUBLIC", "INTERNAL")}
    weak = acme.holding(await acme.new_key("tickets:write"))
    inner = acme.holding(await acme.new_key("tickets:read", "messages:internal"))
    only = {"replies": {"some": {"visibility": {"eq": "INTERNAL"}}}}
    for who, seen in ((weak, ["PUBLIC"]), (inner, ["INTERNAL", "PUBLIC"]), (acme, ["INTERNAL", "PUBLIC"])):
        wanted = [{"id": ids[name]} for name in seen]
        found = await who.data(THREAD, id=key)
        assert found["replies"] == {"totalCount": len(seen), "nodes": wanted}
        assert [edge["node"] for edge in found["ticket"]["replies"]["edges"]] == wanted
        assert found["ticket"]["replies"]["totalCount"] == len(seen)
        hidden = (await who.data(FILTERED, id=key, f={"not": {"visibility": {"eq": "PUBLIC"}}}))["replies"]
        assert hidden["totalCount"] == len(hidden["nodes"]) == len(seen) - 1
        assert (await who.data(SOME, f=only))["tickets"]["totalCount"] == len(seen) - 1
        for name in ("PUBLIC", "INTERNAL"):
            this = {"id": ids[name]} if name in seen else None
            assert await who.data(ONE, id=ids[name]) == {"reply": this, "node": this, "nodes": [this]}


async def test_a_filter_has_as_many_levels_for_who_does_not_see_them(acme: Org) -> None:
    key = (await new_ticket(acme))["publicId"]
    await reply(acme, key, visibility="INTERNAL")
    deepest = {"not": {"not": {"replies": {"some": {"authorKind": {"eq": "STAFF"}}}}}}
    weak = acme.holding(await acme.new_key("tickets:read"))
    for who, seen in ((weak, 0), (acme, 1)):
        assert (await who.data(SOME, f=deepest))["tickets"]["totalCount"] == seen
        answer = await who.graphql(SOME, f={"not": deepest})
        error(answer, 200, "BAD_INPUT", "filter.not.not.not.replies.some")


async def test_who_may_not_see_one_writes_none(acme: Org) -> None:
    key = (await new_ticket(acme))["publicId"]
    weak = acme.holding(await acme.new_key("tickets:write"))
    said = {"body": "Psst", "visibility": "INTERNAL"}
    async with unchanged(acme):
        details = error(await weak.graphql(REPLY, input={"ticketId": key} | said), 403, "FORBIDDEN", "input.visibility")
        assert details["scope"] == "messages:internal"
        answer = await weak.http.put(f"{PATH}/{key}", json={"reply": said})
        assert problem(answer, 403, "FORBIDDEN", "body.reply.visibility")["scope"] == "messages:internal"


async def test_an_endpoint_hears_of_those_that_its_key_may_see(acme: Org) -> None:
    weak = acme.holding(await acme.new_key("tickets:read", "webhooks:write"))
    for who in (weak, acme):
        assert (await who.http.post("/api/v1/webhooks", json=WEBHOOK)).status_code == 201
    key = (await new_ticket(acme))["publicId"]
    for visibility, heard in (("INTERNAL", 1), ("PUBLIC", 3)):
        made = await reply(acme, key, visibility=visibility, body="Look")
        assert await acme.count("deliveries") == heard
        (row,) = await acme.rows("select type, data from events where type = 'ticket.replied' order by id desc limit 1")
        data = orjson.loads(row["data"])
        assert (data["publicId"], data["ticketId"], data["body"]) == (made["id"], key, "Look")
        assert data["visibility"] == visibility
