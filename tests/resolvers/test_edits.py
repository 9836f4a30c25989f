"""Edits: what the database refuses is refused as an input is, whatever the domain looked at before."""

import asyncio

import asyncpg
import pytest
import sqlalchemy as sa

from models.actors import ActorKind, Source
from models.agent_jobs import AgentJob
from models.agents import agent_definition_versions
from models.catalogue import TABLES
from models.messages import Message
from models.typeid import new_uuid
from resolvers.actor import Actor
from resolvers.agent_jobs.collections import AGENT_JOBS
from resolvers.agent_jobs.mutations import queue
from resolvers.changes.edits import begin_edit, insert, new_row
from resolvers.changes.write import _broken_reference
from resolvers.clients import CLIENTS
from resolvers.collections.collection import COLLECTIONS, Collection
from resolvers.collections.rows import Key
from resolvers.context import Context, now
from resolvers.errors import Refusal
from resolvers.messages import MESSAGES
from tests.support.agents import INPUT, new_definition
from tests.support.api import Org, new_order
from tests.support.refusals import problem, unchanged

# Each foreign key to an object, which a change that refers to one may violate.
OBJECTS = {each.table for each in COLLECTIONS.values()} | {agent_definition_versions}
REFERENCES = [
    (each, key)
    for each in COLLECTIONS.values()
    for key in sorted(each.table.foreign_key_constraints, key=lambda key: str(key.name))
    if key.referred_table in OBJECTS
]


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
    given = {
        "definition_id": new_uuid(), "definition_version": 1, "input": {}, "scopes": [], "model": "test",
        "currency": "EUR",
    }  # fmt: skip
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


async def test_what_a_job_refers_to_since_nothing_was_found_is_kept_for_the_same_reason(acme: Org) -> None:
    definition = await new_definition(acme)
    ctx = context(acme)
    async with ctx.transaction():
        await queue(ctx, {"definition_id": definition, "input": INPUT})
        # It sees no job, and waits for the version that one refers to.
        deletion = asyncio.create_task(acme.http.delete(f"/api/v1/agents/definitions/{definition}"))
        while not (await acme.rows("select count(*) from pg_locks where not granted"))[0][0]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    refused = problem(await deletion, 409, "CONFLICT", "path.publicId")
    assert refused["reason"] == "HAS_AGENT_JOBS"
    assert (await acme.http.get(f"/api/v1/agents/definitions/{definition}")).json()["data"]["version"] == 1


@pytest.mark.parametrize(("collection", "key"), REFERENCES, ids=[str(key.name) for _, key in REFERENCES])
def test_each_reference_that_is_broken_names_its_object(collection: Collection, key: sa.ForeignKeyConstraint) -> None:
    error = asyncpg.ForeignKeyViolationError()
    error.constraint_name, error.table_name = str(key.name), collection.table.name
    refusal = _broken_reference(collection, error, ())
    assert (refusal.code, refusal.extra) == ("BAD_INPUT", {"reason": "NOT_FOUND"})
    to = {column.name: element.column.name for column, element in zip(key.columns, key.elements, strict=True)}
    assert to[str(refusal.field)] in ("id", "definition_id")


def test_only_versions_of_agent_definitions_are_referred_to_beside_the_row_that_a_deletion_locks() -> None:
    """Where the row itself is referred to, its deletion waits for whoever refers to it, and then finds that."""
    keys = [key for table in TABLES for key in table.foreign_key_constraints]
    parts = {key.table for key in keys if key.ondelete == "CASCADE"}
    beside = {str(key.name) for key in keys if key.referred_table in parts and key.ondelete is None}
    assert beside == {"agent_jobs_org_id_definition_id_definition_version_fkey"}
