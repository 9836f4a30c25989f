"""Edits: what the database refuses is refused as an input is, whatever the domain looked at before."""

import pytest

from models.actors import ActorKind, Source
from models.agent_jobs import AgentJob
from models.messages import Message
from models.typeid import new_uuid
from resolvers.actor import Actor
from resolvers.agents.collections import AGENT_JOBS
from resolvers.changes.edits import begin_edit, insert, new_row
from resolvers.clients import CLIENTS
from resolvers.collections.rows import Key
from resolvers.context import Context, now
from resolvers.errors import Refusal
from resolvers.messages import MESSAGES
from tests.support.api import Org, new_order
from tests.support.refusals import unchanged


def context(org: Org) -> Context:
    """A context that may do everything."""
    actor = Actor(ActorKind.KEY, "test", "test", frozenset({"*"}), org.id)
    return Context(org.runtime, actor, "test", Source.GRAPHQL)


async def test_a_reference_to_what_was_deleted_meanwhile_names_its_field(acme: Org) -> None:
    ctx = context(acme)
    given = {"order_id": new_uuid(), "author_name": "Zoë", "body": "Hello", "attachments": []}
    async with unchanged(acme):
        with pytest.raises(Refusal) as refused:
            async with ctx.transaction():
                await insert(ctx, MESSAGES, new_row(Message, given))
    refusal = refused.value
    assert (refusal.code, refusal.field, refusal.message) == ("BAD_INPUT", "order_id", "It no longer exists.")
    assert refusal.extra == {"reason": "NOT_FOUND"}


async def test_a_job_of_an_agent_definition_that_was_deleted_meanwhile_names_the_definition(acme: Org) -> None:
    ctx = context(acme)
    given = {"definition_id": new_uuid(), "definition_version": 1, "input": {}, "scopes": [], "currency": "EUR"}
    async with unchanged(acme):
        with pytest.raises(Refusal) as refused:
            async with ctx.transaction():
                await insert(ctx, AGENT_JOBS, new_row(AgentJob, given) | {"queued_at": now()})
    refusal = refused.value
    assert (refusal.code, refusal.field, refusal.message) == ("BAD_INPUT", "definition_id", "It no longer exists.")


async def test_an_object_that_others_refer_to_is_not_deleted(acme: Org) -> None:
    client = (await new_order(acme))["clientId"]
    ctx = context(acme)
    async with unchanged(acme):
        with pytest.raises(Refusal) as refused:
            async with ctx.transaction():
                await (await begin_edit(ctx, CLIENTS, Key(client))).delete()
    refusal = refused.value
    assert (refusal.code, refusal.field, refusal.extra) == ("CONFLICT", "id", {"reason": "IN_USE"})
