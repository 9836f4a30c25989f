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
from schema.mutations import EXPECTED, MERGED, Info, mutation
from schema.nodes import Node
from schema.orders import OrderConnection, OrderFilter, OrderListFilter, OrderOrder
from schema.scalars import Currency, MinorUnits, StringMap


@object_type(
    Table, description="A service that the organization sells: an entry of its catalogue.", scope="services:read"
)
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
        description="The service's orders, newest first by default.",
        arguments=page_arguments(OrderFilter, OrderOrder),
    )


@object_type(description="An edge of a list of services: a service and its cursor.", scope="services:read")
class ServiceEdge:
    """A row and where it stands in its list."""

    node: Service = edge_node()
    cursor: str = edge_cursor()


@object_type(description="A page of a list of services.", scope="services:read")
class ServiceConnection:
    """A page of services."""

    edges: list[ServiceEdge] = edges()
    nodes: list[Service] = nodes()
    page_info: PageInfo = page_info()
    total_count: int = total_count()


@strawberry.input(description="Conditions on a service's status.")
class ServiceStatusFilter:
    """Conditions on a status."""

    eq: strawberry.Maybe[ServiceStatus] = strawberry.field(description="Equals this value.")
    in_: strawberry.Maybe[list[ServiceStatus]] = strawberry.field(name="in", description="Equals one of these values.")
    not_in: strawberry.Maybe[list[ServiceStatus]] = strawberry.field(description="Equals none of these values.")


class ServiceOrderField(StrEnum):
    """Fields that services can be sorted by."""

    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"
    NAME = "NAME"
    PRICE = "PRICE"


words(
    ServiceOrderField,
    CREATED_AT="Time of creation.",
    UPDATED_AT="Time of the last change.",
    NAME="Name, without regard to case.",
    PRICE="Price, regardless of the currency.",
)


@strawberry.input(description="Filter conditions for services. All given conditions must match.")
class ServiceFilter:
    """Which services."""

    and_: strawberry.Maybe[list["ServiceFilter"]] = strawberry.field(name="and", description=AND)
    or_: strawberry.Maybe[list["ServiceFilter"]] = strawberry.field(name="or", description=OR)
    not_: strawberry.Maybe["ServiceFilter"] = strawberry.field(name="not", description=NOT)
    search: strawberry.Maybe[str] = strawberry.field(description=SEARCH)
    id: strawberry.Maybe[IdFilter] = strawberry.field(description="Filter by ID.")
    status: strawberry.Maybe[ServiceStatusFilter] = strawberry.field(description="Filter by status.")
    tags: strawberry.Maybe[TagsFilter] = strawberry.field(description="Filter by tags.")
    created_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="Filter by time of creation.")
    updated_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="Filter by time of the last change.")
    name: strawberry.Maybe[TextFilter] = strawberry.field(description="Filter by name.")
    price: strawberry.Maybe[MinorUnitsFilter] = strawberry.field(description="Filter by price, in minor units.")
    orders: strawberry.Maybe[OrderListFilter] = strawberry.field(description="Filter by the service's orders.")


@strawberry.input(description="Conditions on related services.")
class ServiceListFilter:
    """Conditions on the services of something."""

    some: strawberry.Maybe[ServiceFilter] = strawberry.field(description=SOME)
    none: strawberry.Maybe[ServiceFilter] = strawberry.field(description=NONE)


@strawberry.input(description="Ordering options for services.")
class ServiceOrder:
    """An order of services."""

    kept_whole = True
    field: ServiceOrderField = strawberry.field(description="Field to sort by.")
    direction: Direction | None = strawberry.field(description="Sort direction.", default=Direction.ASC)


@input_type(Table, description="Fields of the new service.")
class CreateServiceInput:
    """A new service."""

    name: str
    description: strawberry.Maybe[str | None]
    price: MinorUnits
    currency: strawberry.Maybe[Currency] = strawberry.field(
        description="ISO 4217 currency code. Defaults to the organization's currency."
    )
    billing: strawberry.Maybe[Billing]
    interval: strawberry.Maybe[BillingInterval | None]
    delivery_days: strawberry.Maybe[int | None]
    status: strawberry.Maybe[ServiceStatus]
    tags: strawberry.Maybe[list[str]]
    metadata: strawberry.Maybe[StringMap]


@input_type(Table, clears=True, description=f"Fields of the service to change. {MERGED}")
class UpdateServiceInput:
    """What to change of a service."""

    id: strawberry.ID = strawberry.field(description="ID of the service.")
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


@input_type(description="The service to delete.")
class DeleteServiceInput:
    """Which service to delete."""

    id: strawberry.ID = strawberry.field(description="ID of the service.")
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@object_type(description="Result of createService.")
class CreateServicePayload:
    """Result of createService."""

    service: Service = strawberry.field(description="The created service.")


@object_type(description="Result of updateService.")
class UpdateServicePayload:
    """Result of updateService."""

    service: Service = strawberry.field(description="The updated service.")


@object_type(description="Result of deleteService.")
class DeleteServicePayload:
    """Result of deleteService."""

    deleted_id: strawberry.ID | None = strawberry.field(description="ID of the deleted service.")


@strawberry.type
class ServiceQuery:
    """What can be asked of services."""

    service: Service | None = batched(
        services.one,
        description="Look up a service by ID. Null when it does not exist.",
        arguments=[argument("id", strawberry.ID, "ID of the service.")],
        cost=1,
    )
    services: ServiceConnection | None = batched(
        services.listed,
        description="The organization's services, newest first by default.",
        arguments=page_arguments(ServiceFilter, ServiceOrder),
    )


@strawberry.type
class ServiceMutation:
    """What can be done with services."""

    @mutation("services:write", "Create a service.")
    async def create_service(self, info: Info, input: CreateServiceInput) -> CreateServicePayload:
        """Create one."""
        return CreateServicePayload(service=await services.create(info.context, values_of(input)))

    @mutation("services:write", "Update a service. Existing orders keep the values that they copied from it.")
    async def update_service(self, info: Info, input: UpdateServiceInput) -> UpdateServicePayload:
        """Change one."""
        values = values_of(input)
        key, expected = values.pop("id"), values.pop("expected_version", None)
        return UpdateServicePayload(service=await services.change(info.context, key, expected, values))

    @mutation("services:write", "Delete a service. A service that has orders cannot be deleted; archive it instead.")
    async def delete_service(self, info: Info, input: DeleteServiceInput) -> DeleteServicePayload:
        """Delete one."""
        values = values_of(input)
        await services.remove(info.context, values["id"], values.get("expected_version"))
        return DeleteServicePayload(deleted_id=values["id"])
