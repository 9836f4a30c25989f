"""The load: connections that change clients, orders and messages over both APIs, each change under a key of its own."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import httpx

from bench.chaos.journal import LOST, Change, Journal
from bench.chaos.stack import moment

ANSWER_S = 20.0
# Each change is sent until it is acknowledged; once the load has ended, for this long.
PATIENCE_S = 45.0
AGAIN_S = 0.2
AGAIN = frozenset({409, 429, 500, 502, 503, 504})
MOVES = {"PENDING": "SUBMITTED", "SUBMITTED": "IN_PROGRESS", "IN_PROGRESS": "DELIVERED", "DELIVERED": "COMPLETED"}
MESSAGE = """mutation($input: CreateMessageInput!) {
  createMessage(input: $input) { done: message { publicId: id version } } }"""
MOVE = """mutation($input: TransitionOrderInput!) {
  transitionOrder(input: $input) { done: order { publicId: id version number } } }"""


class Unexpected(Exception):
    """A change was refused for what was in it, which must not happen."""


@dataclass(slots=True)
class Connection:
    """One connection, which changes only what it created, one change after another."""

    org: str
    base: str
    key: str
    name: str
    journal: Journal
    pause: float
    choice: random.Random
    clients: list[str] = field(default_factory=list)
    orders: dict[str, str] = field(default_factory=dict)
    made: int = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Make changes until the event is set; the one under way is still sent until it is acknowledged."""
        limits = httpx.Limits(max_connections=1)
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx.AsyncClient(base_url=self.base, headers=headers, limits=limits, timeout=ANSWER_S) as http:
            service = await self._service(http, stopping)
            while not stopping.is_set():
                await self._one(http, service, stopping)
                await asyncio.sleep(self.pause * self.choice.uniform(0.5, 1.5))

    async def _service(self, http: httpx.AsyncClient, stopping: asyncio.Event) -> str:
        body = {"name": self.name, "price": 15_000, "status": "ACTIVE", "deliveryDays": 5}
        change = self._begin("service.created")
        return str((await self._send(http, change, "POST", "/api/v1/services", body, stopping))["publicId"])

    async def _one(self, http: httpx.AsyncClient, service: str, stopping: asyncio.Event) -> None:
        movable = [order for order, status in self.orders.items() if status in MOVES]
        choices = ["client", *["rename", "order"] * bool(self.clients), *["message"] * bool(self.orders)]
        choices += ["move", "put"] * bool(movable)
        chosen = self.choice.choice(choices)
        if chosen == "client":
            change = self._begin("client.created")
            body = {"name": "Ada", "email": f"{change.key}@example.com"}
            self.clients.append((await self._send(http, change, "POST", "/api/v1/clients", body, stopping))["publicId"])
        elif chosen == "rename":
            change = self._begin("client.updated")
            path = f"/api/v1/clients/{self.choice.choice(self.clients)}"
            await self._send(http, change, "PUT", path, {"company": change.key}, stopping)
        elif chosen == "order":
            change = self._begin("order.created")
            body = {"clientId": self.choice.choice(self.clients), "serviceId": service, "notes": change.key}
            order = await self._send(http, change, "POST", "/api/v1/orders", body, stopping)
            self.orders[order["publicId"]] = "PENDING"
        elif chosen == "message":
            change = self._begin("message.created")
            given = {"orderId": self.choice.choice(list(self.orders)), "body": change.key}
            await self._graphql(http, change, MESSAGE, given, stopping)
        else:
            await self._move(http, self.choice.choice(movable), chosen == "put", stopping)

    async def _move(self, http: httpx.AsyncClient, order: str, rest: bool, stopping: asyncio.Event) -> None:
        change, target = self._begin("order.status_changed"), MOVES[self.orders[order]]
        if rest:
            await self._send(http, change, "PUT", f"/api/v1/orders/{order}", {"status": target}, stopping)
        else:
            await self._graphql(http, change, MOVE, {"id": order, "to": target}, stopping)
        self.orders[order] = target

    def _begin(self, type_: str) -> Change:
        self.made += 1
        return self.journal.begin(self.org, f"{self.name}-{self.made}", type_)

    async def _graphql(
        self, http: httpx.AsyncClient, change: Change, document: str, given: Any, stopping: asyncio.Event
    ) -> None:
        body = {"query": document, "variables": {"input": given}}
        await self._send(http, change, "POST", "/graphql", body, stopping)

    async def _send(
        self, http: httpx.AsyncClient, change: Change, method: str, path: str, body: Any, stopping: asyncio.Event
    ) -> dict[str, Any]:
        """Send a change until it is acknowledged; its row. Raises Unexpected, or TimeoutError after the end."""
        given_up: float | None = None
        while True:
            change.tries += 1
            change.sent = moment()
            wait = AGAIN_S
            try:
                response = await http.request(method, path, json=body, headers={"Idempotency-Key": change.key})
            except httpx.TransportError:
                self.journal.statuses[LOST] += 1
            else:
                status, row = _read(response)
                self.journal.statuses[str(status)] += 1
                if row is not None:
                    self.journal.acknowledge(change, row["publicId"], row["version"], row.get("number"))
                    return row
                if status not in AGAIN:
                    self.journal.refused.append(f"{method} {path}: {status} {response.text[:500]}")
                    raise Unexpected(self.journal.refused[-1])
                if status == 503 and "retry-after" not in response.headers:
                    self.journal.unhelpful += 1
                wait = min(float(response.headers.get("retry-after", AGAIN_S)), 1.0)
            if stopping.is_set():
                given_up = given_up or moment() + PATIENCE_S
                if moment() > given_up:
                    raise TimeoutError(f"{change.key} was not acknowledged")
            await asyncio.sleep(wait)


def _read(response: httpx.Response) -> tuple[int, dict[str, Any] | None]:
    """The status of an answer (of a GraphQL error, its own), and the row where it is a success."""
    status = response.status_code
    if status in (200, 201):
        body = response.json()
        if "errors" in body:
            return int(body["errors"][0]["extensions"]["status"]), None
        [found] = [body["data"]] if "publicId" in body["data"] else [each["done"] for each in body["data"].values()]
        return status, found
    return status, None
