"""The bounds of a report's interval: its first instant is in it, and the one at which it ends is not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from models.agent_jobs import AgentJob
from models.agent_jobs_steps import AgentStep
from models.agents import AgentDefinition, AgentDefinitionVersion
from models.clients import Client
from models.invoice_parts import InvoicePayment
from models.invoices import Invoice
from models.orders import Order
from models.reports import ReportInterval, ReportKind
from models.services import BillingInterval, Service
from models.subscriptions import Subscription, SubscriptionChange
from models.tickets import Ticket
from models.typeid import new_uuid
from resolvers import organizations
from resolvers.changes.edits import new_row
from tests.support.plain_studio import Asked, Rows
from tests.support.report_rows import asked_for, computed, created_at, keep
from tests.support.world import World, world

__all__ = ["world"]

_K = ReportKind
ASKED = Asked(date(2025, 1, 1), date(2026, 1, 1), "Europe/Berlin", ReportInterval.YEAR, "EUR")
# Midnight of Berlin.
START, END = datetime(2024, 12, 31, 23, tzinfo=UTC), datetime(2025, 12, 31, 23, tzinfo=UTC)
BEFORE, LONG_AGO = START - timedelta(milliseconds=1), datetime(2020, 1, 1, tzinfo=UTC)
LAST = END - timedelta(milliseconds=1)
# So many things are of each moment, that each sum says which are in it: 6 of them are in the interval.
MOMENTS = tuple(zip((BEFORE, START, LAST, END), (1, 2, 4, 8), strict=True))
EACH = [moment for moment, number in MOMENTS for _ in range(number)]


def _client() -> dict[str, Any]:
    return new_row(Client, {"name": "Ada", "email": "ada@x.example", "metadata": {}})


def _service() -> dict[str, Any]:
    return new_row(Service, {"name": "Logo", "price": 1, "currency": "EUR", "tax_rate": "0"})


def _invoice(client: dict[str, Any], issued: datetime, total: int = 10, **columns: Any) -> dict[str, Any]:
    key = new_uuid().hex
    return new_row(Invoice, {
        "client_id": client["id"], "currency": "EUR", "taxes": [], "subtotal": total, "discount": 0, "tax": 0,
        "total": total, "amount_paid": 0, "status": "OPEN", **columns,
    }) | {
        "number": key, "number_key": key, "issued_at": issued, "due_at": END, "seller": {}, "buyer": {},
        "timezone": "UTC", "language": "en",
    }  # fmt: skip


def _payment(invoice: dict[str, Any], amount: int, at: datetime) -> dict[str, Any]:
    return {
        "id": new_uuid(), "invoice_id": invoice["id"], "amount": amount, "method": None, "reference": None,
        "paid_at": at,
    }  # fmt: skip


def _invoiced() -> Any:
    client = _client()
    invoices = [_invoice(client, at) for at in EACH]
    paid = _invoice(client, LONG_AGO, 150, status="PAID", amount_paid=150)
    payments = [_payment(paid, 10, at) for at in EACH]
    return (Client, [client]), (Invoice, [*invoices, paid]), (InvoicePayment, payments)


def _owed() -> Any:
    """Each is owed by as many as the power of ten says, if it is."""
    client = _client()
    uncollectible = {"status": "UNCOLLECTIBLE"}
    invoices = [
        _invoice(client, LAST, 1), _invoice(client, END, 10),
        _invoice(client, LONG_AGO, 200, amount_paid=100), _invoice(client, LONG_AGO, 2_000, amount_paid=1_000),
        _invoice(client, LONG_AGO, 10_000, status="VOID", voided_at=LAST),
        _invoice(client, LONG_AGO, 100_000, status="VOID", voided_at=END),
        _invoice(client, LONG_AGO, 1_000_000, **uncollectible, uncollectible_at=LAST),
        _invoice(client, LONG_AGO, 10_000_000, **uncollectible, uncollectible_at=END),
    ]  # fmt: skip
    payments = [_payment(invoices[2], 100, LAST), _payment(invoices[3], 1_000, END)]
    return (Client, [client]), (Invoice, invoices), (InvoicePayment, payments)


def _earned() -> Any:
    client, service = _client(), _service()
    subscriptions = [
        new_row(Subscription, {
            "client_id": client["id"], "service_id": service["id"], "unit_price": 10, "currency": "EUR",
            "tax_rate": "0", "interval": BillingInterval.MONTH, "timezone": "UTC", "start_date": ASKED.start,
            "anchor_date": ASKED.start, "status": "ACTIVE", "next_period": 0,
        }) for _ in EACH
    ]  # fmt: skip
    changes = [
        {"id": new_uuid(), "subscription_id": row["id"], "at": at, "mrr_before": 0, "mrr_after": 10}
        for row, at in zip(subscriptions, EACH, strict=True)
    ]
    return (Client, [client]), (Service, [service]), (Subscription, subscriptions), (SubscriptionChange, changes)


def _ordered() -> Any:
    client, service = _client(), _service()
    given = {
        "client_id": client["id"], "service_id": service["id"], "quantity": 1, "unit_price": 1, "total": 1,
        "currency": "EUR", "tax_rate": "0", "assignee_ids": [], "held_seconds": 0, "delivery_days": 1,
    }  # fmt: skip
    orders: Rows = []
    for at in EACH:
        times = {f"{name}_at": at for name in ("started", "delivered", "completed")}
        orders.append(new_row(Order, given | {"number": len(orders), **times}) | {"id": created_at(at)})
        cancelled = new_row(Order, given | {"number": len(orders), "cancelled_at": at})
        orders.append(cancelled | {"id": created_at(LONG_AGO)})
    return (Client, [client]), (Service, [service]), (Order, orders)


def _asked() -> Any:
    given = {"subject": "x", "status": "OPEN", "priority": "LOW", "first_response_due_at": END}
    return ((Ticket, [new_row(Ticket, {"number": n, **given}) | {"id": created_at(at)} for n, at in enumerate(EACH)]),)


def _used() -> Any:
    definition = new_row(AgentDefinition, {"name": "Desk", "model": "test", "instructions": "x", "tools": []})
    version = definition | {"definition_id": definition["id"], "created_at": LONG_AGO}
    jobs = [
        new_row(AgentJob, {
            "definition_id": definition["id"], "definition_version": 1, "input": {}, "scopes": [], "model": "test",
            "currency": "EUR", "queued_at": LONG_AGO,
        }) for _ in EACH
    ]  # fmt: skip
    steps = [
        new_row(AgentStep, {
            "job_id": job["id"], "index": 0, "kind": "MODEL", "started_at": LONG_AGO, "finished_at": at,
            "input_tokens": 10, "output_tokens": 100, "cost": 1_000,
        }) for job, at in zip(jobs, EACH, strict=True)
    ]  # fmt: skip
    return (
        (AgentDefinition, [definition]), (AgentDefinitionVersion, [version]), (AgentJob, jobs), (AgentStep, steps),
    )  # fmt: skip


CASES: dict[ReportKind, tuple[Any, dict[str, Any]]] = {
    _K.REVENUE: (_invoiced, {"net": 60, "tax": 0, "invoices": 6, "collected": 60}),
    _K.MRR: (_earned, {"opening": 10, "new": 60, "closing": 70}),
    _K.RECEIVABLES_AGING: (_owed, {"current": 10_102_101, "total": 10_102_101}),
    # Those that are cancelled when the interval ends are open until then.
    _K.ORDER_THROUGHPUT: (_ordered, dict.fromkeys(("created", "started", "delivered", "completed", "cancelled"), 6) | {
        "open": 8,
    }),
    _K.TURNAROUND: (_ordered, {"orders": 6}),
    _K.CLIENT_LIFETIME_VALUE: (_invoiced, {"payments": 6, "paid": 60}),
    _K.TICKET_RESPONSE: (_asked, {"tickets": 6}),
    _K.AGENT_USAGE: (_used, {"jobs": 6, "inputTokens": 60, "outputTokens": 600, "cost": 6_000}),
}  # fmt: skip


@pytest.mark.parametrize("kind", ReportKind)
def test_the_first_instant_is_in_it_and_the_last_is_not(world: World, kind: ReportKind) -> None:
    made, expected = CASES[kind]
    world.org_id = new_uuid()
    world.changed(organizations.create, "Test", f"t-{world.org_id.hex}")
    world.run(keep(world, made()))
    rows, totals, _ = world.run(computed(world, asked_for(kind, ASKED)))
    assert {name: totals[name] for name in expected} == expected
    if kind is not _K.TICKET_RESPONSE:
        (row,) = rows
        assert {name: row[name] for name in expected} == expected
