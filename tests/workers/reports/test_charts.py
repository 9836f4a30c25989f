"""The charts of reports: of each kind, of little and of much, the same bytes each time."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.text import Annotation

from models.reports import ReportInterval, ReportKind
from resolvers.reports.catalogue import DEFINITIONS
from resolvers.reports.figures import Figures
from tests.support.report_charts import FOUND, chart_of, report_of
from tests.support.repository import ROOT
from workers.reports.charts.draw import figure_of
from workers.reports.charts.style import duration

PERIODIC = [kind for kind in ReportKind if DEFINITIONS[kind].periodic]
# One that a process of its own draws.
_DRAW = """import logging, sys
logging.basicConfig(level="INFO")
from tests.support.report_charts import chart_of, report_of
from models.reports import ReportKind
sys.stdout.buffer.write(chart_of(report_of(ReportKind.RECEIVABLES_AGING)))"""


def is_svg(chart: bytes) -> bool:
    """Whether it is SVG with a picture in it."""
    root = ElementTree.fromstring(chart)
    return root.tag.endswith("svg") and len([*root.iter()]) > 50


@pytest.mark.parametrize("kind", ReportKind)
def test_the_same_figures_have_the_same_bytes(kind: ReportKind) -> None:
    chart = chart_of(report_of(kind))
    assert is_svg(chart)
    assert chart == chart_of(report_of(kind))
    # As text it would depend on the fonts of whoever looks at it.
    assert b"<text" not in chart


@pytest.mark.parametrize("kind", ReportKind)
def test_the_sample_is_what_is_drawn(kind: ReportKind) -> None:
    sample = ROOT / "docs/samples" / f"{kind.lower().replace('_', '-')}.svg"
    assert chart_of(report_of(kind)) == sample.read_bytes()


def test_another_process_draws_the_same_bytes_and_logs_nothing_of_its_list_of_fonts(tmp_path: Path) -> None:
    environment = os.environ | {"MPLCONFIGDIR": str(tmp_path)}
    command = [sys.executable, "-c", _DRAW]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=120)
    assert done.stdout == chart_of(report_of(ReportKind.RECEIVABLES_AGING))
    assert done.stderr == b""
    assert [*tmp_path.glob("fontlist-*.json")] != []


@pytest.mark.parametrize("interval", ReportInterval)
@pytest.mark.parametrize("kind", PERIODIC)
def test_few_and_many_periods(kind: ReportKind, interval: ReportInterval) -> None:
    assert is_svg(chart_of(report_of(kind, date(2024, 2, 29), date(2026, 11, 20), interval)))
    assert is_svg(chart_of(report_of(kind, date(2024, 2, 29), date(2024, 3, 1), interval)))


@pytest.mark.parametrize("kind", PERIODIC)
def test_bars_of_many_periods_are_as_many_shapes_as_those_of_few(kind: ReportKind) -> None:
    def shapes(end: date) -> int:
        report = report_of(kind, date(2024, 1, 1), end, "DAY")
        taken = Figures(report)
        rows = taken.take(FOUND[kind](Random(1), taken.periods))
        return sum(len(axes.patches) for axes in figure_of(report, rows, taken.totals()).axes)

    assert shapes(date(2026, 1, 1)) == shapes(date(2024, 1, 4)) > 0


def test_any_name_is_drawn_and_none_is_markup() -> None:
    names = ("株式会社サンプル", "</svg><script>", "$x^2$ & <b>", "שלום", "🙂" * 60, "\u202e")
    found = FOUND[ReportKind.RECEIVABLES_AGING](Random(1), 1)[: len(names)]
    rows = [{**row, "client": name} for row, name in zip(found, names, strict=True)]
    chart = chart_of(report_of(ReportKind.RECEIVABLES_AGING), rows)
    assert is_svg(chart)
    assert b"<script" not in chart


ONE = {
    ReportKind.CLIENT_LIFETIME_VALUE: ("payments", {"payments": 1}, "1 payment"),
    ReportKind.TICKET_RESPONSE: ("tickets", {"tickets": 1, "answered": 1}, "1 ticket"),
    ReportKind.AGENT_USAGE: ("jobs", {"jobs": 1, "input_tokens": 1, "output_tokens": 0}, "1 job \u00b7 1 token"),
}


@pytest.mark.parametrize(("kind", "given"), ONE.items())
def test_one_thing_is_not_many(kind: ReportKind, given: tuple[str, dict[str, int], str]) -> None:
    name, figures, says = given
    report, rows = report_of(kind), [FOUND[kind](Random(1), 1)[-1] | figures]
    for factor, text in ((1, says), (2, f"2 {name}")):
        taken = Figures(report)
        shown = taken.take([{**row, **{each: factor * row[each] for each in figures}} for row in rows])
        heading = figure_of(report, shown, taken.totals()).texts[1].get_text()
        assert f" \u00b7 {text} \u00b7 " in heading


def test_a_time_stands_at_the_dot_that_shows_it() -> None:
    report = report_of(ReportKind.TICKET_RESPONSE)
    taken = Figures(report)
    rows = taken.take(FOUND[ReportKind.TICKET_RESPONSE](Random(1), 1))
    for axes, name in zip(figure_of(report, rows, taken.totals()).axes, ("response", "resolution"), strict=True):
        written = [(text.get_text().partition(",")[0], text.xy) for text in axes.texts if isinstance(text, Annotation)]
        medians, highs = axes.lines[-2:]
        for place, row in enumerate(rows):
            for dots, which in ((medians, "P50"), (highs, "P90")):
                assert (duration(row[f"{name}{which}"]), (np.asarray(dots.get_xdata())[place], place)) in written
        # The dot of none stands on the axis, which is to cut none of it.
        assert [dots.get_clip_on() for dots in (medians, highs)] == [False, False]
