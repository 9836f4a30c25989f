"""Webhook endpoints."""

from models.webhooks import event_names
from tests.support.cases import Case, Filter, times, wrong

SHAPE = {
    "publicId": "str", "url": "str", "events": "list", "description": "?str", "apiVersion": "str", "status": "str",
    "disabledReason": "?str", "failingSince": "?str", "lastSuccessAt": "?str",
    "lastFailureAt": "?str", "circuit": "str", "pausedUntil": "?str",
    "createdAt": "str", "updatedAt": "str", "version": "int",
}  # fmt: skip
DELIVERY = "query($id: ID!) { webhook(id: $id) { deliveries(first: 1) { nodes { id } } } }"
EVENTS = sorted(event_names())
PUBLIC = "https://93.184.216.34"
BAD = {"url": "not a url", "events": ["*", "nothing.happened"], "description": "x" * 201}
CASES = (
    Case(
        name="webhook",
        plural="webhooks",
        type="WebhookEndpoint",
        scope="webhooks",
        table="webhook_endpoints",
        statements={
            "ListWebhooks": 2,
            "GetWebhook": 1,
            "CreateWebhook": 4,
            "UpdateWebhook": 3,
            "DeleteWebhook": 3,
            "RotateWebhookSecret": 2,
            "SendTestEvent": 4,
            "Redeliver": 2,
        },
        rows=({"url": f"{PUBLIC}/all", "events": ["*"]},),
        hears=True,
        create={"url": f"{PUBLIC}/hook", "events": ["*"], "description": "All"},
        mutations={
            "updateWebhook": {"description": "Some"},
            "rotateWebhookSecret": {},
            "sendTestEvent": {},
            "redeliver": {},
            "deleteWebhook": {},
        },
        inner={"redeliver": DELIVERY},
        wrong={
            "createWebhook": (
                wrong({"url": "not a url", "events": ["*"]}, "url INVALID_FORMAT"),
                wrong({"url": PUBLIC, "events": ["nothing.happened"]}, "events.0 NOT_ONE_OF", allowed=EVENTS),
                wrong({"url": "ftp://example.com", "events": ["client.created"]}, "url INVALID_FORMAT"),
                wrong({"url": PUBLIC, "events": []}, "events TOO_SHORT", limit=1),
                wrong(
                    BAD, "description TOO_LONG", "events.1 NOT_ONE_OF", "url INVALID_FORMAT", allowed=EVENTS, limit=200
                ),
                wrong({"url": "", "events": []}, "events TOO_SHORT", "url TOO_SHORT", limit=1),
                wrong({"url": PUBLIC, "events": ["*"], "secret": "mine"}, "secret UNKNOWN_FIELD"),
                wrong(
                    {"url": "ftp://example.com", "events": ["*"], "secret": "mine"},
                    "secret UNKNOWN_FIELD",
                    "url INVALID_FORMAT",
                ),
            ),
            "updateWebhook": (
                wrong({"url": "http://10.0.0.1/"}, "url INVALID_FORMAT"),
                wrong({"url": "http://10.0.0.1/", "events": []}, "events TOO_SHORT", "url INVALID_FORMAT", limit=1),
                wrong({"url": None, "events": None}, "url REQUIRED", "events REQUIRED"),
            ),
        },
        never_null=frozenset({"url", "events", "status"}),
        routes={
            "GET /api/v1/webhooks": "ListWebhooks",
            "POST /api/v1/webhooks": "CreateWebhook",
            "DELETE /api/v1/webhooks/{publicId}": "DeleteWebhook",
        },
        shape=SHAPE,
        shown_once={"secret": "str"},
        filters=(
            Filter("ids", "{webhook},{client}", {"id": {"in": ["{webhook}", "{client}"]}}, 1),
            Filter("status", "ENABLED", {"status": {"in": ["ENABLED"]}}, 1),
            *times(1),
        ),
    ),
)
