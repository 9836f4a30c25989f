"""`python -m bench.chaos`: kills and hostile receivers under a load of changes, and what became of each change."""

import argparse
import asyncio
import json
import random
import secrets
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import uvloop

from bench.chaos.accounts import DRAIN_S, Tenant, drained, kept_of, two_bodies, verified, wrong
from bench.chaos.injuries import injure
from bench.chaos.journal import Journal
from bench.chaos.listeners import Listener, healthy, hostile, listening
from bench.chaos.load import Connection, Unexpected
from bench.chaos.report import Report, shown
from bench.chaos.stack import Stack, standing
from bench.server import settings_of
from models.typeid import decode, new_uuid
from resolvers import organizations
from resolvers.api_keys import keys as api_keys
from server.wiring import running

CONNECTIONS = 8
# What connections of each organization share: the first one has hostile receivers beside its healthy one.
NAMES = ("beside hostile ones", "another organization")
QUIET_S = 2.0
DISABLE = """mutation($input: UpdateWebhookInput!) { updateWebhook(input: $input) { webhook { status } } }"""


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def _tenants(stack: Stack, receivers: Sequence[Listener], others: Sequence[Listener]) -> list[Tenant]:
    """Two organizations with a key and a healthy receiver each, the first one with the hostile receivers too."""
    found = []
    async with running(settings_of(stack.environment), min_size=1, max_size=1) as runtime:
        for name, receiver in zip(NAMES, receivers, strict=True):
            slug = f"chaos-{new_uuid().hex[:20]}"
            ctx = organizations.command_line(runtime, new_uuid())
            async with ctx.transaction():
                await organizations.create(ctx, name, slug)
                _, key = await api_keys.create(ctx, {"name": "chaos", "scopes": ["*"]})
            made = await _endpoint(stack, key, receiver)
            endpoint = decode("webhook", made)
            assert endpoint is not None, "an endpoint has an id"
            found.append(Tenant(name, slug, ctx.org_id, key, receiver, endpoint))
    found[0].hostile = [await _endpoint(stack, found[0].key, each) for each in others]
    return found


async def _endpoint(stack: Stack, key: str, listener: Listener) -> str:
    async with httpx.AsyncClient(base_url=stack.base, headers={"Authorization": f"Bearer {key}"}) as http:
        response = await http.post("/api/v1/webhooks", json={"url": listener.url, "events": ["*"]})
        response.raise_for_status()
        return str(response.json()["data"]["publicId"])


async def _disable(stack: Stack, tenant: Tenant) -> None:
    """Disable the hostile endpoints, so that what waits for them does not stand before the end."""
    async with httpx.AsyncClient(base_url=stack.base, headers={"Authorization": f"Bearer {tenant.key}"}) as http:
        for webhook in tenant.hostile:
            variables = {"input": {"id": webhook, "status": "DISABLED"}}
            response = await http.post("/graphql", json={"query": DISABLE, "variables": variables})
            if response.status_code != 200 or "errors" in response.json():
                raise RuntimeError(f"an endpoint could not be disabled: {response.text[:500]}")


async def _drive(stack: Stack, tenants: list[Tenant], arguments: argparse.Namespace, report: Report) -> None:
    """The load and the injuries; afterwards what waits is delivered."""
    stopping = asyncio.Event()
    run = secrets.token_hex(4)
    connections = []
    for number in range(CONNECTIONS):
        tenant = tenants[number % len(tenants)]
        choice = random.Random(f"{arguments.seed}:{number}")
        name = f"{run}-{number}"
        connections.append(
            Connection(tenant.name, stack.base, tenant.key, name, report.journal, arguments.pause, choice)
        )
    tasks = [asyncio.create_task(each.run(stopping)) for each in connections]
    try:
        await asyncio.sleep(QUIET_S)
        report.injuries = await injure(stack, arguments.seconds, random.Random(arguments.seed))
        await asyncio.sleep(QUIET_S)
    finally:
        stopping.set()
        for error in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(error, BaseException) and not isinstance(error, Unexpected | TimeoutError):
                raise error
    await stack.ready()
    await _disable(stack, tenants[0])
    report.drained = await drained(stack, tenants, DRAIN_S + 2 * arguments.lease)


async def _chaos(stack: Stack, arguments: argparse.Namespace) -> Report:
    journal = Journal()
    elsewhere = healthy("elsewhere")
    receivers = [healthy(name) for name in NAMES]
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(listening(elsewhere, *receivers))
        others = hostile(elsewhere.url)
        await opened.enter_async_context(listening(*others))
        await stack.ready()
        tenants = await _tenants(stack, receivers, others)
        report = Report(journal, tenants, [*receivers, *others])
        watching = asyncio.create_task(stack.watch())
        try:
            await _drive(stack, tenants, arguments, report)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    for tenant in tenants:
        kept = kept_of(stack, tenant)
        report.wrong.update(wrong(journal, tenant, kept))
        report.wrong["audit logs that do not hold"] += int(not (kept.sealed and verified(stack, tenant)))
    report.wrong["deliveries with two bodies"] = two_bodies(report.listeners)
    report.wrong["redirects followed"] = len(elsewhere.events)
    return report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.chaos",
        description="Kill and stop every part under a load of changes, and account for each change and delivery.",
    )
    parser.add_argument(
        "--seconds", type=float, default=120.0, help="how long it injures (default 120; one of each kind at least)"
    )
    parser.add_argument("--seed", type=int, default=1, help="decides the order of changes and injuries (default 1)")
    parser.add_argument("--json", type=Path, help="also write the figures into this file")
    parser.add_argument("--pause", type=float, default=0.1, help="seconds between a connection's changes (default 0.1)")
    parser.add_argument("--lease", type=float, default=6.0, help="LEASE_SECONDS of the worker (default 6)")
    return parser


def main() -> None:
    """Injure, account and print; 1 when an account is not 0."""
    arguments = _parser().parse_args()
    with standing(arguments.lease, _note) as stack:
        report = uvloop.run(_chaos(stack, arguments))
        failed = report.failed
        if failed:
            for name in ("api", "worker"):
                for line in stack.last_words(name):
                    _note(f"{name}: {line}")
    print(shown(report))
    if arguments.json:
        figures: dict[str, Any] = report.figures()
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
