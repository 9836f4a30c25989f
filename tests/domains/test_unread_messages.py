"""Messages that were not read: of each caller its own, for a page of orders by one statement."""

from typing import Any

import pytest

from models.typeid import decode
from resolvers import organizations, unread_messages
from resolvers.collections.rows import Key
from resolvers.errors import Refusal
from tests.support.api import Org
from tests.support.refusals import error, unchanged
from tests.support.tokens import as_client, as_member, new_member
from tests.support.two_clients import TwoClients, make, two_clients

UNREAD = "query($id: ID!) { order(id: $id) { unreadMessages } }"
MARK = """mutation($input: MarkMessagesReadInput!) { markMessagesRead(input: $input) {
  message { id order { unreadMessages } } } }"""


async def unread(org: Org, order: str) -> int:
    found: int = (await org.data(UNREAD, id=order))["order"]["unreadMessages"]
    return found


async def mark(org: Org, message: str) -> Any:
    return (await org.data(MARK, input={"id": message}))["markMessagesRead"]["message"]


async def test_each_caller_has_read_what_it_marked(acme: Org) -> None:
    two = await two_clients(acme)
    order, max_ = two.mine["order"], await as_member(acme, await new_member(acme, "ADMIN"))
    staff = await new_member(acme, "STAFF")
    ann = await as_member(acme, staff, "orders:read", "messages:write", "messages:internal")
    # Of both messages of the key the client sees the public one.
    assert [await unread(org, order) for org in (acme, max_, ann, two.ada)] == [0, 2, 2, 1]
    assert await mark(max_, two.mine["message"]) == {"id": two.mine["message"], "order": {"unreadMessages": 1}}
    assert [await unread(org, order) for org in (acme, max_, ann, two.ada)] == [0, 1, 2, 1]
    await mark(max_, two.internal)
    # What was read stays read.
    await mark(max_, two.mine["message"])
    await mark(two.ada, two.mine["message"])
    assert [await unread(org, order) for org in (acme, max_, ann, two.ada)] == [0, 0, 2, 0]
    # What somebody writes is unread to the others.
    await make(max_, "message", orderId=order)
    await make(two.ada, "message", orderId=order)
    assert [await unread(org, order) for org in (acme, max_, ann, two.ada)] == [2, 1, 4, 1]
    # What a key writes for clients is theirs.
    await make(acme, "message", orderId=order, authorKind="CLIENT")
    assert await unread(two.ada, order) == 1
    # Without the scope internal messages are not there.
    weak = await as_member(acme, staff, "orders:read", "messages:read")
    assert await unread(weak, order) == 4


async def test_a_page_of_orders_takes_one_statement_for_it(acme: Org) -> None:
    two = await two_clients(acme)
    max_ = await as_member(acme, await new_member(acme, "ADMIN"))
    answer = await max_.graphql("{ orders(first: 10) { nodes { id unreadMessages } } }")
    assert answer.headers["server-timing"] == 'sql;desc="2"'
    found = {each["id"]: each["unreadMessages"] for each in answer.json()["data"]["orders"]["nodes"]}
    assert found == {
        two.mine["order"]: 2, two.mine["drafted"]: 0, two.theirs["order"]: 1, two.theirs["drafted"]: 0,
    }  # fmt: skip


async def test_no_more_are_counted_than_a_page_shows(acme: Org) -> None:
    two = await two_clients(acme)
    max_ = await as_member(acme, await new_member(acme, "ADMIN"))
    await acme.rows(
        "insert into messages (org_id, id, version, updated_at, order_id, author_kind, author_name, body, visibility,"
        " attachments) select org_id, gen_random_uuid(), 1, now(), order_id, 'SYSTEM', 'x', 'x', 'PUBLIC', '[]'"
        " from messages, generate_series(1, 120) where id = $1",
        decode("message", two.mine["message"]),
    )
    assert await unread(max_, two.mine["order"]) == unread_messages.MOST == 100


async def test_a_message_that_the_caller_does_not_see_is_not_there(acme: Org) -> None:
    two = await two_clients(acme)
    reader = await as_member(acme, await new_member(acme, "STAFF"), "messages:write", "orders:read")
    async with unchanged(acme):
        for org, message in (
            (two.ada, two.theirs["message"]),
            (two.ada, two.internal),
            (reader, two.internal),
            (acme, "message_00000000000000000000000000"),
            (acme, two.mine["order"]),
        ):
            error(await org.graphql(MARK, input={"id": message}), 200, "NOT_FOUND", "input.id")
    assert await acme.count("message_reads") == 0
    # As a change it needs the scope to write.
    weak = await as_client(acme, two.mine["client"], "messages:read", "orders:read")
    assert error(await weak.graphql(MARK, input={"id": two.mine["message"]}), 403, "FORBIDDEN")["scope"] == (
        "messages:write"
    )
    assert await acme.count("message_reads") == 0


async def test_it_is_no_change_of_the_order(acme: Org) -> None:
    two: TwoClients = await two_clients(acme)
    before = [await acme.count(table) for table in ("audit_entries", "events")]
    await mark(acme, two.mine["message"])
    assert [await acme.count(table) for table in ("audit_entries", "events")] == before
    assert await acme.count("message_reads") == 1


async def test_nobody_reads_at_the_command_line(acme: Org) -> None:
    two = await two_clients(acme)
    ctx = organizations.command_line(acme.runtime, acme.id)
    async with ctx.transaction():
        with pytest.raises(Refusal) as refused:
            await unread_messages.mark(ctx, Key(two.mine["message"]), {})
    assert refused.value.code == "FORBIDDEN"
    assert await acme.count("message_reads") == 0
