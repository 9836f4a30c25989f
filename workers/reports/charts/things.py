"""Charts of things side by side: clients, services, priorities, agents."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workers.reports.charts.style import (
    AGES,
    BLUE,
    BOLD,
    BOTTOM,
    GRAY,
    INK,
    MUTED,
    PAPER,
    RIGHT,
    SKY,
    TOP,
    cost,
    counted,
    cut,
    duration,
    legend,
    major,
    money,
    nothing,
    plain,
    short,
    whole,
)

Rows = Sequence[Mapping[str, Any]]
# So many things are drawn; the others are one.
MOST = 10
_AGES = {
    "current": "Current",
    "days1To30": "1\u201330 days",
    "days31To60": "31\u201360",
    "days61To90": "61\u201390",
    "over90": "Over 90",
}


def _first(rows: Rows, totals: Mapping[str, Any], names: Sequence[str], label: str) -> list[dict[str, Any]]:
    """Return the first rows, and one for what all others have together."""
    shown = [dict(row) for row in rows[: MOST if len(rows) > MOST + 1 else MOST + 1]]
    if len(shown) < len(rows):
        rest = {name: totals[name] - sum(row[name] for row in shown) for name in names}
        shown.append({label: "All others", **rest})
    return shown


def _across(figure: Figure, names: Sequence[str], left: float = 0.235, right: float = RIGHT) -> Axes:
    """Return axes with a line for each name, from the top."""
    axes = figure.add_axes((left, BOTTOM - 0.03, right - left, TOP - BOTTOM + 0.03))
    plain(axes, grid="x")
    axes.set_yticks(range(len(names)), [cut(name) for name in names])
    axes.tick_params(axis="y", labelcolor=INK, labelsize=9.5, pad=8)
    # Few lines stand together at the top.
    axes.set_ylim(max(len(names), 5) - 0.4, -0.6)
    return axes


def aging(figure: Figure, report: Mapping[str, Any], rows: Rows, totals: Mapping[str, Any]) -> None:
    """Draw what each client owes as a bar, by age."""
    if not rows:
        nothing(figure, "Nothing is due.")
        return
    currency = report["currency"]
    shown = _first(rows, totals, [*_AGES, "total"], "client")
    axes = _across(figure, [row["client"] for row in shown])
    ends, drawn = [0.0] * len(shown), []
    for name, color in zip(_AGES, AGES, strict=True):
        values = [major(row[name], currency) for row in shown]
        drawn.append(axes.barh(range(len(shown)), values, 0.62, left=ends, color=color, linewidth=0))
        ends = [end + value for end, value in zip(ends, values, strict=True)]
    _write_at(axes, ends, [money(row["total"], currency) for row in shown])
    legend(figure, drawn, list(_AGES.values()))


def lifetime(figure: Figure, report: Mapping[str, Any], rows: Rows, totals: Mapping[str, Any]) -> None:
    """Draw what each client paid as a bar."""
    if not rows:
        nothing(figure, "There were no payments.")
        return
    currency = report["currency"]
    shown = _first(rows, totals, ["payments", "paid"], "client")
    axes = _across(figure, [row["client"] for row in shown])
    values = [major(row["paid"], currency) for row in shown]
    _bars(axes, values, ["clientId" in row for row in shown])
    _write_at(axes, values, [money(row["paid"], currency) for row in shown])


def usage(figure: Figure, report: Mapping[str, Any], rows: Rows, totals: Mapping[str, Any]) -> None:
    """Draw what the steps of each agent cost as a bar, and write how many tokens they took."""
    if not rows:
        nothing(figure, "No agent took a step.")
        return
    shown = _first(rows, totals, ["inputTokens", "outputTokens", "cost"], "definition")
    axes = _across(figure, [row["definition"] for row in shown])
    values = [float(whole(row["cost"])) for row in shown]
    _bars(axes, values, ["definitionId" in row for row in shown])
    texts = [f"{cost(row['cost'], report['currency'])}, {tokens(row)}" for row in shown]
    _write_at(axes, values, texts, 1.5)


def tokens(figures: Mapping[str, Any]) -> str:
    """Return how many tokens were sent and came back, as a text."""
    return counted(figures["inputTokens"] + figures["outputTokens"], "token")


def _bars(axes: Axes, values: Sequence[float], own: Sequence[bool]) -> None:
    """Draw a bar for each value: gray for one that is of no thing of its own."""
    colors = [BLUE if each else GRAY for each in own]
    axes.barh(range(len(values)), values, 0.62, color=colors, linewidth=0)


def _write_at(axes: Axes, ends: Sequence[float], texts: Sequence[str], room: float = 1.2) -> None:
    """Write a text at the end of each bar, of which the longest leaves some room."""
    axes.set_xlim(0, room * max(ends) or 1)
    axes.xaxis.set_major_formatter(short)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    for place, (end, text) in enumerate(zip(ends, texts, strict=True)):
        axes.annotate(text, (end, place), (6, 0), textcoords="offset points", va="center", fontsize=9, color=MUTED)


def _ranges(
    axes: Axes, pairs: Sequence[tuple[int | None, int | None]], texts: Sequence[str], *, timed: bool = False
) -> list[Any]:
    """Draw medians and 90th percentiles, in hours or days, each pair joined by a line, with a text beside it, and where
    it is ``timed`` with the median above its dot. Return a median and a 90th percentile."""
    most = max((high for _, high in pairs if high is not None), default=0)
    unit, name = (86_400, "days") if most >= 3 * 86_400 else (3_600, "hours") if most >= 2 * 3_600 else (60, "minutes")
    for place, (low, high) in enumerate(pairs):
        if low is not None and high is not None:
            axes.plot([low / unit, high / unit], [place, place], color=SKY, linewidth=5, solid_capstyle="round")
        where = (0.0 if high is None else high / unit, place)
        axes.annotate(texts[place], where, (10, 0), textcoords="offset points", va="center", fontsize=9, color=MUTED)
        if timed and low is not None:
            # Its left edge is the dot's: at the axis there is no room at the left.
            near = (low / unit, place)
            axes.annotate(duration(low), near, (-5, 10), textcoords="offset points", fontsize=9, color=BLUE)
    known = [
        (place, low / unit, high / unit)
        for place, (low, high) in enumerate(pairs)
        if low is not None and high is not None
    ]
    drawn = []
    for at, color in ((1, BLUE), (2, INK)):
        (dots,) = axes.plot(
            [each[at] for each in known], [each[0] for each in known], "o", color=color, markersize=9,
            markeredgecolor=PAPER, markeredgewidth=1.2, zorder=3, clip_on=False,
        )  # fmt: skip
        drawn.append(dots)
    axes.set_xlim(0, 1.3 * most / unit or 1)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(short)
    axes.set_xlabel(name, fontsize=9, loc="right")
    return drawn


def turnaround(figure: Figure, report: Mapping[str, Any], rows: Rows, totals: Mapping[str, Any]) -> None:
    """Draw how long the orders of each service took."""
    if not rows:
        nothing(figure, "No order was delivered.")
        return
    shown = rows[:MOST]
    axes = _across(figure, [row["service"] for row in shown])
    axes.set_position((0.235, BOTTOM, RIGHT - 0.235, TOP - BOTTOM))
    texts = [_orders(row) for row in shown]
    drawn = _ranges(axes, [(row["p50"], row["p90"]) for row in shown], texts)
    legend(figure, drawn, ["Median", "90th percentile"])


def _orders(row: Mapping[str, Any]) -> str:
    number = counted(row["orders"], "order")
    return number if row["onTime"] is None else f"{number}, {float(row['onTime']):.0f} % on time"


def response(figure: Figure, report: Mapping[str, Any], rows: Rows, totals: Mapping[str, Any]) -> None:
    """Draw how long tickets of each priority waited, for the response at the left, for the resolution at the right."""
    if not totals["tickets"]:
        nothing(figure, "There were no tickets.")
        return
    names = [f"{row['priority'].capitalize()}" for row in rows]
    left = _across(figure, names, 0.10, 0.51)
    right = _across(figure, names, 0.565, RIGHT)
    right.set_yticks([])
    drawn = []
    for axes, name, title in ((left, "response", "First response"), (right, "resolution", "Resolution")):
        pairs = [(row[f"{name}P50"], row[f"{name}P90"]) for row in rows]
        texts = [_waited(row, name) for row in rows]
        axes.set_ylim(len(rows) - 0.4, -0.75)
        box = axes.get_position()
        axes.set_position((box.x0, BOTTOM, box.width, TOP - BOTTOM - 0.045))
        axes.set_title(title, loc="left", fontsize=11, fontfamily=BOLD, pad=8)
        drawn = _ranges(axes, pairs, texts, timed=True)
    legend(figure, drawn, ["Median", "90th percentile"])


def _waited(row: Mapping[str, Any], name: str) -> str:
    if not row["tickets"]:
        return "no tickets"
    if row[f"{name}P50"] is None:
        return "none yet"
    if name == "resolution":
        return duration(row["resolutionP90"])
    return f"{duration(row['responseP90'])}, {float(row['breached']):.0f} % late"
