"""What agents cost for orders and clients: the sum of the steps, by currency, and what that leaves of an order."""

from collections import Counter
from random import Random
from typing import Any

import pytest

from models.agent_jobs_steps import AgentStepKind
from models.clients import CLIENT
from models.orders import ORDER
from models.typeid import encode, new_uuid
from resolvers.agent_jobs.collections import AGENT_JOBS
from resolvers.agent_jobs.steps import add_step
from resolvers.changes.edits import begin_edit
from resolvers.collections.rows import Key
from resolvers.context import now
from resolvers.jobs.claims import context_of
from tests.support.agents import new_definition, new_job
from tests.support.api import Org, new_client, new_order, new_service
from tests.support.refusals import error

COSTS = "agentCost { currency cost }"
ORDERS = f"{{ orders(first: 50) {{ nodes {{ id {COSTS} margin }} }} }}"
CLIENTS = f"{{ clients(first: 50) {{ nodes {{ id {COSTS} }} }} }}"


async def _spend(org: Org, definition: str, *costs: int, currency: str = "USD", **about: str) -> None:
    """A job with a step for each cost."""
    await org.set_setting("agents.currency", currency)
    job = await new_job(org, definition, **about)
    ctx = context_of(org.runtime, org.id, new_uuid())
    async with ctx.transaction():
        edit = await begin_edit(ctx, AGENT_JOBS, Key(job))
        for cost in costs:
            await add_step(edit, AgentStepKind.MODEL, cost=cost, finished_at=now())
        await edit.save()


async def _shown(org: Org, text: str) -> dict[str, Any]:
    """The objects of a list by their IDs."""
    ((_, found),) = (await org.data(text)).items()
    return {node.pop("id"): node for node in found["nodes"]}


async def _steps(org: Org, column: str, prefix: str) -> dict[str, Counter[str]]:
    """The sums of the steps by what their jobs are about, and by currency."""
    sql = f"select {column} as key, currency, s.cost from agent_jobs j join agent_steps s on s.job_id = j.id"
    found: dict[str, Counter[str]] = {}
    for row in await org.rows(f"{sql} where s.cost > 0 and {column} is not null"):
        found.setdefault(encode(prefix, row["key"]), Counter())[row["currency"]] += row["cost"]
    return found


async def test_costs_agree_with_the_sum_of_the_steps(acme: Org) -> None:
    random, definition, service = Random(7), await new_definition(acme), (await new_service(acme))["publicId"]
    clients = [(await new_client(acme))["publicId"] for _ in range(3)]
    # The last client has no orders, and the last order has no jobs.
    orders = [(await new_order(acme, clients[n % 2], service))["publicId"] for n in range(4)]
    answer = await acme.http.post("/api/v1/tickets", json={"subject": "When?", "clientId": clients[0]})
    await _spend(acme, definition, 5, 7, ticketId=answer.json()["data"]["publicId"])
    await _spend(acme, definition, 9)
    for n in range(12):
        costs = [random.randrange(3_000_000) for _ in range(random.randrange(4))]
        await _spend(acme, definition, *costs, currency=random.choice(("USD", "EUR")), orderId=orders[n % 3])
    for text, column, prefix, ids in (
        (ORDERS, "order_id", ORDER.prefix, orders), (CLIENTS, "client_id", CLIENT.prefix, clients),
    ):  # fmt: skip
        sums, found = await _steps(acme, column, prefix), await _shown(acme, text)
        assert found.keys() == {*ids}
        assert sums.keys() == {*ids[:-1]}
        for key, node in found.items():
            by_currency = sorted(sums.get(key, Counter()).items())
            assert node["agentCost"] == [{"currency": name, "cost": cost} for name, cost in by_currency]


async def test_a_job_about_a_ticket_of_an_order_is_one_about_the_order(acme: Org) -> None:
    definition, service = await new_definition(acme), (await new_service(acme, currency="USD"))["publicId"]
    order, free = [(await new_order(acme, service=service))["publicId"] for _ in range(2)]
    tickets = [{"subject": "When?", "orderId": order}, {"subject": "Why?"}]
    made = [(await acme.http.post("/api/v1/tickets", json=each)).json()["data"]["publicId"] for each in tickets]
    await _spend(acme, definition, 20_000, currency="USD", ticketId=made[0])
    await _spend(acme, definition, 30_000, currency="USD", ticketId=made[0], orderId=order)
    await _spend(acme, definition, 50_000, currency="USD", ticketId=made[1])
    assert await _shown(acme, ORDERS) == {
        order: {"agentCost": [{"currency": "USD", "cost": 50_000}], "margin": 14_995},
        free: {"agentCost": [], "margin": 15_000},
    }


