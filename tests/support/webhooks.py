"""What tests of webhooks need: documents, and webhooks of either API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from resolvers.database.runtime import Runtime
from server.settings import Settings
from server.wiring import running
from tests.support.api import Org, make_org, serving, settings_of
from tests.support.servers import Backends

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
  sendTestEvent(input: $input) { delivery { id eventId eventType status nextAttemptAt } } }"""
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


@pytest.fixture(scope="session")
async def open_settings(backends: Backends) -> Settings:
    """Settings of a server that may send to loopback."""
    return settings_of(backends, webhook_allow_private=True)


@pytest.fixture(scope="session")
async def open_base(open_settings: Settings) -> AsyncIterator[str]:
    """A server that may send to loopback."""
    async with serving(open_settings) as base:
        yield base


@pytest.fixture(scope="session")
async def open_runtime(open_settings: Settings) -> AsyncIterator[Runtime]:
    """A worker's runtime beside it."""
    async with running(open_settings, max_size=8) as made:
        yield made


@pytest.fixture
async def local(open_base: str, open_runtime: Runtime) -> AsyncIterator[Org]:
    """An organization whose endpoints may be on loopback; its worker finds no jobs of earlier tests."""
    made = await make_org(open_runtime, open_base)
    for row in await made.rows("select distinct org_id from jobs where org_id <> $1 and state = 'QUEUED'", made.id):
        async with open_runtime.bound(row["org_id"]) as connection:
            await connection.execute("delete from jobs where org_id = $1", row["org_id"])
    yield made
    await made.http.aclose()
