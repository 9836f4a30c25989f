"""An organization of seeded rows for documents that are made at random: one for the whole session."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from bench.data import fill
from execution import Limits
from resolvers import organizations
from resolvers.api_keys import mutations as api_keys
from resolvers.database.runtime import Runtime
from resolvers.jobs import claims
from schema.requests.engine import Engine
from server.dev.demo import load_agents
from server.dev.demo_agents import SCOPES, agents_of
from server.dev.demo_reports import request_reports
from server.dev.demo_rows import FIXED, Rows, Size, rows_of
from tests.support import jobs
from tests.support.reports import JOB
from workers.reports import compute

# Generators care little for size, and little is found: only the look at the answers counts.
LAX = Limits(depth=100, aliases=2_000, directives=2_000, root_fields=500, expanded=10**40, cost=10**40)


@dataclass
class Studio:
    """An organization of seeded rows, some of their ids and cursors."""

    runtime: Runtime
    org_id: UUID
    ids: list[str]
    cursors: list[str]


FIND = """{
  clients(first: 8) { nodes { id orders(first: 2) { nodes { id service { id } messages(first: 1) { nodes { id } } } } }
    pageInfo { endCursor } }
  orders(first: 3) { pageInfo { endCursor startCursor } }
  services(first: 3) { pageInfo { endCursor } }
  tickets(first: 30) { nodes { id replies(first: 1) { nodes { id } } } }
}"""


@pytest.fixture(scope="session")
async def studio(api_runtime: Runtime) -> Studio:
    size = Size(clients=30, orders=200, messages=600, tickets=60)
    filled = await fill(api_runtime, 77, size)
    await _add_work_of_workers(api_runtime, rows_of(77, size))
    made = Studio(api_runtime, filled.org_id, [], [])
    found = (await answered(made, Engine(LAX), FIND, {}))[0]

    def take(value: Any) -> None:
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            if name == "id":
                made.ids.append(part)
            elif str(name).endswith("Cursor"):
                made.cursors.append(part)
            elif isinstance(part, (dict, list)):
                take(part)

    take(found.data)
    assert (len(made.ids) > 30, len(made.cursors)) == (True, 4)
    return made


async def _add_work_of_workers(runtime: Runtime, rows: Rows) -> None:
    """Add agents with jobs, and reports of which one is computed."""
    ctx = organizations.command_line(runtime, rows.org_id)
    async with ctx.transaction():
        key, _ = await api_keys.create(ctx, {"name": "Agents", "scopes": SCOPES})
        await load_agents(ctx, agents_of(rows, 77, key["id"]), lambda _line: None)
        await request_reports(ctx, FIXED)
    first, *_ = await jobs.rows(runtime, rows.org_id, JOB, rows.org_id)
    claim = await claims.claim(runtime, rows.org_id, first["id"], 45)
    assert claim is not None
    await compute.HANDLER.run(runtime, claim, jobs.slot_of(claim))


async def answered(studio: Studio, engine: Engine, text: str, variables: dict[str, Any]) -> tuple[Any, int]:
    """The engine's answer, and the statements that it took. Raises DocumentError."""
    prepared = engine.measure(text, None, variables)
    engine.validate(prepared, None)
    ctx = organizations.command_line(studio.runtime, studio.org_id)
    return await engine.run(ctx, prepared), ctx.statements
