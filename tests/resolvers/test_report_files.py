"""Cells of a report's CSV: a spreadsheet takes none of them for a formula."""

import pytest

from models.reports import ReportKind
from resolvers.reports.catalogue import DEFINITIONS
from resolvers.reports.files import cell_of


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Ann", "Ann"),
        ("Ann-Marie, 5 = 5; x", "Ann-Marie, 5 = 5; x"),
        ("Ann;=cmd|'/c calc'!A1;x", "Ann;'=cmd|'/c calc'!A1;x"),
        ('Ann; "=1+1', "Ann; \"'=1+1"),
        ("Ann\t@x", "Ann\t'@x"),
        ("Ann\n+1", "Ann\n'+1"),
        ("-1;\uff1d2", "'-1;'\uff1d2"),
        ("\t=1", "'\t'=1"),
        ('"=1', "'\"=1"),
    ],
)
def test_no_separator_makes_a_formula_of_a_text(name: str, cell: str) -> None:
    columns = {column.name: column for column in DEFINITIONS[ReportKind.CLIENT_LIFETIME_VALUE].columns}
    assert cell_of(columns["client"], 2, name) == cell
