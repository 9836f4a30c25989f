"""Clients in the graph."""

from datetime import datetime
from enum import StrEnum

import strawberry

from models.clients import PREFIX, ClientStatus
from models.clients import Client as Table
from resolvers import clients, orders
from schema.enums import words
from schema.fields import argument, batched, creation, object_type, page_arguments, public_id
from schema.inputs import input_type, values_of
from schema.lists import (
    AND,
    NONE,
    NOT,
    OR,
    SEARCH,
    SOME,
    DateTimeFilter,
    Direction,
    IdFilter,
    PageInfo,
    TagsFilter,
    TextFilter,
    edge_cursor,
    edge_node,
    edges,
    nodes,
    page_info,
    total_count,
)
from schema.mutations import EXPECTED, MERGED, Info, mutation
from schema.nodes import Node
from schema.orders import OrderConnection, OrderFilter, OrderListFilter, OrderOrder
from schema.scalars import StringMap


@object_type(Table, description="A person or company that the organization works for.", scope="clients:read")
class Client(Node):
    """A client."""

    prefix = PREFIX
    id: strawberry.ID = public_id(PREFIX)
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
    orders: OrderConnection = batched(
        orders.of_clients,
        "id",
        description="The client's orders, newest first by default.",
        arguments=page_arguments(OrderFilter, OrderOrder),
    )


@object_type(description="An edge of a list of clients: a client and its cursor.", scope="clients:read")
class ClientEdge:
    """A row and where it stands in its list."""

    node: Client = edge_node()
    cursor: str = edge_cursor()


@object_type(description="A page of a list of clients.", scope="clients:read")
class ClientConnection:
    """A page of clients."""

    edges: list[ClientEdge] = edges()
    nodes: list[Client] = nodes()
    page_info: PageInfo = page_info()
    total_count: int = total_count()


@strawberry.input(description="Conditions on a client's status.")
class ClientStatusFilter:
    """Conditions on a status."""

    eq: strawberry.Maybe[ClientStatus] = strawberry.field(description="Equals this value.")
    in_: strawberry.Maybe[list[ClientStatus]] = strawberry.field(name="in", description="Equals one of these values.")
    not_in: strawberry.Maybe[list[ClientStatus]] = strawberry.field(description="Equals none of these values.")


class ClientOrderField(StrEnum):
    """Fields that clients can be sorted by."""

    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"
    NAME = "NAME"


words(
    ClientOrderField,
    CREATED_AT="Time of creation.",
    UPDATED_AT="Time of the last change.",
    NAME="Name, without regard to case.",
)


@strawberry.input(description="Filter conditions for clients. All given conditions must match.")
class ClientFilter:
    """Which clients."""

    and_: strawberry.Maybe[list["ClientFilter"]] = strawberry.field(name="and", description=AND)
    or_: strawberry.Maybe[list["ClientFilter"]] = strawberry.field(name="or", description=OR)
    not_: strawberry.Maybe["ClientFilter"] = strawberry.field(name="not", description=NOT)
    search: strawberry.Maybe[str] = strawberry.field(description=SEARCH)
    id: strawberry.Maybe[IdFilter] = strawberry.field(description="Filter by ID.")
    status: strawberry.Maybe[ClientStatusFilter] = strawberry.field(description="Filter by status.")
    tags: strawberry.Maybe[TagsFilter] = strawberry.field(description="Filter by tags.")
    created_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="Filter by time of creation.")
    updated_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="Filter by time of the last change.")
    name: strawberry.Maybe[TextFilter] = strawberry.field(description="Filter by name.")
    email: strawberry.Maybe[TextFilter] = strawberry.field(description="Filter by email address.")
    orders: strawberry.Maybe[OrderListFilter] = strawberry.field(description="Filter by the client's orders.")


@strawberry.input(description="Conditions on related clients.")
class ClientListFilter:
    """Conditions on the clients of something."""

    some: strawberry.Maybe[ClientFilter] = strawberry.field(description=SOME)
    none: strawberry.Maybe[ClientFilter] = strawberry.field(description=NONE)


@strawberry.input(description="Ordering options for clients.")
class ClientOrder:
    """An order of clients."""

    kept_whole = True
    field: ClientOrderField = strawberry.field(description="Field to sort by.")
    direction: Direction | None = strawberry.field(description="Sort direction.", default=Direction.ASC)


@input_type(Table, description="Fields of the new client.")
class CreateClientInput:
    """A new client."""

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


@input_type(Table, clears=True, description=f"Fields of the client to change. {MERGED}")
class UpdateClientInput:
    """What to change of a client."""

    id: strawberry.ID = strawberry.field(description="ID of the client.")
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)
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


@input_type(description="The client to delete.")
class DeleteClientInput:
    """Which client to delete."""

    id: strawberry.ID = strawberry.field(description="ID of the client.")
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@object_type(description="Result of createClient.")
class CreateClientPayload:
    """Result of createClient."""

    client: Client = strawberry.field(description="The created client.")


@object_type(description="Result of updateClient.")
class UpdateClientPayload:
    """Result of updateClient."""

    client: Client = strawberry.field(description="The updated client.")


@object_type(description="Result of deleteClient.")
class DeleteClientPayload:
    """Result of deleteClient."""

    deleted_id: strawberry.ID | None = strawberry.field(
        description="ID of the deleted client; null when it was archived instead."
    )
    client: Client | None = strawberry.field(description="The archived client; null when it was deleted.")


@strawberry.type
class ClientQuery:
    """What can be asked of clients."""

    client: Client | None = batched(
        clients.one,
        description="Look up a client by ID. Null when it does not exist.",
        arguments=[argument("id", strawberry.ID, "ID of the client.")],
        cost=1,
    )
    clients: ClientConnection | None = batched(
        clients.listed,
        description="The organization's clients, newest first by default.",
        arguments=page_arguments(ClientFilter, ClientOrder),
    )


@strawberry.type
class ClientMutation:
    """What can be done with clients."""

    @mutation("clients:write", "Create a client.")
    async def create_client(self, info: Info, input: CreateClientInput) -> CreateClientPayload:
        """Create one."""
        return CreateClientPayload(client=await clients.create(info.context, values_of(input)))

    @mutation("clients:write", "Update a client.")
    async def update_client(self, info: Info, input: UpdateClientInput) -> UpdateClientPayload:
        """Change one."""
        values = values_of(input)
        key, expected = values.pop("id"), values.pop("expected_version", None)
        return UpdateClientPayload(client=await clients.change(info.context, key, expected, values))

    @mutation("clients:write", "Delete a client. A client that has orders is archived instead.")
    async def delete_client(self, info: Info, input: DeleteClientInput) -> DeleteClientPayload:
        """Delete one."""
        values = values_of(input)
        kept = await clients.remove(info.context, values["id"], values.get("expected_version"))
        return DeleteClientPayload(deleted_id=None if kept else values["id"], client=kept)
