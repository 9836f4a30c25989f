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
from schema.mutations import EXPECTED, Info, mutation
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
        description="The client's orders, newest first.",
        arguments=page_arguments(OrderFilter, OrderOrder),
    )


@object_type(description="A client and where it stands in its list.", scope="clients:read")
class ClientEdge:
    """A row and where it stands in its list."""

    node: Client = edge_node()
    cursor: str = edge_cursor()


@object_type(description="A page of clients.", scope="clients:read")
class ClientConnection:
    """A page of clients."""

    edges: list[ClientEdge] = edges()
    nodes: list[Client] = nodes()
    page_info: PageInfo = page_info()
    total_count: int = total_count()


@strawberry.input(description="Conditions on a client's status.")
class ClientStatusFilter:
    """Conditions on a status."""

    eq: strawberry.Maybe[ClientStatus] = strawberry.field(description="Is this.")
    in_: strawberry.Maybe[list[ClientStatus]] = strawberry.field(name="in", description="Is one of these.")
    not_in: strawberry.Maybe[list[ClientStatus]] = strawberry.field(description="Is none of these.")


class ClientOrderField(StrEnum):
    """What clients can be ordered by."""

    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"
    NAME = "NAME"


words(
    ClientOrderField, CREATED_AT="When it was made.", UPDATED_AT="When it last changed.", NAME="Its name, without case."
)


@strawberry.input(description="Which clients; every condition given must hold.")
class ClientFilter:
    """Which clients."""

    and_: strawberry.Maybe[list["ClientFilter"]] = strawberry.field(name="and", description=AND)
    or_: strawberry.Maybe[list["ClientFilter"]] = strawberry.field(name="or", description=OR)
    not_: strawberry.Maybe["ClientFilter"] = strawberry.field(name="not", description=NOT)
    search: strawberry.Maybe[str] = strawberry.field(description=SEARCH)
    id: strawberry.Maybe[IdFilter] = strawberry.field(description="By id.")
    status: strawberry.Maybe[ClientStatusFilter] = strawberry.field(description="By status.")
    tags: strawberry.Maybe[TagsFilter] = strawberry.field(description="By tags.")
    created_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="By when it was made.")
    updated_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="By when it last changed.")
    name: strawberry.Maybe[TextFilter] = strawberry.field(description="By name.")
    email: strawberry.Maybe[TextFilter] = strawberry.field(description="By email.")
    orders: strawberry.Maybe[OrderListFilter] = strawberry.field(description="By its orders.")


@strawberry.input(description="Conditions on the clients of something.")
class ClientListFilter:
    """Conditions on the clients of something."""

    some: strawberry.Maybe[ClientFilter] = strawberry.field(description=SOME)
    none: strawberry.Maybe[ClientFilter] = strawberry.field(description=NONE)


@strawberry.input(description="An order of clients.")
class ClientOrder:
    """An order of clients."""

    kept_whole = True
    field: ClientOrderField = strawberry.field(description="By what.")
    direction: Direction | None = strawberry.field(description="Which way.", default=Direction.ASC)


@input_type(Table, description="A new client.")
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


@input_type(Table, clears=True, description="What to change of a client: absent keeps, null clears.")
class UpdateClientInput:
    """What to change of a client."""

    id: strawberry.ID = strawberry.field(description="The client's id.")
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


@input_type(description="Which client to delete.")
class DeleteClientInput:
    """Which client to delete."""

    id: strawberry.ID = strawberry.field(description="The client's id.")
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@object_type(description="What createClient did.")
class CreateClientPayload:
    """What createClient did."""

    client: Client = strawberry.field(description="The client, as it is now.")


@object_type(description="What updateClient did.")
class UpdateClientPayload:
    """What updateClient did."""

    client: Client = strawberry.field(description="The client, as it is now.")


@object_type(description="What deleteClient did.")
class DeleteClientPayload:
    """What deleteClient did."""

    deleted_id: strawberry.ID | None = strawberry.field(description="The id that is gone; null when it was archived.")
    client: Client | None = strawberry.field(description="The client, when it was archived instead.")


@strawberry.type
class ClientQuery:
    """What can be asked of clients."""

    client: Client | None = batched(
        clients.one,
        description="The client of an id; null when it is missing.",
        arguments=[argument("id", strawberry.ID, "The client's id.", required=True)],
        cost=1,
    )
    clients: ClientConnection | None = batched(
        clients.listed,
        description="The organization's clients, newest first.",
        arguments=page_arguments(ClientFilter, ClientOrder),
    )


@strawberry.type
class ClientMutation:
    """What can be done with clients."""

    @mutation("clients:write", "Create a client.")
    async def create_client(self, info: Info, input: CreateClientInput) -> CreateClientPayload:
        """Create one."""
        return CreateClientPayload(client=await clients.create(info.context, values_of(input)))

    @mutation("clients:write", "Change a client.")
    async def update_client(self, info: Info, input: UpdateClientInput) -> UpdateClientPayload:
        """Change one."""
        values = values_of(input)
        key, expected = values.pop("id"), values.pop("expected_version", None)
        return UpdateClientPayload(client=await clients.change(info.context, key, expected, values))

    @mutation("clients:write", "Delete a client; one that has orders is archived instead.")
    async def delete_client(self, info: Info, input: DeleteClientInput) -> DeleteClientPayload:
        """Delete one."""
        values = values_of(input)
        kept = await clients.remove(info.context, values["id"], values.get("expected_version"))
        return DeleteClientPayload(deleted_id=None if kept else values["id"], client=kept)
