"""Services in the graph."""

from datetime import datetime
from enum import StrEnum

import strawberry

from models.services import PREFIX, Billing, BillingInterval, ServiceStatus
from models.services import Service as Table
from resolvers import orders, services
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
    MinorUnitsFilter,
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
from schema.scalars import Currency, MinorUnits, StringMap


@object_type(Table, description="What the organization sells: an entry of its catalogue.", scope="services:read")
class Service(Node):
    """A service."""

    prefix = PREFIX
    id: strawberry.ID = public_id(PREFIX)
    name: str
    description: str | None
    price: MinorUnits
    currency: Currency
    billing: Billing
    interval: BillingInterval | None
    delivery_days: int | None
    status: ServiceStatus
    tags: list[str]
    metadata: StringMap
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    orders: OrderConnection = batched(
        orders.of_services,
        "id",
        description="The service's orders, newest first.",
        arguments=page_arguments(OrderFilter, OrderOrder),
    )


@object_type(description="A service and where it stands in its list.", scope="services:read")
class ServiceEdge:
    """A row and where it stands in its list."""

    node: Service = edge_node()
    cursor: str = edge_cursor()


@object_type(description="A page of services.", scope="services:read")
class ServiceConnection:
    """A page of services."""

    edges: list[ServiceEdge] = edges()
    nodes: list[Service] = nodes()
    page_info: PageInfo = page_info()
    total_count: int = total_count()


@strawberry.input(description="Conditions on a service's status.")
class ServiceStatusFilter:
    """Conditions on a status."""

    eq: strawberry.Maybe[ServiceStatus] = strawberry.field(description="Is this.")
    in_: strawberry.Maybe[list[ServiceStatus]] = strawberry.field(name="in", description="Is one of these.")
    not_in: strawberry.Maybe[list[ServiceStatus]] = strawberry.field(description="Is none of these.")


class ServiceOrderField(StrEnum):
    """What services can be ordered by."""

    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"
    NAME = "NAME"
    PRICE = "PRICE"


words(
    ServiceOrderField,
    CREATED_AT="When it was made.",
    UPDATED_AT="When it last changed.",
    NAME="Its name, without case.",
    PRICE="Its price, whatever the currency.",
)


@strawberry.input(description="Which services; every condition given must hold.")
class ServiceFilter:
    """Which services."""

    and_: strawberry.Maybe[list["ServiceFilter"]] = strawberry.field(name="and", description=AND)
    or_: strawberry.Maybe[list["ServiceFilter"]] = strawberry.field(name="or", description=OR)
    not_: strawberry.Maybe["ServiceFilter"] = strawberry.field(name="not", description=NOT)
    search: strawberry.Maybe[str] = strawberry.field(description=SEARCH)
    id: strawberry.Maybe[IdFilter] = strawberry.field(description="By id.")
    status: strawberry.Maybe[ServiceStatusFilter] = strawberry.field(description="By status.")
    tags: strawberry.Maybe[TagsFilter] = strawberry.field(description="By tags.")
    created_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="By when it was made.")
    updated_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="By when it last changed.")
    name: strawberry.Maybe[TextFilter] = strawberry.field(description="By name.")
    price: strawberry.Maybe[MinorUnitsFilter] = strawberry.field(description="By price, in minor units.")
    orders: strawberry.Maybe[OrderListFilter] = strawberry.field(description="By its orders.")


@strawberry.input(description="Conditions on the services of something.")
class ServiceListFilter:
    """Conditions on the services of something."""

    some: strawberry.Maybe[ServiceFilter] = strawberry.field(description=SOME)
    none: strawberry.Maybe[ServiceFilter] = strawberry.field(description=NONE)


@strawberry.input(description="An order of services.")
class ServiceOrder:
    """An order of services."""

    kept_whole = True
    field: ServiceOrderField = strawberry.field(description="By what.")
    direction: Direction | None = strawberry.field(description="Which way.", default=Direction.ASC)


@input_type(Table, description="A new service.")
class CreateServiceInput:
    """A new service."""

    name: str
    description: strawberry.Maybe[str | None]
    price: MinorUnits
    currency: strawberry.Maybe[Currency]
    billing: strawberry.Maybe[Billing]
    interval: strawberry.Maybe[BillingInterval | None]
    delivery_days: strawberry.Maybe[int | None]
    status: strawberry.Maybe[ServiceStatus]
    tags: strawberry.Maybe[list[str]]
    metadata: strawberry.Maybe[StringMap]


@input_type(Table, clears=True, description="What to change of a service: absent keeps, null clears.")
class UpdateServiceInput:
    """What to change of a service."""

    id: strawberry.ID = strawberry.field(description="The service's id.")
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)
    name: strawberry.Maybe[str]
    description: strawberry.Maybe[str | None]
    price: strawberry.Maybe[MinorUnits]
    currency: strawberry.Maybe[Currency]
    billing: strawberry.Maybe[Billing]
    interval: strawberry.Maybe[BillingInterval | None]
    delivery_days: strawberry.Maybe[int | None]
    status: strawberry.Maybe[ServiceStatus]
    tags: strawberry.Maybe[list[str]]
    metadata: strawberry.Maybe[StringMap]


@input_type(description="Which service to delete.")
class DeleteServiceInput:
    """Which service to delete."""

    id: strawberry.ID = strawberry.field(description="The service's id.")
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@object_type(description="What createService did.")
class CreateServicePayload:
    """What createService did."""

    service: Service = strawberry.field(description="The service, as it is now.")


@object_type(description="What updateService did.")
class UpdateServicePayload:
    """What updateService did."""

    service: Service = strawberry.field(description="The service, as it is now.")


@object_type(description="What deleteService did.")
class DeleteServicePayload:
    """What deleteService did."""

    deleted_id: strawberry.ID | None = strawberry.field(description="The id that is gone.")


@strawberry.type
class ServiceQuery:
    """What can be asked of services."""

    service: Service | None = batched(
        services.one,
        description="The service of an id; null when it is missing.",
        arguments=[argument("id", strawberry.ID, "The service's id.", required=True)],
        cost=1,
    )
    services: ServiceConnection | None = batched(
        services.listed,
        description="The organization's services, newest first.",
        arguments=page_arguments(ServiceFilter, ServiceOrder),
    )


@strawberry.type
class ServiceMutation:
    """What can be done with services."""

    @mutation("services:write", "Create a service.")
    async def create_service(self, info: Info, input: CreateServiceInput) -> CreateServicePayload:
        """Create one."""
        return CreateServicePayload(service=await services.create(info.context, values_of(input)))

    @mutation("services:write", "Change a service; orders keep what they copied of it.")
    async def update_service(self, info: Info, input: UpdateServiceInput) -> UpdateServicePayload:
        """Change one."""
        values = values_of(input)
        key, expected = values.pop("id"), values.pop("expected_version", None)
        return UpdateServicePayload(service=await services.change(info.context, key, expected, values))

    @mutation("services:write", "Delete a service that was never ordered.")
    async def delete_service(self, info: Info, input: DeleteServiceInput) -> DeleteServicePayload:
        """Delete one."""
        values = values_of(input)
        await services.remove(info.context, values["id"], values.get("expected_version"))
        return DeleteServicePayload(deleted_id=values["id"])
