"""What many candidates of a filter refer to is looked up once for all of them, in pages and in counts."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bench.filters.data import Size, fill
from models.typeid import new_uuid
from schema.requests.engine import Engine
from server.wiring import running
from tests.support.api import settings_of
from tests.support.plans import Explained, Plan, explained
from tests.support.servers import Backends

ORDERS = 300
SIZE = Size(clients=30, services=1, orders=ORDERS, messages=10, deliveries=5)
NONE = {"service": {"price": {"gt": 1}, "orders": {"none": {"tags": {"has": "none has it"}}}}}
ENGINE = Engine()


@pytest.fixture
async def ctx(backends: Backends, template: str) -> AsyncIterator[Explained]:
    """A context of an organization whose orders are all of one service."""
    org_id = new_uuid()
    with backends.empty_database(template=template) as made:
        fill(made.migration_database_url, org_id, SIZE)
        async with running(settings_of(made), min_size=1, max_size=1) as runtime:
            # Each statement runs once more, for what its plan did.
            yield explained(runtime, org_id, "analyze", "timing off")


def lookups(plan: Plan) -> Iterator[int]:
    """How often each scan of the tags ran."""
    if plan.get("Relation Name") == "tag_uses" or str(plan.get("Index Name", "")).startswith("tag_uses"):
        yield plan["Actual Loops"]
    for child in plan.get("Plans", []):
        yield from lookups(child)


async def test_a_service_is_looked_up_once_for_all_of_its_orders(ctx: Explained) -> None:
    text = "query ($f: OrderFilter) { orders(first: 20, filter: $f) { totalCount nodes { id } } }"
    prepared = ENGINE.measure(text, None, {"f": NONE})
    ENGINE.validate(prepared, None)
    answer = await ENGINE.run(ctx, prepared)
    assert not answer.errors
    assert answer.data is not None
    assert (answer.data["orders"]["totalCount"], len(answer.data["orders"]["nodes"])) == (ORDERS, 20)
    assert len(ctx.plans) == 2
    for _, plan in ctx.plans:
        # Each order's tags once; for each of its service's orders it would be 90,000 times.
        assert 0 < sum(lookups(plan)) <= 2 * ORDERS
