"""Subscriptions as everybody reaches them, and whether some of them run."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from models.clients import CLIENT
from models.services import SERVICE
from models.subscriptions import SUBSCRIPTION, SubscriptionStatus, subscriptions
from resolvers.collections.collection import (
    CLIENT_NAME,
    COMMON_SORT_FIELDS,
    Collection,
    Relation,
    SortField,
    common_filters,
    of_client,
)
from resolvers.context import Context, Row
from resolvers.database.sql import owned, statement
from resolvers.errors import Conflict
from resolvers.lists.conditions import enum, ids, moment

HAS_SUBSCRIPTIONS = Conflict(
    "HAS_SUBSCRIPTIONS", "Subscriptions refer to the object: cancel a client's first, archive a service instead."
)
SUBSCRIPTIONS = Collection(
    SUBSCRIPTION,
    subscriptions,
    clients=of_client,
    sort_fields=COMMON_SORT_FIELDS
    | {
        "CURRENT_PERIOD_END": SortField(
            "current_period_end",
            datetime,
            "End of the current period; subscriptions without one come last.",
            nullable=True,
        ),
        "CLIENT_NAME": CLIENT_NAME,
    },
    filters={
        **common_filters(SUBSCRIPTION),
        "status": enum("status", SubscriptionStatus),
        "client_id": ids("client_id", CLIENT, "the client's ID"),
        "service_id": ids("service_id", SERVICE, "the service's ID"),
        "current_period_end": moment("current_period_end", "the end of the current period", nullable=True),
        "client": Relation("clients", "the client", "client_id"),
        "service": Relation("services", "the service", "service_id"),
        "invoices": Relation("invoices", "the subscription's invoices", remote="subscription_id"),
    },
)


@statement
def _running() -> sa.Select[Any]:
    of_client = subscriptions.c.client_id == sa.bindparam("id", type_=sa.Uuid)
    runs = subscriptions.c.status != sa.literal_column("'CANCELLED'")
    return owned(subscriptions, subscriptions.c.id).where(of_client, runs).limit(1)


async def runs_for(ctx: Context, client: Row) -> bool:
    """Return whether a client has a subscription that is not cancelled."""
    return await ctx.row(_running(), id=client["id"]) is not None
