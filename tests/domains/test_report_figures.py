"""The figures of reports are those that plain Python makes of the same rows, at random."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.agent_jobs import AgentJob
from models.agent_jobs_steps import AgentStep
from models.agents import AgentDefinition, AgentDefinitionVersion
from models.clients import Client
from models.invoice_parts import InvoicePayment
from models.invoices import Invoice, InvoiceStatus
from models.orders import Order
from models.reports import ReportInterval, ReportKind
from models.services import BillingInterval, Service
from models.subscriptions import Subscription, SubscriptionChange, SubscriptionStatus
from models.tickets import Ticket, TicketPriority, TicketStatus
from models.typeid import new_uuid
from resolvers import organizations
from resolvers.changes.edits import new_row
from resolvers.subscriptions.ledger import Ledger
from tests.support.plain_reports import plainly
from tests.support.plain_studio import Asked, Rows, Studio
from tests.support.report_rows import asked_for, computed, created_at, keep
from tests.support.world import World, world

__all__ = ["world"]

ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York")
FIRST, LAST = date(2024, 11, 1), date(2025, 5, 1)
CURRENCIES = st.sampled_from(("EUR", "EUR", "JPY"))
_DAYS = st.dates(FIRST, LAST)
_MS = timedelta(milliseconds=1)


def _midnight(day: date, zone: str, off: int) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) + off * _MS


# Any time, and often one at the edge of a day somewhere.
MOMENTS = st.one_of(
    st.builds(_midnight, _DAYS, st.sampled_from(ZONES), st.integers(-1, 1)),
    st.builds(lambda day, ms: datetime.combine(day, time(), UTC) + ms * _MS, _DAYS, st.integers(0, 86_400_000 - 1)),
)
MAYBE = st.none() | MOMENTS
PRICES = st.sampled_from((0, 1_000, 2_500, 4_000))


class Maker:
    """Makes the rows of a studio at random."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.clients = [
            new_row(Client, {"name": name, "email": f"{at}@x.example", "metadata": {}})
            for at, name in enumerate(("Ada", "=1+1", "Grace"))
        ]
        self.services = [
            new_row(Service, {"name": name, "price": 1, "currency": "EUR", "tax_rate": "0"}) for name in "ab"
        ]
        content = {"model": "test", "instructions": "x", "tools": []}
        self.definitions = [new_row(AgentDefinition, {"name": name, **content}) for name in ("Desk", "Clerk")]
        self.payments: Rows = []
        self.changes: Rows = []
        self.steps: Rows = []

    def many(self, make: Any) -> Rows:
        return [make(number) for number in range(self.draw(st.integers(0, 12)))]

    def invoice(self, number: int) -> dict[str, Any]:
        draw = self.draw
        status = draw(st.sampled_from(InvoiceStatus))
        subtotal, tax = draw(st.integers(0, 10**6)), draw(st.integers(0, 10**5))
        discount = draw(st.integers(0, subtotal))
        total, shares = subtotal - discount + tax, draw(st.integers(0, 3))
        paid = 0 if status in ("VOID", "DRAFT") else total if status == "PAID" else draw(st.integers(0, total))
        payments = [(paid // shares, draw(MOMENTS)) for _ in range(shares)] if shares else []
        if status == "PAID":
            payments = [*payments, (paid - sum(each for each, _ in payments), draw(MOMENTS))]
        payments = [(each, at) for each, at in payments if each > 0]
        issued = None if status == "DRAFT" else draw(MOMENTS)
        row = new_row(Invoice, {
            "client_id": draw(st.sampled_from(self.clients))["id"], "currency": draw(CURRENCIES), "taxes": [],
            "subtotal": subtotal, "discount": discount, "tax": tax, "total": total, "status": status,
            "amount_paid": sum(each for each, _ in payments),
            "voided_at": draw(MOMENTS) if status == "VOID" else None,
            "uncollectible_at": draw(MOMENTS) if status == "UNCOLLECTIBLE" or draw(st.integers(0, 9)) == 0 else None,
        })  # fmt: skip
        if issued is not None:
            row |= {"number": f"N{number}", "number_key": f"n{number}", "issued_at": issued, "due_at": draw(MOMENTS)}
            row |= {"seller": {}, "buyer": {}, "timezone": "UTC", "language": "en"}
        for amount, at in payments:
            values = {"id": new_uuid(), "invoice_id": row["id"], "amount": amount, "method": None, "reference": None}
            self.payments.append(values | {"paid_at": at})
        return row | {"payments": payments}

    def order(self, number: int) -> dict[str, Any]:
        draw = self.draw
        moments = {f"{name}_at": draw(MAYBE) for name in ("started", "delivered", "completed", "cancelled")}
        return new_row(Order, {
            "client_id": self.clients[0]["id"], "service_id": draw(st.sampled_from(self.services))["id"],
            "number": number, "quantity": 1, "unit_price": 1, "total": 1, "currency": "EUR", "tax_rate": "0",
            "assignee_ids": [], "held_seconds": draw(st.integers(0, 10**6)),
            "delivery_days": draw(st.none() | st.integers(0, 60)), **moments,
        }) | {"id": created_at(draw(MOMENTS))}  # fmt: skip

    def ticket(self, number: int) -> dict[str, Any]:
        draw = self.draw
        status = draw(st.sampled_from([each for each in TicketStatus if each != "SNOOZED"]))
        return new_row(Ticket, {
            "number": number, "subject": "x", "status": status, "priority": draw(st.sampled_from(TicketPriority)),
            "first_response_due_at": draw(MOMENTS), "first_response_at": draw(MAYBE),
            "resolved_at": draw(MOMENTS) if status in ("RESOLVED", "CLOSED") else None,
        }) | {"id": created_at(draw(MOMENTS))}  # fmt: skip

    def subscription(self, _number: int) -> dict[str, Any]:
        draw = self.draw
        start = draw(MOMENTS)
        row = new_row(Subscription, {
            "client_id": self.clients[0]["id"], "service_id": self.services[0]["id"], "unit_price": 1,
            "currency": draw(CURRENCIES), "tax_rate": "0", "interval": BillingInterval.MONTH, "timezone": "UTC",
            "start_date": FIRST, "anchor_date": FIRST, "status": SubscriptionStatus.ACTIVE, "next_period": 0,
        })  # fmt: skip
        ledger, states = Ledger(row, 0), []
        for at in sorted([start, *draw(st.lists(MOMENTS, max_size=6))]):
            row |= {"status": draw(st.sampled_from(SubscriptionStatus)), "unit_price": draw(PRICES)}
            row["current_period_start"] = start if start <= at else None
            ledger.note(at)
            states.append((at, row["status"], row["unit_price"]))
        self.changes += [each | {"subscription_id": row["id"]} for each in ledger.changes]
        # Checks of the table hold the columns of each status together.
        row |= {"status": SubscriptionStatus.ACTIVE, "current_period_start": None}
        return row | {"began": start, "states": states}

    def job(self, _number: int) -> dict[str, Any]:
        draw = self.draw
        row = new_row(AgentJob, {
            "definition_id": draw(st.sampled_from(self.definitions))["id"], "definition_version": 1, "input": {},
            "scopes": [], "model": "test", "currency": draw(CURRENCIES), "queued_at": draw(MOMENTS),
        })  # fmt: skip
        # Sums of costs are at most 2^53 - 1, and any of their digits may differ.
        figures = (("input_tokens", 10**8), ("output_tokens", 10**8), ("cost", 10**14))
        steps = [
            new_row(AgentStep, {
                "job_id": row["id"], "index": index, "kind": "MODEL", "started_at": draw(MOMENTS),
                "finished_at": draw(MAYBE), **{name: draw(st.integers(0, most)) for name, most in figures},
            })
            for index in range(draw(st.integers(0, 6)))
        ]  # fmt: skip
        self.steps += steps
        return row | {"steps": steps}

    def studio(self) -> Studio:
        makers = (self.invoice, self.order, self.ticket, self.subscription, self.job)
        return Studio(self.clients, self.services, self.definitions, *map(self.many, makers))


async def _keep(world: World, studio: Studio, maker: Maker) -> None:
    moment = datetime.combine(FIRST, time(), UTC)
    versions = [each | {"definition_id": each["id"], "created_at": moment} for each in studio.definitions]
    tables = (
        (Client, studio.clients), (Service, studio.services), (Order, studio.orders), (Ticket, studio.tickets),
        (Subscription, studio.subscriptions), (Invoice, studio.invoices), (InvoicePayment, maker.payments),
        (SubscriptionChange, maker.changes), (AgentDefinition, studio.definitions),
        (AgentDefinitionVersion, versions), (AgentJob, studio.agent_jobs), (AgentStep, maker.steps),
    )  # fmt: skip
    await keep(world, tables)


@st.composite
def studios(draw: Any) -> tuple[Studio, Maker]:
    maker = Maker(draw)
    return maker.studio(), maker


@st.composite
def asked(draw: Any) -> Asked:
    start = draw(st.dates(FIRST, LAST - timedelta(days=1)))
    end = draw(st.dates(start + timedelta(days=1), LAST))
    return Asked(start, end, draw(st.sampled_from(ZONES)), draw(st.sampled_from(ReportInterval)), draw(CURRENCIES))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=studios(), parameters=st.lists(asked(), min_size=3, max_size=3))
def _same(world: World, made: tuple[Studio, Maker], parameters: list[Asked]) -> None:
    studio, maker = made
    world.org_id = new_uuid()
    world.changed(organizations.create, "Test", f"t-{world.org_id.hex}")
    world.run(_keep(world, studio, maker))
    for given_ in parameters:
        for kind in ReportKind:
            rows, totals, moment = world.run(computed(world, asked_for(kind, given_)))
            assert (rows, totals) == plainly(kind, studio, given_, moment), kind


@pytest.mark.timeout(300)
def test_the_figures_are_those_of_plain_python(world: World) -> None:
    _same(world)
