"""How charts look: their page, fonts and colors, and how numbers and periods are written."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from models.currencies import MICRO_DIGITS, minor_digits
from models.reports import ReportInterval

INK, MUTED, LINE, PAPER = "#182230", "#667085", "#e4e7ec", "#ffffff"
BLUE, SKY, ORANGE, GREEN, MINT, RED, ROSE = "#2463d1", "#a6c4f5", "#ef8b2c", "#1f9d68", "#8fd3b4", "#d1435b", "#f2b3bd"
GRAY = "#98a2b3"
# From what is not due to what is long past due.
AGES = ("#a6c4f5", "#fbd38d", "#f6a04d", "#e5652f", "#a8203a")
BOLD = ["Inter SemiBold", "DejaVu Sans", "Last Resort High-Efficiency"]
WIDTH, HEIGHT = 10.0, 5.6
LEFT, RIGHT, TOP, BOTTOM = 0.075, 0.965, 0.80, 0.12

_FONTS = files("resolvers.typesetting") / "fonts"
for name in ("Inter-Regular.otf", "Inter-SemiBold.otf"):
    fontManager.addfont(str(_FONTS / name))
mpl.rcParams.update(
    {
        # A glyph that the first font lacks is the next one's; the last one has a box for each.
        "font.family": ["Inter", "DejaVu Sans", "Last Resort High-Efficiency"],
        "font.size": 10,
        "text.color": INK,
        "text.parse_math": False,
        "axes.edgecolor": LINE,
        "axes.labelcolor": MUTED,
        "axes.unicode_minus": True,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "svg.fonttype": "path",
        # With it the same figures have the same bytes.
        "svg.hashsalt": "counterfoil",
    }
)


def page(title: str, says: str) -> Figure:
    """Return an empty page with a title and the line below it."""
    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor=PAPER)
    figure.text(0.03, 0.935, title, fontsize=17, fontfamily=BOLD, va="center")
    figure.text(0.03, 0.872, says, fontsize=10, color=MUTED, va="center")
    return figure


def plain(axes: Axes, *, grid: Literal["x", "y", "both"] = "y") -> None:
    """Leave of the frame of some axes a line of zeros, and light lines across."""
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, labelsize=9)
    axes.grid(axis=grid, color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)


def legend(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Name what is drawn, in one line at the right of the title."""
    figure.legend(
        handles, labels, loc="center right", bbox_to_anchor=(0.97, 0.935), ncols=len(labels), frameon=False,
        fontsize=9, labelcolor=MUTED, handlelength=1.0, handleheight=0.9, handletextpad=0.5, columnspacing=1.4,
    )  # fmt: skip


def nothing(figure: Figure, says: str) -> None:
    """Say that there is nothing to draw."""
    figure.text(0.5, 0.45, says, fontsize=12, color=MUTED, ha="center", va="center")


def major(amount: int, currency: str) -> float:
    """Return an amount in the currency itself."""
    return float(Decimal(amount).scaleb(-minor_digits(currency)))


def whole(micros: int) -> Decimal:
    """Return a cost in the currency itself."""
    return Decimal(micros).scaleb(-MICRO_DIGITS)


def money(amount: int, currency: str) -> str:
    """Return an amount as a text: ``12,345.60 EUR``."""
    digits = minor_digits(currency)
    return f"{Decimal(amount).scaleb(-digits):,.{digits}f} {currency}"


def cost(micros: int, currency: str) -> str:
    """Return a cost as a text: ``12.35 USD``, or, where it is less than one, ``0.012345 USD``."""
    value = whole(micros)
    return f"{value:,.{MICRO_DIGITS if 0 < value < 1 else minor_digits(currency)}f} {currency}"


def counted(number: int, noun: str) -> str:
    """Return a number of things as a text: ``1 job``, ``1,200 jobs``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def short(value: float, _position: object = None) -> str:
    """Return a number of an axis, in few characters: ``1.5k``, ``2M``."""
    for unit, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= unit:
            return f"{value / unit:.4g}{suffix}".replace("-", "\u2212")
    return f"{value:.4g}".replace("-", "\u2212")


def duration(seconds: float) -> str:
    """Return a duration in its two greatest units: ``3 d 4 h``."""
    left = round(seconds)
    for unit, name, less, below in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if abs(left) >= unit:
            whole, rest = divmod(left, unit)
            return f"{whole:,} {name}" + (f" {rest // less} {below}" if rest // less else "")
    return f"{left} s"


def cut(name: str, most: int = 26) -> str:
    """Return a name, shortened where it is too long to stand beside a bar."""
    line = " ".join(name.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def day(value: date) -> str:
    """Return a day: ``3 Jan 2026``."""
    return f"{value.day} {value:%b %Y}"


def period_names(begins: Sequence[date], interval: ReportInterval) -> list[str]:
    """Return the names of periods, with the year below the first one of each."""
    found, year = [], None
    for begin in begins:
        if interval is ReportInterval.YEAR:
            found.append(str(begin.year))
            continue
        named = {ReportInterval.MONTH: f"{begin:%b}", ReportInterval.QUARTER: f"Q{(begin.month + 2) // 3}"}
        found.append(named.get(interval, f"{begin.day} {begin:%b}") + ("" if begin.year == year else f"\n{begin.year}"))
        year = begin.year
    return found
