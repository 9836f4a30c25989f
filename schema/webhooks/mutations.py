"""Webhook endpoints and their deliveries in the graph: what can be done with them."""

import strawberry

from models.actors import KEYS_ONLY
from models.webhooks import EndpointStatus
from models.webhooks import WebhookEndpoint as Table
from resolvers.webhooks import mutations as webhooks
from resolvers.webhooks import redeliveries
from resolvers.webhooks import requests as webhook_requests
from schema.declaration.inputs import UpdateInput, input_type
from schema.declaration.mutations import acts_on, creates, deletes, updates
from schema.webhooks.types import Delivery, WebhookEndpoint

_NOT_WEAKER = (
    "The API key needs the scopes of all events that the endpoint may receive: those that the key which created it"
    " could read, whatever its `events` are now."
)
_AT_ONCE = (
    "It is attempted at once, even while the endpoint's circuit is open. While another attempt to the same endpoint is"
    " in progress, it waits until that one has ended; see `nextAttemptAt`."
)
_SECRET = "The signing secret, `whsec_…`. It is shown only once: in a replayed response it is null."


@input_type(Table)
class CreateWebhookInput:
    """Fields of the new webhook endpoint, which receives only events that the API key creating it may read."""

    url: str
    events: list[str]
    description: strawberry.Maybe[str | None]


@input_type(Table, clears=True)
class UpdateWebhookInput(UpdateInput):
    """Fields of the webhook endpoint to change."""

    url: strawberry.Maybe[str] = strawberry.field(
        description="URL that events are sent to: `http` or `https`, at a public address."
    )
    events: strawberry.Maybe[list[str]]
    description: strawberry.Maybe[str | None]
    status: strawberry.Maybe[EndpointStatus] = strawberry.field(
        description="Whether events are sent to the endpoint. Disabling it cancels pending deliveries."
    )


@input_type()
class RotateWebhookSecretInput(UpdateInput):
    """The webhook endpoint whose secret to rotate."""


@input_type()
class SendTestEventInput:
    """The webhook endpoint to send a test event to."""

    id: strawberry.ID = strawberry.field(description="ID of the webhook endpoint.")


@input_type()
class RedeliverInput:
    """The delivery to send again."""

    id: strawberry.ID = strawberry.field(description="ID of the delivery.")


@strawberry.type
class WebhookMutation:
    """Mutations of webhook endpoints."""

    create_webhook = creates(
        WebhookEndpoint,
        CreateWebhookInput,
        webhooks.create,
        "Create a webhook endpoint, up to the organization's limit. Its secret is shown only in this response. Takes an"
        " API key: best one with no more scopes than the events need, since a key that is to change the endpoint needs"
        " those that decide about events too.",
        check=webhooks.check,
        reserved=KEYS_ONLY,
        secret=(str | None, _SECRET),
    )
    update_webhook = updates(
        WebhookEndpoint,
        UpdateWebhookInput,
        webhooks.change,
        f"Update, disable or enable a webhook endpoint. Takes an API key. {_NOT_WEAKER}",
        check=webhooks.check,
        reserved=KEYS_ONLY,
    )
    delete_webhook = deletes(
        WebhookEndpoint, webhooks.remove, "Delete a webhook endpoint and cancel its pending deliveries."
    )
    rotate_webhook_secret = acts_on(
        WebhookEndpoint,
        RotateWebhookSecretInput,
        webhooks.rotate,
        "Rotate an endpoint's signing secret. For 24 hours deliveries are signed with both the old and the new secret."
        " A further rotation within this time replaces the new secret at once; the old one still signs until its end."
        f" Takes an API key. {_NOT_WEAKER}",
        reserved=KEYS_ONLY,
        secret=(str | None, _SECRET),
    )
    send_test_event = acts_on(
        Delivery,
        SendTestEventInput,
        webhook_requests.send_test,
        "Send a `webhook.test` event to an endpoint, whatever its event types. An endpoint gets at most"
        f" {webhook_requests.TEST_EVENTS_BOUND}; further ones are refused with `RATE_LIMITED`."
        f" {_AT_ONCE}",
        returns="The delivery of the test event.",
    )
    redeliver = acts_on(
        Delivery,
        RedeliverInput,
        redeliveries.redeliver,
        "Send an event to its endpoint again, with the same ID and body: at most"
        f" {redeliveries.REDELIVERIES} times, each after the delivery has ended. The next attempt of a `PENDING`"
        " delivery is made now, which does not count; where it is due already, the delivery is returned unchanged."
        f" {_AT_ONCE} Whoever asks for it needs the scope to read the event's object as it was sent: also"
        " `messages:internal` for an internal message or reply.",
        returns="The delivery that is sent again.",
    )
