"""Webhook endpoints and their deliveries in the graph: what can be done with them."""

import strawberry

from models.webhooks import EndpointStatus
from models.webhooks import WebhookEndpoint as Table
from resolvers import webhook_requests, webhooks
from schema.fields import object_type
from schema.inputs import input_type, values_of
from schema.mutations import EXPECTED, Info, mutation
from schema.webhooks import Delivery, WebhookEndpoint

_ID = "The webhook endpoint's id."
_NOT_WEAKER = "The key needs the scopes of all that the endpoint hears of."
_AT_ONCE = (
    "It is tried at once, also while the endpoint's circuit is open; only while another try of that endpoint is under"
    " way it waits for the end of it, as nextAttemptAt says."
)
_SECRET = "The signing secret, whsec_…, shown this once; null when the answer is a replay."


@input_type(Table, description="A new webhook endpoint. It hears only of what the key that makes it could read.")
class CreateWebhookInput:
    """A new webhook endpoint."""

    url: str
    events: list[str]
    description: strawberry.Maybe[str | None]


@input_type(Table, clears=True, description="What to change of a webhook endpoint: absent keeps, null clears.")
class UpdateWebhookInput:
    """What to change of a webhook endpoint."""

    id: strawberry.ID = strawberry.field(description=_ID)
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)
    url: strawberry.Maybe[str] = strawberry.field(description="Its address: http or https, and not private.")
    events: strawberry.Maybe[list[str]]
    description: strawberry.Maybe[str | None]
    status: strawberry.Maybe[EndpointStatus] = strawberry.field(
        description="Disable it, which cancels what is on its way, or enable it."
    )


@input_type(description="Which webhook endpoint to delete.")
class DeleteWebhookInput:
    """Which webhook endpoint to delete."""

    id: strawberry.ID = strawberry.field(description=_ID)
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@input_type(description="Which webhook endpoint gets a new secret.")
class RotateWebhookSecretInput:
    """Which webhook endpoint gets a new secret."""

    id: strawberry.ID = strawberry.field(description=_ID)
    expected_version: strawberry.Maybe[int] = strawberry.field(description=EXPECTED)


@input_type(description="Which webhook endpoint gets a test event.")
class SendTestEventInput:
    """Which webhook endpoint gets a test event."""

    id: strawberry.ID = strawberry.field(description=_ID)


@input_type(description="Which delivery is sent again.")
class RedeliverInput:
    """Which delivery is sent again."""

    id: strawberry.ID = strawberry.field(description="The delivery's id.")


@object_type(description="What createWebhook did.")
class CreateWebhookPayload:
    """What createWebhook did."""

    webhook: WebhookEndpoint = strawberry.field(description="The webhook endpoint, as it is now.")
    secret: str | None = strawberry.field(description=_SECRET)


@object_type(description="What updateWebhook did.")
class UpdateWebhookPayload:
    """What updateWebhook did."""

    webhook: WebhookEndpoint = strawberry.field(description="The webhook endpoint, as it is now.")


@object_type(description="What deleteWebhook did.")
class DeleteWebhookPayload:
    """What deleteWebhook did."""

    deleted_id: strawberry.ID | None = strawberry.field(description="The id that is gone.")


@object_type(description="What rotateWebhookSecret did.")
class RotateWebhookSecretPayload:
    """What rotateWebhookSecret did."""

    webhook: WebhookEndpoint = strawberry.field(description="The webhook endpoint, as it is now.")
    secret: str | None = strawberry.field(description=_SECRET)


@object_type(description="What sendTestEvent did.")
class SendTestEventPayload:
    """What sendTestEvent did."""

    delivery: Delivery = strawberry.field(description="The delivery of the test event.")


@object_type(description="What redeliver did.")
class RedeliverPayload:
    """What redeliver did."""

    delivery: Delivery = strawberry.field(description="The delivery, as it is now.")


@strawberry.type
class WebhookMutation:
    """What can be done with webhooks."""

    @mutation(
        "webhooks:write",
        "Create a webhook endpoint, up to the organization's limit. The answer shows its secret, this once.",
    )
    async def create_webhook(self, info: Info, input: CreateWebhookInput) -> CreateWebhookPayload:
        """Create one."""
        webhook, secret = await webhooks.create(info.context, values_of(input))
        return CreateWebhookPayload(webhook=webhook, secret=secret)

    @mutation("webhooks:write", f"Change, disable or enable a webhook endpoint. {_NOT_WEAKER}")
    async def update_webhook(self, info: Info, input: UpdateWebhookInput) -> UpdateWebhookPayload:
        """Change one."""
        values = values_of(input)
        key, expected = values.pop("id"), values.pop("expected_version", None)
        return UpdateWebhookPayload(webhook=await webhooks.change(info.context, key, expected, values))

    @mutation("webhooks:write", "Delete a webhook endpoint, which cancels what is on its way.")
    async def delete_webhook(self, info: Info, input: DeleteWebhookInput) -> DeleteWebhookPayload:
        """Delete one."""
        values = values_of(input)
        await webhooks.remove(info.context, values["id"], values.get("expected_version"))
        return DeleteWebhookPayload(deleted_id=values["id"])

    @mutation(
        "webhooks:write",
        "Give an endpoint a new secret; the old one signs beside it for 24 hours. Until they are over, another rotation"
        f" replaces the new secret at once, and the old one signs for the rest of its time. {_NOT_WEAKER}",
    )
    async def rotate_webhook_secret(self, info: Info, input: RotateWebhookSecretInput) -> RotateWebhookSecretPayload:
        """Rotate one's secret."""
        values = values_of(input)
        webhook, secret = await webhooks.rotate(info.context, values["id"], values.get("expected_version"))
        return RotateWebhookSecretPayload(webhook=webhook, secret=secret)

    @mutation(
        "webhooks:write",
        "Send an event webhook.test to one endpoint, whatever it listens to. It gets at most"
        f" {webhook_requests.TEST_EVENTS_BOUND}; beyond them it is refused with RATE_LIMITED."
        f" {_AT_ONCE}",
    )
    async def send_test_event(self, info: Info, input: SendTestEventInput) -> SendTestEventPayload:
        """Send a test event."""
        return SendTestEventPayload(delivery=await webhook_requests.send_test(info.context, values_of(input)["id"]))

    @mutation(
        "webhooks:write",
        f"Send an event to its endpoint again, at most {webhook_requests.REDELIVERIES} times: the same id, the same"
        f" body. {_AT_ONCE} {_NOT_WEAKER}",
    )
    async def redeliver(self, info: Info, input: RedeliverInput) -> RedeliverPayload:
        """Send again."""
        return RedeliverPayload(delivery=await webhook_requests.redeliver(info.context, values_of(input)["id"]))
