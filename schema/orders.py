"""Orders in the graph: what can be read of them."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from models.clients import PREFIX as CLIENT
from models.orders import PREFIX, Guard, OrderStatus, Requirement
from models.orders import Order as Table
from models.services import PREFIX as SERVICE
from resolvers import clients, messages, orders, services
from schema.enums import moves_described, words
from schema.fields import argument, batched, creation, object_type, page_arguments, public_id, related_id
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
    IntFilter,
    MinorUnitsFilter,
    PageInfo,
    TagsFilter,
    edge_cursor,
    edge_node,
    edges,
    nodes,
    page_info,
    total_count,
)
from schema.messages import MessageConnection, MessageFilter, MessageOrder
from schema.nodes import Node
from schema.scalars import Currency, Json, MinorUnits, StringMap

if TYPE_CHECKING:
    from schema.clients import Client, ClientFilter
    from schema.services import Service, ServiceFilter


@object_type(description="Why a transition is blocked.")
class Blocked:
    """What blocks a move."""

    code: Guard = strawberry.field(description="The guard that blocks the transition.")
    message: str = strawberry.field(description="Explanation for a person.")
    limit: int | None = strawberry.field(description="The limit that was reached: a number of revisions or days.")
    until: datetime | None = strawberry.field(
        description="Time until which the transition was possible, when time blocks it."
    )


@object_type(description="A transition of an order from its current status.")
class OrderTransition:
    """A move from where an order stands."""

    to: OrderStatus = strawberry.field(description="Status after the transition.")
    allowed: bool = strawberry.field(description="Whether the transition is allowed now.")
    requires: list[Requirement] = strawberry.field(description="Requirements of a request for the transition.")
    blocked_by: Blocked | None = strawberry.field(description="Why the transition is blocked; null when it is allowed.")


@object_type(
    Table,
    description="An order of a service by a client. Allowed transitions:\n\n" + moves_described(),
    scope="orders:read",
)
class Order(Node):
    """An order."""

    prefix = PREFIX
    id: strawberry.ID = public_id(PREFIX)
    number: int
    client_id: strawberry.ID = related_id(CLIENT, "client_id", "ID of the client that the order is for.")
    client: Annotated["Client", strawberry.lazy("schema.clients")] = batched(
        clients.of_orders, joined_by="client_id", description="The client that the order is for."
    )
    service_id: strawberry.ID = related_id(SERVICE, "service_id", "ID of the ordered service.")
    service: Annotated["Service", strawberry.lazy("schema.services")] = batched(
        services.of_orders, joined_by="service_id", description="The ordered service."
    )
    quantity: int
    unit_price: MinorUnits
    total: MinorUnits
    currency: Currency
    delivery_days: int | None
    status: OrderStatus
    due_at: datetime | None
    started_at: datetime | None
    held_at: datetime | None
    delivered_at: datetime | None
    completed_at: datetime | None
    cancelled_reason: str | None
    revisions: int
    notes: str | None
    form_data: Json | None
    tags: list[str]
    metadata: StringMap
    created_at: datetime = creation()
    updated_at: datetime
    version: int
    available_transitions: list[OrderTransition] = batched(
        orders.transitions,
        "status",
        "revisions",
        "completed_at",
        description="All transitions from the current status, including those that are blocked.",
    )
    messages: MessageConnection = batched(
        messages.of_orders,
        "id",
        description="Messages of the order's thread, newest first by default.",
        arguments=page_arguments(MessageFilter, MessageOrder),
    )


@object_type(description="An edge of a list of orders: an order and its cursor.", scope="orders:read")
class OrderEdge:
    """A row and where it stands in its list."""

    node: Order = edge_node()
    cursor: str = edge_cursor()


@object_type(description="A page of a list of orders.", scope="orders:read")
class OrderConnection:
    """A page of orders."""

    edges: list[OrderEdge] = edges()
    nodes: list[Order] = nodes()
    page_info: PageInfo = page_info()
    total_count: int = total_count()


@strawberry.input(description="Conditions on an order's status.")
class OrderStatusFilter:
    """Conditions on a status."""

    eq: strawberry.Maybe[OrderStatus] = strawberry.field(description="Equals this value.")
    in_: strawberry.Maybe[list[OrderStatus]] = strawberry.field(name="in", description="Equals one of these values.")
    not_in: strawberry.Maybe[list[OrderStatus]] = strawberry.field(description="Equals none of these values.")


class OrderOrderField(StrEnum):
    """Fields that orders can be sorted by."""

    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"
    NUMBER = "NUMBER"
    TOTAL = "TOTAL"
    DUE_AT = "DUE_AT"


words(
    OrderOrderField,
    CREATED_AT="Time of creation.",
    UPDATED_AT="Time of the last change.",
    NUMBER="Order number.",
    TOTAL="Total, regardless of the currency.",
    DUE_AT="Due time; orders without one come last.",
)


@strawberry.input(description="Conditions on related messages.")
class MessageListFilter:
    """Conditions on the messages of an order."""

    some: strawberry.Maybe[MessageFilter] = strawberry.field(description=SOME)
    none: strawberry.Maybe[MessageFilter] = strawberry.field(description=NONE)


@strawberry.input(description="Filter conditions for orders. All given conditions must match.")
class OrderFilter:
    """Which orders."""

    and_: strawberry.Maybe[list["OrderFilter"]] = strawberry.field(name="and", description=AND)
    or_: strawberry.Maybe[list["OrderFilter"]] = strawberry.field(name="or", description=OR)
    not_: strawberry.Maybe["OrderFilter"] = strawberry.field(name="not", description=NOT)
    search: strawberry.Maybe[str] = strawberry.field(description=SEARCH)
    id: strawberry.Maybe[IdFilter] = strawberry.field(description="Filter by ID.")
    status: strawberry.Maybe[OrderStatusFilter] = strawberry.field(description="Filter by status.")
    tags: strawberry.Maybe[TagsFilter] = strawberry.field(description="Filter by tags.")
    created_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="Filter by time of creation.")
    updated_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="Filter by time of the last change.")
    client_id: strawberry.Maybe[IdFilter] = strawberry.field(description="Filter by the client's ID.")
    service_id: strawberry.Maybe[IdFilter] = strawberry.field(description="Filter by the service's ID.")
    number: strawberry.Maybe[IntFilter] = strawberry.field(description="Filter by order number.")
    total: strawberry.Maybe[MinorUnitsFilter] = strawberry.field(description="Filter by total, in minor units.")
    due_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="Filter by due time.")
    client: strawberry.Maybe[Annotated["ClientFilter", strawberry.lazy("schema.clients")]] = strawberry.field(
        description="Filter by the client."
    )
    service: strawberry.Maybe[Annotated["ServiceFilter", strawberry.lazy("schema.services")]] = strawberry.field(
        description="Filter by the service."
    )
    messages: strawberry.Maybe["MessageListFilter"] = strawberry.field(description="Filter by the order's messages.")


@strawberry.input(description="Conditions on related orders.")
class OrderListFilter:
    """Conditions on the orders of something."""

    some: strawberry.Maybe[OrderFilter] = strawberry.field(description=SOME)
    none: strawberry.Maybe[OrderFilter] = strawberry.field(description=NONE)


@strawberry.input(description="Ordering options for orders.")
class OrderOrder:
    """An order of orders."""

    kept_whole = True
    field: OrderOrderField = strawberry.field(description="Field to sort by.")
    direction: Direction | None = strawberry.field(description="Sort direction.", default=Direction.ASC)


@strawberry.type
class OrderQuery:
    """What can be asked of orders."""

    order: Order | None = batched(
        orders.one,
        description="Look up an order by ID. Null when it does not exist.",
        arguments=[argument("id", strawberry.ID, "ID of the order.")],
        cost=1,
    )
    orders: OrderConnection | None = batched(
        orders.listed,
        description="The organization's orders, newest first by default.",
        arguments=page_arguments(OrderFilter, OrderOrder),
    )
