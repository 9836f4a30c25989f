"""The numbers of orders by status: of each client, and of those that a filter matches."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from execution import Args
from models.orders import OrderStatus, orders
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement
from resolvers.lists.pages import groups
from resolvers.loads import shared
from resolvers.orders import ORDERS


def _in_order(counts: dict[str, int]) -> list[dict[str, Any]]:
    """Return counts in the order of the statuses; those without orders are left out."""
    return [{"status": each, "count": counts[each]} for each in OrderStatus if each in counts]


@statement
def _counts() -> sa.Select[Any]:
    clients = orders.c.client_id == sa.any_(sa.bindparam("clients", type_=pg.ARRAY(sa.Uuid)))
    by = (orders.c.client_id, orders.c.status)
    return owned(orders, *by, sa.func.count().label("count")).where(clients).group_by(*by)


async def counts_of_clients(ctx: Context, parents: list[Row], args: Args) -> list[list[dict[str, Any]]]:
    """Return the number of orders of each client by status."""
    found: dict[UUID, dict[str, int]] = {row["id"]: {} for row in parents}
    for row in await ctx.fetch(_counts(), clients=list(found)):
        found[row["client_id"]][row["status"]] = row["count"]
    return [_in_order(found[row["id"]]) for row in parents]


@shared
async def counts(ctx: Context, args: Args) -> list[dict[str, Any]]:
    """Return the number of orders by status."""
    return _in_order({row["status"]: row["count"] for row in await groups(ctx, ORDERS, args, ("status",))})
