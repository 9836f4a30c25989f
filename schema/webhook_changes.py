"""Webhook endpoints and their deliveries in the graph: what can be done with them."""

import strawberry

from models.webhooks import EndpointStatus
from models.webhooks import WebhookEndpoint as Table
from resolvers import webhook_requests, webhooks
from schema.fields import object_type
from schema.inputs import input_type, values_of
from schema.mutations import EXPECTED, MERGED, Info, mutation
from schema.webhooks import Delivery, WebhookEndpoint

_ID = "ID of the webhook endpoint."
_NOT_WEAKER = "The API key needs the scopes of all events that the endpoint receives."
_AT_ONCE = (
    "It is attempted at once, even while the endpoint's circuit is open. While another attempt to the same endpoint is"
    " in progress, it waits until that one has ended; see `nextAttemptAt`."
)
_SECRET = "The signing secret, `whsec_…`. It is shown only once: in a replayed answer it is null."


@input_type(
    Table,
    description="Fields of the new webhook endpoint, which receives only events that the API key creating it may read.",
)
class CreateWebhookInput:
    """A new webhook endpoint."""

    url: str
    events: list[str]
    description: strawberry.Maybe[str | None]


@input_type(Table, clears=True, description=f"Fields of the webhook endpoint to change. {MERGED}")
class UpdateWebhookInput:
    """What to change of a webhook endpoint."""

    id: strawberry.ID = strawberry.field(description=_ID)
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)
    url: strawberry.Maybe[str] = strawberry.field(
        description="URL that events are sent to: `http` or `https`, at a public address."
    )
    events: strawberry.Maybe[list[str]]
    description: strawberry.Maybe[str | None]
    status: strawberry.Maybe[EndpointStatus] = strawberry.field(
        description="Whether events are sent to the endpoint. Disabling it cancels pending deliveries."
    )


@input_type(description="The webhook endpoint to delete.")
class DeleteWebhookInput:
    """Which webhook endpoint to delete."""

    id: strawberry.ID = strawberry.field(description=_ID)
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@input_type(description="The webhook endpoint whose secret to rotate.")
class RotateWebhookSecretInput:
    """Which webhook endpoint gets a new secret."""

    id: strawberry.ID = strawberry.field(description=_ID)
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@input_type(description="The webhook endpoint to send a test event to.")
class SendTestEventInput:
    """Which webhook endpoint gets a test event."""

    id: strawberry.ID = strawberry.field(description=_ID)


@input_type(description="The delivery to send again.")
class RedeliverInput:
    """Which delivery is sent again."""

    id: strawberry.ID = strawberry.field(description="ID of the delivery.")


@object_type(description="Result of createWebhook.")
class CreateWebhookPayload:
    """Result of createWebhook."""

    webhook: WebhookEndpoint = strawberry.field(description="The created webhook endpoint.")
    secret: str | None = strawberry.field(description=_SECRET)


@object_type(description="Result of updateWebhook.")
class UpdateWebhookPayload:
    """Result of updateWebhook."""

    webhook: WebhookEndpoint = strawberry.field(description="The updated webhook endpoint.")


@object_type(description="Result of deleteWebhook.")
class DeleteWebhookPayload:
    """Result of deleteWebhook."""

    deleted_id: strawberry.ID | None = strawberry.field(description="ID of the deleted webhook endpoint.")


@object_type(description="Result of rotateWebhookSecret.")
class RotateWebhookSecretPayload:
    """Result of rotateWebhookSecret."""

    webhook: WebhookEndpoint = strawberry.field(description="The updated webhook endpoint.")
    secret: str | None = strawberry.field(description=_SECRET)


@object_type(description="Result of sendTestEvent.")
class SendTestEventPayload:
    """Result of sendTestEvent."""

    delivery: Delivery = strawberry.field(description="The delivery of the test event.")


@object_type(description="Result of redeliver.")
class RedeliverPayload:
    """Result of redeliver."""

    delivery: Delivery = strawberry.field(description="The delivery that is sent again.")


@strawberry.type
class WebhookMutation:
    """What can be done with webhooks."""

    @mutation(
        "webhooks:write",
        "Create a webhook endpoint, up to the organization's limit. Its secret is shown only in this answer.",
    )
    async def create_webhook(self, info: Info, input: CreateWebhookInput) -> CreateWebhookPayload:
        """Create one."""
        webhook, secret = await webhooks.create(info.context, values_of(input))
        return CreateWebhookPayload(webhook=webhook, secret=secret)

    @mutation("webhooks:write", f"Update, disable or enable a webhook endpoint. {_NOT_WEAKER}")
    async def update_webhook(self, info: Info, input: UpdateWebhookInput) -> UpdateWebhookPayload:
        """Change one."""
        values = values_of(input)
        key, expected = values.pop("id"), values.pop("expected_version", None)
        return UpdateWebhookPayload(webhook=await webhooks.change(info.context, key, expected, values))

    @mutation("webhooks:write", "Delete a webhook endpoint and cancel its pending deliveries.")
    async def delete_webhook(self, info: Info, input: DeleteWebhookInput) -> DeleteWebhookPayload:
        """Delete one."""
        values = values_of(input)
        await webhooks.remove(info.context, values["id"], values.get("expected_version"))
        return DeleteWebhookPayload(deleted_id=values["id"])

    @mutation(
        "webhooks:write",
        "Rotate an endpoint's signing secret. For 24 hours deliveries are signed with both the old and the new secret."
        " A further rotation within this time replaces the new secret at once; the old one still signs until its end."
        f" {_NOT_WEAKER}",
    )
    async def rotate_webhook_secret(self, info: Info, input: RotateWebhookSecretInput) -> RotateWebhookSecretPayload:
        """Rotate one's secret."""
        values = values_of(input)
        webhook, secret = await webhooks.rotate(info.context, values["id"], values.get("expected_version"))
        return RotateWebhookSecretPayload(webhook=webhook, secret=secret)

    @mutation(
        "webhooks:write",
        "Send a `webhook.test` event to an endpoint, whatever its event types. An endpoint gets at most"
        f" {webhook_requests.TEST_EVENTS_BOUND}; further ones are refused with `RATE_LIMITED`."
        f" {_AT_ONCE}",
    )
    async def send_test_event(self, info: Info, input: SendTestEventInput) -> SendTestEventPayload:
        """Send a test event."""
        return SendTestEventPayload(delivery=await webhook_requests.send_test(info.context, values_of(input)["id"]))

    @mutation(
        "webhooks:write",
        "Send an event to its endpoint again, with the same ID and body, at most"
        f" {webhook_requests.REDELIVERIES} times. {_AT_ONCE} {_NOT_WEAKER}",
    )
    async def redeliver(self, info: Info, input: RedeliverInput) -> RedeliverPayload:
        """Send again."""
        return RedeliverPayload(delivery=await webhook_requests.redeliver(info.context, values_of(input)["id"]))
