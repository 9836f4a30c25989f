"""Edits: what the database refuses is refused as an input is, whatever the domain looked at before."""

import pytest

from models.actors import ActorKind, Source
from resolvers.changes.edits import begin_edit
from resolvers.clients import CLIENTS
from resolvers.collections.rows import Key
from resolvers.context import Actor, Context
from resolvers.errors import Refusal
from tests.support.api import Org, new_order
from tests.support.refusals import unchanged


async def test_an_object_that_others_refer_to_is_not_deleted(acme: Org) -> None:
    client = (await new_order(acme))["clientId"]
    ctx = Context(acme.runtime, Actor(ActorKind.KEY, "test", "test", frozenset({"*"}), acme.id), "test", Source.GRAPHQL)
    async with unchanged(acme):
        with pytest.raises(Refusal) as refused:
            async with ctx.transaction():
                await (await begin_edit(ctx, CLIENTS, Key(client))).delete()
    refusal = refused.value
    assert (refusal.code, refusal.field, refusal.extra) == ("CONFLICT", "id", {"reason": "IN_USE"})
