"""Many invoices: one statement for a page with its parts, and an index for what is looked for."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from bench.filters.data import Size, analyze, fill
from bench.filters.ids import id_of
from models.typeid import new_uuid
from resolvers import organizations
from resolvers.database.runtime import Runtime
from schema.requests.engine import Engine
from server.wiring import running
from tests.support.api import settings_of
from tests.support.plans import Explained, explained, keyed, scans
from tests.support.servers import Backends

BEFORE = Size(clients=30, services=5, orders=50, messages=5, deliveries=5, invoices=20, tickets=20, subscriptions=20)
SIZE = Size(
    clients=1_500,
    services=800,
    orders=3_000,
    messages=5,
    deliveries=5,
    invoices=6_000,
    tickets=3_000,
    subscriptions=40,
)
ENGINE = Engine()


def _invoice(number: int) -> str:
    return id_of("invoice", "invoices", number)


LINE = '{description: "x", unitPrice: 1}'
PARTS = "lines { amount } payments { amount }"
# Read by an organization as a whole: it has few.
FEW = {"org_settings_pkey", "organizations_pkey", "webhook_endpoints_live_idx",
       "webhook_endpoints_org_id_created_by_key_idx", "jobs_seals_idx"}  # fmt: skip


@pytest.fixture(scope="module")
async def imported(backends: Backends, template: str) -> AsyncIterator[tuple[Runtime, UUID]]:
    """An organization that was filled after the tables were analyzed with another one's rows."""
    org_id = new_uuid()
    with backends.empty_database(template=template) as made:
        owner = made.migration_database_url
        fill(owner, new_uuid(), BEFORE)
        analyze(owner)
        fill(owner, org_id, SIZE)
        async with running(settings_of(made), min_size=1, max_size=1) as runtime:
            ctx = organizations.command_line(runtime, org_id)
            async with ctx.transaction():
                await organizations.create(ctx, "Large", "large")
            yield runtime, org_id


async def asked(imported: tuple[Runtime, UUID], text: str, **variables: Any) -> tuple[Any, Explained]:
    """The data of an operation, and its statements with their plans."""
    runtime, org_id = imported
    ctx = (
        explained(runtime, org_id, "analyze", "timing off") if text.startswith("query") else explained(runtime, org_id)
    )
    prepared = ENGINE.measure(text, None, variables)
    ENGINE.validate(prepared, None)
    answer = await ENGINE.run(ctx, prepared)
    assert not answer.errors, answer.errors
    return answer.data, ctx


async def test_a_page_with_lines_and_payments_is_one_statement(imported: tuple[Runtime, UUID]) -> None:
    for text in (
        f"query {{ invoices(first: 50) {{ nodes {{ number client {{ name }} {PARTS} }} }} }}",
        f'query {{ invoice(id: "{_invoice(5)}") {{ number {PARTS} availableTransitions {{ to }} }} }}',
        f"query {{ invoices(first: 20, filter: {{client: {{status: {{eq: LEAD}}}}}}) {{ nodes {{ {PARTS} }} }} }}",
    ):
        _, ctx = await asked(imported, text)
        assert len(ctx.plans) == 1, text
        read = [scan for _, plan in ctx.plans for scan in scans(plan) if "invoice_" in scan.get("Relation Name", "")]
        assert {scan["Index Name"] for scan in read} == {"invoice_lines_pkey", "invoice_payments_invoice_idx"}
        assert [scan for scan in read if not keyed(scan)] == []


async def test_a_page_of_clients_has_its_invoices_and_totals_by_one_statement_each(
    imported: tuple[Runtime, UUID],
) -> None:
    text = """query { clients(first: 20) { nodes { totals { currency lifetimeValue }
      invoices(first: 5) { nodes { total } } orders(first: 5) { nodes { invoice { number } } } } } }"""
    data, ctx = await asked(imported, text)
    # Clients, totals, invoices, orders, the orders' invoices.
    assert len(ctx.plans) == 5
    nodes = data["clients"]["nodes"]
    assert sum(len(node["invoices"]["nodes"]) for node in nodes) > 20
    assert any(order["invoice"] for node in nodes for order in node["orders"]["nodes"])
    for statement, plan in ctx.plans:
        read = [scan for scan in scans(plan) if scan.get("Relation Name") == "invoices"]
        assert [scan for scan in read if not keyed(scan)] == [], statement


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ({"overdue": {"eq": True}}, "invoices_overdue_idx"),
        ({"number": {"eq": "2026-0000057"}}, "invoices_number_key"),
        ({"number": {"startsWith": "2026-000005"}}, "invoices_number_key"),
        ({"orderId": {"eq": id_of("order", "orders", 8)}}, "invoices_order_idx"),
        ({"status": {"eq": "UNCOLLECTIBLE"}}, "invoices_status_idx"),
        ({"total": {"lt": 2_000}}, "invoices_total_idx"),
        ({"issuedAt": {"lt": "2026-01-01T00:00:05.000Z"}}, "invoices_issued_idx"),
        ({"dueAt": {"lt": "2026-01-01T00:00:05.000Z"}}, "invoices_due_idx"),
    ],
    ids=str,
)
async def test_few_invoices_are_found_by_an_index(
    imported: tuple[Runtime, UUID], condition: dict[str, Any], index: str
) -> None:
    text = "query($f: InvoiceFilter) { invoices(first: 100, filter: $f) { nodes { id } } }"
    data, ctx = await asked(imported, text, f=condition)
    found = len(data["invoices"]["nodes"])
    assert 0 < found < 100
    for statement, plan in ctx.plans:
        run = [scan for scan in scans(plan) if scan["Actual Loops"] and scan.get("Relation Name") == "invoices"]
        assert index in {scan["Index Name"] for scan in run}, statement
        assert max(scan["Actual Rows"] * scan["Actual Loops"] for scan in run) <= found + 1, statement


@pytest.mark.parametrize(
    "change",
    [
        f'createInvoice(input: {{clientId: "{id_of("client", "clients", 9)}", lines: [{LINE}]}})'
        " { invoice { id } }",
        f'createInvoiceFromOrder(input: {{orderId: "{id_of("order", "orders", 7)}"}}) {{ invoice {{ id {PARTS} }} }}',
        f'updateInvoice(input: {{id: "{_invoice(11)}", lines: [{LINE}], status: OPEN}}) {{ invoice {{ number }} }}',
        f'payInvoice(input: {{id: "{_invoice(12)}"}}) {{ invoice {{ status }} }}',
        f'voidInvoice(input: {{id: "{_invoice(22)}"}}) {{ invoice {{ status }} }}',
        f'deleteInvoice(input: {{id: "{_invoice(21)}"}}) {{ deletedId }}',
        f'deleteClient(input: {{id: "{id_of("client", "clients", 8)}"}}) {{ deletedId }}',
    ],
)
async def test_a_change_reads_no_row_that_it_does_not_look_for(imported: tuple[Runtime, UUID], change: str) -> None:
    _, ctx = await asked(imported, f"mutation {{ {change} }}")
    for text, plan in ctx.plans:
        read = [f"{scan['Node Type']} {scan.get('Index Name')}" for scan in scans(plan)
                if not keyed(scan) and scan.get("Index Name") not in FEW]  # fmt: skip
        assert read == [], text
