"""The plans of an operation's statements, and what they read again and again."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from psycopg import sql
from psycopg.types.json import Jsonb

from bench.filters.data import Size, analyze, fill
from models.actors import ActorKind, Source
from models.base import metadata
from models.typeid import new_uuid
from resolvers.actor import Actor
from resolvers.context import Context
from resolvers.database.runtime import Runtime
from resolvers.database.sql import Sql
from server.wiring import running
from tests.support.api import settings_of
from tests.support.servers import Backends

Plan = Mapping[str, Any]
BEFORE = Size(clients=30, services=5, orders=50, messages=60, deliveries=5, tickets=20, replies=20, subscriptions=20)


@asynccontextmanager
async def unknown_to_statistics(
    backends: Backends, template: str, size: Size
) -> AsyncIterator[tuple[Runtime, UUID, str]]:
    """A runtime of one connection, an organization that was filled after the tables were analyzed with another one's
    rows, and the owner's URL."""
    org_id = new_uuid()
    with backends.empty_database(template=template) as made:
        owner = made.migration_database_url
        fill(owner, new_uuid(), BEFORE)
        analyze(owner)
        fill(owner, org_id, size)
        async with running(settings_of(made), min_size=1, max_size=1) as runtime:
            yield runtime, org_id, owner


class Explained(Context):
    """A context that keeps each statement with its plan."""

    plans: list[tuple[str, Plan]]
    options: str

    async def run(self, asked: Sql, arguments: Sequence[Any]) -> list[Any]:
        """Run a statement, and keep the plan that it has in its snapshot."""
        assert self._transaction is not None, "a snapshot is open"
        link = self._transaction.connection
        if link.opening is not None:
            await link.open()
        await link.execute(f"prepare explained as {asked.text}")
        given = sql.SQL(", ").join(sql.Literal(_adapted(each)) for each in arguments).as_string()
        (plan,) = json.loads(await link.fetchval(f"explain ({self.options}) execute explained({given})"))
        await link.execute("deallocate explained")
        self.plans.append((asked.text, plan["Plan"]))
        return await super().run(asked, arguments)


def explained(runtime: Runtime, org_id: UUID, *options: str) -> Explained:
    """A context of an organization, whose plans are explained with these options."""
    made = Explained(runtime, Actor(ActorKind.CLI, "test", "test", frozenset({"*"}), org_id), "test", Source.CLI)
    made.plans, made.options = [], ", ".join([*options, "format json"])
    return made


def _adapted(value: Any) -> Any:
    # A list of objects is JSON too, any other list an array.
    held = value if isinstance(value, list) else [value]
    return Jsonb(value) if any(isinstance(each, dict) for each in held) else value


def repeated(plan: Plan, inside: bool = False) -> Iterator[Plan]:
    """The scans of a plan that run once for each row of something."""
    inside = inside or str(plan.get("Subplan Name", "")).startswith("SubPlan")
    if inside and plan["Node Type"].endswith("Scan"):
        yield plan
    for child in plan.get("Plans", []):
        inner = plan["Node Type"] == "Nested Loop" and child["Parent Relationship"] == "Inner"
        yield from repeated(child, inside or inner)


def scans(plan: Plan) -> Iterator[Plan]:
    """All scans of a plan; of a bitmap's two that of the index."""
    if plan["Node Type"].endswith("Scan") and plan["Node Type"] != "Bitmap Heap Scan":
        yield plan
    for child in plan.get("Plans", []):
        yield from scans(child)


def keyed(scan: Plan) -> bool:
    """Whether a scan finds its rows by an index whose first two columns are known."""
    if scan["Node Type"] in ("Function Scan", "CTE Scan", "Subquery Scan"):
        return True
    return "Index Name" in scan and f"({SECOND[scan['Index Name']]} = " in scan["Index Cond"]


def unkeyed(plan: Plan) -> list[str]:
    """The scans of a plan that read more than they look for, again and again."""
    return [f"{scan['Node Type']} {scan.get('Index Name')}" for scan in repeated(plan) if not keyed(scan)]


def second_columns() -> Iterator[tuple[str, str]]:
    """The second column of each index."""
    for table in metadata.tables.values():
        found: list[tuple[Any, Any]] = [(index.name, index.expressions) for index in table.indexes]
        kinds = sa.PrimaryKeyConstraint | sa.UniqueConstraint
        found += [(each.name, each.columns) for each in table.constraints if isinstance(each, kinds)]
        for name, columns in found:
            yield str(name), [getattr(column, "name", "") for column in [*columns, None]][1]


SECOND = dict(second_columns())
