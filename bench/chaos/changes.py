"""What the load changes: clients, orders, messages and invoices at random, and now and then subscriptions, agents' jobs
and reports, which workers have work with.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bench.chaos.journal import SILENT, Change, Journal
from bench.chaos.load import ANSWER_S, Client
from bench.chaos.stack import moment
from bench.chaos.tenants import Tenant
from models.reports import ReportKind
from resolvers.reports.catalogue import DEFINITIONS

# Of what a connection does, one in so many.
ONE_IN = {"agent": 20, "subscription": 50, "report": 50}
# Subscriptions begin so many weeks ago: the weeks since, and the present one, are billed one by one.
WEEKS = 3
MOVES = {"PENDING": "SUBMITTED", "SUBMITTED": "IN_PROGRESS", "IN_PROGRESS": "DELIVERED", "DELIVERED": "COMPLETED"}
MESSAGE = """mutation($input: CreateMessageInput!) {
  createMessage(input: $input) { done: message { publicId: id version } } }"""
MOVE = """mutation($input: TransitionOrderInput!) {
  transitionOrder(input: $input) { done: order { publicId: id version number } } }"""
_INVOICE = """mutation($input: {0}InvoiceInput!) {{
  {1}Invoice(input: $input) {{ done: invoice {{ publicId: id version }} }} }}"""
FINALIZE, PAY = _INVOICE.format("Finalize", "finalize"), _INVOICE.format("Pay", "pay")
FROM_ORDER = """mutation($input: CreateInvoiceFromOrderInput!) {
  createInvoiceFromOrder(input: $input) { done: invoice { publicId: id version } } }"""


def parameters_of(kind: ReportKind) -> dict[str, Any]:
    """The parameters of a report of all that a run does, whichever kind it is."""
    today = datetime.now(UTC).date()
    given: dict[str, Any] = {"to": (today + timedelta(days=2)).isoformat(), "timezone": "UTC"}
    if DEFINITIONS[kind].ranges:
        given["from"] = (today - timedelta(weeks=WEEKS + 1)).isoformat()
    return given | ({"interval": "WEEK"} if DEFINITIONS[kind].periodic else {})


@dataclass(slots=True)
class Connection:
    """One connection, which changes only what it created, one change after another."""

    tenant: Tenant
    base: str
    name: str
    journal: Journal
    pause: float
    choice: random.Random
    clients: list[str] = field(default_factory=list)
    orders: dict[str, str] = field(default_factory=dict)
    # What has no invoice yet, what is a draft, and what is to be paid.
    uninvoiced: list[str] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)
    unpaid: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    made: int = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Make changes until the event is set; the one under way is still sent until it is acknowledged."""
        limits = httpx.Limits(max_connections=1)
        headers = {"Authorization": f"Bearer {self.tenant.key}"}
        async with httpx.AsyncClient(base_url=self.base, headers=headers, limits=limits, timeout=ANSWER_S) as http:
            client = Client(http, self.journal, stopping)
            for given in ({}, {"billing": "RECURRING", "interval": "WEEK"}):
                body = {"name": self.name, "price": 15_000, "status": "ACTIVE", "deliveryDays": 5} | given
                self.services.append(await _post(client, self._begin("service.created"), "services", body))
            await self._create_client(client)
            await self._order(client)
            await self._go_on(client)

    async def _go_on(self, client: Client) -> None:
        timed = {"agent": self._agent, "subscription": self._subscription, "report": self._report}
        # By time, so that workers have no less to do while the API does not answer.
        each_s = {name: number * self.pause for name, number in ONE_IN.items()}
        due = {name: moment() + self.choice.uniform(0, 0.2) * seconds for name, seconds in each_s.items()}
        while not client.stopping.is_set():
            name = min(due, key=lambda each: due[each])
            if due[name] <= moment():
                due[name] = moment() + each_s[name] * self.choice.uniform(0.8, 1.2)
                await timed[name](client)
            else:
                await self.choice.choice(self._possible())(client)
            await asyncio.sleep(self.pause * self.choice.uniform(0.5, 1.5))

    def _possible(self) -> list[Callable[[Client], Awaitable[None]]]:
        """What can be done now; what is there twice is done more often."""
        found: list[Callable[[Client], Awaitable[None]]] = [self._create_client]
        found += [self._rename, self._order, self._message] * 2
        found += [self._transition, self._put] * bool(self._movable())
        for listed, step in ((self.uninvoiced, self._invoice), (self.drafts, self._finalize), (self.unpaid, self._pay)):
            found += [step] * bool(listed)
        return found

    def _begin(self, type_: str, about: str = "") -> Change:
        self.made += 1
        return self.journal.begin(self.tenant.name, f"{self.name}-{self.made}", type_, about)

    async def _create_client(self, client: Client) -> None:
        change = self._begin("client.created")
        body = {"name": "Ada", "email": f"{change.key}@example.com"}
        self.clients.append(await _post(client, change, "clients", body))

    async def _rename(self, client: Client) -> None:
        change = self._begin("client.updated")
        await client.send(change, "PUT", f"/api/v1/clients/{self.choice.choice(self.clients)}", {"company": change.key})

    async def _order(self, client: Client) -> None:
        change = self._begin("order.created")
        about = {"clientId": self.choice.choice(self.clients), "serviceId": self.services[0]}
        order = await _post(client, change, "orders", about | {"notes": change.key})
        self.orders[order] = "PENDING"
        self.uninvoiced.append(order)

    def _some_order(self) -> str:
        return self.choice.choice(list(self.orders))

    async def _message(self, client: Client) -> None:
        change = self._begin("message.created")
        await client.graphql(change, MESSAGE, {"orderId": self._some_order(), "body": change.key})

    def _movable(self) -> list[str]:
        return [order for order, status in self.orders.items() if status in MOVES]

    async def _transition(self, client: Client) -> None:
        order = self.choice.choice(self._movable())
        target = MOVES[self.orders[order]]
        await client.graphql(self._begin("order.status_changed"), MOVE, {"id": order, "to": target})
        self.orders[order] = target

    async def _put(self, client: Client) -> None:
        order = self.choice.choice(self._movable())
        target = MOVES[self.orders[order]]
        await client.send(self._begin("order.status_changed"), "PUT", f"/api/v1/orders/{order}", {"status": target})
        self.orders[order] = target

    async def _invoice(self, client: Client) -> None:
        change, order = self._begin("invoice.created"), self.uninvoiced.pop(0)
        made = await client.graphql(change, FROM_ORDER, {"orderId": order, "metadata": {"mark": change.key}})
        self.drafts.append(made["publicId"])

    async def _finalize(self, client: Client) -> None:
        invoice = self.drafts.pop(0)
        await client.graphql(self._begin("invoice.finalized"), FINALIZE, {"id": invoice})
        self.unpaid.append(invoice)

    async def _pay(self, client: Client) -> None:
        await client.graphql(self._begin("invoice.paid"), PAY, {"id": self.unpaid.pop(0)})

    async def _agent(self, client: Client) -> None:
        model, order = next(self.tenant.models), self._some_order()
        change = self._begin("agent_job.queued", model)
        body = {"definitionId": self.tenant.agents[model], "orderId": order}
        await _post(client, change, "agent-jobs", body | {"input": {"orderId": order, "mark": change.key}})

    async def _subscription(self, client: Client) -> None:
        change = self._begin("subscription.created")
        begun = (datetime.now(UTC).date() - timedelta(weeks=WEEKS)).isoformat()
        body = {"clientId": self.choice.choice(self.clients), "serviceId": self.services[1], "startDate": begun}
        await _post(client, change, "subscriptions", body | {"metadata": {"mark": change.key}})

    async def _report(self, client: Client) -> None:
        """Read the report that was asked for last, and ask for the next."""
        if self.reports:
            await client.read(f"/api/v1/reports/{self.reports[-1]}")
        kind = next(self.tenant.kinds)
        body = {"kind": kind, "parameters": parameters_of(kind)}
        self.reports.append(await _post(client, self._begin(SILENT, kind), "reports", body))


async def _post(client: Client, change: Change, path: str, body: dict[str, Any]) -> str:
    """Create an object; its ID."""
    return str((await client.send(change, "POST", f"/api/v1/{path}", body))["publicId"])
