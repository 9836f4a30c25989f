"""The organizations of the load: their keys, webhook endpoints and agents, the hostile ones beside the healthy ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, cycle
from typing import Any
from uuid import UUID

import httpx

from bench.chaos.listeners import Listener
from bench.chaos.models import HEALTHY
from bench.chaos.stack import Stack
from bench.server import settings_of
from models.reports import ReportKind
from models.typeid import decode, new_uuid
from resolvers import organizations
from resolvers.api_keys import mutations as api_keys
from server.wiring import running

# The first one has hostile receivers and models beside its healthy ones.
NAMES = ("beside hostile ones", "another organization")
# Of the jobs of an organization with hostile models, so many in a row are the healthy one's.
HEALTHY_IN_A_ROW = 2
PRICE = {"input": 1_000_000, "output": 10_000_000}
DISABLE = """mutation($input: UpdateWebhookInput!) { updateWebhook(input: $input) { webhook { status } } }"""
SET = "mutation($input: UpdateOrgSettingsInput!) { updateOrgSettings(input: $input) { orgSettings { version } } }"


@dataclass(slots=True)
class Tenant:
    """One organization: its healthy receiver, the endpoint that leads there, the hostile ones, and its agents by model.

    ``models`` are those of its next jobs, ``kinds`` those of its next reports.
    """

    name: str
    slug: str
    org_id: UUID
    key: str
    healthy: Listener
    endpoint: UUID
    hostile: list[str] = field(default_factory=list)
    agents: dict[str, str] = field(default_factory=dict)
    models: Iterator[str] = field(default_factory=lambda: cycle([HEALTHY]))
    kinds: Iterator[ReportKind] = field(default_factory=lambda: cycle(ReportKind))

    def http(self, stack: Stack) -> httpx.AsyncClient:
        """A client of the API with its key."""
        return httpx.AsyncClient(base_url=stack.base, headers={"Authorization": f"Bearer {self.key}"})


async def create(stack: Stack, receivers: Sequence[Listener], models: Iterable[str]) -> list[Tenant]:
    """Two organizations, each with a key, a healthy receiver and a healthy agent; and with prices of all models."""
    found = []
    async with running(settings_of(stack.environment), min_size=1, max_size=1) as runtime:
        for name, receiver in zip(NAMES, receivers, strict=True):
            slug = f"chaos-{new_uuid().hex[:20]}"
            ctx = organizations.command_line(runtime, new_uuid())
            async with ctx.transaction():
                await organizations.create(ctx, name, slug)
                _, key = await api_keys.create(ctx, {"name": "chaos", "scopes": ["*"]})
            found.append(Tenant(name, slug, ctx.org_id, key, receiver, ctx.org_id))
    prices = {f"openai:{each}": PRICE for each in (HEALTHY, *models)}
    for each in found:
        async with each.http(stack) as http:
            await _graphql(http, SET, {"values": {"agents.prices": prices}})
            endpoint = decode("webhook", await _endpoint(http, each.healthy))
            assert endpoint is not None, "an endpoint has an id"
            each.endpoint = endpoint
            each.agents[HEALTHY] = await _agent(http, HEALTHY)
    return found


async def surround(stack: Stack, tenant: Tenant, others: Sequence[Listener], models: Sequence[str]) -> None:
    """Give an organization hostile receivers and models beside its healthy ones."""
    async with tenant.http(stack) as http:
        tenant.hostile = [await _endpoint(http, each) for each in others]
        for each in models:
            # What cannot succeed is not tried for long.
            limits = {"timeoutSeconds": 5, "maxAttempts": 2}
            tenant.agents[each] = await _agent(http, each, limits=limits)
    # A short run asks each hostile model too: they come first.
    tenant.models = chain(models, cycle([model for each in models for model in (*[HEALTHY] * HEALTHY_IN_A_ROW, each)]))


async def disable(stack: Stack, tenant: Tenant) -> None:
    """Disable the hostile endpoints, so that what waits for them does not stand before the end."""
    async with tenant.http(stack) as http:
        for webhook in tenant.hostile:
            await _graphql(http, DISABLE, {"id": webhook, "status": "DISABLED"})


async def _graphql(http: httpx.AsyncClient, query: str, given: dict[str, Any]) -> None:
    response = await http.post("/graphql", json={"query": query, "variables": {"input": given}})
    if response.status_code != 200 or "errors" in response.json():
        raise RuntimeError(f"the organization could not be prepared: {response.text[:500]}")


async def _endpoint(http: httpx.AsyncClient, listener: Listener) -> str:
    return await _post(http, "webhooks", {"url": listener.url, "events": ["*"]})


async def _agent(http: httpx.AsyncClient, model: str, **given: Any) -> str:
    body = {
        "name": model, "model": f"openai:{model}", "instructions": "Write the messages.", "status": "ACTIVE",
        "tools": [{"operation": "CreateMessage"}], "limits": {"maxAttempts": 10},
    }  # fmt: skip
    return await _post(http, "agents/definitions", body | given)


async def _post(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> str:
    response = await http.post(f"/api/v1/{path}", json=body)
    response.raise_for_status()
    return str(response.json()["data"]["publicId"])
