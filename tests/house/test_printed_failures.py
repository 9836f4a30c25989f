"""What a failing test prints."""

import subprocess
import sys
from pathlib import Path

from tests.support.repository import ROOT

PROPERTY = """
from hypothesis import given, strategies as st

@given(number=st.integers())
def test_small(number: int) -> None:
    assert number < 1000
"""


def test_a_property_that_fails_names_the_values_it_fails_for(tmp_path: Path) -> None:
    path = tmp_path / "test_property.py"
    path.write_text(PROPERTY, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path)]
    done = subprocess.run(
        [*command, str(path)], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "number=1000," in done.stdout
