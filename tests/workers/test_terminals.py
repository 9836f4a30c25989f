"""What a worker's libraries print on a terminal: nothing."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.support.repository import ROOT

# What keeps the library quiet wherever tests run.
_QUIET = {"CI", "PYTEST_VERSION", "PYDANTIC_AI_NO_BANNER"}
_RUN = """
import workers.agent_jobs.loop
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel
Agent(TestModel()).run_sync("Hello")
print("done")
"""


def test_the_library_of_models_prints_nothing() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in _QUIET}
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        command = (sys.executable, "-c", _RUN)
        subprocess.run(
            command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, check=True, timeout=60
        )
        shown = terminal.read(65_536)
        os.close(theirs)
    assert shown == b"done\r\n"


def test_the_library_of_charts_logs_nothing_when_it_makes_its_list_of_fonts(tmp_path: Path) -> None:
    loaded = "import logging; logging.basicConfig(level='INFO'); import workers.reports.charts.draw"
    environment = os.environ | {"MPLCONFIGDIR": str(tmp_path)}
    command = (sys.executable, "-c", loaded)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == (b"", b"")
    assert list(tmp_path.glob("fontlist-*.json")) != []
