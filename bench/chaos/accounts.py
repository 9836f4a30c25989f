"""The accounting: what was acknowledged and heard, held against what the database has."""

import asyncio
import math
import os
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from bench.chaos.injuries import Injury
from bench.chaos.journal import Change, Journal
from bench.chaos.listeners import Happened, Listener
from bench.chaos.stack import Stack, moment
from models.typeid import encode

DRAIN_S = 60.0
LOOK_S = 0.25
VERSIONS = " union all ".join(f"select '{each}', id, version from {each}s" for each in ("client", "order", "service"))
MARKS = (
    "select split_part(email, '@', 1) from clients union all select notes from orders"
    " union all select body from messages"
)
EVENTS = "select id, type, resource_id, resource_version from events where type <> 'webhook.test'"
DELIVERIES = "select event_id, status from deliveries where endpoint_id = %s"
WAITING = "select count(*) from deliveries where endpoint_id = %s and status in ('PENDING', 'SENDING')"


@dataclass(slots=True)
class Tenant:
    """One organization of the load: its healthy receiver, the endpoint that leads there, and the hostile ones."""

    name: str
    slug: str
    org_id: UUID
    key: str
    healthy: Listener
    endpoint: UUID
    hostile: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database has of one organization."""

    versions: Mapping[str, int]
    marks: Counter[str]
    numbers: list[int]
    events: list[tuple[str, Happened]]
    deliveries: Mapping[str, str]
    sealed: int


def _ask(stack: Stack, tenant: Tenant, *statements: tuple[str, tuple[Any, ...]]) -> list[list[Any]]:
    with psycopg.connect(stack.environment["DATABASE_URL"]) as connection:
        connection.execute("select set_config('app.org_id', %s, false)", [str(tenant.org_id)])
        return [connection.execute(sql, values).fetchall() for sql, values in statements]


def kept_of(stack: Stack, tenant: Tenant) -> Kept:
    """Read what the database has."""
    versions, messages, marks, numbers, events, deliveries, seals = _ask(
        stack, tenant,
        (VERSIONS, ()), ("select id, version from messages", ()), (MARKS, ()), ("select number from orders", ()),
        (EVENTS, ()), (DELIVERIES, (tenant.endpoint,)), ("select count(*) from audit_seals", ()),
    )  # fmt: skip
    known = {encode(prefix, key): version for prefix, key, version in versions}
    known |= {encode("message", key): version for key, version in messages}
    happened = [
        (encode("event", key), (type_, encode(type_.partition(".")[0], resource), version))
        for key, type_, resource, version in events
    ]
    return Kept(
        known, Counter(mark for (mark,) in marks), [number for (number,) in numbers], happened,
        {encode("event", event): status for event, status in deliveries}, seals[0][0],
    )  # fmt: skip


async def drained(stack: Stack, tenants: Iterable[Tenant], seconds: float) -> bool:
    """Wait until every delivery to a healthy receiver has ended; whether it did in time."""
    end = moment() + seconds
    for tenant in tenants:
        while (await asyncio.to_thread(_ask, stack, tenant, (WAITING, (tenant.endpoint,))))[0][0][0]:
            if moment() > end:
                return False
            await asyncio.sleep(LOOK_S)
    return True


def wrong(journal: Journal, tenant: Tenant, kept: Kept) -> dict[str, int]:
    """How many of each wrong thing an organization has; each has to be 0."""
    acknowledged = journal.kept(tenant.name)
    happened = Counter(what for _, what in kept.events)
    missing = [each for each in acknowledged if not _is_there(each, kept, happened)]
    extra = happened - Counter(each.happened for each in acknowledged)
    # What no answer gave the outcome of may have happened, once.
    twice = max(0, extra.total() - len(journal.left_open(tenant.name)))
    twice += sum(number - 1 for mark, number in kept.marks.items() if mark and number > 1)
    numbers = Counter(kept.numbers) - Counter(set(kept.numbers))
    shown = Counter(each.number for each in acknowledged if each.type == "order.created")
    heard = tenant.healthy.events
    lost = [key for key, _ in kept.events if key not in heard or kept.deliveries.get(key) != "SUCCEEDED"]
    return {
        "acknowledged writes missing": len(missing),
        "effects of one key doubled": twice,
        "order numbers doubled": numbers.total() + sum(number - 1 for number in shown.values()),
        "deliveries lost": len(lost),
    }


def _is_there(change: Change, kept: Kept, happened: Counter[Happened]) -> bool:
    return happened[change.happened] > 0 and kept.versions.get(change.public_id, 0) >= change.version


def two_bodies(listeners: Iterable[Listener]) -> int:
    """How many webhook-ids came with more than one body, at whichever receivers."""
    bodies: dict[str, set[bytes]] = {}
    for each in listeners:
        for webhook_id, found in each.bodies.items():
            bodies.setdefault(webhook_id, set()).update(found)
    return sum(len(found) > 1 for found in bodies.values())


def verified(stack: Stack, tenant: Tenant) -> bool:
    """Whether the sealed audit log holds, by the command that operators run."""
    command = (sys.executable, "-m", "server.cli", "audit", "verify", "--org", tenant.slug)
    environment = {**os.environ, **stack.environment}
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


def times(journal: Journal, tenant: Tenant) -> list[float]:
    """Seconds from each acknowledgement to the first delivery of its event, sorted."""
    heard = tenant.healthy
    found = []
    for change in journal.kept(tenant.name):
        webhook_id = heard.webhook_ids.get(change.happened)
        if webhook_id is not None and change.acknowledged is not None:
            found.append(max(0.0, heard.events[webhook_id][0] - change.acknowledged))
    return sorted(found)


def quantile(values: list[float], hundredth: int) -> float:
    """A percentile of sorted values, of which there is at least one."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[hundredth - 1]


def recoveries(journal: Journal, tenants: Iterable[Tenant], injuries: list[Injury]) -> dict[str, tuple[float, float]]:
    """The longest recoveries by injury: until a write that was sent later was acknowledged, and until one was heard.

    Infinite when that never came.
    """
    heard = {each.name: each.healthy for each in tenants}
    found: dict[str, tuple[float, float]] = {}
    for injury in injuries:
        later = [each for each in journal.kept() if each.sent > injury.at]
        writes = _first((each.acknowledged for each in later), injury.at)
        keys = ((heard[each.org], heard[each.org].webhook_ids.get(each.happened)) for each in later)
        delivered = _first((each.events[key][0] for each, key in keys if key is not None), injury.at)
        before = found.get(injury.name, (0.0, 0.0))
        found[injury.name] = max(before[0], writes), max(before[1], delivered)
    return found


def _first(moments: Iterable[float | None], since: float) -> float:
    return min((each - since for each in moments if each is not None), default=math.inf)
