"""Orders in each of their states."""

from typing import Any

from models.orders import OrderStatus
from tests.support.api import Org, new_order
from tests.support.refusals import TRANSITION

S = OrderStatus
# How an order comes to stand somewhere.
ROADS: dict[OrderStatus, list[OrderStatus]] = {
    S.PENDING: [],
    S.SUBMITTED: [S.SUBMITTED],
    S.IN_PROGRESS: [S.SUBMITTED, S.IN_PROGRESS],
    S.ON_HOLD: [S.SUBMITTED, S.IN_PROGRESS, S.ON_HOLD],
    S.DELIVERED: [S.SUBMITTED, S.IN_PROGRESS, S.DELIVERED],
    S.REVISION_REQUESTED: [S.SUBMITTED, S.IN_PROGRESS, S.DELIVERED, S.REVISION_REQUESTED],
    S.COMPLETED: [S.SUBMITTED, S.IN_PROGRESS, S.DELIVERED, S.COMPLETED],
    S.CANCELLED: [S.CANCELLED],
}
WRITE = "mutation($input: CreateMessageInput!) { createMessage(input: $input) { message { id visibility } } }"


async def transition(org: Org, key: str, to: OrderStatus, **given: Any) -> Any:
    """Move an order; a cancelled one has its reason."""
    reason = {"reason": "No longer wanted"} if to is S.CANCELLED else {}
    data = await org.data(TRANSITION, input={"id": key, "to": to} | reason | given)
    return data["transitionOrder"]["order"]


async def standing(org: Org, status: OrderStatus) -> str:
    """The id of an order that stands somewhere."""
    key: str = (await new_order(org))["publicId"]
    for to in ROADS[status]:
        await transition(org, key, to)
    return key
