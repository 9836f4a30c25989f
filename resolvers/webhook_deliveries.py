"""Deliveries as their endpoint shows them."""

from execution import Args
from models.webhooks import DELIVERY_PREFIX, DeliveryStatus, deliveries
from resolvers.conditions import created, ids, word
from resolvers.context import Context, Row
from resolvers.filters import FILTERS, Filters
from resolvers.listing import Page, pages
from resolvers.windows import CREATED, Listed

LISTED = Listed("deliveries", deliveries, {"CREATED_AT": CREATED})
FILTERS["deliveries"] = Filters(
    deliveries, {"id": ids("id", DELIVERY_PREFIX), "status": word("status", DeliveryStatus), "created_at": created()}
)


async def of_endpoints(ctx: Context, parents: list[Row], args: Args) -> list[Page]:
    """A page of each endpoint's deliveries."""
    return await pages(ctx, LISTED, args, column="endpoint_id", parents=[row["id"] for row in parents])
