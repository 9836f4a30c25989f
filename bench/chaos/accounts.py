"""The accounting: what was acknowledged and heard, held against what the database has."""

import math
import os
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bench.chaos.injuries import Injury
from bench.chaos.journal import SILENT, Change, Journal
from bench.chaos.listeners import Happened, Listener
from bench.chaos.stack import Stack
from bench.chaos.stored import Stored
from bench.chaos.tenants import Tenant

Span = tuple[float, float]
EVER: Span = (-math.inf, math.inf)


def wrong(journal: Journal, tenant: Tenant, stored: Stored) -> dict[str, int]:
    """How many of each wrong thing an organization has; each has to be 0."""
    acknowledged = journal.acknowledged(tenant.name)
    happened = Counter(what for _, what, by_client in stored.events if by_client)
    missing = [each for each in acknowledged if not _is_there(each, stored, happened)]
    extra = happened - Counter(event for each in acknowledged for event in each.events)
    # What no answer gave the outcome of may have happened, once.
    left_open = journal.left_open(tenant.name)
    twice = max(0, extra.total() - len(left_open))
    twice += sum(number - 1 for number in stored.marks.values())
    # A report has no mark.
    reports = sum(key.startswith("report_") for key in stored.versions)
    asked = [each for each in acknowledged if each.type == SILENT]
    twice += max(0, reports - len(asked) - sum(each.type == SILENT for each in left_open))
    numbers = Counter(stored.numbers) - Counter(set(stored.numbers))
    shown = Counter(each.number for each in acknowledged if each.type == "order.created")
    heard = tenant.healthy.events
    lost = [key for key, *_ in stored.events if key not in heard or stored.deliveries.get(key) != "SUCCEEDED"]
    return {
        "acknowledged writes missing": len(missing),
        "effects of one key doubled": twice,
        "events doubled": len(stored.events) - len({what for _, what, _ in stored.events}),
        "order numbers doubled": numbers.total() + sum(number - 1 for number in shown.values()),
        "deliveries lost": len(lost),
    }


def _is_there(change: Change, stored: Stored, happened: Counter[Happened]) -> bool:
    there = stored.versions.get(change.public_id, 0) >= change.version
    return there and all(happened[event] for event in change.events)


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


def times(journal: Journal, tenant: Tenant, span: Span = EVER) -> list[float]:
    """Seconds from each acknowledgement in a span of time to the first delivery of its event, sorted."""
    heard = tenant.healthy
    found = []
    for change in journal.acknowledged(tenant.name):
        webhook_id = heard.webhook_ids.get(change.happened)
        if webhook_id is not None and change.acknowledged is not None and span[0] <= change.acknowledged < span[1]:
            found.append(max(0.0, heard.events[webhook_id][0] - change.acknowledged))
    return sorted(found)


def quantile(values: list[float], hundredth: int) -> float:
    """A percentile of sorted values, of which there is at least one."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[hundredth - 1]


def firsts(
    journal: Journal, tenants: Iterable[Tenant], successes: Mapping[str, Iterable[float]], since: float
) -> dict[str, float]:
    """The moments, by kind of work, at which a write that was sent since was acknowledged and heard of, and at which
    workers' work first succeeded since. Infinite where that never came.
    """
    heard = {each.name: each.healthy for each in tenants}
    later = [each for each in journal.acknowledged() if each.sent > since]
    keys = ((heard[each.org], heard[each.org].webhook_ids.get(each.happened)) for each in later)
    found = {
        "writes": [each.acknowledged for each in later if each.acknowledged is not None],
        "deliveries": [each.events[key][0] for each, key in keys if key is not None],
    } | {name: [each for each in listed if each > since] for name, listed in successes.items()}
    return {name: min(listed, default=math.inf) for name, listed in found.items()}


def recoveries(
    journal: Journal, tenants: Sequence[Tenant], injuries: list[Injury], successes: Mapping[str, Sequence[float]]
) -> dict[str, dict[str, float]]:
    """The longest recoveries by injury and kind of work, from the last injuries of bursts to what was first done."""
    found: dict[str, dict[str, float]] = {}
    for injury in injuries:
        if injury.last:
            first = firsts(journal, tenants, successes, injury.at)
            before = found.setdefault(injury.name, dict.fromkeys(first, 0.0))
            for name, at in first.items():
                before[name] = max(before[name], at - injury.at)
    return found
