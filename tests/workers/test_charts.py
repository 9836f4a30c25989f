"""The charts of reports: of each kind, of little and of much, the same bytes each time, in a worker alone."""

import subprocess
import sys
from datetime import date
from random import Random
from xml.etree import ElementTree

import pytest

from models.reports import ReportInterval, ReportKind
from resolvers.reports.catalogue import KINDS
from tests.support.report_charts import FOUND, chart_of, report_of

PERIODIC = [kind for kind in ReportKind if KINDS[kind].periodic]
# One that a process of its own draws.
_DRAW = """import sys
from tests.support.report_charts import chart_of, report_of
from models.reports import ReportKind
sys.stdout.buffer.write(chart_of(report_of(ReportKind.RECEIVABLES_AGING)))"""
_LOADED = "import sys, {0}; print('matplotlib' in sys.modules)"


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


def test_another_process_draws_the_same_bytes() -> None:
    drawn = subprocess.run([sys.executable, "-c", _DRAW], capture_output=True, check=True, timeout=120).stdout
    assert drawn == chart_of(report_of(ReportKind.RECEIVABLES_AGING))


@pytest.mark.parametrize("interval", ReportInterval)
@pytest.mark.parametrize("kind", PERIODIC)
def test_few_and_many_periods(kind: ReportKind, interval: ReportInterval) -> None:
    assert is_svg(chart_of(report_of(kind, date(2024, 2, 29), date(2026, 11, 20), interval)))
    assert is_svg(chart_of(report_of(kind, date(2024, 2, 29), date(2024, 3, 1), interval)))


def test_any_name_is_drawn_and_none_is_markup() -> None:
    names = ("株式会社サンプル", "</svg><script>", "$x^2$ & <b>", "שלום", "🙂" * 60, "\u202e")
    found = FOUND[ReportKind.RECEIVABLES_AGING](Random(1), 1)[: len(names)]
    rows = [{**row, "client": name} for row, name in zip(found, names, strict=True)]
    chart = chart_of(report_of(ReportKind.RECEIVABLES_AGING), rows)
    assert is_svg(chart)
    assert b"<script" not in chart


@pytest.mark.parametrize("module", ["server.app", "workers.main"])
def test_a_process_loads_the_library_when_it_first_draws(module: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _LOADED.format(module)], capture_output=True, check=True, encoding="utf-8", timeout=120
    )
    assert told.stdout == "False\n"