@pytest.mark.parametrize(
    ("currency", "price", "costs", "margin"),
    [
        ("USD", 15_000, (), 15_000),
        ("USD", 15_000, (0,), 15_000),
        ("USD", 15_000, (4_999,), 15_000),
        ("USD", 15_000, (5_000,), 14_999),
        # Rounded once: neither step alone comes to a cent.
        ("USD", 15_000, (2_500, 2_500), 14_999),
        ("USD", 15_000, (14_999, 1), 14_998),
        ("USD", 100, (1_500_000, 2_000_000), -250),
        ("JPY", 500, (1_499_999,), 499),
        ("JPY", 500, (1_500_000,), 498),
        ("KWD", 500, (1_499,), 499),
        ("KWD", 500, (1_500,), 498),
    ],
)
async def test_a_margin_is_the_total_less_the_cost_rounded_once(
    acme: Org, currency: str, price: int, costs: tuple[int, ...], margin: int
) -> None:
    service = (await new_service(acme, currency=currency, price=price))["publicId"]
    order, definition = (await new_order(acme, service=service))["publicId"], await new_definition(acme)
    for cost in costs:
        await _spend(acme, definition, cost, currency=currency, orderId=order)
    assert (await _shown(acme, ORDERS))[order]["margin"] == margin


async def test_a_margin_is_null_where_some_cost_is_in_another_currency(acme: Org) -> None:
    definition, service = await new_definition(acme), (await new_service(acme, currency="EUR"))["publicId"]
    other, both, free = [(await new_order(acme, service=service))["publicId"] for _ in range(3)]
    await _spend(acme, definition, 10_000, currency="USD", orderId=other)
    for currency in ("EUR", "USD"):
        await _spend(acme, definition, 10_000, currency=currency, orderId=both)
    await _spend(acme, definition, 0, currency="USD", orderId=free)
    found = await _shown(acme, ORDERS)
    assert [found[key]["margin"] for key in (other, both, free)] == [None, None, 15_000]
    assert [len(found[key]["agentCost"]) for key in (other, both, free)] == [1, 2, 0]


async def test_no_cost_of_another_organization_is_in_it(acme: Org, other: Org) -> None:
    orders = []
    for org, cost in ((acme, 10_000), (other, 70_000)):
        orders.append((await new_order(org))["publicId"])
        await _spend(org, await new_definition(org), cost, currency="EUR", orderId=orders[-1])
    for org, order, cost in ((acme, orders[0], 10_000), (other, orders[1], 70_000)):
        spent = {"agentCost": [{"currency": "EUR", "cost": cost}]}
        assert await _shown(org, ORDERS) == {order: spent | {"margin": 15_000 - cost // 10_000}}
        assert [*(await _shown(org, CLIENTS)).values()] == [spent]
    assert await acme.data("query($id: ID!) { order(id: $id) { margin } }", id=orders[1]) == {"order": None}


async def test_a_key_without_the_scope_of_jobs_is_refused(acme: Org) -> None:
    order = await new_order(acme)
    await _spend(acme, await new_definition(acme), 10_000, orderId=order["publicId"])
    weak = acme.holding(await acme.new_key("orders:read", "clients:read"))
    able = acme.holding(await acme.new_key("orders:read", "clients:read", "agent_jobs:read"))
    for text in (
        f"{{ orders {{ nodes {{ {COSTS} }} }} }}", "{ orders { nodes { margin } } }",
        f"{{ clients {{ nodes {{ {COSTS} }} }} }}",
    ):  # fmt: skip
        refused = error(await weak.graphql(text), 403, "FORBIDDEN")
        assert (refused["status"], refused["scope"]) == (403, "agent_jobs:read")
        await able.data(text)


@pytest.mark.parametrize("count", [1, 6])
async def test_a_page_has_its_costs_by_one_statement(acme: Org, count: int) -> None:
    definition, service = await new_definition(acme), (await new_service(acme))["publicId"]
    for _ in range(count):
        order = await new_order(acme, service=service)
        await _spend(acme, definition, 10_000, 20_000, orderId=order["publicId"])
    for plural, fields, statements in (
        ("orders", "id", 1), ("orders", COSTS, 2), ("orders", "margin", 2), ("orders", f"{COSTS} margin", 2),
        ("clients", COSTS, 2),
    ):  # fmt: skip
        answer = await acme.graphql(f"{{ {plural}(first: 50) {{ nodes {{ {fields} }} }} }}")
        assert len(answer.json()["data"][plural]["nodes"]) == count
        assert answer.headers["Server-Timing"] == f'sql;desc="{statements}"', fields
