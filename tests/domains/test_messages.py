"""Messages: an order's thread, which only grows, and whose INTERNAL messages are for those who may see them."""

from contextlib import nullcontext

from tests.support.api import Org, new_client, new_order
from tests.support.orders import WRITE
from tests.support.refusals import error, unchanged
from tests.support.tokens import as_client

CREATE = """mutation($input: CreateMessageInput!) { createMessage(input: $input) { message {
  id orderId body visibility author { kind name } attachments { name url } version order { id } } } }"""
THREAD = """query($id: ID!, $first: Int, $after: String, $orderBy: [MessageOrder!]) {
  messages(orderId: $id, first: $first, after: $after, orderBy: $orderBy) {
    totalCount nodes { body } pageInfo { hasNextPage endCursor } } }"""


async def test_a_message_is_appended_by_the_key_or_for_a_client(acme: Org) -> None:
    order = (await new_order(acme))["publicId"]
    made = (await acme.data(CREATE, input={"orderId": order, "body": " Hello "}))["createMessage"]["message"]
    key = made.pop("id")
    assert made == {
        "orderId": order, "body": "Hello", "visibility": "PUBLIC", "author": {"kind": "STAFF", "name": "test"},
        "attachments": [], "version": 1, "order": {"id": order},
    }  # fmt: skip
    files = [{"name": "a.pdf", "url": "https://files.example.com/a.pdf"}]
    given = {"orderId": order, "body": "Hi", "authorKind": "CLIENT", "authorName": "Ada", "attachments": files}
    found = (await acme.data(CREATE, input=given))["createMessage"]["message"]
    assert (found["author"], found["attachments"]) == ({"kind": "CLIENT", "name": "Ada"}, files)
    sql = "select action, target_id from audit_entries where action like 'message:%' order by id"
    assert [row["action"] for row in await acme.rows(sql)] == ["message:create", "message:create"]
    [event, _] = await acme.rows("select type, data from events where type like 'message.%' order by id")
    assert event["type"] == "message.created"
    assert f'"publicId":"{key}"' in event["data"]


async def test_a_thread_is_read_from_either_end(acme: Org) -> None:
    order, other = [(await new_order(acme))["publicId"] for _ in range(2)]
    for number in range(3):
        await acme.data(CREATE, input={"orderId": order, "body": f"{number}"})
    await acme.data(CREATE, input={"orderId": other, "body": "elsewhere"})
    for direction, bodies in (("DESC", ["2", "1", "0"]), ("ASC", ["0", "1", "2"])):
        asked = {"id": order, "first": 2, "orderBy": [{"field": "CREATED_AT", "direction": direction}]}
        first = (await acme.data(THREAD, **asked))["messages"]
        assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (3, True)
        second = (await acme.data(THREAD, **asked, after=first["pageInfo"]["endCursor"]))["messages"]
        assert [node["body"] for node in first["nodes"] + second["nodes"]] == bodies
        assert second["pageInfo"]["hasNextPage"] is False


async def test_a_message_cannot_be_added_to_another_organization_s_order(acme: Org, other: Org) -> None:
    order = (await new_order(other))["publicId"]
    async with unchanged(acme), unchanged(other):
        answer = await acme.graphql(CREATE, input={"orderId": order, "body": "x"})
        assert error(answer, 200, "BAD_INPUT", "input.orderId")["reason"] == "NOT_FOUND"
    assert (await acme.data(THREAD, id=order))["messages"]["totalCount"] == 0


