"""What becomes of a delivery whose job an operator or a key queues again or cancels."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from models.webhooks import DeliveryStatus
from resolvers.context import Context, now
from resolvers.database.sql import statement
from resolvers.webhooks import deliveries
from resolvers.webhooks.reading import must_be_readable
from resolvers.webhooks.redeliveries import due_now, locked_delivery, must_have_redeliveries_left
from resolvers.webhooks.requests import must_be_enabled


@statement
def _again() -> sa.Select[Any]:
    return sa.select(due_now(1))


async def queue_again(ctx: Context, delivery_id: UUID) -> bool:
    """Let a delivery that failed be PENDING, as one that is sent again. Return False for one that did not fail.

    Raises Refusal FORBIDDEN for a caller that may not read the event, or CONFLICT (WEBHOOK_DISABLED, or
    TOO_MANY_REDELIVERIES after the tenth).
    """
    row = await ctx.row(locked_delivery(), delivery_id=delivery_id)
    if row is None or row["status"] != DeliveryStatus.FAILED:
        return False
    await must_be_readable(ctx, row)
    must_be_enabled(row["endpoint_status"])
    must_have_redeliveries_left(row)
    await ctx.fetch(_again(), delivery_id=delivery_id, moment=now())
    return True


async def cancel(ctx: Context, delivery_id: UUID) -> None:
    """Cancel a delivery that has not ended."""
    await deliveries.set_status(ctx, delivery_id, DeliveryStatus.CANCELLED)
