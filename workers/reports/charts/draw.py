"""Draws the chart of a report, as SVG. The same figures have the same bytes."""

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from matplotlib.figure import Figure

from models.reports import ReportKind
from workers.reports.charts import periods, things
from workers.reports.charts.style import cost, counted, day, duration, money, page

_K = ReportKind
Rows = Sequence[Mapping[str, Any]]
_TITLES = {
    _K.REVENUE: "Revenue",
    _K.MRR: "Monthly recurring revenue",
    _K.RECEIVABLES_AGING: "Receivables by age",
    _K.ORDER_THROUGHPUT: "Orders",
    _K.TURNAROUND: "Turnaround",
    _K.CLIENT_LIFETIME_VALUE: "Payments by client",
    _K.TICKET_RESPONSE: "Ticket response",
    _K.AGENT_USAGE: "Agent usage",
}
_OVER_TIME: dict[ReportKind, Callable[[Figure, Mapping[str, Any], Rows], None]] = {
    _K.REVENUE: periods.revenue,
    _K.MRR: periods.mrr,
    _K.ORDER_THROUGHPUT: periods.throughput,
}
_OF_THINGS: dict[ReportKind, Callable[[Figure, Mapping[str, Any], Rows, Mapping[str, Any]], None]] = {
    _K.RECEIVABLES_AGING: things.aging,
    _K.CLIENT_LIFETIME_VALUE: things.lifetime,
    _K.TURNAROUND: things.turnaround,
    _K.TICKET_RESPONSE: things.response,
    _K.AGENT_USAGE: things.usage,
}


def figure_of(report: Mapping[str, Any], rows: Rows, totals: Mapping[str, Any]) -> Figure:
    """Return the chart of a report: of its first rows, and what all have together."""
    kind = ReportKind(report["kind"])
    made = page(_TITLES[kind], " · ".join([_when(report), *_says(kind, report["currency"], totals)]))
    if kind in _OVER_TIME:
        _OVER_TIME[kind](made, report, rows)
    else:
        _OF_THINGS[kind](made, report, rows, totals)
    return made


def svg(report: Mapping[str, Any], rows: Rows, totals: Mapping[str, Any]) -> bytes:
    """Return the chart of a report as SVG."""
    written = io.BytesIO()
    # What is the same each time: without the time, and the name of what drew it.
    said = {"Title": _TITLES[ReportKind(report["kind"])], "Date": None, "Creator": None}
    figure_of(report, rows, totals).savefig(written, format="svg", metadata=said)
    return written.getvalue()


def _when(report: Mapping[str, Any]) -> str:
    start, end = report["start_date"], report["end_date"]
    if start is None:
        return f"At the beginning of {day(end)}"
    return f"{day(start)} to {day(end - timedelta(days=1))}"


def _says(kind: ReportKind, currency: str, totals: Mapping[str, Any]) -> list[str]:
    """Return the totals in a few words."""

    def amount(name: str) -> str:
        return money(totals[name], currency)

    def number(name: str, label: str) -> str:
        return f"{totals[name]:,} {label}"

    match kind:
        case _K.REVENUE:
            return [f"net {amount('net')}", f"tax {amount('tax')}", f"collected {amount('collected')}"]
        case _K.MRR:
            return [f"from {amount('opening')} to {amount('closing')}"]
        case _K.RECEIVABLES_AGING:
            return [f"due {amount('total')}"]
        case _K.ORDER_THROUGHPUT:
            return [number("created", "created"), number("completed", "completed"), number("open", "open at the end")]
        case _K.TURNAROUND:
            median = [] if totals["p50"] is None else [f"median {duration(totals['p50'])}"]
            return [number("orders", "delivered"), *median]
        case _K.CLIENT_LIFETIME_VALUE:
            return [counted(totals["payments"], "payment"), amount("paid")]
        case _K.TICKET_RESPONSE:
            return [counted(totals["tickets"], "ticket"), number("answered", "answered")]
        case _K.AGENT_USAGE:
            return [counted(totals["jobs"], "job"), things.tokens(totals), cost(totals["cost"], currency)]