async def test_internal_messages_are_for_those_who_may(acme: Org) -> None:
    key = (await new_order(acme))["publicId"]
    ids = {}
    for visibility in ("PUBLIC", "INTERNAL"):
        given = {"orderId": key, "body": "Hello", "visibility": visibility}
        ids[visibility] = (await acme.data(WRITE, input=given))["createMessage"]["message"]["id"]
    weak = acme.holding(await acme.new_key("messages:write", "orders:read"))
    inner = acme.holding(await acme.new_key("messages:read", "messages:internal", "orders:read"))
    thread = """query($id: ID!) { messages(orderId: $id) { totalCount nodes { id } }
      order(id: $id) { messages { totalCount edges { node { id } } } } }"""
    ask = "query($f: MessageFilter, $id: ID!) { messages(orderId: $id, filter: $f) { totalCount nodes { id } } }"
    some = "query($f: OrderFilter) { orders(filter: $f) { totalCount } }"
    only = {"messages": {"some": {"visibility": {"eq": "INTERNAL"}}}}
    one = "query($id: ID!) { message(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }"
    for who, seen in ((weak, ["PUBLIC"]), (inner, ["INTERNAL", "PUBLIC"]), (acme, ["INTERNAL", "PUBLIC"])):
        wanted = [{"id": ids[name]} for name in seen]
        found = await who.data(thread, id=key)
        assert found["messages"] == {"totalCount": len(seen), "nodes": wanted}
        assert [edge["node"] for edge in found["order"]["messages"]["edges"]] == wanted
        assert found["order"]["messages"]["totalCount"] == len(seen)
        hidden = (await who.data(ask, id=key, f={"not": {"visibility": {"eq": "PUBLIC"}}}))["messages"]
        assert hidden["totalCount"] == len(hidden["nodes"]) == len(seen) - 1
        assert (await who.data(some, f=only))["orders"]["totalCount"] == len(seen) - 1
        for name in ("PUBLIC", "INTERNAL"):
            this = {"id": ids[name]} if name in seen else None
            assert await who.data(one, id=ids[name]) == {"message": this, "node": this, "nodes": [this]}
    async with unchanged(acme):
        given = {"orderId": key, "body": "Psst", "visibility": "INTERNAL"}
        extensions = error(await weak.graphql(WRITE, input=given), 403, "FORBIDDEN", "input.visibility")
        assert extensions["scope"] == "messages:internal"
        error(await acme.graphql(WRITE, input=given | {"authorKind": "SYSTEM"}), 200, "BAD_INPUT", "input.authorKind")
        error(await acme.graphql(WRITE, input={"orderId": "x", "body": " "}), 200, "BAD_INPUT", "input.body")
    for each in (weak, inner):
        await each.http.aclose()


LAST = "{ orders { nodes { id lastMessage { body visibility author { name } } } } }"


async def test_the_last_message_of_each_order_takes_one_statement_for_a_page(acme: Org) -> None:
    client = (await new_client(acme))["publicId"]
    first, second, third = [(await new_order(acme, client))["publicId"] for _ in range(3)]
    for order, body, visibility in (
        (first, "one", "PUBLIC"), (first, "two", "PUBLIC"), (first, "inside", "INTERNAL"), (second, "hello", "PUBLIC"),
    ):  # fmt: skip
        await acme.data(CREATE, input={"orderId": order, "body": body, "visibility": visibility})
    ada = await as_client(acme, client)
    weak = acme.holding(await acme.new_key("orders:read", "messages:read"))
    for who, newest in ((acme, "inside"), (weak, "two"), (ada, "two")):
        async with who.http if who is not acme else nullcontext():
            answer = await who.graphql(LAST)
            found = {node["id"]: node["lastMessage"] for node in answer.json()["data"]["orders"]["nodes"]}
            assert (found[first]["body"], found[second]["body"], found[third]) == (newest, "hello", None)
            assert answer.headers["server-timing"] == 'sql;desc="2"'
            one = await who.data("query($id: ID!) { order(id: $id) { lastMessage { __typename } } }", id=first)
            assert one["order"]["lastMessage"] == {"__typename": "Message"}
    blind = acme.holding(await acme.new_key("orders:read"))
    async with blind.http:
        assert error(await blind.graphql(LAST), 403, "FORBIDDEN")["scope"] == "messages:read"
