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
from schema.mutations import EXPECTED, Info, mutation
from schema.orders import Order
from schema.scalars import Json, StringMap


class _Moved(SQLModel):
    """The bounds of a move's own fields, as each mutation names them."""

    reason: Reason
    status_reason: Reason


@input_type(Table, description="A new order: PENDING, at the service's price.")
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
    description="What to change of an order: absent keeps, null clears. Then the move, if any.",
)
class UpdateOrderInput:
    """What to change of an order."""

    id: strawberry.ID = strawberry.field(description="The order's id.")
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)
    quantity: strawberry.Maybe[int] = strawberry.field(description="How many; fixed once work has started.")
    due_at: strawberry.Maybe[datetime | None]
    notes: strawberry.Maybe[str | None]
    form_data: strawberry.Maybe[Json | None]
    tags: strawberry.Maybe[list[str]]
    metadata: strawberry.Maybe[StringMap]
    status: strawberry.Maybe[OrderStatus] = strawberry.field(description="Move it here, as transitionOrder does.")
    status_reason: strawberry.Maybe[str] = strawberry.field(
        description="Why, where the move needs a reason, as CANCELLED does. The status that it has already is no move."
    )


@input_type(_Moved, description="A move of an order.")
class TransitionOrderInput:
    """A move of an order."""

    id: strawberry.ID = strawberry.field(description="The order's id.")
    to: OrderStatus = strawberry.field(description="What it becomes.")
    reason: strawberry.Maybe[str] = strawberry.field(
        description="Why, where the move needs a reason, as CANCELLED does. The status that it has already is no move."
    )
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@input_type(description="Which order to delete.")
class DeleteOrderInput:
    """Which order to delete."""

    id: strawberry.ID = strawberry.field(description="The order's id.")
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@object_type(description="What createOrder did.")
class CreateOrderPayload:
    """What createOrder did."""

    order: Order = strawberry.field(description="The order, as it is now.")


@object_type(description="What updateOrder did.")
class UpdateOrderPayload:
    """What updateOrder did."""

    order: Order = strawberry.field(description="The order, as it is now.")


@object_type(description="What transitionOrder did.")
class TransitionOrderPayload:
    """What transitionOrder did."""

    order: Order = strawberry.field(description="The order, as it is now.")


@object_type(description="What deleteOrder did.")
class DeleteOrderPayload:
    """What deleteOrder did."""

    deleted_id: strawberry.ID | None = strawberry.field(description="The id that is gone.")


@strawberry.type
class OrderMutation:
    """What can be done with orders."""

    @mutation("orders:write", "Create an order.")
    async def create_order(self, info: Info, input: CreateOrderInput) -> CreateOrderPayload:
        """Create one."""
        return CreateOrderPayload(order=await orders.create(info.context, values_of(input)))

    @mutation("orders:write", "Change an order, and move it when a status is given.")
    async def update_order(self, info: Info, input: UpdateOrderInput) -> UpdateOrderPayload:
        """Change one."""
        values = values_of(input)
        key, expected = values.pop("id"), values.pop("expected_version", None)
        status, reason = values.pop("status", None), values.pop("status_reason", None)
        return UpdateOrderPayload(order=await orders.change(info.context, key, expected, values, status, reason))

    @mutation("orders:write", "Move an order along its state machine.")
    async def transition_order(self, info: Info, input: TransitionOrderInput) -> TransitionOrderPayload:
        """Move one."""
        values = values_of(input)
        expected, reason = values.get("expected_version"), values.get("reason")
        order = await orders.move(info.context, values["id"], expected, values["to"], reason)
        return TransitionOrderPayload(order=order)

    @mutation("orders:write", "Delete an order that is PENDING or CANCELLED and has no messages.")
    async def delete_order(self, info: Info, input: DeleteOrderInput) -> DeleteOrderPayload:
        """Delete one."""
        values = values_of(input)
        await orders.remove(info.context, values["id"], values.get("expected_version"))
        return DeleteOrderPayload(deleted_id=values["id"])
