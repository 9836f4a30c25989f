"""Webhook endpoints and their deliveries: what they can be filtered and sorted by."""

from models.webhooks import DELIVERY, WEBHOOK, DeliveryStatus, EndpointStatus, deliveries, webhook_endpoints
from resolvers.collections.collection import COMMON_SORT_FIELDS, CREATED, Collection, common_filters
from resolvers.lists.conditions import created, enum, ids

WEBHOOKS = Collection(
    WEBHOOK,
    webhook_endpoints,
    sort_fields=COMMON_SORT_FIELDS,
    filters={**common_filters(WEBHOOK), "status": enum("status", EndpointStatus)},
)
DELIVERIES = Collection(
    DELIVERY,
    deliveries,
    sort_fields={"CREATED_AT": CREATED},
    filters={
        "id": ids("id", DELIVERY, "ID"),
        "created_at": created(),
        "status": enum("status", DeliveryStatus),
    },
)
