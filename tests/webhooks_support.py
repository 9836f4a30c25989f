"""What tests of webhooks need: documents, and webhooks of either door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.api_support import Org

HOOKS = "/api/v1/webhooks"
PUBLIC = "https://hooks.example.com/counterfoil"
FIELDS = """id url events description apiVersion status disabledReason failingSince lastSuccessAt
  lastFailureAt circuit pausedUntil createdAt updatedAt version"""
CREATE = f"""mutation($input: CreateWebhookInput!) {{
  createWebhook(input: $input) {{ webhook {{ {FIELDS} }} secret }} }}"""
UPDATE = f"mutation($input: UpdateWebhookInput!) {{ updateWebhook(input: $input) {{ webhook {{ {FIELDS} }} }} }}"
DELETE = "mutation($input: DeleteWebhookInput!) { deleteWebhook(input: $input) { deletedId } }"
ROTATE = """mutation($input: RotateWebhookSecretInput!) {
  rotateWebhookSecret(input: $input) { webhook { id version } secret } }"""
SEND = """mutation($input: SendTestEventInput!) {
  sendTestEvent(input: $input) { delivery { id eventId eventType status } } }"""
AGAIN = """mutation($input: RedeliverInput!) {
  redeliver(input: $input) { delivery { id eventId status attempts { responseCode } } } }"""
ONE = f"query($id: ID!) {{ webhook(id: $id) {{ {FIELDS} }} }}"
LIST = f"{{ webhooks {{ nodes {{ {FIELDS} }} totalCount }} }}"


async def new_webhook(org: Org, url: str = PUBLIC, *events: str) -> dict[str, Any]:
    """A webhook over REST, with its secret."""
    answer = await org.http.post(HOOKS, json={"url": url, "events": list(events) or ["*"]})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def as_rest(node: dict[str, Any]) -> dict[str, Any]:
    """A node of the graph as REST shows it."""
    return {"publicId" if name == "id" else name: value for name, value in node.items()}


async def actions(org: Org) -> list[str]:
    """What the audit log has of webhooks, in order."""
    found = await org.rows("select action from audit_entries where action like 'webhook:%' order by id")
    return [row["action"] for row in found]


@asynccontextmanager
async def with_scopes(org: Org, *scopes: str) -> AsyncIterator[Org]:
    """The same organization through a key of these scopes."""
    held = org.holding(await org.new_key(*scopes))
    async with held.http:
        yield held
