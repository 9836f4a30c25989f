"""Figures and their bounds, as a table and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_HEAD = ("Figure", "Measured", "Bound", "ok")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. Without ``most`` and ``least`` it has no bound, and is always ok."""

    name: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the value is within its bounds."""
        return (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)

    def bound(self) -> str:
        """The bounds in words; empty where there is none."""
        if self.least is not None and self.least == self.most:
            return _number(self.least)
        words = [] if self.least is None else [f"at least {_number(self.least)}"]
        if self.most is not None:
            words.append(f"at most {_number(self.most)}")
        return " and ".join(words)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"


def table(found: Mapping[str, Sequence[Figure]]) -> str:
    """All sections as one Markdown table."""
    rows = [_HEAD]
    for section, figures in found.items():
        for figure in figures:
            measured = f"{_number(figure.value)} {figure.unit}".strip()
            rows.append((f"{section}: {figure.name}", measured, figure.bound(), "yes" if figure.ok else "NO"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def as_json(found: Mapping[str, Sequence[Figure]]) -> list[dict[str, Any]]:
    """All figures, each with its section."""
    return [
        {
            "section": section,
            "name": figure.name,
            "value": figure.value,
            "unit": figure.unit,
            "most": figure.most,
            "least": figure.least,
            "ok": figure.ok,
        }
        for section, figures in found.items()
        for figure in figures
    ]
