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


@object_type(description="What blocks a move.")
class Blocked:
    """What blocks a move."""

    code: Guard = strawberry.field(description="Which guard.")
    message: str = strawberry.field(description="Why, for a person.")
    limit: int | None = strawberry.field(description="The setting's limit that was reached: revisions, or days.")
    until: datetime | None = strawberry.field(description="Until when the move was possible, where time blocks it.")


@object_type(description="A move of the order's state machine from where the order stands.")
class OrderTransition:
    """A move from where an order stands."""

    to: OrderStatus = strawberry.field(description="What the order would become.")
    allowed: bool = strawberry.field(description="Whether nothing blocks it now.")
    requires: list[Requirement] = strawberry.field(description="What a request for it must bring.")
    blocked_by: Blocked | None = strawberry.field(description="What blocks it.")


@object_type(Table, description="A client's order of a service.\n\n" + moves_described(), scope="orders:read")
class Order(Node):
    """An order."""

    prefix = PREFIX
    id: strawberry.ID = public_id(PREFIX)
    number: int
    client_id: strawberry.ID = related_id(CLIENT, "client_id", "Whose order it is.")
    client: Annotated["Client", strawberry.lazy("schema.clients")] = batched(
        clients.of_orders, fold="client_id", description="Whose order it is."
    )
    service_id: strawberry.ID = related_id(SERVICE, "service_id", "What was ordered.")
    service: Annotated["Service", strawberry.lazy("schema.services")] = batched(
        services.of_orders, fold="service_id", description="What was ordered."
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
        description="Every move from where the order stands, and what blocks it.",
    )
    messages: MessageConnection = batched(
        messages.of_orders,
        "id",
        description="The order's thread, newest first.",
        arguments=page_arguments(MessageFilter, MessageOrder),
    )


@object_type(description="An order and where it stands in its list.", scope="orders:read")
class OrderEdge:
    """A row and where it stands in its list."""

    node: Order = edge_node()
    cursor: str = edge_cursor()


@object_type(description="A page of orders.", scope="orders:read")
class OrderConnection:
    """A page of orders."""

    edges: list[OrderEdge] = edges()
    nodes: list[Order] = nodes()
    page_info: PageInfo = page_info()
    total_count: int = total_count()


@strawberry.input(description="Conditions on an order's status.")
class OrderStatusFilter:
    """Conditions on a status."""

    eq: strawberry.Maybe[OrderStatus] = strawberry.field(description="Is this.")
    in_: strawberry.Maybe[list[OrderStatus]] = strawberry.field(name="in", description="Is one of these.")
    not_in: strawberry.Maybe[list[OrderStatus]] = strawberry.field(description="Is none of these.")


class OrderOrderField(StrEnum):
    """What orders can be ordered by."""

    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"
    NUMBER = "NUMBER"
    TOTAL = "TOTAL"
    DUE_AT = "DUE_AT"


words(
    OrderOrderField,
    CREATED_AT="When it was made.",
    UPDATED_AT="When it last changed.",
    NUMBER="Its number.",
    TOTAL="Its total, whatever the currency.",
    DUE_AT="When it is due; those without a date last.",
)


@strawberry.input(description="Conditions on the messages of an order.")
class MessageListFilter:
    """Conditions on the messages of an order."""

    some: strawberry.Maybe[MessageFilter] = strawberry.field(description=SOME)
    none: strawberry.Maybe[MessageFilter] = strawberry.field(description=NONE)


@strawberry.input(description="Which orders; every condition given must hold.")
class OrderFilter:
    """Which orders."""

    and_: strawberry.Maybe[list["OrderFilter"]] = strawberry.field(name="and", description=AND)
    or_: strawberry.Maybe[list["OrderFilter"]] = strawberry.field(name="or", description=OR)
    not_: strawberry.Maybe["OrderFilter"] = strawberry.field(name="not", description=NOT)
    search: strawberry.Maybe[str] = strawberry.field(description=SEARCH)
    id: strawberry.Maybe[IdFilter] = strawberry.field(description="By id.")
    status: strawberry.Maybe[OrderStatusFilter] = strawberry.field(description="By status.")
    tags: strawberry.Maybe[TagsFilter] = strawberry.field(description="By tags.")
    created_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="By when it was made.")
    updated_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="By when it last changed.")
    client_id: strawberry.Maybe[IdFilter] = strawberry.field(description="By the client's id.")
    service_id: strawberry.Maybe[IdFilter] = strawberry.field(description="By the service's id.")
    number: strawberry.Maybe[IntFilter] = strawberry.field(description="By number.")
    total: strawberry.Maybe[MinorUnitsFilter] = strawberry.field(description="By total, in minor units.")
    due_at: strawberry.Maybe[DateTimeFilter] = strawberry.field(description="By when it is due.")
    client: strawberry.Maybe[Annotated["ClientFilter", strawberry.lazy("schema.clients")]] = strawberry.field(
        description="By its client."
    )
    service: strawberry.Maybe[Annotated["ServiceFilter", strawberry.lazy("schema.services")]] = strawberry.field(
        description="By its service."
    )
    messages: strawberry.Maybe["MessageListFilter"] = strawberry.field(description="By its messages.")


@strawberry.input(description="Conditions on the orders of something.")
class OrderListFilter:
    """Conditions on the orders of something."""

    some: strawberry.Maybe[OrderFilter] = strawberry.field(description=SOME)
    none: strawberry.Maybe[OrderFilter] = strawberry.field(description=NONE)


@strawberry.input(description="An order of orders.")
class OrderOrder:
    """An order of orders."""

    kept_whole = True
    field: OrderOrderField = strawberry.field(description="By what.")
    direction: Direction | None = strawberry.field(description="Which way.", default=Direction.ASC)


@strawberry.type
class OrderQuery:
    """What can be asked of orders."""

    order: Order | None = batched(
        orders.one,
        description="The order of an id; null when it is missing.",
        arguments=[argument("id", strawberry.ID, "The order's id.", required=True)],
        cost=1,
    )
    orders: OrderConnection | None = batched(
        orders.listed,
        description="The organization's orders, newest first.",
        arguments=page_arguments(OrderFilter, OrderOrder),
    )
