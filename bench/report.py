"""What was measured, as a table for a person and as JSON."""

import os
import platform
from collections.abc import Sequence
from typing import Any

from bench.data import MEASURED, ORGANIZATIONS
from bench.load import CONNECTIONS, Outcome
from bench.measure import Comparison
from bench.server import CORES, URLS

NAMES = ("ours", "handwritten", "stock")


def heading(postgres: str, trivial: Outcome, organizations: int = ORGANIZATIONS) -> str:
    """On what it was measured."""
    embedded = not any(os.environ.get(name) for name in URLS)
    where = "embedded, without fsync" if embedded else "as given"
    cores = "the server on one core, all else on the others" if CORES else "the cores shared by all"
    number = "1 organization" if organizations == 1 else f"{organizations} organizations"
    cost = trivial.cpu * 1e6 / len(trivial.latencies)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, PostgreSQL {postgres} "
        f"({where}); one server process, {CONNECTIONS} connections, {cores}; {number}, the "
        f"measured one with {MEASURED.clients:,} clients, {MEASURED.orders:,} orders, {MEASURED.messages:,} messages. "
        f"The load generator, a process of its own, reaches {trivial.rate:,.0f} requests/s against an application that "
        f"does nothing, and takes {cost:.0f} µs of CPU for each."
    )


def _of(row: Comparison, name: str, shown: str, value: float | None = None) -> str:
    if name not in row.by:
        return ""
    measured = row.by[name]
    return format(measured.outcome.rate if value is None else value, shown)


def table(rows: Sequence[Comparison]) -> str:
    """A line for each workload: rates, what ours is of the others, latencies, CPU."""
    lines = [
        "| Workload | ours/s | hand-written/s | stock/s | ours ÷ hand-written | ours ÷ stock | p50 ms | p99 ms "
        "| p99 ÷ p50 | CPU ms | hand-written | stock | SQL |",
        "|---|" + "---:|" * 12,
    ]
    for row in rows:
        ours = row.by["ours"].outcome
        cells = [_of(row, name, ".0f") for name in NAMES]
        for name, shown in (("handwritten", ".2f"), ("stock", ".1f")):
            cells.append(_of(row, name, shown, ours.rate / row.by[name].outcome.rate if name in row.by else 0))
        p50, p99 = ours.within(0.5), ours.within(0.99)
        cells += [f"{p50:.1f}", f"{p99:.1f}", f"{p99 / p50:.1f}"]
        cells += [_of(row, name, ".2f", row.by[name].cpu_ms if name in row.by else 0) for name in NAMES]
        lines.append(f"| {row.workload.name}: {row.workload.meaning} | {' | '.join(cells)} | {row.statements} |")
    return "\n".join(lines)


def pair_table(rows: Sequence[Comparison], one: str, other: str) -> str:
    """Two servers side by side."""
    lines = [
        f"| Workload | {one}/s | {other}/s | {other} ÷ {one} | p50 ms | {other} | p99 ms | {other} | CPU ms | {other} |"
    ]
    lines.append("|---|" + "---:|" * 9)
    for row in rows:
        left, right = row.by[one], row.by[other]
        cells = [f"{left.outcome.rate:.0f}", f"{right.outcome.rate:.0f}"]
        cells.append(f"{right.outcome.rate / left.outcome.rate:.2f}")
        for part in (0.5, 0.99):
            cells += [f"{each.outcome.within(part):.1f}" for each in (left, right)]
        cells += [f"{each.cpu_ms:.2f}" for each in (left, right)]
        lines.append(f"| {row.workload.name}: {row.workload.meaning} | {' | '.join(cells)} |")
    return "\n".join(lines)


def figures(rows: Sequence[Comparison]) -> dict[str, dict[str, Any]]:
    """The same by workload: requests/s by server, latencies and CPU in milliseconds; null where stock has none."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        ours = row.by["ours"].outcome
        line: dict[str, Any] = {name: round(row.by[name].outcome.rate, 1) if name in row.by else None for name in NAMES}
        line |= {"ours_p50_ms": round(ours.within(0.5), 2), "ours_p99_ms": round(ours.within(0.99), 2)}
        line |= {f"{name}_cpu_ms": round(row.by[name].cpu_ms, 3) if name in row.by else None for name in NAMES}
        found[row.workload.name] = line | {"statements": row.statements}
    return found
