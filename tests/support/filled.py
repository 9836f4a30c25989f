"""A small organization with rows of every list, of which PostgreSQL has no statistics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from bench.filters.data import Size, fill
from models.actors import ActorKind, Source
from models.typeid import new_uuid
from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from schema.requests.engine import Engine
from schema.requests.results import OperationResult
from server.wiring import running
from tests.support.api import settings_of
from tests.support.servers import Backends

SIZE = Size(
    clients=60, services=12, orders=200, messages=250, deliveries=40, members=30, api_keys=30, tickets=200, replies=250,
    subscriptions=200, invoices=150, forms=30, submissions=200, audit_entries=200, agent_definitions=30,
    agent_jobs=200, reports=30, report_rows=40, failed_jobs=40,
)  # fmt: skip
Filled = tuple[Runtime, UUID]
ENGINE = Engine()


@asynccontextmanager
async def filled_organization(backends: Backends, template: str) -> AsyncIterator[Filled]:
    """A runtime of one connection to a database of its own, and the organization."""
    org_id = new_uuid()
    with backends.empty_database(template=template) as made:
        fill(made.migration_database_url, org_id, SIZE)
        async with running(settings_of(made), min_size=1, max_size=1) as runtime:
            yield runtime, org_id


async def asked(filled: Filled, text: str, variables: dict[str, Any]) -> OperationResult:
    """The answer to an operation, by somebody who may read everything."""
    runtime, org_id = filled
    actor = Actor(ActorKind.CLI, "test", "test", frozenset({"*"}), org_id)
    prepared = ENGINE.measure(text, None, variables)
    ENGINE.validate(prepared, None)
    return await ENGINE.run(Context(runtime, actor, "test", Source.CLI), prepared)
