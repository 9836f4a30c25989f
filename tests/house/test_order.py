"""Several processes begin with the longest files, so that they end at about the same time."""

import re

from tests.support.order import LONG, longest_first
from tests.support.repository import ROOT


def test_every_long_file_is_there_and_named_once() -> None:
    assert [name for name in LONG if not (ROOT / "tests" / name).is_file()] == []
    assert len({*LONG}) == len(LONG)


def test_long_files_come_first_then_those_with_many_tests_and_each_stays_whole() -> None:
    few, many = "tests/models/test_few.py", "tests/web/test_many.py"
    ids = [
        f"{few}::b",
        f"{many}::y",
        f"tests/{LONG[1]}::x",
        f"{few}::a",
        f"{many}::z",
        f"{many}::x",
        f"tests/{LONG[0]}::x",
    ]
    assert sorted(ids, key=longest_first(ids)) == [
        f"tests/{LONG[0]}::x", f"tests/{LONG[1]}::x", *(f"{many}::{name}" for name in "yzx"), f"{few}::b", f"{few}::a",
    ]  # fmt: skip


def test_files_that_wait_are_there_and_run_beside_the_others() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", "")
    (line,) = re.findall(r"^WAITING := (.+)$", makefile, re.MULTILINE)
    waiting = line.split()
    assert [name for name in waiting if not (ROOT / name).is_file()] == []
    assert {*waiting} & {f"tests/{name}" for name in LONG} == set()
    assert "pytest -q $(WAITING)\n" in makefile
    assert 'pytest ARGS="$(WAITING:%=--ignore=%)"\n' in makefile


def test_make_leaves_that_order_as_it_is() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\t.+ -m pytest -n .+$", makefile, re.MULTILINE)
    assert "--dist loadfile --no-loadscope-reorder" in command
