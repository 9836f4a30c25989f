"""Orders in the graph: what can be done with them."""

from datetime import datetime

import strawberry
from sqlmodel import SQLModel

from models.orders import Order as Table
from models.orders import OrderStatus
from models.words import Reason
from resolvers import orders
from schema.fields import object_type
from schema.inputs import input_type, values_of
from schema.mutations import EXPECTED, MERGED, Info, mutation
from schema.orders import Order
from schema.scalars import Json, StringMap

REASON = (
    "Reason for the transition: required for `CANCELLED`. Moving an order to the status that it already has is not a"
    " transition."
)


class _Moved(SQLModel):
    """The bounds of a move's own fields, as each mutation names them."""

    reason: Reason
    status_reason: Reason


@input_type(Table, description="Fields of the new order, which is `PENDING`, at the service's current price.")
class CreateOrderInput:
    """A new order."""

    client_id: strawberry.ID
    service_id: strawberry.ID
    quantity: strawberry.Maybe[int]
    notes: strawberry.Maybe[str | None]
    form_data: strawberry.Maybe[Json | None]
    tags: strawberry.Maybe[list[str]]
    metadata: strawberry.Maybe[StringMap]


@input_type(
    Table,
    also=_Moved,
    clears=True,
    description=f"Fields of the order to change. {MERGED} The transition, if any, is made last.",
)
class UpdateOrderInput:
    """What to change of an order."""

    id: strawberry.ID = strawberry.field(description="ID of the order.")
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)
    quantity: strawberry.Maybe[int] = strawberry.field(
        description="Quantity ordered. Cannot be changed once work has started."
    )
    due_at: strawberry.Maybe[datetime | None]
    notes: strawberry.Maybe[str | None]
    form_data: strawberry.Maybe[Json | None]
    tags: strawberry.Maybe[list[str]]
    metadata: strawberry.Maybe[StringMap]
    status: strawberry.Maybe[OrderStatus] = strawberry.field(
        description="Status to move the order to, as with `transitionOrder`."
    )
    status_reason: strawberry.Maybe[str] = strawberry.field(description=REASON)


@input_type(_Moved, description="The transition to make.")
class TransitionOrderInput:
    """A move of an order."""

    id: strawberry.ID = strawberry.field(description="ID of the order.")
    to: OrderStatus = strawberry.field(description="Status to move the order to.")
    reason: strawberry.Maybe[str] = strawberry.field(description=REASON)
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@input_type(description="The order to delete.")
class DeleteOrderInput:
    """Which order to delete."""

    id: strawberry.ID = strawberry.field(description="ID of the order.")
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@object_type(description="Result of createOrder.")
class CreateOrderPayload:
    """Result of createOrder."""

    order: Order = strawberry.field(description="The created order.")


@object_type(description="Result of updateOrder.")
class UpdateOrderPayload:
    """Result of updateOrder."""

    order: Order = strawberry.field(description="The updated order.")


@object_type(description="Result of transitionOrder.")
class TransitionOrderPayload:
    """Result of transitionOrder."""

    order: Order = strawberry.field(description="The updated order.")


@object_type(description="Result of deleteOrder.")
class DeleteOrderPayload:
    """Result of deleteOrder."""

    deleted_id: strawberry.ID | None = strawberry.field(description="ID of the deleted order.")


@strawberry.type
class OrderMutation:
    """What can be done with orders."""

    @mutation("orders:write", "Create an order.")
    async def create_order(self, info: Info, input: CreateOrderInput) -> CreateOrderPayload:
        """Create one."""
        return CreateOrderPayload(order=await orders.create(info.context, values_of(input)))

    @mutation("orders:write", "Update an order, and move it to another status when one is given.")
    async def update_order(self, info: Info, input: UpdateOrderInput) -> UpdateOrderPayload:
        """Change one."""
        values = values_of(input)
        key, expected = values.pop("id"), values.pop("expected_version", None)
        status, reason = values.pop("status", None), values.pop("status_reason", None)
        return UpdateOrderPayload(order=await orders.change(info.context, key, expected, values, status, reason))

    @mutation("orders:write", "Move an order to another status.")
    async def transition_order(self, info: Info, input: TransitionOrderInput) -> TransitionOrderPayload:
        """Move one."""
        values = values_of(input)
        expected, reason = values.get("expected_version"), values.get("reason")
        order = await orders.move(info.context, values["id"], expected, values["to"], reason)
        return TransitionOrderPayload(order=order)

    @mutation("orders:write", "Delete an order that is `PENDING` or `CANCELLED` and has no messages.")
    async def delete_order(self, info: Info, input: DeleteOrderInput) -> DeleteOrderPayload:
        """Delete one."""
        values = values_of(input)
        await orders.remove(info.context, values["id"], values.get("expected_version"))
        return DeleteOrderPayload(deleted_id=values["id"])
