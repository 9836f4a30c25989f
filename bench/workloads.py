"""What is measured: one request for each workload."""

from dataclasses import dataclass

import orjson

_NEWEST = "orderBy: [{field: CREATED_AT, direction: DESC}]"


def nested_text(first: int) -> str:
    """The nested query, for so many clients."""
    return f"""{{ clients(first: {first}, {_NEWEST}) {{ nodes {{ id name email
  orders(first: 5, {_NEWEST}) {{ nodes {{ id number status total service {{ name }} }}
    pageInfo {{ hasNextPage }} }} }} }} }}"""


NESTED = nested_text(50)
FLAT = f"{{ clients(first: 50, {_NEWEST}) {{ nodes {{ id name email company status createdAt }} }} }}"
ONE = f"""query($id: ID!) {{ order(id: $id) {{ id number status total client {{ name email }} service {{ name price }}
  messages(first: 10, {_NEWEST}) {{ nodes {{ id body author {{ kind name }} createdAt }} }} }} }}"""

# The page of a client, as a back office shows it.
CLIENT = f"""query($id: ID!) {{ client(id: $id) {{ id name email company status tags createdAt
  orders(first: 5, {_NEWEST}) {{ nodes {{ id number status total currency createdAt service {{ name }} }} }}
  invoices(first: 5, {_NEWEST}) {{ nodes {{ id number status total amountDue dueAt }} }}
  tickets(first: 5, {_NEWEST}) {{ nodes {{ id number subject status priority createdAt }} }}
  subscriptions(first: 2, {_NEWEST}) {{ nodes {{ id status quantity unitPrice currency currentPeriodEnd }} }}
  totals {{ currency lifetimeValue }} }} }}"""


@dataclass(frozen=True, slots=True)
class Sample:
    """The public ids that requests need, all of one organization: ``busiest`` is the client with most rows."""

    client: str
    busiest: str
    service: str
    order: str


@dataclass(frozen=True, slots=True)
class Workload:
    """One request, and the status that answers it; ``stock`` says whether the stock server answers it too."""

    name: str
    meaning: str
    method: str
    path: str
    body: bytes = b""
    status: int = 200
    stock: bool = False

    @property
    def writes(self) -> bool:
        """Whether it leaves rows behind."""
        return self.status == 201

    def request(self, host: str, key: str) -> bytes:
        """The request as it goes over the wire."""
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        if self.body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n"
        return f"{head}\r\n".encode() + self.body


def _graph(name: str, meaning: str, query: str, *, stock: bool = True, **variables: str) -> Workload:
    body = orjson.dumps({"query": query, "variables": variables})
    return Workload(name, meaning, "POST", "/graphql", body, stock=stock)


def nested(first: int) -> Workload:
    """W1, for so many clients."""
    return _graph("W1", f"{first} newest clients, 5 newest orders each, their services", nested_text(first))


def create_order(sample: Sample) -> Workload:
    """W6, also what contention is measured with."""
    body = orjson.dumps({"clientId": sample.client, "serviceId": sample.service})
    return Workload("W6", "REST create order, an endpoint listens", "POST", "/api/v1/orders", body, 201)


def workloads(sample: Sample) -> list[Workload]:
    """Every workload, in order."""
    return [
        nested(50),
        _graph("W2", "50 clients, flat", FLAT),
        _graph("W3", "one order, client, service, last 10 messages", ONE, id=sample.order),
        Workload("W4", "REST list of 50 clients", "GET", "/api/v1/clients?limit=50"),
        Workload("W5", "REST get of an order", "GET", f"/api/v1/orders/{sample.order}"),
        create_order(sample),
        _graph(
            "W7",
            "a client's page: 5 orders, 5 invoices, 5 tickets, 2 subscriptions, totals",
            CLIENT,
            stock=False,
            id=sample.busiest,
        ),
    ]
