"""Curves as an SVG: small panels side by side, each with its own axes from zero."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]
WIDTH, HEIGHT, GAP = 430, 260, 20
LEFT, RIGHT, TOP, BOTTOM = 58, 24, 40, 48
COLOURS = ("#2563a8", "#c2571a")
TICKS = 4


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart: its series by name; x is logarithmic unless said otherwise."""

    title: str
    x: str
    y: str
    series: Mapping[str, Sequence[Point]]
    logarithmic: bool = True


def short(number: float) -> str:
    """A tick's label: 1000 is 1k, 1000000 is 1M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def nice(most: float) -> float:
    """The least step of 1, 2, 2.5 or 5 times a power of ten, so that so many ticks reach a value."""
    power = 10 ** math.floor(math.log10(most / TICKS)) if most > 0 else 1.0
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power * TICKS >= most)


def _text(x: float, y: float, words: str, anchor: str, size: int = 11, extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{extra}>{escape(words)}</text>'


def _panel(panel: Panel, left: float, top: float) -> list[str]:
    points = [point for series in panel.series.values() for point in series]
    step = nice(max(y for _, y in points))
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def across(x: float) -> float:
        part = math.log(x / low) / math.log(high / low) if panel.logarithmic else (x - low) / (high - low)
        return left + LEFT + part * wide

    def up(y: float) -> float:
        return top + TOP + tall * (1 - y / (step * TICKS))

    parts = [_text(left + LEFT, top + 16, panel.title, "start", 13, ' font-weight="bold"')]
    parts.append(_text(left + LEFT, top + 31, panel.y, "start", 10, ' fill="#666"'))
    for tick in range(TICKS + 1):
        y = up(step * tick)
        colour = "#999" if tick == 0 else "#e4e4e4"
        parts.append(f'<path d="M{left + LEFT} {y:.1f}h{wide}" stroke="{colour}" fill="none"/>')
        parts.append(_text(left + LEFT - 6, y + 4, short(step * tick), "end"))
    named = (
        sorted({x for x, _ in points})
        if panel.logarithmic
        else [nice(high) * n for n in range(int(high / nice(high)) + 1)]
    )
    parts += [_text(across(x), top + HEIGHT - BOTTOM + 16, short(x), "middle") for x in named]
    parts.append(_text(left + LEFT + wide / 2, top + HEIGHT - 12, panel.x, "middle", 11, ' fill="#666"'))
    for colour, (name, series) in zip(COLOURS, panel.series.items(), strict=False):
        line = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in series)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="2.5" fill="{colour}"/>' for x, y in series]
        if len(panel.series) > 1:
            x, y = series[-1]
            parts.append(_text(across(x), up(y) - 8, name, "end", 12, f' fill="{colour}" font-weight="bold"'))
    return parts


def drawn(panels: Sequence[Panel]) -> str:
    """The SVG of all panels, two to a row."""
    rows = -(-len(panels) // 2)
    width, height = 2 * WIDTH + 3 * GAP, rows * HEIGHT + (rows + 1) * GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" fill="#222">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for index, panel in enumerate(panels):
        parts += _panel(panel, GAP + index % 2 * (WIDTH + GAP), GAP + index // 2 * (HEIGHT + GAP))
    return "\n".join([*parts, "</svg>"]) + "\n"
