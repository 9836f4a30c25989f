"""The plans of changes in an organization that PostgreSQL's statistics do not know, as they are of another one."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from bench.filters.data import Size
from bench.filters.ids import id_of
from resolvers.database.runtime import Runtime
from schema.requests.engine import Engine
from tests.support.plans import explained, keyed, scans, unknown_to_statistics
from tests.support.servers import Backends

SIZE = Size(clients=1_500, services=800, orders=3_000, messages=2_000, deliveries=200, tickets=40, subscriptions=40)
ENGINE = Engine()
Imported = tuple[Runtime, UUID]


@pytest.fixture(scope="module")
async def imported(backends: Backends, template: str) -> AsyncIterator[Imported]:
    """An organization that was filled after the tables were analyzed with another one's rows."""
    async with unknown_to_statistics(backends, template, SIZE) as (runtime, org_id, _):
        # The next number is beyond those of the rows.
        runtime.numbers[org_id, "order"] = [SIZE.orders + 1]
        yield runtime, org_id


CLIENT, SERVICE = id_of("client", "clients", 8), id_of("service", "services", 8)
ORDERS = [id_of("order", "orders", number) for number in (11, 18, 31)]
# A change, and a part of a statement that it must have sent.
CHANGES = {
    'createClient(input: {name: "x", email: "new@example.com", tags: ["a"]}) { client { id } }': "INSERT INTO clients",
    f'updateClient(input: {{id: "{CLIENT}", name: "y", tags: ["b"]}}) {{ client {{ id }} }}': "UPDATE clients",
    f'deleteClient(input: {{id: "{CLIENT}"}}) {{ deletedId }}': "orders.client_id =",
    f'updateService(input: {{id: "{SERVICE}", name: "y"}}) {{ service {{ id }} }}': "UPDATE services",
    f'createOrder(input: {{clientId: "{id_of("client", "clients", 9)}", serviceId: "{SERVICE}"}}) '
    "{ order { id client { name } } }": "INSERT INTO orders",
    f'updateOrder(input: {{id: "{ORDERS[0]}", notes: "y", tags: ["b"]}}) {{ order {{ id }} }}': "UPDATE orders",
    f'transitionOrder(input: {{id: "{ORDERS[1]}", to: IN_PROGRESS}}) {{ order {{ id }} }}': "FROM org_settings",
    f'createMessage(input: {{orderId: "{ORDERS[0]}", body: "y"}}) {{ message {{ id }} }}': "INSERT INTO messages",
    f'deleteOrder(input: {{id: "{ORDERS[2]}"}}) {{ deletedId }}': "FROM messages",
    f'updateOrder(input: {{id: "{ORDERS[0]}", notes: "z"}}) {{ order {{ client {{ orders(first: 5, '
    "orderBy: [{field: TOTAL, direction: ASC}], filter: {service: {search: \"service\"}}) "
    "{ totalCount nodes { id } } } } }": "count(*)",
}  # fmt: skip
# An organization has few rows of these, and they are read whole.
FEW = {
    "org_settings_pkey",
    "webhook_endpoints_live_idx",
    "webhook_endpoints_org_id_created_by_key_idx",
    "jobs_seals_idx",
}
# Of a table without rows PostgreSQL takes any index: no agent job is filled in.
FEW |= {f"agent_jobs_{name}_idx" for name in ("updated", "queued", "expires", "expires_back")}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_reads_no_row_that_it_does_not_look_for(imported: Imported, change: str) -> None:
    runtime, org_id = imported
    ctx = explained(runtime, org_id)
    prepared = ENGINE.measure(f"mutation {{ {change} }}", None, {})
    ENGINE.validate(prepared, None)
    answer = await ENGINE.run(ctx, prepared)
    assert not answer.errors, answer.errors
    assert any(CHANGES[change] in text for text, _ in ctx.plans), [text for text, _ in ctx.plans]
    for text, plan in ctx.plans:
        read = [f"{scan['Node Type']} {scan.get('Index Name')}" for scan in scans(plan)
                if not keyed(scan) and scan.get("Index Name") not in FEW]  # fmt: skip
        assert read == [], text
