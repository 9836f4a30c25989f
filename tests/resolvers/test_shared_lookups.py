"""What many candidates of a filter refer to is looked up once for all of them, in pages and in counts."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

import pytest
from psycopg import sql

from bench.filters.data import Size, fill
from models.keys import ActorKind, Source
from models.typeid import new_uuid
from resolvers.context import Actor, Context
from resolvers.sql import Sql
from schema.engine import Engine
from server.wiring import running
from tests.support.api import settings_of
from tests.support.servers import Backends

ORDERS = 300
SIZE = Size(clients=30, services=1, orders=ORDERS, messages=10, deliveries=5)
NONE = {"service": {"price": {"gt": 1}, "orders": {"none": {"tags": {"has": "none has it"}}}}}
ENGINE = Engine()


class Analyzed(Context):
    """A context that runs each statement once more, to keep what its plan did."""

    plans: list[Mapping[str, Any]]

    async def run(self, asked: Sql, arguments: Sequence[Any]) -> list[Any]:
        """Run a statement, and keep the plan as it ran."""
        link = self._connection
        assert link is not None, "a snapshot is open"
        await link.execute(f"prepare analyzed as {asked.text}")
        given = sql.SQL(", ").join(map(sql.Literal, arguments)).as_string()
        explain = f"explain (analyze, timing off, format json) execute analyzed({given})"
        (plan,) = json.loads(await link.fetchval(explain))
        await link.execute("deallocate analyzed")
        self.plans.append(plan["Plan"])
        return await super().run(asked, arguments)


@pytest.fixture
async def ctx(backends: Backends, template: str) -> AsyncIterator[Analyzed]:
    """A context of an organization whose orders are all of one service."""
    org_id = new_uuid()
    with backends.empty_database(template=template) as made:
        fill(made.migration_database_url, org_id, SIZE)
        async with running(settings_of(made), least=1, most=1) as runtime:
            actor = Actor(ActorKind.CLI, "test", "test", frozenset({"*"}), org_id)
            ctx = Analyzed(runtime, actor, "test", Source.CLI)
            ctx.plans = []
            yield ctx


def lookups(plan: Mapping[str, Any]) -> Iterator[int]:
    """How often each scan of the tags ran."""
    if plan.get("Relation Name") == "tag_uses" or str(plan.get("Index Name", "")).startswith("tag_uses"):
        yield plan["Actual Loops"]
    for child in plan.get("Plans", []):
        yield from lookups(child)


async def test_a_service_is_looked_up_once_for_all_of_its_orders(ctx: Analyzed) -> None:
    text = "query ($f: OrderFilter) { orders(first: 20, filter: $f) { totalCount nodes { id } } }"
    prepared = ENGINE.measure(text, None, {"f": NONE})
    ENGINE.validate(prepared, None)
    answer = await ENGINE.run(ctx, prepared)
    assert not answer.errors
    assert answer.data is not None
    assert (answer.data["orders"]["totalCount"], len(answer.data["orders"]["nodes"])) == (ORDERS, 20)
    assert len(ctx.plans) == 2
    for plan in ctx.plans:
        # Each order's tags once; for each of its service's orders it would be 90,000 times.
        assert 0 < sum(lookups(plan)) <= 2 * ORDERS
