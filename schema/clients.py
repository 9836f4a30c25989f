"""Clients in the graph."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from models.clients import CLIENT, ClientStatus
from models.clients import Client as Table
from resolvers import clients
from resolvers.agent_jobs import costs
from resolvers.agent_jobs.collections import AGENT_JOBS
from resolvers.clients import CLIENTS
from resolvers.invoices import loaders
from resolvers.invoices.collections import INVOICES
from resolvers.orders import ORDERS
from resolvers.orders_by_status import counts_of_clients
from resolvers.subscriptions.collections import SUBSCRIPTIONS
from resolvers.tickets.collections import TICKETS
from schema.declaration.collections import TagUse, many, one, tags_field, to_many
from schema.declaration.fields import batched, creation, object_type, public_id
from schema.declaration.inputs import UpdateInput, input_type
from schema.declaration.lists import Connection
from schema.declaration.mutations import creates, deletes, updates
from schema.declaration.nodes import Node
from schema.declaration.scalars import StringMap

if TYPE_CHECKING:
    from schema.agent_jobs.types import AgentCost, AgentJob
    from schema.invoices.types import ClientTotal, Invoice
    from schema.orders import Order, OrderCount
    from schema.subscriptions import ClientSubscription
    from schema.tickets import Ticket


@object_type(Table, CLIENT)
class Client(Node):
    """A client: a person or a company that the organization works for."""

    id: strawberry.ID = public_id(CLIENT)
    name: str
    email: str
    company: str | None
    phone: str | None
    address: str | None
    tax_id: str | None
    status: ClientStatus
    tags: list[str]
    source: str | None
    notes: str | None
    metadata: StringMap
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    orders: Connection[Annotated["Order", strawberry.lazy("schema.orders")]] = to_many(
        ORDERS, "client_id", "The client's orders"
    )
    invoices: Connection[Annotated["Invoice", strawberry.lazy("schema.invoices.types")]] = to_many(
        INVOICES, "client_id", "The client's invoices"
    )
    totals: list[Annotated["ClientTotal", strawberry.lazy("schema.invoices.types")]] = batched(
        loaders.totals_of_clients, "id", description="Payments of the client's invoices, by currency."
    )
    tickets: Connection[Annotated["Ticket", strawberry.lazy("schema.tickets")]] = to_many(
        TICKETS, "client_id", "The client's tickets"
    )
    subscriptions: Connection[Annotated["ClientSubscription", strawberry.lazy("schema.subscriptions")]] = to_many(
        SUBSCRIPTIONS, "client_id", "The client's subscriptions"
    )
    agent_jobs: Connection[Annotated["AgentJob", strawberry.lazy("schema.agent_jobs.types")]] = to_many(
        AGENT_JOBS, "client_id", "Agent jobs about the client's orders and tickets"
    )
    agent_cost: list[Annotated["AgentCost", strawberry.lazy("schema.agent_jobs.types")]] = batched(
        costs.of_clients,
        "id",
        description="Cost of the agent jobs about the client's orders and tickets, by currency. Currencies in which"
        " none cost anything are left out.",
    )
    order_counts: list[Annotated["OrderCount", strawberry.lazy("schema.orders")]] = batched(
        counts_of_clients,
        "id",
        description="Number of the client's orders by status. Statuses without orders are left out.",
        cost=2,
    )


@input_type(Table)
class CreateClientInput:
    """Fields of the new client."""

    name: str
    email: str
    company: strawberry.Maybe[str | None]
    phone: strawberry.Maybe[str | None]
    address: strawberry.Maybe[str | None]
    tax_id: strawberry.Maybe[str | None]
    status: strawberry.Maybe[ClientStatus]
    tags: strawberry.Maybe[list[str]]
    source: strawberry.Maybe[str | None]
    notes: strawberry.Maybe[str | None]
    metadata: strawberry.Maybe[StringMap]


@input_type(Table, clears=True)
class UpdateClientInput(UpdateInput):
    """Fields of the client to change."""

    name: strawberry.Maybe[str]
    email: strawberry.Maybe[str]
    company: strawberry.Maybe[str | None]
    phone: strawberry.Maybe[str | None]
    address: strawberry.Maybe[str | None]
    tax_id: strawberry.Maybe[str | None]
    status: strawberry.Maybe[ClientStatus]
    tags: strawberry.Maybe[list[str]]
    source: strawberry.Maybe[str | None]
    notes: strawberry.Maybe[str | None]
    metadata: strawberry.Maybe[StringMap]


@strawberry.type
class ClientQuery:
    """Queries of clients."""

    client: Client | None = one(CLIENTS)
    clients: Connection[Client] | None = many(CLIENTS)
    client_tags: list[TagUse] | None = tags_field(CLIENTS)


@strawberry.type
class ClientMutation:
    """Mutations of clients."""

    create_client = creates(Client, CreateClientInput, clients.create, "Create a client.")
    update_client = updates(
        Client,
        UpdateClientInput,
        clients.change,
        "Update a client. It is not `ARCHIVED` while one of its subscriptions is not `CANCELLED`.",
    )
    delete_client = deletes(
        Client,
        clients.remove,
        "Delete a client. A client that has orders, invoices, tickets, submissions of forms, subscriptions or agent"
        " jobs is archived instead.",
        keeps="The archived client; null when it was deleted.",
    )
