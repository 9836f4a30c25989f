"""What a worker loads of its libraries when it starts, and what they print on a terminal: nothing."""

import os
import pty
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tests.support.repository import ROOT

# What keeps the library quiet wherever tests run.
_QUIET = {"CI", "PYTEST_VERSION", "PYDANTIC_AI_NO_BANNER"}
# The modules go into a file: a terminal that nobody reads takes no more than a few of their names.
_RUN = """
import sys
from pathlib import Path
import workers.main
Path(sys.argv[1]).write_text(" ".join(sys.modules), encoding="utf-8")
import workers.agent_jobs.loop
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel
Agent(TestModel()).run_sync("Hello")
print("done")
"""


@dataclass(frozen=True)
class _Worker:
    """A process that loads what a worker does, and then runs a model."""

    loaded: set[str]
    shown: bytes


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> _Worker:
    environment = {name: value for name, value in os.environ.items() if name not in _QUIET}
    listed = tmp_path_factory.mktemp("worker") / "loaded"
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        command = (sys.executable, "-c", _RUN, str(listed))
        subprocess.run(
            command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, check=True, timeout=120
        )
        shown = terminal.read(65_536)
        os.close(theirs)
    return _Worker({*listed.read_text(encoding="utf-8").split()}, shown)


# What takes seconds to import, and megabytes.
@pytest.mark.parametrize(
    "libraries",
    [("anthropic", "httpx2", "openai", "pydantic_ai"), ("matplotlib",)],
    ids=["models", "charts"],
)
def test_a_library_is_loaded_when_it_is_first_needed(libraries: tuple[str, ...], worker: _Worker) -> None:
    assert {"workers.main", "asyncpg"} <= worker.loaded
    assert [name for name in sorted(worker.loaded) if name.partition(".")[0] in libraries] == []


def test_the_library_of_models_prints_nothing(worker: _Worker) -> None:
    assert worker.shown == b"done\r\n"
