"""A report of each kind with figures like a studio's, and its chart.

``python -m tests.support.report_charts docs/samples`` writes the charts.
"""

import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from models.reports import ReportInterval, ReportKind
from resolvers.reports.catalogue import DEFINITIONS
from resolvers.reports.figures import Figures
from workers.reports.charts.draw import svg

Rows = list[dict[str, Any]]
CLIENTS = (
    "Ada Lovelace", "Grace Hopper", "Analytical Engines Ltd", "Müller & Söhne Werbeagentur GmbH & Co. KG",
    "Katherine Johnson", "Radia Perlman", "Barbara Liskov", "Annie Easley", "Hedy Lamarr", "Joan Clarke",
    "Mary Jackson", "Ida Rhodes",
)  # fmt: skip
SERVICES = (("Logo design", 5), ("Website", 30), ("Search report", 7), ("Photo retouching", 2), ("Brand book", 21))
AGENTS = ("Ticket triage", "Order clerk", "Order desk", "Brief writer", "Translator")
DAY_S = 86_400


def _revenue(draw: Random, periods: int) -> Rows:
    nets = [round(draw.gauss(2_400_000 + 60_000 * n, 400_000)) for n in range(periods)]
    return [
        {"n": n, "net": net, "tax": net * 19 // 100, "invoices": 20, "collected": round(net * draw.uniform(0.85, 1.25))}
        for n, net in enumerate(nets, 1)
    ]


def _mrr(draw: Random, periods: int) -> Rows:
    rows, earned = [], 410_000
    for n in range(1, periods + 1):
        moved = {"new": draw.randint(20_000, 90_000), "reactivation": draw.choice((0, 0, 12_000))}
        moved |= {"expansion": draw.randint(0, 30_000), "contraction": draw.choice((0, 8_000))}
        moved["churn"] = draw.randint(0, 50_000)
        gains = moved["new"] + moved["reactivation"] + moved["expansion"]
        closing = earned + gains - moved["contraction"] - moved["churn"]
        rows.append({"n": n, "opening": earned, **moved, "closing": closing})
        earned = closing
    return rows


def _throughput(draw: Random, periods: int) -> Rows:
    rows, left = [], 30
    for n in range(1, periods + 1):
        created = draw.randint(20, 45)
        started = created - draw.randint(0, 6)
        delivered = started - draw.randint(-3, 5)
        completed, cancelled = delivered - draw.randint(-2, 4), draw.randint(0, 4)
        left = max(0, left + created - completed - cancelled)
        row = {"created": created, "started": started, "delivered": delivered, "completed": completed}
        rows.append({"n": n, **row, "cancelled": cancelled, "open": left})
    return rows


def _of_clients(figures: Callable[[], dict[str, int]], order: str) -> Rows:
    rows: Rows = [
        {"client_id": _key(n), "client": name, "found": len(CLIENTS), **figures()} for n, name in enumerate(CLIENTS)
    ]
    return sorted(rows, key=lambda row: -row[order])


def _key(number: int) -> Any:
    return UUID(int=number)


def _aging(draw: Random, _periods: int) -> Rows:
    ages = ("current", "days_1_to_30", "days_31_to_60", "days_61_to_90", "over_90")

    def figures() -> dict[str, int]:
        found = {age: draw.choice((0, draw.randint(5_000, 400_000 // at))) for at, age in enumerate(ages, 1)}
        found["current"] += 10_000
        return found | {"total": sum(found.values())}

    return _of_clients(figures, "total")


def _lifetime(draw: Random, _periods: int) -> Rows:
    return _of_clients(
        lambda: {"payments": draw.randint(1, 20), "paid": round(draw.paretovariate(1.2) * 200_000)}, "paid"
    )


def _turnaround(draw: Random, _periods: int) -> Rows:
    rows: Rows = [{"overall": True, "orders": 0, "p50": 5 * DAY_S + 5_000, "p90": 20 * DAY_S, "on_time": None}]
    for n, (name, days) in enumerate(SERVICES):
        times = {"p50": days * DAY_S * 6 // 10, "p90": round(days * DAY_S * draw.uniform(0.8, 1.4))}
        share = Decimal(draw.randint(70, 100))
        rows.append({"service_id": _key(n), "service": name, "orders": draw.randint(8, 60), **times, "on_time": share})
    return rows


def _response(draw: Random, _periods: int) -> Rows:
    waits = (("URGENT", 6, 1, 33), ("HIGH", 21, 2, 14), ("NORMAL", 80, 6, 5), ("LOW", 14, 20, 0))
    rows = []
    for priority, number, hours, late in ((None, 121, 5, 8), *waits):
        seconds = {"response_p50": 1_200 * hours, "response_p90": 5_000 * hours}
        seconds |= {"resolution_p50": 12_000 * hours, "resolution_p90": 40_000 * hours}
        shown = {"tickets": number, "answered": number, "breached": Decimal(late)}
        rows.append({"priority": priority, "overall": priority is None, **shown, **seconds})
    return rows


def _usage(draw: Random, _periods: int) -> Rows:
    rows: Rows = []
    for n, name in enumerate(AGENTS):
        sent, received = draw.randint(10_000, 900_000), draw.randint(2_000, 90_000)
        spent = {"input_tokens": sent, "output_tokens": received, "cost": 0 if n == 2 else 3 * sent + 15 * received}
        rows.append({"definition_id": _key(n), "definition": name, "found": len(AGENTS), "jobs": 9, **spent})
    return sorted(rows, key=lambda row: -row["cost"])


_K = ReportKind
FOUND: dict[ReportKind, Callable[[Random, int], Rows]] = {
    _K.REVENUE: _revenue,
    _K.MRR: _mrr,
    _K.RECEIVABLES_AGING: _aging,
    _K.ORDER_THROUGHPUT: _throughput,
    _K.TURNAROUND: _turnaround,
    _K.CLIENT_LIFETIME_VALUE: _lifetime,
    _K.TICKET_RESPONSE: _response,
    _K.AGENT_USAGE: _usage,
}


def report_of(
    kind: ReportKind, start: date = date(2025, 1, 1), end: date = date(2026, 1, 1), interval: str = "MONTH"
) -> dict[str, Any]:
    """A report of a kind, as its row has it."""
    declared = DEFINITIONS[kind]
    return {
        "kind": kind, "start_date": start if declared.ranges else None, "end_date": end, "timezone": "Europe/Berlin",
        "interval": ReportInterval(interval) if declared.periodic else None,
        "currency": "EUR" if declared.priced else None,
    }  # fmt: skip


def chart_of(report: dict[str, Any], found: Rows | None = None) -> bytes:
    """The chart of a report, with made-up figures if no others are given."""
    figures = Figures(report)
    rows = figures.take(FOUND[report["kind"]](Random(4), figures.periods) if found is None else found)
    return svg(report, rows, figures.totals())


def main(folder: str) -> None:
    """Write a chart of each kind."""
    for kind in ReportKind:
        name = f"{kind.lower().replace('_', '-')}.svg"
        (Path(folder) / name).write_bytes(chart_of(report_of(kind)))


if __name__ == "__main__":
    main(sys.argv[1])
