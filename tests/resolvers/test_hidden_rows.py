"""Rows that not everybody sees: every way that a collection's rows are reached follows who sees them."""

from typing import Any
from uuid import UUID

import pytest

from models.actors import ActorKind, Source
from models.messages import MESSAGE
from models.threads import INTERNAL_SCOPE
from models.typeid import decode, new_uuid
from resolvers.actor import Actor
from resolvers.changes.references import Reference, references
from resolvers.clients import CLIENTS
from resolvers.collections.collection import COLLECTIONS
from resolvers.collections.rows import by_ids
from resolvers.context import Context
from resolvers.errors import Refusals
from resolvers.messages import MESSAGES
from resolvers.tickets.collections import REPLIES
from resolvers.webhooks.collections import WEBHOOKS
from schema.declaration.collections import to_one
from tests.support.api import Org, new_order
from tests.support.orders import WRITE


def context(org: Org, *scopes: str) -> Context:
    """A context of somebody with these scopes."""
    actor = Actor(ActorKind.KEY, "test", "test", frozenset(scopes), org.id)
    return Context(org.runtime, actor, "test", Source.GRAPHQL)


async def hidden(org: Org) -> str:
    """The id of an INTERNAL message."""
    given = {"orderId": (await new_order(org))["publicId"], "body": "Psst", "visibility": "INTERNAL"}
    key: str = (await org.data(WRITE, input=given))["createMessage"]["message"]["id"]
    return key


@pytest.mark.parametrize(("scopes", "seen"), [(("messages:write",), False), ((INTERNAL_SCOPE,), True), (("*",), True)])
async def test_a_row_is_found_and_referred_to_by_who_sees_it(acme: Org, scopes: tuple[str, ...], seen: bool) -> None:
    key = await hidden(acme)
    row_id = decode(MESSAGE.prefix, key)
    assert isinstance(row_id, UUID)
    ctx = context(acme, *scopes)
    found: list[Any] = []
    async with ctx.transaction():
        # Also where the column that says who sees it is not asked for.
        found += [row and row["body"] for row in await by_ids(ctx, MESSAGES, [row_id, new_uuid()], ("body",))]
        try:
            found.append(
                (await references(ctx, {"message_id": key}, message_id=Reference(MESSAGES)))["message_id"]["id"]
            )
        except Refusals as several:
            found.append([(refusal.code, refusal.field) for refusal in several.refusals])
    if seen:
        assert found == ["Psst", None, row_id]
    else:
        assert found == [None, None, [("BAD_INPUT", "message_id")]]


def test_rows_that_not_everybody_sees_are_joined_to_no_other() -> None:
    assert {each.name for each in COLLECTIONS.values() if not each.joins} >= {"messages", "replies", "webhooks"}
    for collection in (MESSAGES, REPLIES, WEBHOOKS):
        assert to_one(collection, "other_id", "Another.").metadata["joined_by"] is None
    assert to_one(CLIENTS, "client_id", "A client.").metadata["joined_by"] == "client_id"
