"""Charts over time: revenue, recurring revenue and orders."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from models.reports import ReportInterval
from workers.reports.charts.style import (
    BLUE,
    BOTTOM,
    GRAY,
    GREEN,
    INK,
    LEFT,
    LINE,
    MINT,
    MUTED,
    ORANGE,
    PAPER,
    RED,
    RIGHT,
    ROSE,
    SKY,
    TOP,
    legend,
    major,
    nothing,
    period_names,
    plain,
    short,
)

Rows = Sequence[Mapping[str, Any]]
# So many names of periods stand side by side, so many points are marked, and so many bars fill the page.
_NAMES, _MARKED, _FEW = 14, 32, 6
# How a bar is drawn, corner after corner.
_BAR = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]


class _Time:
    """The periods of a report, from left to right."""

    def __init__(self, report: Mapping[str, Any], rows: Rows) -> None:
        self.rows = rows
        self.currency = report["currency"]
        self.interval = ReportInterval(report["interval"])
        self.places = list(range(len(rows)))
        # Bars of many periods touch: gaps would be seen, and not they.
        self.width = 0.62 if len(rows) <= 2 * _MARKED else 1.0

    def amounts(self, name: str, sign: int = 1) -> list[float]:
        return [sign * major(row[name], self.currency) for row in self.rows]

    def counts(self, name: str) -> list[int]:
        return [row[name] for row in self.rows]

    def name(self, axes: Axes) -> None:
        """Write the names of some of the periods below."""
        step = -(-len(self.rows) // _NAMES)
        places = self.places[::step]
        begins = [date.fromisoformat(self.rows[place]["from"]) for place in places]
        axes.set_xticks(places, period_names(begins, self.interval), linespacing=1.5)
        self.span(axes)

    def span(self, axes: Axes) -> None:
        """Let some axes have room for all periods, of which a few do not fill the page."""
        margin = max(_FEW - len(self.rows), 0) / 2
        axes.set_xlim(-0.6 - margin, len(self.rows) - 0.4 + margin)

    def line(self, axes: Axes, values: Sequence[float], color: str, *, width: float = 2.0) -> Any:
        few = len(self.rows) <= _MARKED
        (drawn,) = axes.plot(
            self.places, values, color=color, linewidth=width if len(self.rows) <= 3 * _MARKED else width / 2,
            clip_on=False, marker="o" if few else "", markersize=5,
            markeredgecolor=PAPER, markeredgewidth=1.2, solid_capstyle="round", solid_joinstyle="round", zorder=3,
        )  # fmt: skip
        return drawn

    def bars(self, axes: Axes, values: Sequence[float], base: Sequence[float] | None, color: str) -> Any:
        """Draw a bar for each value, all of them as one shape: thousands of shapes would take seconds."""
        left = np.asarray(self.places) - self.width / 2
        low = np.zeros(len(values)) if base is None else np.asarray(base)
        right, high = left + self.width, low + np.asarray(values)
        corners = np.stack([left, low, right, low, right, high, left, high, left, low], axis=1).reshape(-1, 2)
        drawn = axes.add_patch(PathPatch(Path(corners, _BAR * len(values)), color=color, linewidth=0))
        axes.autoscale_view()
        return drawn


def _stacked(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [low + high for low, high in zip(one, other, strict=True)]


def _of(figure: Figure, bottom: float, top: float) -> Axes:
    axes = figure.add_axes((LEFT, bottom, RIGHT - LEFT, top - bottom))
    plain(axes)
    axes.yaxis.set_major_formatter(short)
    return axes


def _whole_from_zero(axes: Axes, lines: int) -> None:
    axes.set_ylim(bottom=0, top=None if axes.get_ylim()[1] > 1 else 1)
    axes.yaxis.set_major_locator(MaxNLocator(lines, integer=True))


def revenue(figure: Figure, report: Mapping[str, Any], rows: Rows) -> None:
    """Draw what was invoiced as bars, and what was collected as a line."""
    time, axes = _Time(report, rows), _of(figure, BOTTOM, TOP)
    net, tax, collected = (time.amounts(name) for name in ("net", "tax", "collected"))
    drawn = [time.bars(axes, net, None, BLUE), time.bars(axes, tax, net, SKY), time.line(axes, collected, ORANGE)]
    if not any(net + tax + collected):
        axes.set_ylim(0, 1)
    axes.set_ylim(bottom=0)
    time.name(axes)
    legend(figure, drawn, ["Invoiced, net", "Tax", "Collected"])


def mrr(figure: Figure, report: Mapping[str, Any], rows: Rows) -> None:
    """Draw the revenue at the end of each period, and below it what changed it."""
    time = _Time(report, rows)
    if not any(row["opening"] or row["new"] for row in rows):
        nothing(figure, "No subscription earned.")
        return
    above, below = _of(figure, 0.45, TOP), _of(figure, BOTTOM, 0.39)
    closing = time.amounts("closing")
    above.fill_between(time.places, closing, color=SKY, alpha=0.45, linewidth=0)
    drawn = [time.line(above, closing, BLUE)]
    above.set_ylim(0, 1.08 * max(closing) or 1)
    above.set_xticks([])
    time.span(above)
    gains, losses = [0.0] * len(rows), [0.0] * len(rows)
    for name, color in (("new", GREEN), ("expansion", MINT), ("reactivation", GRAY)):
        values = time.amounts(name)
        drawn.append(time.bars(below, values, gains, color))
        gains = _stacked(gains, values)
    for name, color in (("churn", RED), ("contraction", ROSE)):
        values = time.amounts(name, -1)
        drawn.append(time.bars(below, values, losses, color))
        losses = _stacked(losses, values)
    below.axhline(0, color=MUTED, linewidth=0.8)
    most = max([*gains, *(-loss for loss in losses)]) or 1
    below.set_ylim(-1.15 * (max(-loss for loss in losses) or 0.2 * most), 1.15 * (max(gains) or 0.2 * most))
    below.yaxis.set_major_locator(MaxNLocator(4))
    time.name(below)
    legend(figure, drawn, ["Recurring revenue", "New", "Expansion", "Reactivation", "Churn", "Contraction"])


def throughput(figure: Figure, report: Mapping[str, Any], rows: Rows) -> None:
    """Draw the orders that came and went in each period, and below them those that stayed open."""
    time = _Time(report, rows)
    above, below = _of(figure, 0.40, TOP), _of(figure, BOTTOM, 0.34)
    drawn = [
        time.line(above, time.counts(name), color, width=width)
        for name, color, width in (
            ("created", INK, 2.2), ("started", SKY, 1.6), ("delivered", BLUE, 1.6), ("completed", GREEN, 2.2),
            ("cancelled", RED, 1.6),
        )
    ]  # fmt: skip
    above.set_xticks([])
    time.span(above)
    drawn.append(time.bars(below, time.counts("open"), None, GRAY))
    _whole_from_zero(above, 6)
    _whole_from_zero(below, 3)
    below.axhline(0, color=LINE, linewidth=0.8)
    time.name(below)
    legend(figure, drawn, ["Created", "Started", "Delivered", "Completed", "Cancelled", "Open at the end"])
